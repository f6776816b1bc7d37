"""Peers that are gone without a word: cut off from the network, or stopped.

The peer runs in a network namespace of its own, with a pair of interfaces between it and the server. It is cut off by sending
what is for the other to an address that nobody has on this wire: packets vanish, and nobody is told. The namespace lives as
long as the peer does.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time

from checks import check, equal
from numbers_table import table
from running import DEADLINE, echoes, go_on, in_time, stop, until
from wire import Wire

INTERVAL, TIMEOUT = 1, 2  # seconds: --keepalive-interval and --keepalive-timeout
LATE = 2  # seconds that a busy machine may add
HERE, THERE = "198.18.7.1", "198.18.7.2"  # a range for benchmarks (RFC 2544)
NOBODY = "02:00:00:00:00:01"
GROWTH = 8 << 20

# Opens so many connections, says so, and holds them; reads, but answers no ping: it is cut off before there is one.
PEER = """
import sys
from wire import Wire
import socket
host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sys.stdin.readline()
class Far(Wire):
    def __init__(self):
        self.host, self.kept = f"{host}:{port}", b""
        self.socket = socket.create_connection((host, port), 10)
wires = [Far().open() for _ in range(count)]
print("open", flush=True)
sys.stdin.readline()
"""


def run(faults):
    count = faults.number(200, 50)
    keepalive = ["--keepalive-interval", f"{INTERVAL}s", "--keepalive-timeout", f"{TIMEOUT}s"]
    with faults.server(*keepalive, host="0.0.0.0") as server:
        # What is made once is made before anything is counted.
        gone(server, "a peer that is stopped (SIGSTOP)", 5, stopped, None)
        gone(server, "a peer that is stopped (SIGSTOP)", count, stopped, "stopped")
        if os.geteuid() == 0 and all(map(shutil.which, ("ip", "unshare", "nsenter"))):
            gone(server, "a peer that the network loses", count, lost, "lost")
        else:
            print("skipped: a peer that the network loses: it needs root, ip, unshare and nsenter", flush=True)
        with check("half-open: nothing on standard error"):
            equal(server.said, [])


def gone(server, name, count, cut, label):
    """Opens connections, cuts them off, and waits until the server has given them up; a label makes it a check."""
    descriptors, memory = server.idle(), server.resident()
    with cut(server, count) as vanish:
        held = server.descriptors()
        with Wire(server.port) as other:
            other.open()
            start = time.monotonic()
            vanish()
            worst = 0

            def are_gone():
                nonlocal worst
                asked = time.monotonic()
                echoes(other)
                worst = max(worst, time.monotonic() - asked)
                return server.descriptors() <= descriptors + 1
            bound = INTERVAL + TIMEOUT + LATE
            if label is None:
                until(are_gone, "their end", DEADLINE)
                return
            with check(f"{name}: {count} connections, each with a descriptor"):
                equal(held - descriptors >= count, True)
            with check(f"{name}: given up within {INTERVAL} + {TIMEOUT} s"):
                until(are_gone, f"their end; {server.descriptors() - descriptors - 1} are left", bound + DEADLINE)
                took = time.monotonic() - start
                table.add("half-open", f"{count} {label}: until all are given up", took, "s", bound)
                # A whole interval may have passed already when they went.
                in_time(TIMEOUT - 0.1 <= took <= bound, f"{took:.1f} s")
            with check(f"{name}: others are not disturbed"):
                table.add("half-open", f"{count} {label}: another's longest echo", worst * 1000, "ms", 500)
                in_time(worst < 0.5, f"{worst:.2f} s")
    with check(f"{name}: descriptors and memory come back"):
        assert server.settled(descriptors) <= descriptors, f"{descriptors} before, {server.descriptors()} after"
        grown = server.resident() - memory
        table.add("half-open", f"{count} {label}: memory that stays", grown / (1 << 20), "MiB", GROWTH >> 20)
        assert grown < GROWTH, f"{grown >> 10} KiB"
    with check(f"{name}: the server goes on"):
        server.echoes()


@contextlib.contextmanager
def peer(server, count, host, *prefix):
    """The peer's process; `begin` lets it open its connections."""
    process = subprocess.Popen([*prefix, sys.executable, "-c", PEER, host, str(server.port), str(count)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)

    def begin():
        process.stdin.write(b"\n")
        process.stdin.flush()
        equal(process.stdout.readline(), b"open\n")

    try:
        yield process, begin
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def stopped(server, count):
    with peer(server, count, "127.0.0.1") as (process, begin):
        begin()
        try:
            yield lambda: stop(process)
        finally:
            go_on(process)


@contextlib.contextmanager
def lost(server, count):
    # `unshare` becomes the peer: the namespace is that of this process.
    with peer(server, count, HERE, "unshare", "-n") as (process, begin):
        own, theirs = (os.readlink(f"/proc/{who}/ns/net") if who == "self" else f"/proc/{who}/ns/net"
                       for who in ("self", process.pid))
        until(lambda: os.readlink(theirs) != own, "a network namespace")
        near = f"duplex{os.getpid() % 10_000}"

        def ip(*words, inside=False):
            enter = ["nsenter", "-t", str(process.pid), "-n"] if inside else []
            subprocess.run([*enter, "ip", *words], check=True, capture_output=True, text=True)

        ip("link", "add", near, "type", "veth", "peer", "name", "far", "netns", str(process.pid))
        try:
            ip("addr", "add", f"{HERE}/30", "dev", near)
            ip("link", "set", near, "up")
            ip("addr", "add", f"{THERE}/30", "dev", "far", inside=True)
            ip("link", "set", "far", "up", inside=True)
            begin()

            def vanish():
                ip("neigh", "replace", THERE, "lladdr", NOBODY, "nud", "permanent", "dev", near)
                ip("neigh", "replace", HERE, "lladdr", NOBODY, "nud", "permanent", "dev", "far", inside=True)

            yield vanish
        finally:
            # It would go along with the namespace, but a moment later.
            with contextlib.suppress(subprocess.CalledProcessError):
                ip("link", "del", near)
