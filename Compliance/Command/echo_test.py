"""/echo, byte by byte: sizes, fragments, control frames, closing, and what breaks the protocol."""

import os
import struct

from checks import check, equal
from wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Wire, close_frame, frame, header

LIMIT = 64 << 20  # what /echo takes


def run(duplex):
    with duplex.server() as server:
        sizes(server)
        limit(server)
        fragments(server)
        control(server)
        closing(server)
        broken(server)


def sizes(server):
    for count in (0, 1, 125, 126, 127, 65535, 65536, 65537, 1 << 20, (5 << 20) + 3):
        with check(f"{count} bytes, text and binary"):
            with Wire(server.port) as wire:
                wire.open()
                text = ("äx😀"[: max(1, count % 4)] * count).encode()[:count].decode(errors="ignore").encode()
                for opcode, payload in ((TEXT, text), (BINARY, os.urandom(count))):
                    wire.send(frame(opcode, payload))
                    got, answer = wire.message()
                    equal((got, len(answer), answer == payload), (opcode, len(payload), True))
    with check("20,000 messages at once come back in order"):
        with Wire(server.port) as wire:
            wire.open()
            wanted = [str(number).encode() for number in range(20_000)]
            wire.send(b"".join(frame(TEXT, text) for text in wanted))
            equal([wire.message()[1] for _ in wanted] == wanted, True)
    with check("a message byte by byte"):
        with Wire(server.port) as wire:
            wire.open()
            for byte in frame(TEXT, "drop by drop: äöü 😀".encode()) + frame(BINARY, bytes(range(256))):
                wire.send(bytes([byte]))
            equal(wire.message(), (TEXT, "drop by drop: äöü 😀".encode()))
            equal(wire.message(), (BINARY, bytes(range(256))))
    with check("200 connections at once"):
        wires = [Wire(server.port).open() for _ in range(200)]
        for number, wire in enumerate(wires):
            wire.send(frame(TEXT, str(number).encode()))
        equal([wire.message()[1] for wire in wires], [str(number).encode() for number in range(200)])
        for wire in wires:
            wire.__exit__()


def limit(server):
    with check("exactly 64 MiB of binary comes back"):
        payload = os.urandom(1 << 20) * 64
        with Wire(server.port) as wire:
            wire.open()
            wire.send(frame(BINARY, payload))
            opcode, answer = wire.message()
            equal((opcode, len(answer), answer == payload), (BINARY, LIMIT, True))
    with check("exactly 64 MiB of text, in four fragments, comes back"):
        quarter = ("😀 and ä, " * (1 << 20)).encode()[: (LIMIT >> 2) - 3]
        quarter = quarter.decode(errors="ignore").encode()
        quarter += b"." * ((LIMIT >> 2) - len(quarter))
        with Wire(server.port) as wire:
            wire.open()
            for number in range(4):
                wire.send(frame(CONTINUATION if number else TEXT, quarter, final=number == 3))
            opcode, answer = wire.message()
            equal((opcode, len(answer), answer == quarter * 4), (TEXT, LIMIT, True))
    with check("one byte more: 1009 from the header, before any payload is sent"):
        with Wire(server.port) as wire:
            wire.open()
            wire.send(header(BINARY, LIMIT + 1))
            equal(wire.closed()[0], 1009)
            wire.send(close_frame(1009))
            wire.socket.shutdown(1)
            wire.ended()
    with check("one byte more in fragments: 1009 from the header of the fragment that passes it"):
        with Wire(server.port) as wire:
            wire.open()
            wire.send(frame(BINARY, bytes(1 << 20), final=False))
            wire.send(header(CONTINUATION, LIMIT - (1 << 20) + 1))
            equal(wire.closed()[0], 1009)
    with check("a length of 2^63 - 1: 1009; of 2^63 and more: 1002"):
        for count, code in (((1 << 63) - 1, 1009), (1 << 63, 1002), ((1 << 64) - 1, 1002)):
            with Wire(server.port) as wire:
                wire.open()
                wire.send(struct.pack("!BBQ", 0x82, 0xFF, count))
                equal(wire.closed()[0], code)


def fragments(server):
    with check("fragments of every kind come back as one message"):
        with Wire(server.port) as wire:
            wire.open()
            for opcode, parts in ((TEXT, [b"one ", b"", b"two ", b"three"]), (BINARY, [b"", b"", b""]), (TEXT, [b"", b"late"]),
                                  (BINARY, [os.urandom(70_000), b"x", os.urandom(70_000)])):
                for number, part in enumerate(parts):
                    wire.send(frame(opcode if number == 0 else CONTINUATION, part, final=number == len(parts) - 1))
                equal(wire.message() == (opcode, b"".join(parts)), True)
    with check("text cut within a character"):
        with Wire(server.port) as wire:
            wire.open()
            text = "κόσμε😀".encode()
            for at in range(len(text) + 1):
                wire.send(frame(TEXT, text[:at], final=False) + frame(CONTINUATION, text[at:]))
                equal(wire.message(), (TEXT, text))
    with check("a message of 100,000 fragments"):
        with Wire(server.port) as wire:
            wire.open()
            middle = frame(CONTINUATION, b"x", final=False)
            wire.send(frame(BINARY, b"x", final=False) + middle * 99_998 + frame(CONTINUATION, b"x"))
            equal(wire.message() == (BINARY, b"x" * 100_000), True)


