"""Readers that stop reading, and others that are to notice nothing of it.

The stalled ones send all that is taken, and read none of the echoes. The others send at a pace. The server has one core, the
load generator another. Measured is when the stalled ones are stuck: before that they are just busy. The rate is what was promised. Where that leaves less than a third of a core, it is lowered until it does, and measured again.
The latency is held against its bound at both, but not where a core is full: there any latency only tells how long the test took.
"""

import contextlib
import os
import time

from checks import check
from numbers_table import table
from paced import paced
from running import in_time, until

P99 = 50  # milliseconds, as promised
FITS = 70  # percent of a core, the server's or the load generator's
FULL = 95
DYING = 60  # seconds: what they had sent is read first
PER_STALLED = 1 << 20  # what a stalled connection may hold: 128 KiB of small messages and a read, each with its overhead
PAYLOAD = 100
# Two cores are needed for numbers that mean something.
SERVER, LOAD = (0, 1) if (os.cpu_count() or 1) > 1 else (None, None)


def run(faults):
    live, stalled = faults.number(1000, 100), faults.number(1000, 50)
    rate, seconds = 100, faults.number(5, 2)
    for attempt in range(3):
        numbers = measured(faults, live, stalled, rate, seconds)
        label = f"{live} x {rate:.0f}/s beside {stalled} stalled"
        # The generator has to keep up, too.
        load = max(numbers["server_cpu"], numbers["cpu"])
        show(label, numbers, load)
        if load <= FULL:
            with check(f"slow-readers: {label}: p99 of the others is under {P99} ms"):
                in_time(numbers["p99"] < P99 * 1000, f"{numbers['p99'] / 1000:.1f} ms")
        else:
            print(f"skipped: p99 at {label}: {load:.0f} % of a core", flush=True)
        if load <= FITS or attempt == 2:
            break
        # Not in proportion: with less to do at a time each message costs more.
        rate = int(rate * (0.4 if load <= FULL else 0.3))
    with check(f"slow-readers: a rate is found that fits: {rate}/s for each of {live}"):
        in_time(load <= FITS, f"{load:.0f} % at {rate}/s")
    with check("slow-readers: the others get all their echoes"):
        # those of the last moments are still on their way
        missing = numbers["sent"] - numbers["received"]
        in_time(missing <= live * rate * P99 / 1000 + live, f"{missing:.0f} of {numbers['sent']:.0f} are missing")
    with check("slow-readers: the stalled are not read any more"):
        more = numbers["stalled_sent"] - numbers["flooded"]
        assert numbers["stalled_idle"] > 500 and more < stalled << 10, f"{more:.0f} bytes more, the last {numbers['stalled_idle']:.0f} ms before the end"
    with check("slow-readers: the stalled are not cut: they are only not read"):
        assert numbers["cut"] == 0, f"{numbers['cut']:.0f}"
    with check("slow-readers: memory stays bounded"):
        grown = numbers["peak"] - numbers["before"]
        assert grown < stalled * PER_STALLED, f"{grown / 2**20:.0f} MiB"
    with check("slow-readers: it grows no more once they are stuck"):
        grown = numbers["peak"] - numbers["stuck"]
        assert grown < 16 << 20, f"{grown / 2**20:.0f} MiB"
    with check("slow-readers: descriptors come back, and the server goes on"):
        assert numbers["left"] <= 0, f"{numbers['left']:.0f} too many"


def measured(faults, live, stalled, rate, seconds):
    with faults.server("--threads", 1, core=SERVER) as server:
        server.echoes()
        descriptors, memory = server.idle(), server.resident()
        connecting = server.cpu()
        with paced(server, "/echo", live, stalled, rate, seconds, PAYLOAD, core=LOAD) as load:
            stuck, flooding = server.resident(), server.cpu() - connecting
            numbers = load.run(server)
            numbers["before"], numbers["stuck"], numbers["flooding"] = memory, stuck, flooding
        # All of them die at once, with a lot that is not read yet.
        start = time.monotonic()
        with contextlib.suppress(AssertionError):
            until(lambda: server.descriptors() <= descriptors, "", DYING)
        numbers["left"], numbers["dying"] = server.descriptors() - descriptors, time.monotonic() - start
        server.echoes()
        with check("slow-readers: nothing on standard error"):
            assert not server.said, server.said[:3]
        return numbers


def show(label, numbers, load):
    def row(name, value, unit, bound=None):
        table.add("slow-readers", f"{label}: {name}", value, unit, bound)

    bound = P99 if load <= FULL else None
    row("messages each way", numbers["rate"], "1/s")
    row("p50", numbers["p50"] / 1000, "ms")
    row("p99", numbers["p99"] / 1000, "ms", bound)
    row("p99.9", numbers["p999"] / 1000, "ms")
    row("max", numbers["max"] / 1000, "ms")
    row("server's CPU", numbers["server_cpu"], "%", FITS)
    row("load generator's CPU", numbers["cpu"], "%", FITS)
    row("load generator's largest lag", numbers["lag"] / 1000, "ms")
    row("RSS before", numbers["before"] / 2**20, "MiB")
    row("RSS when the stalled are stuck", numbers["stuck"] / 2**20, "MiB")
    row("RSS at most", numbers["peak"] / 2**20, "MiB")
    row("taken of the stalled", numbers["stalled_sent"] / 2**20, "MiB")
    row("until all that died are given up", numbers["dying"], "s", DYING)
    row("CPU time until they were stuck", numbers["flooding"], "s")
