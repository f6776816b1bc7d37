"""A new server takes over from an old one, on the same port, with all clients connected.

Both listen with SO_REUSEPORT. The old one is asked to end (SIGTERM): it tells its clients at a pace, each answers, comes back
after what the Close frame says and some jitter, and gets to the new one. While both listen, the kernel spreads new connections
over both. What it has put into the old one's queue when that stops listening is reset, unless net.ipv4.tcp_migrate_req is 1:
such connections are counted, and tried again, as a client has to.
"""

import collections
import errno
import heapq
import pathlib
import random
import re
import select
import socket
import struct
import time

from checks import check, equal
from numbers_table import table
from running import DEADLINE, in_time
from wire import TEXT, close_frame, frame, handshake

AFTER = 0.2  # seconds: --drain-reconnect-after
JITTER = 0.3  # seconds that a client adds by chance
PER_SOURCE = 2000
# Clients are told in batches, and seen by a client that is busy itself: how much more than the pace 250 ms may have.
TOLERANCE = 1.5
BATCH = 0.25
MIGRATION = pathlib.Path("/proc/sys/net/ipv4/tcp_migrate_req")


def run(faults):
    count, pace = faults.number(2000, 400), faults.number(1000, 400)
    for name, arguments in (("1001", []), ("1012", ["--drain-reconnect-after", f"{int(AFTER * 1000)}ms"])):
        restart(faults, count, pace, int(name), arguments)
    storm(faults, faults.number(5, 2))


