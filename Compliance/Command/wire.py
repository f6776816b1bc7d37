"""A WebSocket client that does exactly what a test says, right or wrong: frames by hand over a plain socket."""

import base64
import os
import socket
import ssl
import struct

TIMEOUT = 30  # seconds for any single read or write; a working server takes a few milliseconds

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0


def handshake(host, path="/echo", *fields, method="GET", version="HTTP/1.1", without=(), key=None):
    """The request's bytes; `without` names standard fields to leave out."""
    key = key or base64.b64encode(os.urandom(16)).decode()
    standard = [("Host", host), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
                ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "13")]
    lines = [f"{method} {path} {version}"]
    lines += [f"{name}: {value}" for name, value in standard if name not in without]
    lines += fields
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def masked(payload, key):
    """As one big number: a loop over 64 MiB would take minutes."""
    count = len(payload)
    if not count:
        return b""
    pad = (key * (count // 4 + 1))[:count]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(pad, "little")).to_bytes(count, "little")


def header(opcode, count, final=True, mask=True, reserved=0):
    """A frame's header without the key, its length in the shortest form."""
    first = (0x80 if final else 0) | reserved << 4 | opcode
    bit = 0x80 if mask else 0
    if count < 126:
        return struct.pack("!BB", first, bit | count)
    if count < 1 << 16:
        return struct.pack("!BBH", first, bit | 126, count)
    return struct.pack("!BBQ", first, bit | 127, count)


def frame(opcode, payload=b"", final=True, mask=True, reserved=0):
    """A whole frame."""
    if not mask:
        return header(opcode, len(payload), final, False, reserved) + payload
    key = os.urandom(4)
    return header(opcode, len(payload), final, True, reserved) + key + masked(payload, key)


def close_frame(code=None, reason=""):
    payload = b"" if code is None else struct.pack("!H", code) + (reason if isinstance(reason, bytes) else reason.encode())
    return frame(CLOSE, payload)


class Ended(Exception):
    """The server ended the connection."""


class Wire:
    """A connection to a server on this machine."""

    allowed = 0  # the reserved bits that a frame may have, as they stand in its first byte
    compressed = False  # whether the last frame had RSV1

    def __init__(self, port, timeout=TIMEOUT, receive_buffer=None, tls=None, source=None):
        """`port` is a TCP port, or the path of a Unix socket; `tls` an SSLContext; `source` this end's address."""
        if isinstance(port, int):
            self.host = f"127.0.0.1:{port}"
            self.socket, address = socket.socket(), ("127.0.0.1", port)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.host = "localhost"
            self.socket, address = socket.socket(socket.AF_UNIX), str(port)
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(address)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.kept = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read(self, count):
        """Exactly so many bytes."""
        parts, have = [self.kept], len(self.kept)
        while have < count:
            part = self.more(min(count - have, 1 << 20) if have else 65536)
            parts.append(part)
            have += len(part)
        data = b"".join(parts)
        self.kept = data[count:]
        return data[:count]

    def more(self, count=65536):
        try:
            part = self.socket.recv(count)
        except (ConnectionResetError, ssl.SSLError) as error:
            raise Ended(f"reset: {error}") from None
        if not part:
            raise Ended("end of stream")
        return part

    def read_until(self, mark):
        data = self.kept
        while mark not in data:
            data += self.more()
        at = data.index(mark) + len(mark)
        self.kept = data[at:]
        return data[:at]

    def ended(self):
        """Waits for the end of the stream, and gives what came before it."""
        data = self.kept
        self.kept = b""
        while True:
            try:
                data += self.more()
            except Ended:
                return data

    # HTTP

    def answer(self):
        """An answer's status, fields and body."""
        head = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        fields = {}
        for line in head[1:]:
            if line:
                name, value = line.split(":", 1)
                fields[name.lower()] = value.strip()
        body = b""
        if status != 101:
            body = self.read(int(fields["content-length"])) if "content-length" in fields else self.ended()
        return status, fields, body

    # WebSocket

    def open(self, path="/echo", *fields):
        """Does the opening handshake."""
        self.send(handshake(self.host, path, *fields))
        status, answered, body = self.answer()
        assert status == 101, f"{status} {body!r}"
        self.fields = answered
        return self

    def frame(self):
        """The next frame: opcode, payload, whether it is final."""
        first, second = self.read(2)
        assert not second & 0x80, "a server must not mask"
        self.look_at(first)
        count = second & 0x7F
        if count == 126:
            (count,) = struct.unpack("!H", self.read(2))
            assert count > 125, "length not in its shortest form"
        elif count == 127:
            (count,) = struct.unpack("!Q", self.read(8))
            assert count > 65535, "length not in its shortest form"
        return first & 0x0F, self.read(count), bool(first & 0x80)

    def look_at(self, first):
        """Checks the reserved bits in a frame's first byte."""
        assert not first & 0x70 & ~self.allowed, f"reserved bits in {first:#x}"
        self.compressed = bool(first & 0x40)

    def message(self):
        """The next message, put together: opcode and payload. A Close frame is one, too."""
        opcode, payload, final = self.frame()
        parts = [payload]
        while not final:
            more, payload, final = self.frame()
            assert more == CONTINUATION, f"opcode {more} within a message"
            parts.append(payload)
        return opcode, b"".join(parts)

    def closed(self):
        """The server's Close frame: code and reason; (None, '') when it is empty. Messages before it are skipped."""
        while True:
            opcode, payload = self.message()
            if opcode == CLOSE:
                return (struct.unpack("!H", payload[:2])[0], payload[2:].decode()) if payload else (None, "")
