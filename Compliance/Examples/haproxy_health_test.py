"""haproxy looks at /readyz: a server that shuts down is left in time, by new connections and then by the old ones."""

import pathlib
import tempfile

from checks import check, equal
from client import Client
from duplex import collected
from examples import free_ports
from haproxy import haproxy
from listening import until

SECTIONS = """
listen duplex
    mode {mode}
    bind 127.0.0.1:{port}
    option httpchk GET /readyz
    default-server inter 100ms fall 2 rise 1 {flags}
    server old 127.0.0.1:{old} check
    server new 127.0.0.1:{new} check backup
"""


def run(build):
    for mode, flags, arguments in (
        ("http", "", ()),
        ("tcp", "send-proxy-v2 check-send-proxy", ("--proxy-protocol-from", "127.0.0.1")),
    ):
        with tempfile.TemporaryDirectory() as folder:
            arguments = ("--drain-delay", "2s", "--log-level", "debug", *arguments)
            with build.duplex.server(*arguments) as old, build.duplex.server(*arguments) as new:
                (port,) = free_ports(1)
                sections = SECTIONS.format(mode=mode, port=port, flags=flags, old=old.port, new=new.port)
                with haproxy(pathlib.Path(folder), sections, port) as front:
                    exchanged(f"mode {mode}", front, f"ws://127.0.0.1:{port}/echo", old, new)


def exchanged(mode, front, url, old, new):
    came = {server: collected(server.process.stderr)[0] for server in (old, new)}

    def count(server):
        return sum(b"WebSocket opened" in line for line in list(came[server]))

    with check(f"{mode}: both servers are up, as /readyz says 200"):
        until(lambda: all(state == ("UP", "L7OK") for state in front.servers().values()), f"UP: {front.servers()}")
    with Client(url) as one:
        echo(one)
        with check(f"{mode}: a shutdown begins: /readyz says 503, haproxy takes the server out, its WebSocket goes on"):
            until(lambda: (count(old), count(new)) == (1, 0), "a WebSocket at the old server")
            old.signal(15)
            until(lambda: front.servers()["old"] == ("DOWN", "L7STS"), f"DOWN: {front.servers()}")
            echo(one)
        with check(f"{mode}: new WebSockets go to the other server"), Client(url) as late:
            echo(late)
            until(lambda: (count(old), count(new)) == (1, 1), "a WebSocket at the new server")
            with check(f"{mode}: behind the delay: 1001, exit 0, and the other goes on"):
                equal(one.closed()[0], 1001)
                equal(old.process.wait(20), 0)
                echo(late)


def echo(websocket):
    websocket.send("hello")
    equal(websocket.recv(), "hello")