def restart(faults, count, pace, code, arguments):
    arguments = ["--reuse-port", "--drain-pace", pace, *arguments]
    label = f"{count} clients, {code}"
    with faults.server(*arguments) as old, Crowd(old.port) as crowd:
        crowd.grow(count)
        with faults.server(*arguments, port=old.port) as new:
            fresh = new.idle()
            old.process.terminate()
            start = time.monotonic()
            crowd.run(lambda: len(crowd.back) == count, count / pace + DEADLINE)
            with check(f"rolling-restart: {label}: each is told to go, and answers"):
                equal(dict(crowd.codes), {code: count})
            with check(f"rolling-restart: {label}: each connection ends cleanly"):
                equal((crowd.resets, crowd.cut), (0, 0))
            with check(f"rolling-restart: {label}: all are back, none was refused"):
                equal((len(crowd.back), crowd.refused), (count, 0))
            with check(f"rolling-restart: {label}: none was reset while it connected, but what stood in the old one's queue"):
                # Until the old one is gone there can be such.
                lost = crowd.reset_connecting + crowd.unanswered
                assert lost <= count / 100, f"{crowd.reset_connecting} reset, {crowd.unanswered} without an answer"
            with check(f"rolling-restart: {label}: those that are back are at the new one, and it answers"):
                equal(crowd.echo(), count)
                held = new.descriptors() - fresh
                assert held >= count, f"{held} of {count}"
            with check(f"rolling-restart: {label}: the old one ends with 0"):
                equal(old.wait(DEADLINE)[0], 0)
            if code == 1012:
                with check(f"rolling-restart: {label}: each is told when to come back"):
                    equal(set(crowd.hints), {f"reconnect after {int(AFTER * 1000)} ms"})
            told, back = peak(crowd.told), peak(crowd.back)
            with check(f"rolling-restart: {label}: no faster than {pace}/s"):
                in_time(told <= pace * TOLERANCE, f"told {told:.0f}/s")
                in_time(back <= pace * TOLERANCE, f"back {back:.0f}/s")
            table.add("rolling-restart", f"{label}: told in", max(crowd.told) - start, "s")
            table.add("rolling-restart", f"{label}: all back after", max(crowd.back) - start, "s")
            table.add("rolling-restart", f"{label}: told, peak over {BATCH:.2f} s", told, "1/s", f"{pace * TOLERANCE:.0f}")
            table.add("rolling-restart", f"{label}: accepted by the new one, peak", back, "1/s", f"{pace * TOLERANCE:.0f}")
            table.add("rolling-restart", f"{label}: refused while connecting", crowd.refused, "", 0)
            table.add("rolling-restart", f"{label}: reset while connecting", crowd.reset_connecting, "", count // 100)
            with check(f"rolling-restart: {label}: nothing on standard error"):
                equal((old.said, new.said), ([], []))


def storm(faults, rounds):
    """New connections all the time while the old server stops listening: what becomes of those in its queue."""
    reset, refused, away, unanswered, lost, made = 0, 0, 0, 0, 0, 0
    for _ in range(rounds):
        with faults.server("--reuse-port") as old, faults.server("--reuse-port", port=old.port), Crowd(old.port) as crowd:
            old.process.terminate()
            crowd.jitter = 0
            # As fast as it can, until the old one has been gone for a while.
            while old.runs():
                crowd.grow(20, ready=False)
                crowd.run(lambda: not crowd.opening, DEADLINE)
            crowd.grow(100, ready=False)
            crowd.run(lambda: not crowd.opening and not crowd.later, DEADLINE)
            reset, refused, made = reset + crowd.reset_connecting, refused + crowd.refused, made + len(crowd.back)
            away, unanswered = away + crowd.turned_away, unanswered + crowd.unanswered
            lost += len(crowd.later) + crowd.opening
    migrates = MIGRATION.read_text().strip() if MIGRATION.exists() else "unknown"
    name = f"{made} connects in {rounds} hand-overs (net.ipv4.tcp_migrate_req={migrates})"
    table.add("rolling-restart", f"{name}: refused", refused, "", 0)
    table.add("rolling-restart", f"{name}: reset", reset)
    table.add("rolling-restart", f"{name}: ended by the old one without an answer", unanswered)
    table.add("rolling-restart", f"{name}: told 503 by the old one", away)
    with check(f"rolling-restart: {name}: none is refused"):
        equal(refused, 0)
    with check(f"rolling-restart: {name}: what is reset can be tried again, and all get in"):
        equal((made > 100 * rounds, lost), (True, 0))


def peak(times):
    """The most in any window, for a second."""
    times, most, first = sorted(times), 0, 0
    for last, at in enumerate(times):
        while times[first] < at - BATCH:
            first += 1
        most = max(most, last - first + 1)
    return most / BATCH


class Client:
    """A connection: opening, open, or told to go; `generation` counts the servers it was with."""

    def __init__(self, number, generation):
        self.number, self.generation, self.state, self.data, self.told = number, generation, "connecting", b"", False


class Crowd:
    """Clients that come back when they are told to go."""

    def __init__(self, port):
        self.port, self.poll, self.clients, self.later = port, select.epoll(), {}, []
        self.chance, self.jitter = random.Random(1), JITTER
        self.codes, self.hints, self.told, self.back = collections.Counter(), collections.Counter(), [], []
        self.resets = self.cut = self.refused = self.reset_connecting = self.opening = self.number = self.turned_away = self.unanswered = 0
        self.echoed = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.clients.values():
            client.socket.close()
        self.poll.close()

    def grow(self, count, ready=True):
        """Opens so many more; `ready` ones are the clients of the old server, and waited for."""
        for _ in range(count):
            self.number += 1
            self.connect(self.number, 0 if ready else 1)
            if ready and self.opening >= 100:
                self.run(lambda: self.opening < 50, DEADLINE)
        if ready:
            self.run(lambda: not self.opening, DEADLINE)

    def connect(self, number, generation):
        client = Client(number, generation)
        client.socket = socket.socket()
        client.socket.setblocking(False)
        client.socket.bind((f"127.0.2.{1 + number // PER_SOURCE}", 0))
        client.socket.connect_ex(("127.0.0.1", self.port))
        self.clients[client.socket.fileno()] = client
        self.poll.register(client.socket, select.EPOLLOUT)
        self.opening += 1

    def run(self, done, seconds):
        """Goes on until it is done, or out of time."""
        end = time.monotonic() + seconds
        while not done() and (now := time.monotonic()) < end:
            while self.later and self.later[0][0] <= now:
                _, number, generation = heapq.heappop(self.later)
                self.connect(number, generation)
            rest = self.later[0][0] - now if self.later else 0.1
            for number, _ in self.poll.poll(max(0, min(rest, 0.1))):
                client = self.clients[number]
                try:
                    self.step(client)
                except OSError as error:
                    self.failed(client, error)

    def step(self, client):
        if client.state == "connecting":
            if number := client.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(number, "")
            client.socket.send(handshake(f"127.0.0.1:{self.port}"))
            client.state = "opening"
            self.poll.modify(client.socket, select.EPOLLIN)
            return
        part = client.socket.recv(65536)
        if not part:
            if client.state == "opening":
                self.unanswered += 1
                return self.again(client)
            return self.ended(client)
        client.data += part
        if client.state == "opening":
            head, mark, rest = client.data.partition(b"\r\n\r\n")
            if not mark:
                return
            if b" 503 " in head[:20]:
                # Taken by the old one, which is going already, and says so.
                self.turned_away += 1
                return self.again(client)
            assert b" 101 " in head[:20], head[:100]
            client.data, client.state = rest, "open"
            self.opening -= 1
            if client.generation:
                self.back.append(time.monotonic())
        while len(client.data) >= 2 and len(client.data) >= 2 + (client.data[1] & 127):
            self.framed(client, client.data[0] & 15, client.data[2:2 + client.data[1]])
            client.data = client.data[2 + client.data[1]:]

    def framed(self, client, opcode, payload):
        if opcode == TEXT:
            self.echoed += 1
        elif opcode == 8:
            code = struct.unpack("!H", payload[:2])[0] if payload else None
            client.told = True
            if client.generation == 0:
                self.codes[code] += 1
                self.hints[payload[2:].decode()] += 1
                self.told.append(time.monotonic())
            found = re.fullmatch(rb"reconnect after (\d+) ms", payload[2:])
            client.after = int(found[1]) / 1000 if found else 0
            client.socket.send(close_frame(code))

    def ended(self, client):
        self.poll.unregister(client.socket)
        del self.clients[client.socket.fileno()]
        client.socket.close()
        if not client.told:
            self.cut += 1
        elif client.generation == 0:
            at = time.monotonic() + client.after + self.chance.random() * self.jitter
            heapq.heappush(self.later, (at, client.number, 1))

    def failed(self, client, error):
        """Refused or reset: counted; one that was still connecting tries again."""
        connecting = client.state in ("connecting", "opening")
        if not connecting:
            self.resets += 1
            client.told = client.told or client.generation > 0
            client.after = getattr(client, "after", 0)
            return self.ended(client)
        if error.errno == errno.ECONNREFUSED:
            self.refused += 1
        else:
            self.reset_connecting += 1
        self.again(client)

    def again(self, client):
        """One that did not get in tries again a moment later."""
        self.opening -= 1
        self.poll.unregister(client.socket)
        del self.clients[client.socket.fileno()]
        client.socket.close()
        heapq.heappush(self.later, (time.monotonic() + 0.05 + self.chance.random() * 0.1, client.number, client.generation))

    def echo(self):
        """All that are open send a message: how many come back."""
        self.echoed = 0
        for client in self.clients.values():
            if client.state == "open" and not client.told:
                client.socket.send(frame(TEXT, b"back?"))
        count = sum(client.state == "open" for client in self.clients.values())
        self.run(lambda: self.echoed >= count, DEADLINE)
        return self.echoed
