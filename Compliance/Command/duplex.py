"""Runs the command under test."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time

DEADLINE = 60  # seconds for a command that is to end on its own; a working one takes far less

# Its own session: a signal for the test is not one for it.
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}


class Result:
    """What a command that has ended left behind."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def lines(self):
        return self.err.splitlines()

    def __repr__(self):
        return f"exit {self.status}, stdout {self.out[-200:]!r}, stderr {self.err[-300:]!r}"


class Duplex:
    """The binary under test."""

    def __init__(self, binary):
        self.binary = os.path.abspath(binary)

    def run(self, *arguments, input=b"", timeout=DEADLINE, variables=None):
        """Runs it to its end; with `variables` beside those of the environment."""
        process = subprocess.Popen([self.binary, *map(str, arguments)], env=environment(variables), **PIPES)
        try:
            out, err = process.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"did not end in {timeout} s; {Result('none', out.decode(errors='replace'), err.decode(errors='replace'))}") from None
        return Result(process.returncode, out.decode(), err.decode())

    @contextlib.contextmanager
    def started(self, *arguments, variables=None):
        """Starts it; it is killed at the end of the block if it still runs."""
        process = subprocess.Popen([self.binary, *map(str, arguments)], env=environment(variables), **PIPES)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    with contextlib.suppress(OSError):
                        stream.close()

    @contextlib.contextmanager
    def server(self, *arguments, variables=None):
        """A server on a free port."""
        with self.started("serve", "--port", 0, *arguments, variables=variables) as process:
            yield Server(process)


def environment(variables):
    """The environment without settings of the command, and with these variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DUPLEX_")}
    return {**kept, **{name: str(value) for name, value in (variables or {}).items()}}


class Server:
    """A running `duplex serve`."""

    def __init__(self, process):
        self.process = process
        self.line = process.stdout.readline().decode()
        found = re.fullmatch(r"listening on (https?://(.+):(\d+))\n", self.line)
        if not found:
            raise AssertionError(f"no address: {self.line!r} {process.stderr.read().decode()!r}")
        self.url, self.host, self.port = found[1], found[2], int(found[3])
        self.ws = self.url.replace("http", "ws", 1)

    def resident(self):
        """VmRSS in bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout):
        """Its exit status, and how long it took; None when it did not end."""
        start = time.monotonic()
        try:
            return self.process.wait(timeout), time.monotonic() - start
        except subprocess.TimeoutExpired:
            return None, time.monotonic() - start


def collected(stream):
    """Reads a stream in a thread, so that it never blocks its writer; gives the list that grows, and the thread."""
    lines = []

    def read():
        for line in stream:
            lines.append(line)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return lines, thread


SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}
