"""Connections that never finish their handshake, while new ones want in.

A third says nothing, a third says what a TLS client says first and stops in the midst of it, and a third drips a byte a second
of a request. They come from several addresses of this machine: one has not enough ports.
"""

import contextlib
import resource
import socket
import ssl
import threading
import time

from checks import check
from numbers_table import table
from resets_test import certificate
from running import DEADLINE, echoes, ended, in_time, quantile
from wire import Wire, handshake

PER_SOURCE = 2500  # connections of one 127.0.0.x
WITHIN = 1  # seconds for a new connection, as promised
LATE = 4  # seconds that a busy machine may add to the time-out, for so many connections
PER_PENDING = {"plain": 32 << 10, "TLS": 64 << 10}  # bytes that a connection without a request may cost
SECURE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
SECURE.check_hostname, SECURE.verify_mode = False, ssl.CERT_NONE
HELLO = bytes.fromhex("160301020001 0001fc0303") + bytes(32)  # the beginning of a ClientHello


def run(faults):
    count, newcomers = faults.number(10_000, 2000), faults.number(200, 50)
    # Longer than it takes to open all of them and measure the newcomers.
    timeout = faults.number(20, 6)
    possible = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 500
    if count > possible:
        print(f"skipped: {count} connections; only {possible} files may be open, so it is {possible}", flush=True)
        count = possible
    arguments = ["--handshake-timeout", f"{timeout}s", "--max-connections-per-address", 0]
    with certificate() as (cert, key), faults.server(*arguments) as plain, \
            faults.server(*arguments, "--tls-cert", cert, "--tls-key", key) as secure:
        for _ in range(20):
            plain.echoes(), secure_echoes(secure)
        pending(plain, secure, count, newcomers, timeout)


def pending(plain, secure, count, newcomers, timeout):
    servers, label = (plain, secure), f"{count} pending"
    descriptors, memory = [one.idle() for one in servers], [one.resident() for one in servers]
    with contextlib.ExitStack() as stack:
        with check(f"slow-handshakes: {count} connections that never finish are taken"):
            start, crowd = time.monotonic(), []
            for number in range(count):
                crowd.append(stack.enter_context(connected(secure if number % 3 == 1 else plain, number)))
            last = time.monotonic()
            table.add("slow-handshakes", f"{label}: opened in", last - start, "s")
        dripping = Dripping(crowd[2::3])
        try:
            times = []
            with check(f"slow-handshakes: {newcomers} new ones, one after the other, get in within {WITHIN} s each"):
                for number in range(newcomers):
                    times.append(secure_echoes(secure) if number % 3 == 1 else plain.echoes())
                in_time(max(times) < WITHIN, f"{max(times):.2f} s")
            with check("slow-handshakes: all of them were pending meanwhile"):
                held = sum(one.descriptors() for one in servers) - sum(descriptors)
                assert time.monotonic() - start < timeout and held >= count, f"{held} of {count}"
            for name, value in (("p50", quantile(times, 0.5)), ("p99", quantile(times, 0.99)), ("max", max(times))):
                table.add("slow-handshakes", f"{label}: a new one's echo, {name}", value * 1000, "ms",
                          WITHIN * 1000 if name == "max" else None)
            for name, one, before, many in (("plain", plain, memory[0], count - count // 3), ("TLS", secure, memory[1], count // 3)):
                each = (one.resident() - before) / many
                table.add("slow-handshakes", f"{label}: memory of each, {name}", each, "bytes", PER_PENDING[name])
                with check(f"slow-handshakes: each ({name}) costs at most {PER_PENDING[name] >> 10} KiB"):
                    assert each <= PER_PENDING[name], f"{each:.0f} bytes"
            with check(f"slow-handshakes: all are gone behind the time-out of {timeout} s, those that drip, too"):
                over = ended(crowd, timeout + LATE + DEADLINE)
                assert len(over) == count, f"{count - len(over)} are left"
                longest = max(over.values()) - last
                table.add("slow-handshakes", f"{label}: the last is gone after", longest, "s", timeout + LATE)
                in_time(longest <= timeout + LATE, f"{longest:.1f} s")
            with check("slow-handshakes: none was ended before its time"):
                early = {place: at - start for place, at in over.items() if at - start < timeout - 0.5}
                assert not early, f"{len(early)}: {list(early.items())[:5]}"
        finally:
            dripping.stop()
        with check("slow-handshakes: descriptors come back, nothing on standard error, and the servers go on"):
            for one, before in zip(servers, descriptors):
                assert one.settled(before) <= before, f"{before} before, {one.descriptors()} after"
                assert not one.said, one.said[:3]
            plain.echoes(), secure_echoes(secure)
        stays = sum(one.resident() for one in servers) - sum(memory)
        table.add("slow-handshakes", f"{label}: memory that stays", stays / 2**20, "MiB")


def secure_echoes(server):
    start = time.monotonic()
    with Wire(server.port) as wire:
        wire.socket = SECURE.wrap_socket(wire.socket)
        echoes(wire.open())
    return time.monotonic() - start


def connected(server, number):
    connection = socket.socket()
    connection.settimeout(DEADLINE)
    connection.bind((f"127.0.1.{1 + number // PER_SOURCE}", 0))
    connection.connect(("127.0.0.1", server.port))
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
