"""Errors over WebSocket: every code that a client can bring about, with the request's id, and the connection goes on."""

import json

from checks import check, equal
from positions_test import other_epoch
from socket_client import Socket

NAMES = {"": "empty", "x" * 129: "129 bytes", "é" * 65: "130 bytes of UTF-8", "a/b": "with /", "a\\b": "with \\", ".": ".", "..": "..",
         "a\nb": "with a line break", "a\x7f": "with DEL", "a\x85": "with a C1 control",
         "a\u2028b": "with U+2028", "a\u202eb": "with U+202E", "a\u2066b": "with U+2066"}


class Refusals:
    """Checks on a connection of their own each, since only few errors are forgiven."""

    def __init__(self, target):
        self.target = target

    def expect(self, title, code, *texts, id=7):
        with check(f"{title}: {code}"):
            with Socket(self.target) as member:
                for text in texts:
                    member.raw(text if isinstance(text, (str, bytes)) else json.dumps({**text, "id": 7}))
                    error = member.hear()
                    equal((error["type"], error["code"], error.get("id")), ("error", code, id))
                    assert isinstance(error["message"], str) and error["message"], error
                equal(member.ask(type="ping")["type"], "pong")


def run(target):
    room, epoch = target.filled(1)
    refusals = Refusals(target)
    expect = refusals.expect
    expect("no JSON", "invalid_request", "{", "", "hello", "[]", '"x"', "null", "{'a':1}", '{"type":"ping"} x', '{"type":"ping",}', id=None)
    # The last one is 65 deep: 64 is the most.
    expect("strings, numbers and depth that JSON has not", "invalid_request", '{"type":"ping","x":"\x01"}', '{"type":"ping","x":01}',
           '{"type":"ping","x":+1}', '{"type":"ping","x":"\\x"}', '{"type":"ping","x":"\\ud800"}', '{"type":"ping","x":NaN}',
           '{"type":"ping","x":' + "[" * 64 + "]" * 64 + "}", id=None)
    expect("no type, or none that there is", "invalid_request", {}, {"type": 1}, {"type": None}, {"type": "nonsense"}, {"type": "joined"})
    expect("an id that is no whole number below 2^64", "invalid_request", *(
        '{"type":"ping","id":%s}' % id for id in ('"1"', "-1", "1.5", "18446744073709551616", "null", "true")), id=None)
    expect("a member twice", "invalid_request", '{"type":"ping","id":1,"id":2}', '{"type":"ping","type":"ping"}',
           '{"type":"publish","room":"a","data":1,"data":2}', id=None)
    expect("no room, or none that is a string", "invalid_room", {"type": "join"}, {"type": "join", "room": 1}, {"type": "leave"},
           {"type": "publish", "data": 1}, {"type": "presence"}, {"type": "info", "info": {}})
    expect("a room's name", "invalid_room", *({"type": "join", "room": name} for name in list(NAMES)[:7]))
    expect("a room's name with controls", "invalid_room", *({"type": "join", "room": name} for name in list(NAMES)[7:]))
    expect("half a position", "invalid_position", {"type": "join", "room": room, "after": 1}, {"type": "join", "room": room, "epoch": epoch})
    expect("a position of wrong values", "invalid_position", *(
        {"type": "join", "room": room, "after": after, "epoch": of} for after, of in (
            ("1", epoch), (-1, epoch), (1.5, epoch), (1 << 64, epoch), (1, 1), (1, ""), (1, "x" * 14), (1, "ÄÖ"), (1, "a:b"))))
    expect("a wrong history", "invalid_request", *({"type": "join", "room": room, "history": value} for value in ("1", -1, 1.5, None)))
    expect("a wrong presence or info", "invalid_request", {"type": "join", "room": room, "presence": 1},
           {"type": "join", "room": room, "presence": True, "info": []}, {"type": "join", "room": room, "presence": True, "info": "x"},
           {"type": "join", "room": room, "presence": True, "info": {"x": "y" * 1024}}, {"type": "info", "room": room})
    expect("nothing to publish", "invalid_request", {"type": "publish", "room": room})
    expect("a message id", "invalid_id", *(
        {"type": "publish", "room": room, "data": 1, "messageId": id} for id in ("", "x" * 129, "a b", "é", "\n", 1)))
    expect("a key", "invalid_key", *(
        {"type": "publish", "room": room, "data": 1, "key": key} for key in ("", "x" * 129, "\n", 1, ["a"])))
    expect("leaving, or changing the info of, what was not joined", "not_joined", {"type": "leave", "room": room},
           {"type": "info", "room": room, "info": {}})
    with check("changing the info where one has joined without presence: not_joined"):
        with Socket(target) as member:
            member.join(room)
            equal(member.ask(type="info", room=room, info={})["code"], "not_joined")
    with check("a message id that was used for another message, or another key: id_reused"):
        with Socket(target) as member:
            publish = {"type": "publish", "room": room, "messageId": target.name("id")}
            equal(member.ask(**publish, data="one")["type"], "published")
            equal(member.ask(**publish, data="two")["code"], "id_reused")
            equal(member.ask(**publish, data="one", key="k")["code"], "id_reused")
    with check("another epoch is no error, but not recovered"):
        with Socket(target) as member:
            equal(member.join(room, after=1, epoch=other_epoch(epoch))["recovered"], False)
    with check("nothing of what was refused is stored"):
        equal([m["data"] for m in target.read(room).json["messages"]], [1, "one"])
    with check("members that are not named are ignored, whatever they are"):
        with Socket(target) as member:
            equal(member.ask(type="ping", x={"type": "leave"}, after="?", wait=-1, Type=0)["type"], "pong")
