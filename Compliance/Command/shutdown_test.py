"""The end of `duplex serve`: the delay before it, what clients are told, and the second signal.

What a shutdown does without settings stands in serve_test.py.
"""

import contextlib
import time

from checks import check, equal
from duplex import SIGNALS
from listening import until
from wire import TEXT, Wire, close_frame, frame

SHUTDOWN = 5  # seconds for what ends at once
HOUR = "1h"  # a delay that no test waits for


def run(duplex):
    reconnecting(duplex)
    delay(duplex)
    for name, number in SIGNALS.items():
        second(duplex, name, number)
    window(duplex)


def status(server, path):
    with Wire(server.port) as wire:
        wire.send(f"GET {path} HTTP/1.1\r\nHost: {wire.host}\r\nConnection: close\r\n\r\n".encode())
        return wire.answer()[0]


def reconnecting(duplex):
    with check("--drain-reconnect-after: 1012, and when to come back"):
        with duplex.server("--drain-reconnect-after", "1500ms") as server, Wire(server.port) as wire:
            wire.open()
            server.signal(15)
            equal(wire.closed(), (1012, "reconnect after 1500 ms"))
            wire.send(close_frame(1012))
            equal(server.wait(SHUTDOWN)[0], 0)


def delay(duplex):
    with duplex.server("--drain-delay", "2s") as server, Wire(server.port) as wire:
        wire.open()
        observed = status(server, "/readyz") != 404
        if observed:
            with check("/readyz says 200 before a shutdown"):
                equal(status(server, "/readyz"), 200)
        start = time.monotonic()
        server.signal(15)
        if observed:
            with check("/readyz says 503 in the delay, /healthz still 200"):
                until(lambda: status(server, "/readyz") == 503, "503")
                equal(status(server, "/healthz"), 200)
        with check("in --drain-delay everything goes on: old and new connections"):
            wire.send(frame(TEXT, b"hello"))
            equal(wire.message(), (TEXT, b"hello"))
            with Wire(server.port) as late:
                late.open().send(frame(TEXT, b"hello"))
                equal(late.message(), (TEXT, b"hello"))
            assert time.monotonic() - start < 2, "too slow to tell"
        with check("behind it, connections are told, and it ends"):
            equal(wire.closed()[0], 1001)
            assert time.monotonic() - start >= 2, "too early"
            wire.send(close_frame(1001))
            equal(server.wait(SHUTDOWN)[0], 0)


def second(duplex, name, number):
    with check(f"a second {name} cuts the delay and all connections at once; exit 0"):
        with duplex.server("--drain-delay", HOUR) as server, Wire(server.port) as wire:
            wire.open()
            server.signal(number)
            # Only when the first has been taken does the second count.
            equal(server.wait(0.5)[0], None)
            server.signal(number)
            wire.ended()
            equal(server.wait(SHUTDOWN)[0], 0)
    with check(f"a second {name} does not wait for those that do not answer the Close"):
        with duplex.server() as server, Wire(server.port) as wire:
            wire.open()
            server.signal(number)
            equal(wire.closed()[0], 1001)
            start = time.monotonic()
            server.signal(number)
            wire.ended()
            equal(server.wait(SHUTDOWN)[0], 0)
            took = time.monotonic() - start
            assert took < 2, f"took {took:.1f} s"


def window(duplex):
    with check("--drain-pace and --drain-window: one after the other, and all within the window"):
        with duplex.server("--drain-pace", 1, "--drain-window", "2s") as server, contextlib.ExitStack() as stack:
            wires = [stack.enter_context(Wire(server.port)).open() for _ in range(10)]
            start = time.monotonic()
            server.signal(15)
            for wire in wires:
                equal(wire.closed()[0], 1001)
                wire.send(close_frame(1001))
            took = time.monotonic() - start
            equal(server.wait(SHUTDOWN)[0], 0)
            assert 1 < took < 4, f"told within {took:.1f} s"
