"""Where `duplex serve` listens: Unix sockets, several addresses at once, a port that is shared."""

import os
import pathlib
import socket
import tempfile

from checks import check, equal
from duplex import Server
from wire import TEXT, Wire, close_frame, frame

SHUTDOWN = 5  # seconds


def run(duplex):
    with tempfile.TemporaryDirectory() as folder:
        unix(duplex, pathlib.Path(folder))
    shared(duplex)


def unix(duplex, folder):
    path = folder / "duplex.sock"
    with check("--unix-socket alone: one line with the path, no port, and an echo there"):
        with duplex.started("serve", "--unix-socket", path) as process:
            equal(process.stdout.readline().decode(), f"listening on unix:{path}\n")
            echo(path)
            process.terminate()
            equal(process.wait(SHUTDOWN), 0)
            equal(process.stdout.read(), b"")
    with check("and the socket is gone at the end"):
        assert not path.exists()
    with check("a socket that a killed server left is replaced"):
        with duplex.started("serve", "--unix-socket", path) as process:
            process.stdout.readline()
        assert path.exists(), "it was removed by a server that was killed"
        with duplex.started("serve", "--unix-socket", path) as process:
            equal(process.stdout.readline().decode(), f"listening on unix:{path}\n")
            echo(path)
            with check("a socket that somebody listens on: one line, exit 1, and it goes on"):
                result = duplex.run("serve", "--unix-socket", path)
                equal((result.status, result.out, len(result.lines)), (1, "", 1))
                assert str(path) in result.err, result.err
                echo(path)
    with check("a socket is handed over: the next server listens while the first one's connections end, and keeps it"):
        handed = folder / "handed"
        with duplex.started("serve", "--unix-socket", handed) as first:
            first.stdout.readline()
            with Wire(handed) as wire:
                wire.open()
                first.terminate()
                equal(wire.closed()[0], 1001)
                with duplex.started("serve", "--unix-socket", handed) as second:
                    equal(second.stdout.readline().decode(), f"listening on unix:{handed}\n")
                    wire.send(close_frame(1001))
                    equal(first.wait(SHUTDOWN), 0)
                    echo(handed)
                    second.terminate()
                    equal(second.wait(SHUTDOWN), 0)
        assert not handed.exists(), "left behind"
    with check("two sockets and a port: a line each, an echo on each, 1001 on each at the end"):
        paths = [folder / "one", folder / "two"]
        with duplex.started("serve", "--port", 0, *(word for path in paths for word in ("--unix-socket", path))) as process:
            server = Server(process)
            for path in paths:
                equal(process.stdout.readline().decode(), f"listening on unix:{path}\n")
            wires = [Wire(where).open() for where in (server.port, *paths)]
            server.signal(15)
            for wire in wires:
                equal(wire.closed()[0], 1001)
                wire.send(close_frame(1001))
            equal(server.wait(SHUTDOWN)[0], 0)
            for wire in wires:
                wire.__exit__()
    with check("one address of two cannot be listened on: exit 1, and the other is not left behind"):
        (folder / "file").write_text("no socket")
        result = duplex.run("serve", "--unix-socket", folder / "first", "--unix-socket", folder / "file")
        equal((result.status, result.out, len(result.lines)), (1, "", 1))
        assert str(folder / "file") in result.err, result.err
        equal(sorted(os.listdir(folder)), ["duplex.sock", "file"])
    with check("a path that is too long: one line, exit 1"):
        result = duplex.run("serve", "--unix-socket", folder / ("x" * 200))
        equal((result.status, result.out, len(result.lines)), (1, "", 1))


def shared(duplex):
    if not hasattr(socket, "SO_REUSEPORT"):
        return
    with check("--reuse-port: one line, though each event loop listens; a connection to each"):
        with duplex.server("--reuse-port", "--threads", 4) as server:
            for _ in range(20):
                echo(server.port)
            with check("--reuse-port: a second process on the same port"):
                with duplex.started("serve", "--reuse-port", "--port", server.port) as process:
                    equal(process.stdout.readline().decode(), server.line)
                    with check("and when the first ends, the second takes all"):
                        server.signal(15)
                        equal(server.wait(SHUTDOWN)[0], 0)
                        equal(server.process.stdout.read(), b"")
                        for _ in range(20):
                            echo(server.port)
    with check("without it, a second process cannot: one line, exit 1"):
        with duplex.server() as server:
            result = duplex.run("serve", "--reuse-port", "--port", server.port)
            equal((result.status, result.out, len(result.lines)), (1, "", 1))


def echo(where):
    with Wire(where) as wire:
        wire.open().send(frame(TEXT, b"hello"))
        equal(wire.message(), (TEXT, b"hello"))
