"""A running `duplex listen`, and what runs beneath it."""

import contextlib
import os
import pathlib
import re
import signal
import time

from duplex import collected

DEADLINE = 10  # seconds for what takes milliseconds


class Listening:
    """The server, with the lines that it writes on standard error."""

    def __init__(self, process):
        self.process = process
        self.line = process.stdout.readline().decode()
        found = re.fullmatch(r"listening on (ws://127\.0\.0\.1:(\d+))\n", self.line)
        if not found:
            raise AssertionError(f"no address: {self.line!r} {process.stderr.read().decode()!r}")
        self.ws, self.port = found[1], int(found[2])
        self.lines, self.reading = collected(process.stderr)

    def told(self, word):
        """Waits for a line with this word. There is no event for a line in a list, so it is asked for again and again."""
        def find():
            return next((line.decode() for line in list(self.lines) if word in line.decode()), None)

        return until(find, f"a line with {word!r}, in {self.lines!r}")

    def childless(self):
        """Waits until no process runs beneath it."""
        until(lambda: not children(self.process.pid), f"no process: {children(self.process.pid)}")


def until(ask, what):
    deadline = time.monotonic() + DEADLINE
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise AssertionError(f"in vain waited for {what}")
        time.sleep(0.01)
    return answer


def children(process):
    """The process ids whose parent it is."""
    found = []
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # Behind the name, which may have blanks and brackets in it: state, parent.
            if int(status.read_text().rpartition(")")[2].split()[1]) == process:
                found.append(int(status.parent.name))
    return found


@contextlib.contextmanager
def listening(duplex, *arguments):
    with duplex.started("listen", 0, *arguments) as process:
        try:
            yield Listening(process)
        finally:
            # What it failed to stop would keep standard error open. Each leads a session of its own.
            for leader in children(process.pid):
                with contextlib.suppress(OSError):
                    os.killpg(leader, signal.SIGKILL)
