"""`join` and `leave`: each message once and in order, from where one asked."""

import threading

from checks import check, equal
from socket_client import Socket


def datas(messages):
    return [message["data"] for message in messages]


def run(target):
    room, epoch = target.filled(5)
    with Socket(target) as member:
        with check("joined has the id, the room, the position and whether all is there"):
            member.say(type="join", id=1, room=room, after=2, epoch=epoch)
            equal(member.hear(), {"type": "joined", "id": 1, "room": room, "epoch": epoch, "offset": 2, "recovered": True})
            equal(datas(member.hear() for _ in range(3)), [3, 4, 5])
        with check("a message has type, room, epoch, offset, time and data"):
            target.publish(room, 6)
            message = member.hear()
            equal((message["type"], message["room"], message["epoch"], message["offset"], message["data"]), ("message", room, epoch, 6, 6))
            assert set(message) <= {"type", "room", "epoch", "offset", "time", "from", "key", "data"}, message
        with check("left, and nothing comes any more"):
            equal(member.ask(type="leave", room=room), {"type": "left", "id": member.number, "room": room})
            target.publish(room, 7)
            equal(member.settle(), [])
        with check("without after it continues at the end"):
            joined = member.join(room)
            equal((joined["offset"], joined["recovered"]), (7, True))
            equal(member.settle(), [])
        for history, expected in ((0, []), (3, [5, 6, 7]), (1000, [1, 2, 3, 4, 5, 6, 7]), (1 << 63, [1, 2, 3, 4, 5, 6, 7])):
            with check(f"history {history}: the newest {len(expected)}, and joining again is no error"):
                joined = member.join(room, history=history)
                equal((joined["offset"], joined["recovered"]), (7 - len(expected), True))
                equal(datas(member.hear("message") for _ in expected), expected)
                equal(member.settle(), [])
        with check("a position counts more than history"):
            equal(member.join(room, history=1, after=5, epoch=epoch)["offset"], 5)
            equal(datas(member.hear("message") for _ in range(2)), [6, 7])
        with check("joining again from an older position, what it had comes again, and then each once"):
            member.join(room, after=6, epoch=epoch)
            target.publish(room, 8)
            equal(datas(member.until(8)), [7, 8])
        with check("rooms do not mix"):
            other = target.name()
            member.join(other)
            target.publish(other, "other")
            target.publish(room, 9)
            heard = {member.hear("message")["room"]: True for _ in range(2)}
            equal(set(heard), {room, other})
            member.ask(type="leave", room=other)
            target.publish(other, "unheard")
            target.publish(room, 10)
            equal(member.hear("message")["data"], 10)
        with check("a name is compared byte by byte: é in two forms are two rooms"):
            composed, decomposed = target.name("é"), None
            decomposed = composed.replace("é", "e\u0301")
            member.join(composed)
            target.publish(decomposed, "other")
            target.publish(composed, "mine")
            equal((member.hear("message")["data"]), "mine")
    joins_while_publishing(target)
    orders(target)


def joins_while_publishing(target):
    """Joining at any moment, while several publish at once, so that what is read from the log is also on its way from them."""
    room = target.name("lively")
    each, authors, failures = 100, 8, []
    total = each * authors
    epoch = target.read(room).json["epoch"]

    def publish(name):
        try:
            with Socket(target, who=name) as author:
                for number in range(each):
                    while author.ask(type="publish", room=room, data=[name, number])["type"] != "published":
                        pass
        except Exception as error:
            failures.append(error)

    names = [target.name("author") for _ in range(authors)]
    threads = [threading.Thread(target=publish, args=(name,), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    with check("joining again and again while others publish: each message once and in order"):
        found, rounds = [], 0
        with Socket(target) as member:
            member.join(room, after=0, epoch=epoch)
            while len(found) < total:
                for _ in range(min(2, total - len(found))):
                    message = member.hear("message")
                    equal(message["offset"], len(found) + 1)
                    found.append(message["data"])
                member.say(type="join", id=1, room=room, after=len(found), epoch=epoch)
                # What was on its way before the answer is of the older joining, and comes again.
                before = len(found)
                while True:
                    said = member.hear("message", "joined")
                    if said["type"] == "joined":
                        equal((said["offset"], said["recovered"]), (len(found), True))
                        break
                    before += 1
                    equal(said["offset"], before)
                rounds += 1
            equal(member.settle(), [])
        for name in names:
            equal([number for author, number in found if author == name], list(range(each)))
        equal(failures, [])
    for thread in threads:
        thread.join(20)


def orders(target):
    """Answers come in the order of their requests, and have their ids."""
    room = target.name()
    with check("answers come in the order of their requests, with their ids"):
        with Socket(target) as member:
            asked = []
            for id in range(0, 60, 6):
                for offset, request in enumerate(({"type": "join"}, {"type": "presence"}, {"type": "publish", "data": id}, {"type": "leave"},
                                                  {"type": "nonsense"} if id == 0 else {"type": "ping"}, {"type": "ping"})):
                    member.say(**request, room=room, id=id + offset)
                    asked.append(id + offset)
            equal([member.hear("joined", "presence", "published", "left", "error", "pong")["id"] for _ in asked], asked)
    with check("ids from 0 to 2^64 - 1 are mirrored, and none where there was none"):
        with Socket(target) as member:
            for id in (0, 1, (1 << 53) + 1, (1 << 64) - 1):
                member.say(type="ping", id=id)
                equal(member.hear(), {"type": "pong", "id": id})
            member.say(type="ping")
            equal(member.hear(), {"type": "pong"})
