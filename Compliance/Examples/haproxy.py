"""A real haproxy, with a configuration that the test writes."""

import contextlib
import socket
import subprocess

from examples import listens, started
from listening import until

DEFAULTS = """
global
    stats socket {folder}/admin mode 600 level admin
defaults
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout tunnel 1h
"""


class HAProxy:
    def __init__(self, process, folder):
        self.process, self.folder = process, folder

    def servers(self):
        """What haproxy thinks of each server: its status, and what the last check said."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self.folder / "admin"))
            admin.sendall(b"show stat\n")
            lines = b"".join(iter(lambda: admin.recv(65536), b"")).decode().lstrip("# ").splitlines()
        names = lines[0].split(",")
        rows = [dict(zip(names, line.split(","))) for line in lines[1:] if line]
        return {row["svname"]: (row["status"], row["check_status"]) for row in rows if row["svname"] not in ("FRONTEND", "BACKEND")}


@contextlib.contextmanager
def haproxy(folder, sections, *ports):
    """haproxy in this folder; it is there when it listens on all ports."""
    configuration = folder / "haproxy.cfg"
    configuration.write_text(DEFAULTS.format(folder=folder) + sections)
    with started("haproxy", "-db", "-f", configuration) as process:
        for port in ports:
            until(lambda port=port: listens(process, port), f"haproxy on {port}: {process.lines}")
        yield HAProxy(process, folder)


def version():
    """Such as (2, 6)."""
    words = subprocess.run(["haproxy", "-v"], check=True, capture_output=True).stdout.decode().split()
    number = next(word for word in words if word[:1].isdigit())
    return tuple(int(part) for part in number.split(".")[:2])
