"""echo-example: the smallest server."""

from checks import check, equal
from client import Client, refused
from examples import EXAMPLES


def run(build):
    with check("echo-example: at most 15 lines, imports included"):
        lines = (EXAMPLES / "echo-example/main.swift").read_text().splitlines()
        assert len(lines) <= 15, f"{len(lines)} lines"
    with build.example("echo-example") as example:
        with check("text and binary come back"), Client(f"{example.ws}/echo") as websocket:
            for message in ("hello", "ä" * 10_000, b"\0\1\2", b"x" * (1 << 20), ""):
                websocket.send(message)
                equal(websocket.recv() == message, True)
        with check("a page of another site is refused with 403"):
            equal(refused(f"{example.ws}/echo", origin="http://elsewhere.example")[0], 403)
        with check("there is nothing elsewhere: 404"):
            equal(refused(f"{example.ws}/")[0], 404)
        with check("SIGTERM: 1001, and it ends with 0"), Client(f"{example.ws}/echo") as websocket:
            example.process.terminate()
            equal(websocket.closed()[0], 1001)
            equal(example.stop(), 0)
