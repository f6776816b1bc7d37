"""The load generator paced.c, and what it says."""

import contextlib
import os
import select
import subprocess
import time

from checks import equal
from running import DEADLINE


class Paced:
    def __init__(self, process):
        self.process = process
        equal(process.stdout.readline(), "ready\n")

    def run(self, server):
        """Runs it to its end: its numbers, and with them the server's CPU time in percent of a core as server_cpu, and
        its highest VmRSS as peak."""
        self.go()
        start, used = time.monotonic(), server.cpu()
        peak = server.resident()
        while not select.select([self.process.stdout], [], [], 0.1)[0]:
            peak = max(peak, server.resident())
        line = self.process.stdout.readline()
        assert line, f"paced ended: exit {self.process.wait(DEADLINE)}, {self.process.stderr.read()!r}"
        numbers = {name: float(value) for name, value in (word.split("=") for word in line.split())}
        numbers["server_cpu"] = (server.cpu() - used) / (time.monotonic() - start) * 100
        numbers["peak"] = max(peak, server.resident())
        return numbers

    def go(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@contextlib.contextmanager
def paced(server, path, live, stalled, rate, seconds, payload, kind="echo", core=None):
    command = [os.environ["PACED"], server.port, path, live, stalled, rate, seconds, payload, kind]
    if core is not None:
        command = ["taskset", "-c", core, *command]
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield Paced(process)
    finally:
        process.kill()
        process.wait()
