"""Members of a chat room that stop reading: they are cut off, and the others get every message.

Nobody reads the stalled ones' messages, so those wait in the server, up to 1 MiB for each. One that is cut off does not see it:
what the kernel still has for it comes before the end. That the server has given it up is seen by the descriptors, which it may
keep for as long as a closing handshake may take.
"""

import contextlib
import time

from checks import check
from numbers_table import table
from paced import paced
from running import in_time, until

P99 = 50  # milliseconds
TEXT = 3900  # bytes: with its JSON nearly the largest message
WAITING = 1 << 20  # ChatRoom.maxWaiting
CLOSING = 10  # seconds: WebSocketConfiguration.defaultCloseTimeout
LATE = 3


def run(faults):
    count, rate, seconds = faults.number(99, 40), faults.number(120, 400), faults.number(15, 5)
    with faults.server() as server:
        server.echoes()
        descriptors, memory = server.idle(), server.resident()
        with paced(server, "/chat", count, count, rate, seconds, TEXT, "chat") as load:
            held = server.descriptors() - descriptors
            numbers = load.run(server)
            grown = numbers["peak"] - memory
            # What waits, and what it takes to have so many members at all.
            bound = count * (WAITING + WAITING // 8) + (32 << 20)
            label = f"{rate}/s to {count} members beside {count} stalled"
            for name, key in (("p50", "p50"), ("p99", "p99"), ("p99.9", "p999"), ("max", "max")):
                table.add("slow-members", f"{label}: {name}", numbers[key] / 1000, "ms", P99 if key == "p99" else None)
            table.add("slow-members", f"{label}: server's CPU", numbers["server_cpu"], "%")
            table.add("slow-members", f"{label}: RSS grew at most by", grown / 2**20, "MiB", bound >> 20)
            with check("slow-members: those that read nothing are cut off, all of them"):
                assert held == 2 * count, f"{held} of {2 * count} had got in"
                start = time.monotonic()
                with contextlib.suppress(AssertionError):
                    until(lambda: server.descriptors() <= descriptors + count, "", CLOSING + LATE)
                cut = held - (server.descriptors() - descriptors)
                table.add("slow-members", f"{label}: all cut, after the last message", time.monotonic() - start, "s", CLOSING + LATE)
                assert cut == count, f"{cut} of {count}"
            with check(f"slow-members: the others get every message, p99 under {P99} ms"):
                missing = numbers["sent"] * count - numbers["received"]
                in_time(abs(missing) <= count * rate * P99 / 1000 + count, f"{missing:.0f} are missing")
                in_time(numbers["p99"] < P99 * 1000, f"{numbers['p99'] / 1000:.1f} ms")
            with check("slow-members: memory stays bounded"):
                assert grown < bound, f"{grown / 2**20:.0f} MiB"
        with check("slow-members: descriptors come back, nothing on standard error, and the server goes on"):
            assert server.settled(descriptors) <= descriptors, f"{descriptors} before, {server.descriptors()} after"
            assert not server.said, server.said[:3]
            server.echoes()
