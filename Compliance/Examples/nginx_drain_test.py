"""nginx-example and nginx when one of them is exchanged: a reload, and a shutdown."""

import pathlib
import signal
import tempfile

from checks import check, equal
from examples import curl
from listening import until
from nginx import nginx
from nginx_test import websocket
from serve_tls_test import Files


def reload(build):
    with tempfile.TemporaryDirectory() as folder:
        files = Files(pathlib.Path(folder))
        files.issue("localhost")
        (pathlib.Path(folder) / "nginx").mkdir()
        with build.example("nginx-example") as example:
            with nginx(pathlib.Path(folder) / "nginx", files, f"127.0.0.1:{example.port}") as front:
                reloads(front)


def reloads(front):
    before = front.workers()
    with websocket(front) as old:
        echo(old, greeted=False)
        with check("nginx -s reload: an open WebSocket goes on, with the old worker"):
            new = front.reload()
            echo(old)
            equal(front.workers(), before | new)
        with check("and a new one gets the new worker"), websocket(front) as late:
            echo(late, greeted=False)
            echo(old)
        with check("a second reload, with a message under way"):
            old.send("x" * (8 << 20))
            front.reload()
            equal(len(old.recv()), 8 << 20)
            echo(old)
    with check("when the last WebSocket is gone, so are the old workers"):
        until(lambda: not front.workers() & before, "the end of the old workers")


def echo(websocket, greeted=True):
    if not greeted:
        websocket.recv()
    websocket.send("hello")
    equal(websocket.recv(), "hello")


def drain(build):
    with tempfile.TemporaryDirectory() as folder:
        files = Files(pathlib.Path(folder))
        files.issue("localhost")
        (pathlib.Path(folder) / "nginx").mkdir()
        with build.example("nginx-example", DRAIN_DELAY=2) as example:
            with nginx(pathlib.Path(folder) / "nginx", files, f"127.0.0.1:{example.port}") as front:
                drains(front, example)
    with build.example("nginx-example", DRAIN_DELAY=3600) as example:
        with check("SIGINT, as Control-C sends it: it ends at once, whatever the delay"):
            example.process.send_signal(signal.SIGINT)
            equal(example.process.wait(20), 0)


def drains(front, example):
    readyz = f"{example.http}/readyz"
    with websocket(front) as one:
        echo(one, greeted=False)
        with check("SIGTERM: /readyz says 503 and why, all else goes on"):
            equal(curl(readyz), (200, "ready\n"))
            example.process.terminate()
            until(lambda: curl(readyz)[0] == 503, "503")
            equal(curl(readyz)[1], "the server shuts down\n")
            echo(one)
            with websocket(front) as late:
                echo(late, greeted=False)
        with check("behind the delay: 1012 and when to come back, through nginx"):
            equal(one.closed(), (1012, "reconnect after 1000 ms"))
    with check("and it ends with 0"):
        equal(example.process.wait(20), 0)
