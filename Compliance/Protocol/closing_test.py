"""`ping`, and the codes with which the server closes."""

from checks import check, equal
from socket_client import Socket


def run(target):
    with check("ping is answered with pong, with its id"):
        with Socket(target) as member:
            member.say(type="ping", id=6)
            equal(member.text(), b'{"type":"pong","id":6}')
    with check("a WebSocket's own ping is answered, too"):
        with Socket(target) as member:
            member.raw(b"there?", opcode=9)
            equal(member.message(), (10, b"there?"))
    with check("1008 for what is no message of the protocol more than 10 times, and not before"):
        with Socket(target) as member:
            for _ in range(10):
                member.raw("nonsense")
                equal(member.hear()["code"], "invalid_request")
            equal(member.ask(type="ping")["type"], "pong")
            member.raw("nonsense")
            equal(member.closed()[0], 1008)
    with check("requests that are refused are no such messages"):
        with Socket(target) as member:
            room = target.name()
            for _ in range(15):
                equal(member.ask(type="leave", room=room)["code"], "not_joined")
            equal(member.ask(type="ping")["type"], "pong")
    with check("1003 for a binary message"):
        with Socket(target) as member:
            member.raw(b'{"type":"ping"}', opcode=2)
            equal(member.closed()[0], 1003)
    with check("1007 for a text that is no UTF-8"):
        with Socket(target) as member:
            member.raw(b'{"type":"\xff"}')
            equal(member.closed()[0], 1007)
    with check("a client's close is answered, with its code"):
        with Socket(target) as member:
            member.raw(b"\x03\xe8bye", opcode=8)
            equal(member.closed()[0], 1000)
