"""Against the `websockets` library of Python, which has its own reading of RFC 6455."""

import contextlib
import logging
import os
import queue
import threading

from checks import check, equal
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve

# What a handler or a handshake of the library meets is checked below, from outside.
logging.getLogger("websockets").setLevel(logging.CRITICAL)


def run(duplex):
    with duplex.server() as server:
        client_of_python(server)
    server_of_python(duplex)


def client_of_python(server):
    url = f"{server.ws}/echo"
    with check("python's client: text, binary, empty, 5 MB"):
        with connect(url, max_size=None) as socket:
            for message in ("hello", "κόσμε 😀", "", b"", bytes(range(256)), "ä" * 2_500_000, os.urandom(5_000_000)):
                socket.send(message)
                equal(socket.recv(60) == message, True)
    with check("python's client: a message in fragments"):
        with connect(url) as socket:
            socket.send(f"part {number} " for number in range(1000))
            equal(socket.recv(30), "".join(f"part {number} " for number in range(1000)))
    with check("python's client: a ping is answered"):
        with connect(url) as socket:
            for payload in ("", "x" * 125):
                assert socket.ping(payload).wait(30), "no pong"
    with check("python's client: close code and reason come back"):
        socket = connect(url)
        socket.close(4321, "auf Wiedersehen")
        equal((socket.close_code, socket.close_reason), (4321, "auf Wiedersehen"))
    with check("python's client: a message over 64 MiB is refused with 1009"):
        with connect(url, max_size=None) as socket, contextlib.suppress(ConnectionClosed):
            socket.send(bytes((64 << 20) + 1))
            socket.recv(60)
        equal(socket.close_code, 1009)
    with check("python's client: a subprotocol is agreed on at /chat"):
        with connect(f"{server.ws}/chat", subprotocols=["chat.v2", "chat.v1"]) as socket:
            equal(socket.subprotocol, "chat.v1")
    with check("python's client: a foreign Origin is refused with 403"):
        try:
            connect(f"{server.ws}/chat", origin="http://evil.example")
            raise AssertionError("was let in")
        except InvalidStatus as error:
            equal(error.response.status_code, 403)
    with check("python's client: a thousand messages there and back"):
        with connect(url) as socket:
            for number in range(1000):
                socket.send(str(number))
                equal(socket.recv(30), str(number))
    with check("python's client: 50 connections in 50 threads, 200 messages each"):
        wrong = []

        def talk(number):
            try:
                with connect(url) as socket:
                    for turn in range(200):
                        socket.send(f"{number}.{turn}")
                        if socket.recv(60) != f"{number}.{turn}":
                            wrong.append(number)
            except Exception as error:
                wrong.append(f"{number}: {error}")

        threads = [threading.Thread(target=talk, args=(number,)) for number in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(wrong, [])


def feed(stream, lines):
    for line in lines:
        stream.write(line.encode() + b"\n")
    stream.flush()


@contextlib.contextmanager
def serving(behave, **options):
    with serve(behave, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join(30)


def server_of_python(duplex):
    ends = queue.SimpleQueue()

    def echo(socket):
        for message in socket:
            socket.send(message)
        ends.put((socket.close_code, socket.close_reason))

    # Its answers are awaited before the input ends: a server drops what it has not answered when the Close comes.
    with serving(echo) as port:
        with check("python's server: lines there and back, closed with 1000"):
            lines = ["one", "", "κόσμε 😀", "x" * 100_000, *map(str, range(2000))]
            with duplex.started("connect", f"ws://127.0.0.1:{port}/") as process:
                feeder = threading.Thread(target=feed, args=(process.stdin, lines))
                feeder.start()
                for line in lines:
                    equal(process.stdout.readline().decode(), line + "\n")
                feeder.join()
                process.stdin.close()
                process.stdin = None
                equal(process.wait(30), 0)
                told = process.stderr.read()
                assert told.startswith(b"connected") and told.count(b"\n") == 1, told
            equal(ends.get(timeout=30), (1000, ""))
    with serving(echo, subprotocols=["b", "c"]) as port:
        with check("python's server: a subprotocol is agreed on"):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/", "--protocol", "a", "--protocol", "b")
            equal((result.status, result.out, len(result.lines)), (0, "", 1))
            assert result.err.startswith("connected") and "(b" in result.err, result.err

    def talk(socket):
        socket.send(f"fragment {number}, " for number in range(100))
        socket.send(b"12345")
        assert socket.ping().wait(30), "no pong"
        socket.close(3456, "done")

    with serving(talk) as port:
        with check("python's server: fragments, binary, a ping, its close"):
            with duplex.started("connect", f"ws://127.0.0.1:{port}/") as process:
                equal(process.stdout.readline().decode(), "".join(f"fragment {number}, " for number in range(100)) + "\n")
                equal(process.stdout.readline().decode(), "(5 bytes of binary)\n")
                equal(process.wait(30), 0)
                assert b"3456 done" in process.stderr.read()

    with serving(echo, process_request=lambda socket, request: socket.respond(418, "short and stout\n")) as port:
        with check("python's server refuses: status and reason, exit 1"):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/")
            equal((result.status, result.out, len(result.lines)), (1, "", 1))
            assert "418" in result.err and "short and stout" in result.err, result.err
