"""Standard output and standard error that take nothing: a full disk, a pipe that nobody reads any more.

All that `duplex serve` writes is its address line and log lines, so that is all that can fail.
"""

import contextlib
import os
import socket
import subprocess

from checks import check, equal
from running import echoes, until
from wire import Wire

LOG = ["--log-level", "trace"]


def run(faults):
    for name, opened in (("/dev/full", full), ("a pipe that nobody reads", broken)):
        for which in (["stdout"], ["stderr"], ["stdout", "stderr"]):
            with opened() as stream:
                serves(faults, f"{' and '.join(which)} to {name}", {one: stream for one in which})


def serves(faults, name, streams):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **streams}
    with faults.server(*LOG, port=port, **streams) as process, check(f"{name}: it goes on serving"):

        def answers():
            equal(process.poll(), None)
            with contextlib.suppress(OSError):
                return Wire(port)

        until(answers, "a port that is listened on").__exit__()
        for _ in range(20):
            with Wire(port) as wire:
                # what is refused is logged, where anything is
                wire.send(b"nonsense\r\n\r\n")
                wire.ended()
            with Wire(port) as wire:
                wire.open()
                wire.send(b"\xff\xff")
                wire.ended()
            with Wire(port) as wire:
                wire.open()
                echoes(wire)
        equal(process.poll(), None)
        process.terminate()
        equal(process.wait(10), 0)


@contextlib.contextmanager
def full():
    with open("/dev/full", "wb") as stream:
        yield stream


@contextlib.contextmanager
def broken():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)
