"""The pages, and the chat's own protocol."""

import json

from checks import check, equal
from wire import TEXT, Wire, close_frame, frame


def run(duplex):
    with duplex.server() as server:
        pages(server)
        chat(server)


def get(server, path, method="GET"):
    with Wire(server.port) as wire:
        wire.send(f"{method} {path} HTTP/1.1\r\nHost: {wire.host}\r\nConnection: close\r\n\r\n".encode())
        return wire.answer()


def pages(server):
    for path, kind in (("/", "text/html"), ("/style.css", "text/css"), ("/frame.js", "text/javascript"),
                       ("/chat.css", "text/css"), ("/chat.js", "text/javascript"), ("/duplex.js", "text/javascript")):
        with check(f"GET {path}"):
            status, fields, body = get(server, path)
            equal((status, fields["content-type"].split(";")[0], len(body) > 500), (200, kind, True))
            assert "default-src 'self'" in fields["content-security-policy"], fields
    with check("GET of what is not there: 404"):
        equal(get(server, "/no/such/page")[0], 404)
    with check("several requests on one connection"):
        with Wire(server.port) as wire:
            for _ in range(5):
                wire.send(f"GET /chat.js HTTP/1.1\r\nHost: {wire.host}\r\n\r\n".encode())
                equal(wire.answer()[0], 200)


class Member:
    def __init__(self, server):
        self.wire = Wire(server.port).open("/chat", "Sec-WebSocket-Protocol: chat.v1")
        equal(self.wire.fields["sec-websocket-protocol"], "chat.v1")

    def say(self, **fields):
        self.wire.send(frame(TEXT, json.dumps(fields).encode()))

    def hear(self):
        opcode, payload = self.wire.message()
        assert opcode == TEXT, f"opcode {opcode} {payload!r}"
        return json.loads(payload)


def chat(server):
    ann, bob = Member(server), Member(server)
    with check("chat: hello is answered by a welcome, and the others are told"):
        ann.say(type="hello", name="Ann")
        equal(ann.hear()["type"], "welcome")
        bob.say(type="hello", name=" Bob   the \n Builder ")
        welcome = bob.hear()
        equal((welcome["type"], [p["name"] for p in welcome["people"]]), ("welcome", ["Ann", "Bob the Builder"]))
        heard = ann.hear()
        equal((heard["type"], heard["name"]), ("joined", "Bob the Builder"))
    with check("chat: a message goes to all, its author too"):
        ann.say(type="message", text="κόσμε \" \\ \u0000 </script>")
        for member in (ann, bob):
            heard = member.hear()
            equal((heard["type"], heard["name"], heard["text"]), ("message", "Ann", "κόσμε \" \\ \u0000 </script>"))
    with check("chat: what is no message is told so, and the connection goes on"):
        for text in (b"{", b"[]", b'"x"', b'{"type":"nonsense"}', b'{"type":"message"}', b'{"type":"hello","name":7}', b""):
            ann.wire.send(frame(TEXT, text))
            equal(ann.hear()["type"], "error")
        ann.say(type="message", text="x" * 4097)
        equal(ann.hear()["type"], "error")
        ann.say(type="hello", name="x" * 65)
        equal(ann.hear()["type"], "error")
    with check("chat: binary is closed with 1003"):
        third = Member(server)
        third.wire.send(frame(2, b"x"))
        equal(third.wire.closed()[0], 1003)
    with check("chat: a message over 64 KiB is closed with 1009"):
        third = Member(server)
        third.wire.send(frame(TEXT, b"x" * ((64 << 10) + 1)))
        equal(third.wire.closed()[0], 1009)
    with check("chat: who comes later is shown what was said"):
        late = Member(server)
        late.say(type="hello", name="Late")
        equal([m["text"] for m in late.hear()["history"]], ["κόσμε \" \\ \u0000 </script>"])
        for member in (ann, bob):
            equal(member.hear()["type"], "joined")
    with check("chat: who leaves is said to have left, closing or dropped"):
        bob.wire.send(close_frame(1000))
        late.wire.socket.close()
        equal(sorted((e["type"], e["name"]) for e in (ann.hear(), ann.hear())), [("left", "Bob the Builder"), ("left", "Late")])
