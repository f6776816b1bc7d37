#!/usr/bin/env python3
"""idle.py PORT PID [-n N] [--limit BYTES]: what an idle connection costs a server in resident memory.

Opens N WebSocket connections (10000) to 127.0.0.1:PORT/echo, waits, and divides the growth of the process's VmRSS by N.
Then one message is echoed on every connection, which shows that all of them are alive, and the memory is read again:
what a message needed should have been given back. The kernel's socket buffers are no part of VmRSS.

Exit: 0 if an idle connection costs at most BYTES (6144), 1 if more or if a connection failed, 2 if it could not run.
"""

import argparse
import base64
import hashlib
import os
import resource
import socket
import sys
import time

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
PER_SOURCE = 5000  # connections from one 127.0.0.x: well below the ephemeral ports of one address
MESSAGE = b"are you there?"


def resident(pid):
    """VmRSS in bytes."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def settled(pid, seconds):
    """VmRSS once it has stood still for `seconds`, at the latest after ten times as long."""
    value, since, end = resident(pid), time.monotonic(), time.monotonic() + 10 * seconds
    while time.monotonic() - since < seconds and time.monotonic() < end:
        time.sleep(0.1)
        if (now := resident(pid)) != value:
            value, since = now, time.monotonic()
    return value


def read_exactly(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("closed by the server")
        data += part
    return data


def connect(port, path, number):
    connection = socket.socket()
    connection.settimeout(10)
    connection.bind((f"127.0.0.{1 + number // PER_SOURCE}", 0))
    connection.connect(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16))
    connection.sendall(
        b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n" % (path.encode(), port, key))
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += read_exactly(connection, 1)
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    if not answer.startswith(b"HTTP/1.1 101 ") or accept not in answer:
        raise ConnectionError(f"no valid 101: {answer[:200]!r}")
    return connection


def echo(connection):
    mask = os.urandom(4)
    masked = bytes(b ^ mask[i % 4] for i, b in enumerate(MESSAGE))
    connection.sendall(bytes([0x81, 0x80 | len(MESSAGE)]) + mask + masked)
    if (answer := read_exactly(connection, 2 + len(MESSAGE))) != bytes([0x81, len(MESSAGE)]) + MESSAGE:
        raise ConnectionError(f"wrong echo: {answer!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("pid", type=int)
    parser.add_argument("-n", type=int, default=10_000, metavar="N")
    parser.add_argument("--path", default="/echo")
    parser.add_argument("--limit", type=int, default=6144, metavar="BYTES")
    arguments = parser.parse_args()

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = arguments.n + 64
    if hard != resource.RLIM_INFINITY and hard < needed:
        print(f"idle.py: {arguments.n} connections need {needed} open files, the hard limit is {hard}", file=sys.stderr)
        return 2
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))

    connections = []
    before = settled(arguments.pid, 1)
    try:
        for number in range(arguments.n):
            connections.append(connect(arguments.port, arguments.path, number))
        idle = settled(arguments.pid, 2)
        for connection in connections:
            echo(connection)
        echoed = settled(arguments.pid, 2)
    except OSError as error:
        print(f"idle.py: connection {len(connections)} of {arguments.n}: {error}", file=sys.stderr)
        return 1

    each = (idle - before) / arguments.n
    print(f"{arguments.n} connections: VmRSS {before >> 10} kB before, {idle >> 10} kB idle, {echoed >> 10} kB after one echo on each")
    print(f"{(echoed - before) / arguments.n:.0f} bytes each after the echo")
    print(f"{each:.0f} bytes per idle connection (limit {arguments.limit})")
    return 0 if each <= arguments.limit else 1


if __name__ == "__main__":
    sys.exit(main())
