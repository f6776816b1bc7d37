"""Standard output and standard error that take nothing: a full disk, a pipe that nobody reads any more.

All that `duplex serve` writes is its address line and log lines, so that is all that can fail.
"""

import contextlib
import os
import socket
import subprocess

from checks import check, equal
from running import Watched, until
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
    arguments = LOG if has_log_level(faults) else []
    with faults.server(*arguments, port=port, **streams) as running, check(f"{name}: it goes on serving"):
        process = getattr(running, "process", running)
        if "stdout" in streams and process.stderr:
            # nobody reads it here
            process.stderr.close()

        def answers():
            equal(process.poll(), None)
            with contextlib.suppress(OSError):
                return Wire(port)

        until(answers, "a port that is listened on").__exit__()
        watched = running if isinstance(running, Watched) else None
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
                wire.open("/echo")
                wire.send(b"\x81\x82\x00\x00\x00\x00ok")
                equal(wire.message(), (1, b"ok"))
        equal(process.poll(), None)
        process.terminate()
        equal(process.wait(10), 0)
        del watched


def has_log_level(faults):
    return "--log-level" in subprocess.run([faults.binary, "serve", "--help"], capture_output=True, text=True).stdout


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
