"""Connections that never finish their handshake, while new ones want in.

A third says nothing, a third says what a TLS client says first and stops in the midst of it, and a third drips a byte a second
of a request. They come from several addresses of this machine: one has not enough ports.
"""

import contextlib
import resource
import socket
import threading
import time

from checks import check
from numbers_table import table
from running import DEADLINE, ended, quantile
from wire import handshake

PER_SOURCE = 2500  # connections of one 127.0.0.x
WITHIN = 1  # seconds for a new connection, as promised
LATE = 4  # seconds that a busy machine may add to the time-out, for so many connections
PER_PENDING = 32 << 10  # bytes that a connection without a request may cost
HELLO = bytes.fromhex("160301020001 0001fc0303") + bytes(32)  # the beginning of a ClientHello


def run(faults):
    count, newcomers = faults.number(10_000, 2000), faults.number(200, 50)
    # Longer than it takes to open all of them and measure the newcomers.
    timeout = faults.number(20, 8)
    # Also the server's: it inherits this.
    possible = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 500
    if count > possible:
        print(f"skipped: {count} connections; only {possible} files may be open, so it is {possible}", flush=True)
        count = possible
    with faults.server("--handshake-timeout", f"{timeout}s", "--max-connections-per-address", 0) as server, \
            contextlib.ExitStack() as stack:
        for _ in range(20):
            server.echoes()
        descriptors, memory = server.descriptors(), server.resident()
        label = f"{count} pending"
        with check(f"slow-handshakes: {count} connections that never finish are taken"):
            start = time.monotonic()
            pending = [stack.enter_context(connected(server.port, number)) for number in range(count)]
            last = time.monotonic()
            table.add("slow-handshakes", f"{label}: opened in", last - start, "s")
        dripping = Dripping(pending[2::3])
        try:
            times = []
            with check(f"slow-handshakes: {newcomers} new ones, one after the other, get in within {WITHIN} s each"):
                for _ in range(newcomers):
                    times.append(server.echoes())
                assert max(times) < WITHIN, f"{max(times):.2f} s"
            with check("slow-handshakes: all of them were pending meanwhile"):
                held = server.descriptors() - descriptors
                assert time.monotonic() - start < timeout and held >= count, f"{held} of {count}"
            for name, value in (("p50", quantile(times, 0.5)), ("p99", quantile(times, 0.99)), ("max", max(times))):
                table.add("slow-handshakes", f"{label}: a new one's echo, {name}", value * 1000, "ms",
                          WITHIN * 1000 if name == "max" else None)
            each = (server.resident() - memory) / count
            table.add("slow-handshakes", f"{label}: memory of each", each, "bytes", PER_PENDING)
            with check(f"slow-handshakes: each costs at most {PER_PENDING >> 10} KiB"):
                assert each <= PER_PENDING, f"{each:.0f} bytes"
            with check(f"slow-handshakes: all are gone behind the time-out of {timeout} s, those that drip, too"):
                over = ended(pending, timeout + LATE + DEADLINE)
                assert len(over) == count, f"{count - len(over)} are left"
                longest = max(over.values()) - last
                table.add("slow-handshakes", f"{label}: the last is gone after", longest, "s", timeout + LATE)
                assert longest <= timeout + LATE, f"{longest:.1f} s"
            with check("slow-handshakes: none was ended before its time"):
                earliest = min(over.values()) - start
                assert earliest >= timeout - 0.5, f"{earliest:.1f} s"
        finally:
            dripping.stop()
        with check("slow-handshakes: descriptors come back, nothing on standard error, and the server goes on"):
            assert server.settled(descriptors) <= descriptors, f"{descriptors} before, {server.descriptors()} after"
            assert not server.said, server.said[:3]
            server.echoes()
        table.add("slow-handshakes", f"{label}: memory that stays", (server.resident() - memory) / 2**20, "MiB")


def connected(port, number):
    connection = socket.socket()
    connection.settimeout(DEADLINE)
    connection.bind((f"127.0.1.{1 + number // PER_SOURCE}", 0))
    connection.connect(("127.0.0.1", port))
    if number % 3 == 1:
        connection.sendall(HELLO)
    return connection


class Dripping:
    """Sends a byte of a request on each connection, all within a second, until it is stopped."""

    def __init__(self, connections):
        self.connections, self.over = connections, threading.Event()
        self.thread = threading.Thread(target=self.drip, daemon=True)
        self.thread.start()

    def drip(self):
        request = handshake("127.0.0.1")
        for place in range(len(request) - 4):
            for connection in self.connections:
                # What has ended takes nothing.
                with contextlib.suppress(OSError):
                    connection.send(request[place:place + 1])
            if self.over.wait(1):
                return

    def stop(self):
        self.over.set()
        self.thread.join()
