"""A running `duplex serve` that is watched: its descriptors, memory and CPU time, and what it says."""

import contextlib
import os
import select
import signal
import subprocess
import time
import urllib.request

from duplex import PIPES, Server, collected
from wire import TEXT, Wire, frame

DEADLINE = 15  # seconds for what takes milliseconds, on a machine that is busy with other things
TICKS = os.sysconf("SC_CLK_TCK")


class Faults:
    """The binary under test, and how much is asked of it."""

    full = True

    def __init__(self, binary, full):
        self.binary = os.path.abspath(binary)
        Faults.full = full

    def number(self, full, quick):
        return full if self.full else quick

    @contextlib.contextmanager
    def server(self, *arguments, port=0, host=None, files=None, core=None, **streams):
        """A server; `files` is its limit of open files, `core` the only one it may use, `streams` are Popen's."""
        command = [self.binary, "serve", "--port", str(port), *(["--host", host] if host else []), *map(str, arguments)]
        if files:
            command = ["prlimit", f"--nofile={files}:{files}", *command]
        if core is not None:
            command = ["taskset", "-c", str(core), *command]
        process = subprocess.Popen(command, **{**PIPES, "stdin": subprocess.DEVNULL, **streams})
        try:
            # Without its address line nothing can be said about it yet.
            yield Watched(process) if process.stdout else process
        finally:
            process.kill()
            process.wait()


class Watched(Server):
    """A server whose standard error is read all the time, so that it never waits for that."""

    def __init__(self, process):
        super().__init__(process)
        self.errors, self.reading = collected(process.stderr) if process.stderr else ([], None)

    @property
    def said(self):
        """What it wrote to standard error so far."""
        return [line.decode(errors="replace").rstrip() for line in list(self.errors)]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def cpu(self):
        """User and system time in seconds."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def metric(self, name):
        """The value of a metric without labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=DEADLINE) as answer:
            lines = answer.read().decode().splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith(name + " ")))

    def runs(self):
        return self.process.poll() is None

    def echoes(self, timeout=DEADLINE):
        """A new connection's message comes back: its seconds."""
        start = time.monotonic()
        with Wire(self.port, timeout=timeout) as wire:
            echoes(wire.open())
        return time.monotonic() - start

    def idle(self):
        """How many descriptors it has once that number has stood still: what has ended has been closed."""
        last = [-1] * 5

        def still():
            time.sleep(0.02)
            last.append(self.descriptors())
            return len(set(last[-5:])) == 1

        until(still, "a number of descriptors that stands still")
        return last[-1]

    def settled(self, descriptors):
        """Waits until it has at most so many descriptors, and gives how many it has."""
        with contextlib.suppress(AssertionError):
            until(lambda: self.descriptors() <= descriptors, "")
        return self.descriptors()


def in_time(holds, found):
    """A time, or what depends on it, is within its bound. A quick run, which may share its machine with others, only says so
    where it is not."""
    assert holds or not Faults.full, found
    if not holds:
        print(f"slow  {found}", flush=True)


def echoes(wire, text=b"are you there?"):
    """This connection's message comes back."""
    wire.send(frame(TEXT, text))
    answer = wire.message()
    assert answer == (TEXT, text), f"{answer}"


def until(ask, what, deadline=DEADLINE):
    """Asks again and again for what there is no event for."""
    end = time.monotonic() + deadline
    while not (answer := ask()):
        if time.monotonic() > end:
            raise AssertionError(f"in vain waited for {what}")
        time.sleep(0.01)
    return answer


def ended(sockets, deadline):
    """Reads these sockets until all have ended, at most so long; gives when each did, by its place."""
    poll, places, times = select.epoll(), {}, {}
    for place, one in enumerate(sockets):
        one.setblocking(False)
        places[one.fileno()] = place
        poll.register(one, select.EPOLLIN | select.EPOLLRDHUP)
    end = time.monotonic() + deadline
    while len(times) < len(places) and (rest := end - time.monotonic()) > 0:
        for number, _ in poll.poll(rest):
            one = sockets[places[number]]
            try:
                over = not one.recv(1 << 16)
            except BlockingIOError:
                over = False
            except OSError:
                over = True
            if over:
                times[places[number]] = time.monotonic()
                poll.unregister(number)
    poll.close()
    return times


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def stop(process):
    os.kill(process.pid, signal.SIGSTOP)


def go_on(process):
    os.kill(process.pid, signal.SIGCONT)