def control(server):
    with check("a ping while a fragmented message is under way is answered at once"):
        with Wire(server.port) as wire:
            wire.open()
            wire.send(frame(TEXT, b"first, ", final=False))
            wire.send(frame(PING, b"in between"))
            equal(wire.frame(), (PONG, b"in between", True))
            wire.send(frame(CONTINUATION, b"second, ", final=False) + frame(PING) + frame(CONTINUATION, b"third"))
            equal(wire.frame(), (PONG, b"", True))
            equal(wire.message(), (TEXT, b"first, second, third"))
    with check("a ping of 125 bytes; an unasked pong is ignored"):
        with Wire(server.port) as wire:
            wire.open()
            payload = os.urandom(125)
            wire.send(frame(PONG, b"unasked") + frame(PING, payload))
            equal(wire.frame(), (PONG, payload, True))
    with check("a thousand pings at once are answered in order"):
        with Wire(server.port) as wire:
            wire.open()
            wire.send(b"".join(frame(PING, str(number).encode()) for number in range(1000)))
            equal([wire.frame()[1] for _ in range(1000)] == [str(number).encode() for number in range(1000)], True)


def closing(server):
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999):
        with check(f"close {code} is echoed, then the server ends the connection"):
            with Wire(server.port) as wire:
                wire.open()
                wire.send(close_frame(code, "grüße"))
                equal(wire.closed(), (code, "grüße"))
                equal(wire.ended(), b"")
    with check("an empty close is echoed"):
        with Wire(server.port) as wire:
            wire.open()
            wire.send(close_frame())
            equal(wire.closed(), (None, ""))
            equal(wire.ended(), b"")
    with check("a close with the longest reason is echoed"):
        with Wire(server.port) as wire:
            wire.open()
            wire.send(close_frame(1000, "r" * 123))
            equal(wire.closed(), (1000, "r" * 123))
    for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
        with check(f"close {code} must not be sent: 1002"):
            failing(server, close_frame(code), 1002)
    with check("a close payload of one byte: 1002"):
        failing(server, frame(CLOSE, b"\x03"), 1002)
    with check("a close reason that is not UTF-8: 1007"):
        failing(server, close_frame(1000, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80"), 1007)
    with check("messages before the close come back before its echo; what comes behind it does not"):
        with Wire(server.port) as wire:
            wire.open()
            wire.send(frame(TEXT, b"before") + close_frame(1000) + frame(TEXT, b"behind"))
            equal(wire.message(), (TEXT, b"before"))
            equal(wire.frame()[0], CLOSE)
            equal(wire.ended(), b"")
    with check("a connection that is just dropped harms nobody"):
        for _ in range(50):
            wire = Wire(server.port).open()
            wire.send(frame(TEXT, b"x" * 1000)[:500])
            wire.socket.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER 0: a reset
            wire.__exit__()
        Wire(server.port).open().__exit__()


def failing(server, data, code):
    """Sends what breaks the protocol: the server says so, and ends the connection once the client has."""
    with Wire(server.port) as wire:
        wire.open()
        wire.send(data)
        equal(wire.closed()[0], code)
        wire.socket.shutdown(1)
        wire.ended()


def broken(server):
    for name, data, code in (
        ("a frame without a mask", frame(TEXT, b"x", mask=False), 1002),
        ("RSV1 without an extension", frame(TEXT, b"x", reserved=4), 1002),
        ("RSV3", frame(TEXT, b"x", reserved=1), 1002),
        ("opcode 3", frame(3, b"x"), 1002),
        ("opcode 11", frame(11), 1002),
        ("a ping of 126 bytes", frame(PING, b"x" * 126), 1002),
        ("a fragmented ping", frame(PING, b"x", final=False), 1002),
        ("a continuation of nothing", frame(CONTINUATION, b"x"), 1002),
        ("a new message within another", frame(TEXT, b"x", final=False) + frame(TEXT, b"y"), 1002),
        ("a 16-bit length below 126", b"\x81\xfe\x00\x05" + bytes(9), 1002),
        ("a 64-bit length below 65536", b"\x81\xff" + struct.pack("!Q", 65535), 1002),
        ("text that is not UTF-8", frame(TEXT, b"\xff"), 1007),
        ("text that is not UTF-8 from the first bad byte on", header(TEXT, 1000) + bytes(4) + b"abc\xed\xa0", 1007),
        ("text that ends within a character", frame(TEXT, "ä".encode()[:1]), 1007),
    ):
        with check(f"{name}: {code}"):
            failing(server, data, code)
    with check("binary need not be UTF-8"):
        with Wire(server.port) as wire:
            wire.open()
            wire.send(frame(BINARY, b"\xff\xfe"))
            equal(wire.message(), (BINARY, b"\xff\xfe"))
