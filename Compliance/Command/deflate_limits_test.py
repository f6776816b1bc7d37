"""Compressed messages and what is set for them: windows, thresholds and levels; the chat; and what a bomb may cost."""

import json
import os

from checks import check, equal
from deflate import CLIENT_BITS, NAME, SERVER_BITS, TAIL, DeflateWire, packed
from deflate_test import ECHO_LIMIT, MODES, WORDS, compressed, failing
from wire import BINARY, CONTINUATION, TEXT, Wire, close_frame, frame

TIGHT = 8 << 20  # bytes by which a refused bomb may let the server grow; all of it would be far more
CHAT_LIMIT = 64 << 10


def run(duplex):
    windows(duplex)
    options(duplex)
    with duplex.server() as server:
        small(server)
        chat(server)
        text_at_once(server)
    for mode in MODES:
        with duplex.server("--compression", mode) as server:
            bombs(server, mode)


def windows(duplex):
    far = os.urandom(1500)  # repeated at a distance that a small window does not reach
    for mode in MODES:
        with duplex.server("--compression", mode) as server:
            for bits in range(9, 16):
                with check(f"{mode}: a window of {bits} bits, both ways"):
                    with DeflateWire(server.port) as wire:
                        wire.agree(f"{NAME}; {SERVER_BITS}={bits}; {CLIENT_BITS}={bits}")
                        for data in (far * 40, WORDS * 3, os.urandom(100_000), far * 40, bytes(70_000)):
                            wire.say(data, BINARY)
                            equal(wire.message() == (BINARY, data), True)
    for bits in (9, 12, 15):
        with duplex.server("--compression", "takeover", "--compression-window-bits", bits) as server:
            with check(f"--compression-window-bits {bits}: kept, both ways"):
                with DeflateWire(server.port) as wire:
                    wire.agree(f"{NAME}; {CLIENT_BITS}")
                    for data in (far * 40, WORDS * 3, far * 40):
                        wire.say(data, BINARY)
                        equal(wire.message() == (BINARY, data), True)


