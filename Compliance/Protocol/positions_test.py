"""Positions: what is behind one, and when something is missing."""

import re

from checks import check, equal
from socket_client import Socket
from target import Stream


def other_epoch(epoch):
    """Another one of the same form."""
    return epoch[:-1] + ("1" if epoch[-1] != "1" else "2")


def run(target):
    room, epoch = target.filled(5)

    def poll(**query):
        return target.read(room, **query).json

    with check("an epoch is letters and digits, the first offset is 1, and the next ones follow"):
        assert re.fullmatch(r"[A-Za-z0-9]+", epoch), epoch
        equal([m["offset"] for m in poll()["messages"]], [1, 2, 3, 4, 5])
        equal({m["epoch"] for m in poll()["messages"]}, {epoch})
    for after in (0, 2, 5):
        with check(f"a reader gets everything behind position {after}, in order, recovered"):
            page = poll(after=after, epoch=epoch)
            equal((page["recovered"], [m["data"] for m in page["messages"]]), (True, list(range(after + 1, 6))))
            equal((page["epoch"], page["offset"]), (epoch, 5))
    strange = {"another epoch": (2, other_epoch(epoch)), "beyond the newest": (6, epoch), "2^64-1": ((1 << 64) - 1, epoch)}
    for title, (after, of) in strange.items():
        with check(f"not recovered: polling behind {title} begins where history does"):
            page = poll(after=after, epoch=of)
            equal((page["recovered"], [m["data"] for m in page["messages"]]), (False, [1, 2, 3, 4, 5]))
            equal((page["epoch"], page["offset"]), (epoch, 5))
        with check(f"not recovered: long polling behind {title} answers at once"):
            page = poll(after=after, epoch=of, wait=50)
            equal((page["recovered"], len(page["messages"])), (False, 5))
        with check(f"not recovered: a stream behind {title} says so, and from where it continues"):
            with Stream(target, room, after=after, epoch=of) as stream:
                first = stream.event()
                equal((first["event"], first["data"]["recovered"], first["data"]["epoch"], first["data"]["offset"], first["id"]),
                      ("joined", False, epoch, 0, f"{epoch}:0"))
                equal([stream.event()["data"]["data"] for _ in range(5)], [1, 2, 3, 4, 5])
        with check(f"not recovered: joining behind {title} says so, and from where it continues"):
            with Socket(target) as member:
                joined = member.join(room, after=after, epoch=of)
                equal((joined["recovered"], joined["epoch"], joined["offset"]), (False, epoch, 0))
                equal([member.hear()["data"] for _ in range(5)], [1, 2, 3, 4, 5])
    with check("a room that nobody has used has offset 0, and behind it nothing is missing"):
        new = target.name()
        page = target.read(new).json
        equal((page["offset"], page["recovered"], page["more"], page["messages"]), (0, True, False, []))
        target.publish(new, "first")
        again = target.read(new, after=0, epoch=page["epoch"]).json
        equal((again["recovered"], [m["data"] for m in again["messages"]]), (True, ["first"]))
    if target.options.history:
        too_old(target, target.options.history)


def too_old(target, kept):
    """More messages than a room keeps: the oldest go."""
    room = target.name("busy")
    total, stored = kept + 100, 0
    publishers = [Socket(target, who=target.name("publisher")) for _ in range(8)]
    try:
        while stored < total:
            for publisher in publishers:
                batch = min(25, total - stored)
                for number in range(batch):
                    publisher.say(type="publish", id=number, room=room, data=number)
                # What was too fast is not stored, and comes again.
                stored += sum(publisher.hear()["type"] == "published" for _ in range(batch))
        with check(f"not recovered: a position from before the {kept} messages that are kept"):
            page = target.read(room, limit=1).json
            equal(page["offset"], total)
            old = target.read(room, after=10, epoch=page["epoch"], limit=5).json
            equal((old["recovered"], old["more"], len(old["messages"])), (False, True, 5))
            first = old["messages"][0]["offset"]
            assert first > 11, first
            at = target.read(room, after=first - 1, epoch=page["epoch"], limit=1).json
            equal((at["recovered"], at["messages"][0]["offset"]), (True, first))
            before = target.read(room, after=first - 2, epoch=page["epoch"], limit=1).json
            equal((before["recovered"], before["messages"][0]["offset"]), (False, first))
        with check("the same for a stream, and for joining"):
            with Stream(target, room, after=10, epoch=page["epoch"]) as stream:
                joined = stream.event()["data"]
                equal((joined["recovered"], joined["offset"] + 1, stream.event()["data"]["offset"]), (False, first, first))
            joined = publishers[0].join(room, after=10, epoch=page["epoch"])
            equal((joined["recovered"], joined["offset"] + 1, publishers[0].hear("message")["offset"]), (False, first, first))
    finally:
        for publisher in publishers:
            publisher.__exit__()
