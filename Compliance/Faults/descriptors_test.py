"""More connections than descriptors.

The server may have 64 open files, some of which it needs for itself; or 160, of which it keeps 128 for itself. What waits to be accepted is not refused: it gets in as
soon as others go, and those that are in notice nothing.
"""

import contextlib
import time

from checks import check, equal
from numbers_table import table
from running import DEADLINE, echoes, in_time
from wire import Ended, Wire

FILES = 64
RESERVE = 96  # with these there are 32 more than the 128 that the server keeps free by itself
WAITING = 100  # more than there are descriptors
SOON = 1.5  # seconds until accepting goes on: a second, and what a busy machine adds
IDLE = 3  # seconds over which CPU time is measured
SPIN = 0.2  # seconds of CPU time in these: a loop that asks again and again takes all of them


def run(faults):
    with faults.server(files=FILES + RESERVE) as server:
        exhausted(server, "its own limit")
    with faults.server("--max-connections", 100_000, files=FILES) as server:
        exhausted(server, "no limit of its own")


def exhausted(server, name):
    before = server.idle()
    with contextlib.ExitStack() as stack:
        established, waiting = [], []
        with check(f"{name}: connections get in up to the limit"):
            # The first one that is not answered is the first one too many.
            while len(established) < FILES:
                wire = stack.enter_context(Wire(server.port, timeout=1 if len(established) > 8 else DEADLINE))
                try:
                    wire.open()
                except (TimeoutError, Ended, AssertionError, OSError):
                    waiting.append(wire)
                    break
                established.append(wire)
            assert len(established) >= 8, f"{len(established)} got in"
        for _ in range(WAITING):
            with contextlib.suppress(OSError):
                waiting.append(stack.enter_context(Wire(server.port)))
        with check(f"{name}: the server goes on when {WAITING} more want in"):
            for wire in established:
                echoes(wire)
            assert server.runs(), f"exit {server.process.returncode}: {server.said[-3:]}"
        with check(f"{name}: it does not spin meanwhile"):
            start = server.cpu()
            # Nothing is waited for here: this is the period that is measured.
            end = time.monotonic() + IDLE
            while time.monotonic() < end:
                echoes(established[0])
                time.sleep(0.25)
            used = server.cpu() - start
            table.add("descriptors", f"CPU time in {IDLE} s at the limit, {name}", used * 1000, "ms", f"{SPIN * 1000:.0f}")
            in_time(used < SPIN, f"{used:.2f} s of {IDLE} s")
        with check(f"{name}: when half of them go, others get in within {SOON} s"):
            leaving, staying = established[::2], established[1::2]
            for wire in waiting:
                wire.__exit__()
            for wire in leaving:
                wire.__exit__()
            start = time.monotonic()
            attempts = 0
            while True:
                attempts += 1
                try:
                    with Wire(server.port, timeout=SOON) as wire:
                        echoes(wire.open())
                    break
                except (OSError, Ended, AssertionError):
                    if time.monotonic() - start > SOON:
                        raise
                    time.sleep(0.02)
            took = time.monotonic() - start
            table.add("descriptors", f"until a new connection gets in, {name}", took * 1000, "ms", f"{SOON * 1000:.0f}")
            in_time(took <= SOON, f"{took:.2f} s, {attempts} attempts")
        with check(f"{name}: those that stayed notice nothing"):
            for wire in established[1::2]:
                echoes(wire)
        for wire in established:
            wire.__exit__()
        with check(f"{name}: descriptors come back"):
            equal(server.settled(before + 1) <= before + 1, True)
        with check(f"{name}: ten times over, the limit is reached and left again"):
            for _ in range(10):
                crowd = []
                for _ in range(FILES):
                    with contextlib.suppress(OSError):
                        crowd.append(Wire(server.port))
                for wire in crowd:
                    wire.__exit__()
                until_echo(server)
        with check(f"{name}: SIGTERM ends it with 0"):
            server.process.terminate()
            equal(server.wait(DEADLINE)[0], 0)
        table.add("descriptors", f"connections at once, {name}", len(established))


def until_echo(server):
    end = time.monotonic() + DEADLINE
    while True:
        try:
            server.echoes(timeout=2)
            return
        except (OSError, Ended, AssertionError):
            assert server.runs(), f"exit {server.process.returncode}: {server.said[-3:]}"
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
