"""Compressed messages, byte by byte: what RFC 7692 shows, what refers to what, and what breaks it."""

import os
import zlib

from checks import check, equal
from deflate import NAME, RSV1, TAIL, DeflateWire, ends_between_blocks, packed
from wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Wire, close_frame, frame

MODES = ("no-takeover", "takeover")
ECHO_LIMIT = 64 << 20  # what /echo takes

WORDS = " ".join(f"{number} is not {number * number}," for number in range(400)).encode()  # compresses, without long repeats

HELLO = bytes.fromhex("f248cdc9c90700")
EXAMPLES = {  # RFC 7692, section 7.2.3
    "one block (7.2.3.1)": HELLO,
    "a stored block (7.2.3.3)": bytes.fromhex("000500faff48656c6c6f00"),
    "a block with BFINAL (7.2.3.4)": bytes.fromhex("f348cdc9c9070000"),
    "two blocks (7.2.3.5)": bytes.fromhex("f24805000000ffffcac9c90700"),
}
HELLO_AGAIN = bytes.fromhex("f200110000")  # refers to the Hello before it (7.2.3.2)


def run(duplex):
    for mode in MODES:
        with duplex.server("--compression", mode) as server:
            examples(server, mode)
            messages(server, mode)
            fragments(server, mode)
            broken(server, mode)
    with duplex.server("--compression", "no-takeover") as server:
        alone(server)
    with duplex.server("--compression", "takeover") as server:
        takeover(server)


def compressed(data, opcode=TEXT, **options):
    """A frame that begins a compressed message."""
    return frame(opcode, data, reserved=RSV1, **options)


