"""A client of `duplex.v1` that says exactly what a test wants."""

import json
import socket
import time

from target import TIMEOUT
from wire import CLOSE, PING, PONG, TEXT, Wire, frame, handshake

PROTOCOL = "duplex.v1"


class Plain(Wire):
    """A connection to the server, on which nothing has been said yet."""

    def __init__(self, target, timeout=TIMEOUT):
        self.host, self.kept = target.authority, b""
        self.socket = socket.create_connection((target.host, target.port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if target.tls:
            self.socket = target.tls.wrap_socket(self.socket, server_hostname=target.host)


class Socket(Plain):
    """A WebSocket to the rooms. Messages that are not what one waits for are kept, and heard later."""

    def __init__(self, target, who=None, session=None, protocol=PROTOCOL, fields=(), timeout=TIMEOUT):
        super().__init__(target, timeout)
        self.waiting, self.number = [], 0
        asked = [f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []
        self.send(handshake(self.host, target.path(who=who, session=session), *asked, *target.options.header, *fields))
        self.status, self.fields, self.body = self.answer()
        if self.status == 101:
            self.welcome = self.hear()

    def raw(self, text, opcode=TEXT):
        self.send(frame(opcode, text if isinstance(text, bytes) else text.encode()))

    def say(self, **members):
        self.raw(json.dumps(members, separators=(",", ":")))

    def text(self):
        """The next text message's bytes."""
        while True:
            opcode, payload = self.message()
            if opcode == PING:
                self.send(frame(PONG, payload))
            elif opcode == CLOSE:
                raise AssertionError(f"closed: {payload!r}")
            elif opcode == TEXT:
                return payload
            else:
                assert opcode == PONG, f"opcode {opcode}"

    def hear(self, *types):
        """The next message of one of these types, or of any."""
        for index, said in enumerate(self.waiting):
            if not types or said["type"] in types:
                return self.waiting.pop(index)
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            said = json.loads(self.text())
            if not types or said["type"] in types:
                return said
            self.waiting.append(said)
        raise AssertionError(f"none of {types} in {TIMEOUT} s, but {self.waiting}")

    def hear_change(self, change, id):
        """The next change of a member; those of others are left out, and so are others of it."""
        while True:
            said = self.hear("member")
            if (said["change"], said["member"]["id"]) == (change, id):
                return said

    def hear_about(self, id):
        """The answer with this id."""
        for index, said in enumerate(self.waiting):
            if said.get("id") == id:
                return self.waiting.pop(index)
        while True:
            said = json.loads(self.text())
            if said.get("id") == id:
                return said
            self.waiting.append(said)

    def ask(self, **members):
        """A request with a new id, and its answer."""
        self.number += 1
        self.say(**members, id=self.number)
        return self.hear_about(self.number)

    def join(self, room, **members):
        said = self.ask(type="join", room=room, **members)
        assert said["type"] == "joined", said
        return said

    def settle(self):
        """Everything that has come before an answer to a request now: what is kept, for `hear` to give."""
        answer = self.ask(type="ping")
        assert answer["type"] == "pong", answer
        return list(self.waiting)

    def until(self, data):
        """The messages up to the one with this data, which is included."""
        found = []
        while True:
            said = self.hear("message", "gap")
            found.append(said)
            if said.get("data") == data:
                return found