def small(server):
    with check("255 bytes come back as they are, 256 compressed"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            for count, wanted in ((0, False), (1, False), (255, False), (256, True), (257, True), (100_000, True)):
                wire.say(b"a" * count)
                equal(wire.message(), (TEXT, b"a" * count))
                equal((count, wire.was_packed), (count, wanted))


def options(duplex):
    sizes = {}
    text = (WORDS + os.urandom(500).hex().encode()) * 3
    for level in (0, 1, 9):
        with check(f"--compression-level {level}"):
            with duplex.server("--compression-level", level) as server, DeflateWire(server.port) as wire:
                wire.agree().say(text)
                equal(wire.message() == (TEXT, text), True)
                sizes[level] = wire.size
    with check("a higher level makes smaller messages"):
        assert sizes[9] < sizes[1] < len(text) <= sizes[0], sizes
    # A message that deflate makes no smaller may go out as it is.
    for threshold in (0, 20, 1000):
        with check(f"--compression-threshold {threshold}"):
            with duplex.server("--compression-threshold", threshold) as server, DeflateWire(server.port) as wire:
                wire.agree()
                for count in (19, 20, 999, 1000, 5000):
                    wire.send(frame(TEXT, b"a" * count))
                    equal(wire.message(), (TEXT, b"a" * count))
                    equal((count, wire.was_packed), (count, count >= threshold))
                wire.send(frame(TEXT) + frame(BINARY))
                equal([wire.message(), wire.message()], [(TEXT, b""), (BINARY, b"")])


def chat(server):
    with check("/chat: what one says compressed reaches those that compress, and those that do not"):
        ann, bob = DeflateWire(server.port).agree(path="/chat"), DeflateWire(server.port).agree(path="/chat")
        cid = Wire(server.port).open("/chat")
        for wire, name in ((ann, "Ann"), (bob, "Bob"), (cid, "Cid")):
            hello = json.dumps({"type": "hello", "name": name}).encode()
            wire.send(frame(TEXT, hello)) if wire is cid else wire.say(hello)
            hear(wire, "welcome")
        text = WORDS[:3000].decode()
        for _ in range(3):
            ann.say(json.dumps({"type": "message", "text": text}).encode())
            for wire in (ann, bob, cid):
                equal(hear(wire, "message").get("text"), text)
                if wire is not cid:
                    assert wire.was_packed and wire.size < 2000, wire.size
        for wire in (ann, bob, cid):
            wire.__exit__()


def hear(wire, kind):
    """The next event of a kind."""
    while True:
        opcode, payload = wire.message()
        assert opcode == TEXT, f"opcode {opcode} {payload!r}"
        event = json.loads(payload)
        if event["type"] == kind:
            return event


def text_at_once(server):
    with check("what inflates to bad UTF-8 is refused before the message has ended: 1007"):
        with DeflateWire(server.port) as wire:
            # Z_SYNC_FLUSH has put out all of it, and its end never comes.
            wire.agree().send(compressed(packed(b"abc\xff" + WORDS) + TAIL, final=False))
            equal(wire.closed()[0], 1007)


def bombs(server, mode):
    bomb = packed(bytes(12 << 20), level=9)  # zeros are text, too
    assert len(bomb) < 13_000, len(bomb)
    for name, frames in (
        ("in one frame", compressed(bomb)),
        ("in fragments of a byte", compressed(bomb[:1], final=False)
         + b"".join(frame(CONTINUATION, bomb[at: at + 1], final=False) for at in range(1, len(bomb) - 1)) + frame(CONTINUATION, bomb[-1:])),
        ("that does not end", compressed(bomb + TAIL, final=False)),
    ):
        with check(f"{mode}: {len(bomb)} bytes that inflate to 12 MiB, {name}, to /chat: 1009, and no memory"):
            before = server.resident()
            failing(server, frames, 1009, path="/chat")
            grown = server.resident() - before
            assert grown < TIGHT, f"{grown >> 20} MiB"
    with check(f"{mode}: a hundred of them at once: 1009 each, and no memory"):
        before = server.resident()
        wires = [DeflateWire(server.port).agree(path="/chat") for _ in range(100)]
        for wire in wires:
            wire.send(compressed(bomb))
        peak = before
        for wire in wires:
            equal(wire.closed()[0], 1009)
            peak = max(peak, server.resident())
            wire.__exit__()
        assert peak - before < 4 * TIGHT, f"{(peak - before) >> 20} MiB"
    with check(f"{mode}: one byte more than /chat takes: 1009"):
        failing(server, compressed(packed(b" " * (CHAT_LIMIT + 1))), 1009, path="/chat")
    with check(f"{mode}: 64 MiB and a byte to /echo: 1009, and less memory than that"):
        with DeflateWire(server.port) as wire:
            wire.agree()
            before = server.resident()
            wire.send(compressed(packed(bytes(ECHO_LIMIT + 1), level=9), BINARY))
            equal(wire.closed()[0], 1009)
            grown = server.resident() - before
            assert grown < ECHO_LIMIT * 3 // 2, f"{grown >> 20} MiB"
    with check(f"{mode}: 200 connections that have compressed and been compressed for are let go of when they end"):
        def turn():
            wires = [DeflateWire(server.port).agree() for _ in range(200)]
            for wire in wires:
                wire.say(WORDS)
                equal(wire.message() == (TEXT, WORDS), True)
            for wire in wires:
                wire.send(close_frame(1000))
                equal(wire.closed()[0], 1000)
                wire.ended()
                wire.__exit__()
        turn()
        before = server.resident()
        for _ in range(5):
            turn()
        grown = server.resident() - before
        assert grown < 4 * TIGHT, f"{grown >> 20} MiB"