def examples(server, mode):
    for name, data in EXAMPLES.items():
        with check(f"{mode}: Hello as {name}, and once more"):
            with DeflateWire(server.port) as wire:
                wire.agree()
                for opcode in (TEXT, BINARY, TEXT):
                    wire.send(compressed(data, opcode))
                    equal(wire.message(), (opcode, b"Hello"))
    with check(f"{mode}: Hello in two fragments, and cut everywhere"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            for cut in range(len(HELLO) + 1):
                wire.send(compressed(HELLO[:cut], final=False) + frame(CONTINUATION, HELLO[cut:]))
                equal(wire.message(), (TEXT, b"Hello"))
    with check(f"{mode}: an empty message (7.2.3.6), text and binary, between others"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            for opcode in (TEXT, BINARY):
                wire.send(compressed(b"\x00", opcode) + compressed(HELLO, opcode) + compressed(b"\x00", opcode))
                equal([wire.message() for _ in range(3)], [(opcode, b""), (opcode, b"Hello"), (opcode, b"")])
    with check(f"{mode}: an empty message as a fragmented one, and as two empty blocks"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            wire.send(compressed(b"", final=False) + frame(CONTINUATION, b"", final=False) + frame(CONTINUATION, b"\x00"))
            wire.send(compressed(b"\x02\x00") + compressed(b"\x00" + TAIL + b"\x00"))
            equal([wire.message() for _ in range(3)], [(TEXT, b"")] * 3)
    with check(f"{mode}: every kind of block"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            for level, strategy in ((0, 0), (1, 0), (6, 0), (9, 0), (6, zlib.Z_FIXED), (6, zlib.Z_HUFFMAN_ONLY), (6, zlib.Z_RLE)):
                deflater = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
                data = deflater.compress(WORDS) + deflater.flush(zlib.Z_SYNC_FLUSH)
                wire.send(compressed(data.removesuffix(TAIL)))
                equal(wire.message() == (TEXT, WORDS), True)


def messages(server, mode):
    for count in (1, 125, 126, 255, 256, 1000, 65535, 65536, 1 << 20, (5 << 20) + 3):
        with check(f"{mode}: {count} bytes, text and binary, of few kinds and at random"):
            with DeflateWire(server.port) as wire:
                wire.agree()
                for opcode, data in ((TEXT, (WORDS * (count // len(WORDS) + 1))[:count]), (BINARY, os.urandom(count)),
                                     (BINARY, bytes(count))):
                    wire.say(data, opcode)
                    equal(wire.message() == (opcode, data), True)
    with check(f"{mode}: 10,000 messages at once, every other one not compressed, in order"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            wanted = [f"{number}: ".encode() + WORDS[: number % 700] for number in range(10_000)]
            wire.send(b"".join(compressed(wire.pack(data)) if number % 2 else frame(TEXT, data) for number, data in enumerate(wanted)))
            equal([wire.message()[1] for _ in wanted] == wanted, True)
    with check(f"{mode}: byte by byte"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            for data in (b"drop by drop, " * 30, "äöü 😀".encode() * 30):
                for byte in compressed(wire.pack(data)):
                    wire.send(bytes([byte]))
                equal(wire.message(), (TEXT, data))
    with check(f"{mode}: exactly 64 MiB comes back"):
        data = (WORDS * (ECHO_LIMIT // len(WORDS) + 1))[:ECHO_LIMIT]
        with DeflateWire(server.port) as wire:
            wire.agree()
            wire.say(data, BINARY)
            equal(wire.message() == (BINARY, data), True)
            assert wire.was_packed and wire.size < ECHO_LIMIT // 4, wire.size
    with check(f"{mode}: 64 MiB at random, larger when compressed, comes back"):
        data = os.urandom(ECHO_LIMIT)
        with DeflateWire(server.port) as wire:
            wire.agree()
            wire.say(data, BINARY)
            equal(wire.message() == (BINARY, data), True)


def fragments(server, mode):
    with check(f"{mode}: text cut within a character, before and after compression"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            text = "κόσμε😀".encode()
            for cut in range(len(text) + 2):
                wire.say(text, cuts=[min(cut, 5)])
                equal(wire.message(), (TEXT, text))
    with check(f"{mode}: 5000 fragments of one byte, some of them empty"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            data = os.urandom(4000)
            wire.say(data, BINARY, cuts=[min(cut, 4000) for cut in range(1, 5000)])
            equal(wire.message() == (BINARY, data), True)
    with check(f"{mode}: pings and pongs between the fragments of a compressed message"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            data = wire.pack(WORDS)
            wire.send(compressed(data[:100], final=False) + frame(PING, b"in between"))
            equal(wire.frame(), (PONG, b"in between", True))
            equal(wire.compressed, False)
            wire.send(frame(CONTINUATION, data[100:200], final=False) + frame(PONG) + frame(PING) + frame(CONTINUATION, data[200:]))
            equal(wire.frame(), (PONG, b"", True))
            equal(wire.message() == (TEXT, WORDS), True)
    with check(f"{mode}: a Close between the fragments ends it"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            wire.send(compressed(wire.pack(WORDS)[:100], final=False) + close_frame(1001, "gone"))
            equal(wire.closed(), (1001, "gone"))
            equal(wire.ended(), b"")


def failing(server, data, code, path="/echo"):
    """Sends what breaks the protocol: the server says so, and ends the connection once the client has."""
    with DeflateWire(server.port) as wire:
        wire.agree(path=path)
        wire.send(data)
        equal(wire.closed()[0], code)
        wire.socket.shutdown(1)
        wire.ended()


def broken(server, mode):
    half = packed(WORDS)[: len(packed(WORDS)) // 2]
    stored = b"\x00\xe8\x03\x17\xfc" + b"ten bytes!"  # a stored block of 1000
    for cut in (half, stored):  # what is cut must not happen to be whole
        inflater = zlib.decompressobj(-15)
        inflater.decompress(cut + TAIL)
        assert not ends_between_blocks(inflater)
    for name, data, code in (
        ("RSV1 on a continuation of a compressed message", compressed(HELLO[:3], final=False)
         + frame(CONTINUATION, HELLO[3:], reserved=RSV1), 1002),
        ("RSV1 on a continuation of a message that is not", frame(TEXT, b"x", final=False)
         + frame(CONTINUATION, HELLO, reserved=RSV1), 1002),
        ("RSV1 on a continuation in the middle", compressed(HELLO[:3], final=False)
         + frame(CONTINUATION, HELLO[3:4], final=False, reserved=RSV1), 1002),
        ("RSV1 on a ping", frame(PING, HELLO, reserved=RSV1), 1002),
        ("RSV1 on an empty pong", frame(PONG, reserved=RSV1), 1002),
        ("RSV1 on a Close", frame(CLOSE, b"\x03\xe8", reserved=RSV1), 1002),
        ("RSV2", frame(TEXT, b"x", reserved=2), 1002),
        ("RSV3", frame(TEXT, b"x", reserved=1), 1002),
        ("RSV1 with RSV2", frame(TEXT, HELLO, reserved=RSV1 | 2), 1002),
        ("RSV1 with opcode 3", frame(3, HELLO, reserved=RSV1), 1002),
        ("a compressed message within another", compressed(HELLO[:3], final=False) + compressed(HELLO), 1002),
        ("a block of the fourth kind", compressed(b"\x06"), 1007),
        ("a stored block whose length is not confirmed", compressed(b"\x00\x05\x00\x00\x00Hello\x00"), 1007),
        ("codes that make no tree", compressed(b"\x04" + b"\xff" * 20), 1007),
        ("a reference to before the first message", compressed(HELLO_AGAIN), 1007),
        ("bytes that are no deflate at all", compressed(b"\xff" * 1000), 1007),
        ("bad data in the second fragment", compressed(HELLO[:5], final=False) + frame(CONTINUATION, b"\xff" * 100), 1007),
        ("the header of zlib's format", compressed(zlib.compress(b"Hello" * 10), BINARY), 1007),
        ("cut in the middle", compressed(half), 1007),
        ("cut in the middle, binary", compressed(half, BINARY), 1007),
        ("cut in a stored block, binary", compressed(stored, BINARY), 1007),
        ("cut in the middle, in fragments", compressed(half[:50], final=False) + frame(CONTINUATION, half[50:]), 1007),
        ("text that is not UTF-8", compressed(packed(b"\xff")), 1007),
        ("text that is not UTF-8, far in", compressed(packed(WORDS + b"\xed\xa0\x80" + WORDS)), 1007),
        ("text that ends within a character", compressed(packed("ä".encode()[:1])), 1007),
    ):
        with check(f"{mode}: {name}: {code}"):
            failing(server, data, code)
    with check(f"{mode}: binary need not be UTF-8"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            wire.say(b"\xff\xfe", BINARY)
            equal(wire.message(), (BINARY, b"\xff\xfe"))
    with check(f"{mode}: RSV1 by a client that offered nothing: 1002, also while others compress"):
        with DeflateWire(server.port) as other, Wire(server.port) as wire:
            other.agree().say(WORDS)
            wire.open().send(compressed(HELLO))
            equal(wire.closed()[0], 1002)
            equal(other.message() == (TEXT, WORDS), True)


def alone(server):
    with check("no-takeover: each of the server's messages stands alone"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            sizes = []
            for _ in range(3):
                wire.say(WORDS)
                equal(wire.message() == (TEXT, WORDS), True)
                sizes.append(wire.size)
            equal(len(set(sizes)), 1)
    with check("no-takeover: a client's reference to its message before: 1007"):
        failing(server, compressed(HELLO) + compressed(HELLO_AGAIN), 1007)
    with check("no-takeover: bad data on one connection harms no other"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            for _ in range(20):
                data = wire.pack(WORDS)
                wire.send(compressed(data[:50], final=False))
                failing(server, compressed(b"\xff" * 100), 1007)
                wire.send(frame(CONTINUATION, data[50:]))
                equal(wire.message() == (TEXT, WORDS), True)
    with check("no-takeover: 50 messages in fragments side by side"):
        wires = [DeflateWire(server.port).agree() for _ in range(50)]
        texts = [f"{number} ".encode() + WORDS[number * 50:] for number in range(50)]
        parts = [wire.pack(text) for wire, text in zip(wires, texts)]
        for start in range(0, max(map(len, parts)), 100):
            for wire, part in zip(wires, parts):
                if start < len(part):
                    send = frame(CONTINUATION if start else TEXT, part[start: start + 100], final=start + 100 >= len(part),
                                 reserved=0 if start else RSV1)
                    wire.send(send)
        equal([wire.message()[1] == text for wire, text in zip(wires, texts)], [True] * 50)
        for wire in wires:
            wire.__exit__()


def takeover(server):
    with check("takeover: Hello, and Hello again by reference (7.2.3.2)"):
        with DeflateWire(server.port) as wire:
            wire.agree().send(compressed(HELLO) + compressed(HELLO_AGAIN) * 3)
            equal([wire.message() for _ in range(4)], [(TEXT, b"Hello")] * 4)
    with check("takeover: a reference over a message that was not compressed, and over a ping"):
        with DeflateWire(server.port) as wire:
            wire.agree().send(compressed(HELLO) + frame(TEXT, b"other") + frame(PING) + compressed(HELLO_AGAIN))
            got = [wire.message() for _ in range(4)]
            # A pong may overtake.
            equal([message for message in got if message != (PONG, b"")], [(TEXT, b"Hello"), (TEXT, b"other"), (TEXT, b"Hello")])
    with check("takeover: after a block with BFINAL, messages go on"):
        with DeflateWire(server.port) as wire:
            wire.agree().send(compressed(EXAMPLES["a block with BFINAL (7.2.3.4)"]) + compressed(HELLO) + compressed(HELLO_AGAIN))
            equal([wire.message() for _ in range(3)], [(TEXT, b"Hello")] * 3)
    with check("takeover: the server's messages refer to those before"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            sizes = []
            text = os.urandom(2000).hex().encode()
            for _ in range(4):
                wire.say(text)
                equal(wire.message() == (TEXT, text), True)
                sizes.append(wire.size)
            assert all(size < sizes[0] / 10 for size in sizes[1:]), sizes
    with check("takeover: references as far back as 32 KiB"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            start = os.urandom(16)
            for data in (start + os.urandom(32_000 - 16), start, os.urandom(700), os.urandom(40_000), bytes(100)):
                wire.say(data, BINARY)
                equal(wire.message() == (BINARY, data), True)
    for offer, alone_end in ((f"{NAME}; server_no_context_takeover", "server"), (f"{NAME}; client_no_context_takeover", None)):
        with check(f"takeover, {offer}: {'only the client' if alone_end else 'both'} may refer back"):
            with DeflateWire(server.port) as wire:
                wire.agree(offer).send(compressed(HELLO) + compressed(HELLO_AGAIN))
                equal([wire.message(), wire.message()], [(TEXT, b"Hello")] * 2)
                sizes, text = [], os.urandom(2000).hex().encode()
                for _ in range(2):
                    wire.send(frame(TEXT, text))
                    equal(wire.message() == (TEXT, text), True)
                    sizes.append(wire.size)
                equal(sizes[1] < sizes[0] / 10, alone_end is None)
