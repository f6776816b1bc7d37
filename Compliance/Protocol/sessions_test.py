"""The opening handshake, `welcome`, and sessions that are taken up again."""

import re

from checks import check, equal
from socket_client import PROTOCOL, Socket
from target import Stream


def run(target):
    who = target.name("ann")
    with check("the subprotocol is agreed on, and the server says welcome first"):
        with Socket(target, who=who) as member:
            equal(member.fields["sec-websocket-protocol"], PROTOCOL)
            equal((member.welcome["type"], member.welcome["resumed"]), ("welcome", False))
            assert re.fullmatch(r"[0-9a-f]{32}", member.welcome["session"]), member.welcome
            assert isinstance(member.welcome["member"], str) and member.welcome["member"], member.welcome
            if target.has_identity:
                equal(member.welcome["member"], who)
    with check("the subprotocol is found among others"):
        with Socket(target, protocol=f"other, {PROTOCOL}") as member:
            equal(member.fields["sec-websocket-protocol"], PROTOCOL)
    for protocol in (None, "other.v1"):
        with check(f"the subprotocol {protocol}: no WebSocket"):
            with Socket(target, protocol=protocol) as member:
                assert 400 <= member.status < 500, member.status
    with check("each connection has a session of its own"):
        with Socket(target, who=who) as one, Socket(target, who=who) as two:
            assert one.welcome["session"] != two.welcome["session"]
    with check("a session that is none, or unknown, only means a new one"):
        for session in ("x", "0" * 32, ""):
            with Socket(target, who=who, session=session) as member:
                equal(member.welcome["resumed"], False)
                assert member.welcome["session"] != session
    if not target.has_identity:
        return
    room, epoch = target.filled(3)
    with check("a session is resumed: the same session, resumed true, the same member"):
        with Socket(target, who=who) as first:
            session = first.welcome["session"]
            first.join(room, after=0, epoch=epoch)
            equal(first.until(2)[-1]["offset"], 2)
            equal(first.until(3)[-1]["offset"], 3)
        # One that is cut off without a closing handshake is not waited for.
        with Socket(target, who=who, session=session) as second:
            equal((second.welcome["session"], second.welcome["resumed"], second.welcome["member"]), (session, True, who))
            with check("its rooms it joins by itself"):
                equal(second.ask(type="leave", room=room)["code"], "not_joined")
                target.publish(room, 4)
                equal(second.settle(), [])
                equal(second.join(room, after=3, epoch=epoch)["recovered"], True)
                equal(second.hear("message")["data"], 4)
    with check("the older connection of a session that is taken up is closed with 4001"):
        with Socket(target, who=who) as first:
            with Socket(target, who=who, session=first.welcome["session"]) as second:
                equal(second.welcome["resumed"], True)
                equal(first.closed()[0], 4001)
                equal(second.ask(type="ping")["type"], "pong")
    with check("somebody else's session is not resumed"):
        with Socket(target, who=who) as first:
            with Socket(target, who=target.name("bob"), session=first.welcome["session"]) as second:
                equal(second.welcome["resumed"], False)
            equal(first.ask(type="ping")["type"], "pong")
    with check("with session= and without a position, polling and streaming go on where the session was"):
        with Socket(target, who=who) as member:
            session = member.welcome["session"]
            member.join(room, after=2, epoch=epoch)
            equal([member.hear("message")["data"] for _ in range(2)], [3, 4])
            member.raw(b"\x03\xe8", opcode=8)
            member.closed()
        target.publish(room, 5)
        page = target.read(room, session=session, who=who).json
        equal([m["data"] for m in page["messages"]], [5])
        with Stream(target, room, session=session, who=who) as stream:
            equal(stream.event()["data"]["offset"], 4)
            equal(stream.event()["data"]["data"], 5)
        with check("a position counts more than the session"):
            page = target.read(room, session=session, who=who, after=3, epoch=epoch).json
            equal([m["data"] for m in page["messages"]], [4, 5])
