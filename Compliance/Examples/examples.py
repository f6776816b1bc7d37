"""Runs the examples."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess

from client import TIMEOUT
from duplex import Duplex, collected
from listening import until

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "Examples"
# Addresses that a client may call itself, though nobody has them here.
CLAIMED = "203.0.113.66"
CLIENT = "127.0.0.2"  # a client that is not where the proxies are


class Build:
    """The folder with the executables."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.duplex = Duplex(self.folder / "duplex")

    @contextlib.contextmanager
    def example(self, name, **variables):
        """A running example on a free port."""
        (port,) = free_ports(1)
        with started(self.folder / name, PORT=port, **variables) as process:
            until(lambda: listens(process, port), f"{name} on {port}: {process.lines}")
            yield Example(process, port)

    def unix(self, name, path, **variables):
        return started(self.folder / name, UNIX_SOCKET=path, **variables)


class Example:
    """A running example."""

    def __init__(self, process, port):
        self.process, self.port, self.lines = process, port, process.lines
        self.ws, self.http = f"ws://127.0.0.1:{port}", f"http://127.0.0.1:{port}"

    def told(self, word):
        """Waits for a line of its log with this word."""
        until(lambda: any(word in line.decode() for line in list(self.lines)), f"{word!r} in {self.lines}")

    def stop(self):
        """SIGTERM; gives the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(TIMEOUT)


@contextlib.contextmanager
def started(*command, **variables):
    """A process in a session of its own, whose output is read all the time; at the end its whole session is killed."""
    environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    process = subprocess.Popen([*map(str, command)], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    process.lines, reading = collected(process.stdout)
    try:
        yield process
    finally:
        # nginx has children that outlive it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reading.join(TIMEOUT)


def listens(process, port):
    assert process.poll() is None, f"it ended with {process.returncode}: {process.lines}"
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def free_ports(count):
    """All held at once, so that they are different ones."""
    with contextlib.ExitStack() as stack:
        return [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(count)]


def curl(*arguments):
    """Status and body."""
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", "-m", str(TIMEOUT), "-w", "\n%{http_code}", *map(str, arguments)],
                          check=True, capture_output=True)
    body, _, status = done.stdout.decode().rpartition("\n")
    return int(status), body
