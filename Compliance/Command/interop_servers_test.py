"""`duplex connect` to the servers that others wrote, and to our own: straight, through tinyproxy, through microsocks.

The same talk with each: websockets and pywebsocket3 of Python, ws of Node.js, `duplex serve`, `duplex listen`.
"""

import contextlib
import os
import pathlib
import sys
import tempfile

from checks import check, equal
from connect_json_test import ended, events, message
from duplex import DEADLINE
from interop_deflate_servers_test import node_serving
from interop_test import serving
from listening import listening
from proxies import free_port, microsocks, started, tinyproxy

HANDLERS = pathlib.Path(__file__).resolve().parent
LINES = ["", "one", "κόσμε 😀", "x" * 125, "y" * 126, "as it was said before, " * 4000, *map(str, range(300))]
SIZES = (0, 1, 300, 65536, 1 << 20)


def run(duplex):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = [folder / f"{size}" for size in SIZES]
        for file, size in zip(files, SIZES):
            file.write_bytes(os.urandom(size))
        with tinyproxy() as (http, log), microsocks() as socks:
            ways = {"straight": (), "through tinyproxy": ("--proxy", f"http://127.0.0.1:{http}"),
                    "through microsocks": ("--proxy", f"socks5://127.0.0.1:{socks}")}
            for name, server in SERVERS.items():
                with server(duplex) as url:
                    for number, (way, arguments) in enumerate(ways.items()):
                        with check(f"{name}, {way}: text and binary there and back, a pong, closed with code and reason"):
                            converse(duplex, url, arguments, files, folder / f"{name} {number}")
            with check("tinyproxy was asked for each of them"):
                equal(log().count("CONNECT 127.0.0.1:") >= len(SERVERS), True)


def converse(duplex, url, arguments, files, saved):
    given = [part for file in files for part in ("--binary", file)]
    with duplex.started("connect", url, "--json", "--commands", "--save", saved, *given, *arguments) as process:
        def next_event():
            (event,) = events(process.stdout.readline().decode())
            return event

        def say(line):
            process.stdin.write(f"{line}\n".encode())
            process.stdin.flush()
            return next_event()

        equal(next_event()["event"], "open")
        for number, file in enumerate(files, 1):
            path = saved / f"{number:06}.bin"
            equal(next_event(), {"event": "message", "type": "binary", "file": str(path)})
            equal(path.read_bytes() == file.read_bytes(), True)
        for line in LINES:
            equal(say(line), message(line))
        equal(say("/ping")["event"], "pong")
        equal(say("/close 4321 auf Wiedersehen"), ended(4321, "auf Wiedersehen"))
        equal((process.stdout.read(), process.stderr.read(), process.wait(DEADLINE)), (b"", b"", 0))


@contextlib.contextmanager
def websockets(_):
    def echo(socket):
        for received in socket:
            socket.send(received)

    with serving(echo, max_size=None) as port:
        yield f"ws://127.0.0.1:{port}/"


@contextlib.contextmanager
def pywebsocket3(_):
    port = free_port()
    with started(port, sys.executable, "-m", "pywebsocket3.standalone", "-H", "127.0.0.1", "-p", port, "-d", HANDLERS,
                 "--log-level", "critical"):
        yield f"ws://127.0.0.1:{port}/pywebsocket3_echo"


@contextlib.contextmanager
def node_ws(_):
    with node_serving(True) as (port, _):
        yield f"ws://127.0.0.1:{port}/"


@contextlib.contextmanager
def duplex_serve(duplex):
    with duplex.server("--compression", "takeover") as server:
        yield f"{server.ws}/echo"


@contextlib.contextmanager
def duplex_listen(duplex):
    with listening(duplex) as server:
        yield f"{server.ws}/"


SERVERS = {"websockets": websockets, "pywebsocket3": pywebsocket3, "ws of Node.js": node_ws,
           "duplex serve": duplex_serve, "duplex listen": duplex_listen}
