"""Who is in a room: over WebSocket, and as long as a stream is open."""

import time

from checks import check, equal
from socket_client import Socket
from target import Stream


def run(target):
    room, ann, bob = target.name(), target.name("ann"), target.name("bob")
    if not target.has_identity:
        with check("without identities: a member is in the list, with its info"):
            with Socket(target) as member:
                member.join(room, presence=True, info={"name": "?"})
                equal([m["info"] for m in member.hear("presence")["members"]], [{"name": "?"}])
        return
    with Socket(target, who=ann) as first, Socket(target, who=bob) as second:
        with check("presence true: behind joined comes the list without an id, and oneself is in it"):
            first.join(room, presence=True, info={"name": "Ann"})
            equal(first.hear("presence"), {"type": "presence", "room": room, "count": 1, "members": [{"id": ann, "info": {"name": "Ann"}}]})
        with check("who joins without presence is in no list, and is not told of others"):
            second.join(room)
            equal(second.settle(), [])
            equal(first.ask(type="presence", room=room)["count"], 1)
        with check("who joins with presence is told to those who see members"):
            first.waiting.clear()
            second.join(room, presence=True)
            equal(second.hear("presence")["count"], 2)
            equal(first.hear_change("joined", bob), {"type": "member", "room": room, "change": "joined", "member": {"id": bob, "info": {}}})
        with check("presence answers with the id, the count and the members, in the order of joining"):
            first.say(type="presence", id=4, room=room)
            equal(first.hear("presence"), {"type": "presence", "id": 4, "room": room, "count": 2,
                                           "members": [{"id": ann, "info": {"name": "Ann"}}, {"id": bob, "info": {}}]})
        with check("members over HTTP are the same"):
            answer = target.members(room)
            equal((answer.status, answer.json), (200, {"room": room, "count": 2, "members": [
                {"id": ann, "info": {"name": "Ann"}}, {"id": bob, "info": {}}]}))
        with check("one may ask for a room's members without having joined it"):
            with Socket(target) as stranger:
                equal(stranger.ask(type="presence", room=room)["count"], 2)
        with check("info is answered with updated, and told to the others"):
            info = {"name": "Ann", "typing": True}
            equal(first.ask(type="info", room=room, info=info), {"type": "updated", "id": first.number, "room": room})
            equal(second.hear_change("updated", ann), {"type": "member", "room": room, "change": "updated", "member": {"id": ann, "info": info}})
        with check("a member is told of its own changes, too"):
            equal(first.hear_change("updated", ann)["member"]["info"], info)
        with check("joining again with another info changes it"):
            second.join(room, presence=True, info={"name": "Bob"})
            equal(first.hear_change("updated", bob)["member"]["info"], {"name": "Bob"})
        with check("an info of 1 KiB is taken"):
            info = {"x": "y" * (1024 - len('{"x":""}'))}
            equal(first.ask(type="info", room=room, info=info)["type"], "updated")
            equal(second.hear_change("updated", ann)["member"]["info"], info)
        with check("one member with two connections: it joins once, and its first connection's end is not its leaving"):
            second.settle()
            second.waiting.clear()
            with Socket(target, who=ann) as again:
                again.join(room, presence=True, info=info)
                again.hear("presence")
                equal(again.ask(type="presence", room=room)["count"], 2)
                equal(again.ask(type="leave", room=room)["type"], "left")
            equal(target.members(room).json["count"], 2)
            assert not any(said["type"] == "member" and said["change"] != "updated" for said in second.settle()), second.waiting
        if target.options.grace:
            leaving(target, room, ann, first, second)
    streams(target)


def leaving(target, room, ann, first, second):
    with check("who leaves is said to have left, ten seconds later, once"):
        second.waiting.clear()
        first.ask(type="leave", room=room)
        deadline = time.monotonic() + target.options.grace
        while time.monotonic() < deadline:
            said = [said for said in second.settle() if said["type"] == "member"]
            if said:
                equal([(s["change"], s["member"]["id"]) for s in said], [("left", ann)])
                break
            time.sleep(0.2)
        else:
            raise AssertionError("it has not left")
        equal(target.members(room).json["count"], 1)


def streams(target):
    room, ann, bob = target.name(), target.name("ann"), target.name("bob")
    with Socket(target, who=ann) as member:
        member.join(room, presence=True)
        member.hear("presence")
        with check("a stream with presence=1 makes its reader a member, with info="):
            with Stream(target, room, who=bob, presence=1, info='{"name":"Bob"}') as stream:
                stream.event()
                equal(member.hear_change("joined", bob)["member"]["info"], {"name": "Bob"})
                equal(target.members(room).json["count"], 2)
                with check("the stream itself has only the room's messages"):
                    member.ask(type="info", room=room, info={"x": 1})
                    target.publish(room, "message")
                    equal(stream.event()["data"]["data"], "message")
        with check("without presence, or with presence=0, it is none"):
            for presence in (None, 0):
                with Stream(target, room, who=target.name("carl"), presence=presence) as stream:
                    stream.event()
                    equal({m["id"] for m in target.members(room).json["members"]} - {ann, bob}, set())
