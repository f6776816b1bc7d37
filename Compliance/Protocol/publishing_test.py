"""`publish` over WebSocket, and ids that make it safe to publish again."""

from checks import check, equal
from socket_client import Socket


def run(target):
    room, who = target.name(), target.name("ann")
    with Socket(target, who=who) as member:
        with check("one need not have joined; published has the id, the room and the position"):
            epoch = target.read(room).json["epoch"]
            member.say(type="publish", id=3, room=room, data="hi")
            equal(member.hear(), {"type": "published", "id": 3, "room": room, "epoch": epoch, "offset": 1})
        with check("without an id the answer has none"):
            member.say(type="publish", room=room, data="again")
            equal(member.hear(), {"type": "published", "room": room, "epoch": epoch, "offset": 2})
        with check("without a message id the same message is stored each time"):
            equal(member.ask(type="publish", room=room, data="again")["offset"], 3)
        with check("one that has joined hears its own messages, once"):
            member.join(room)
            equal(member.ask(type="publish", room=room, data="mine")["offset"], 4)
            message = member.hear("message")
            equal((message["offset"], message["data"]), (4, "mine"))
            equal(member.settle(), [])
        for id in (target.name("id"), "!" + target.run + "~" * 118, "c0ffee-" + target.run):
            with check(f"the message id {id[:12]}…, of {len(id)} bytes: published again, it is stored once, with the first answer"):
                first = member.ask(type="publish", room=room, data={"a": 1}, messageId=id)
                assert "repeated" not in first, first
                member.hear("message")
                second = member.ask(type="publish", room=room, data={"a": 1}, messageId=id)
                equal({**second, "id": first["id"]}, {**first, "repeated": True})
                equal(member.settle(), [])
        id = target.name("id")
        first = member.ask(type="publish", room=room, data="once", messageId=id)
        if target.has_identity or target.is_somebody:
            with check("the same id over HTTP, and by another connection, is the same message"):
                with Socket(target, who=who) as other:
                    equal(other.ask(type="publish", room=room, data="once", messageId=id)["offset"], first["offset"])
                answer = target.post(room, "once", who=who, fields={"Idempotency-Key": id})
                equal((answer.status, answer.json["repeated"], answer.json["offset"]), (200, True, first["offset"]))
        with check("an id counts in its room only"):
            answer = member.ask(type="publish", room=target.name(), data="once", messageId=id)
            equal((answer["offset"], "repeated" in answer), (1, False))
        if target.has_identity:
            with check("an id counts for its member only: nobody can use up another's"):
                answer = target.post(room, "another's", who=target.name("bob"), fields={"Idempotency-Key": id})
                equal((answer.status, "repeated" in answer.json), (201, False))
                member.hear("message")
        with check("a key is said to all who read"):
            member.settle()
            member.waiting.clear()
            member.ask(type="publish", room=room, data=1, key="courier-3")
            equal(member.hear("message")["key"], "courier-3")
        with check("two who publish at once: all of both, each author's in order, offsets without a gap"):
            both(target)


def both(target):
    room = target.name("both")
    with Socket(target, who=target.name("one")) as one, Socket(target, who=target.name("two")) as two:
        for number in range(50):
            for name, author in (("one", one), ("two", two)):
                author.say(type="publish", room=room, id=number, data=[name, number])
        for author in (one, two):
            equal([author.hear("published", "error").get("id") for _ in range(50)], list(range(50)))
    messages = target.read(room, limit=1000).json["messages"]
    equal([m["offset"] for m in messages], list(range(1, 101)))
    for name in ("one", "two"):
        equal([m["data"][1] for m in messages if m["data"][0] == name], list(range(50)))
