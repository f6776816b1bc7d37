"""Servers that behave as a test says, for `duplex connect`: they read the handshake, then run the test's own function."""

import base64
import contextlib
import hashlib
import socket
import struct
import threading

from wire import TIMEOUT, Wire, masked

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class Peer(Wire):
    """The server's end of a connection. Frames that come in are a client's."""

    def __init__(self, connection):
        connection.settimeout(TIMEOUT)
        self.socket, self.kept = connection, b""

    def request(self):
        """Reads the request: its first line and its fields, each a list of (name, value)."""
        head = self.read_until(b"\r\n\r\n").decode().split("\r\n")
        self.line = head[0]
        self.asked = [tuple(part.strip() for part in line.split(":", 1)) for line in head[1:] if line]
        return self

    def field(self, name):
        return [value for field, value in self.asked if field.lower() == name.lower()]

    def accept(self, *fields):
        key = self.field("Sec-WebSocket-Key")[0].encode()
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Accept: {accept}", *fields]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        return self

    def frame(self):
        first, second = self.read(2)
        assert second & 0x80, "a client must mask"
        self.look_at(first)
        count = second & 0x7F
        if count == 126:
            (count,) = struct.unpack("!H", self.read(2))
        elif count == 127:
            (count,) = struct.unpack("!Q", self.read(8))
        key = self.read(4)
        return first & 0x0F, masked(self.read(count), key), bool(first & 0x80)


@contextlib.contextmanager
def peer(behave, context=None, kind=Peer):
    """Serves one connection after the other with `behave(peer)`; gives the port, and a list of what went wrong."""
    listener = socket.create_server(("127.0.0.1", 0))
    problems = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                if context:
                    connection = context.wrap_socket(connection, server_side=True)
                with kind(connection) as one:
                    behave(one)
            except Exception as error:
                problems.append(f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], problems
    finally:
        # shutdown wakes accept, close alone does not
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(TIMEOUT)
