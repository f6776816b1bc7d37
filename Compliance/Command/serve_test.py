"""`duplex serve`: its address line, its options, its end."""

import contextlib
import re
import socket
import time

from checks import check, equal
from duplex import SIGNALS
from wire import TEXT, Wire, close_frame, frame, handshake

SHUTDOWN = 5  # seconds, as promised


def run(duplex):
    starting(duplex)
    options(duplex)
    for name, number in SIGNALS.items():
        shutdown(duplex, name, number)


def starting(duplex):
    with duplex.server() as server:
        with check("serve --port 0 prints one line with the address, and listens there"):
            assert server.port > 0
            equal(server.line, f"listening on http://127.0.0.1:{server.port}\n")
            Wire(server.port).open().__exit__()
        with check("a port in use: one clear line on stderr, nothing on stdout, exit 1"):
            result = duplex.run("serve", "--port", server.port)
            equal((result.status, result.out, len(result.lines)), (1, "", 1))
            assert f":{server.port}" in result.err and "in use" in result.err, result.err
        with check("and the first server goes on"):
            Wire(server.port).open().__exit__()
    with check("serve --port N listens on N"):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        with duplex.started("serve", "--port", port) as process:
            equal(process.stdout.readline().decode(), f"listening on http://127.0.0.1:{port}\n")
    if ipv6():
        with check("serve --host ::1 shows the address in brackets"):
            with duplex.started("serve", "--host", "::1", "--port", 0) as process:
                line = process.stdout.readline().decode()
                assert re.fullmatch(r"listening on http://\[::1\]:\d+\n", line), line
    with check("an address of another machine cannot be listened on: one line, exit 1"):
        result = duplex.run("serve", "--host", "192.0.2.1", "--port", 0)
        equal((result.status, result.out, len(result.lines)), (1, "", 1))
    with check("a host that is no address: one line, exit 1"):
        result = duplex.run("serve", "--host", "no..such..host", "--port", 0)
        equal((result.status, result.out, len(result.lines)), (1, "", 1))


def ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


def options(duplex):
    for arguments in (["serve", "--port", "abc"], ["serve", "--port", "65536"], ["serve", "--port", "-1"],
                      ["serve", "--threads", "0"], ["serve", "--nonsense"], ["serve", "unexpected"], ["nonsense"],
                      ["connect"], ["connect", "ws://127.0.0.1:9/", "--header", "no colon"],
                      ["connect", "ws://127.0.0.1:9/", "--header", "bad name: x"]):
        with check(f"{' '.join(arguments)}: exit 64 with a usage line on stderr"):
            result = duplex.run(*arguments)
            equal((result.status, result.out), (64, ""))
            assert "Usage: duplex" in result.err and "Error: " in result.err, result.err
    for arguments in (["--help"], ["serve", "--help"], ["connect", "--help"]):
        with check(f"{' '.join(arguments)}: exit 0, on stdout"):
            result = duplex.run(*arguments)
            equal((result.status, result.err), (0, ""))
            assert "USAGE: duplex" in result.out, result.out
    with check("--version: a version, exit 0"):
        result = duplex.run("--version")
        equal((result.status, result.err), (0, ""))
        assert re.fullmatch(r"\d+\.\d+\.\d+\n", result.out), result.out


def shutdown(duplex, name, number):
    with duplex.server() as server, contextlib.ExitStack() as stack:
        def connection():
            return stack.enter_context(Wire(server.port))

        polite = [connection().open(path) for path in ("/echo", "/echo", "/chat")]
        busy = connection().open()
        busy.send(frame(TEXT, b"half a message", final=False))
        silent = [connection().open(path) for path in ("/echo", "/chat")]
        # it does not read what it gets, and there is a lot
        clogged = stack.enter_context(Wire(server.port, receive_buffer=4096)).open()
        fill(clogged)
        half = connection()
        half.send(handshake(half.host)[:40])
        mute = connection()
        ordinary = connection()
        ordinary.send(b"GET /chat.js HTTP/1.1\r\nHost: x\r\n\r\n")
        equal(ordinary.answer()[0], 200)

        start = time.monotonic()
        server.signal(number)
        with check(f"{name}: idle connections get 1001, answer it, and end"):
            for wire in [*polite, busy]:
                equal(wire.closed()[0], 1001)
                wire.send(close_frame(1001))
                wire.ended()
        with check(f"{name}: those that never answer the Close get 1001, too, and are cut"):
            for wire in silent:
                equal(wire.closed()[0], 1001)
                equal(wire.ended(), b"")
        with check(f"{name}: exit 0 within {SHUTDOWN} s"):
            status, _ = server.wait(SHUTDOWN + 5)
            took = time.monotonic() - start
            equal(status, 0)
            assert took <= SHUTDOWN, f"took {took:.1f} s"
        with check(f"{name}: a half-open handshake, a connection without a request and a kept-alive one end"):
            for wire in (half, mute, ordinary):
                wire.socket.settimeout(2)
                wire.ended()
        with check(f"{name}: one that does not read is cut"):
            clogged.socket.settimeout(2)
            clogged.ended()
        with check(f"{name}: nothing on stderr, one line on stdout"):
            equal((server.process.stdout.read(), server.process.stderr.read()), (b"", b""))
    with check(f"{name} with only polite connections ends at once: it does not wait for a deadline"):
        with duplex.server() as server, Wire(server.port) as wire:
            wire.open()
            server.signal(number)
            equal(wire.closed()[0], 1001)
            wire.send(close_frame(1001))
            status, took = server.wait(SHUTDOWN)
            equal(status, 0)
            assert took < 2, f"took {took:.1f} s"
    with check(f"{name}, ten times over: every connection gets its Close frame"):
        for _ in range(10):
            with duplex.server() as server, contextlib.ExitStack() as stack:
                wires = [stack.enter_context(Wire(server.port)).open(path) for path in ("/echo", "/chat") * 5]
                server.signal(number)
                for wire in wires:
                    equal(wire.closed()[0], 1001)
                    wire.send(close_frame(1001))
                equal(server.wait(SHUTDOWN)[0], 0)
    with check(f"{name}: a client that takes a second to answer the Close is waited for"):
        with duplex.server() as server, Wire(server.port) as wire:
            wire.open()
            server.signal(number)
            equal(wire.closed()[0], 1001)
            equal(server.wait(1)[0], None)
            wire.send(close_frame(1001))
            equal((wire.ended(), server.wait(SHUTDOWN)[0]), (b"", 0))
    with check(f"{name} during a closing handshake that the client began: exit 0 within {SHUTDOWN} s"):
        with duplex.server() as server, Wire(server.port) as wire:
            wire.open()
            wire.send(close_frame(1000))
            equal(wire.closed()[0], 1000)
            server.signal(number)
            equal(server.wait(SHUTDOWN)[0], 0)


def fill(wire):
    """Sends until the server does not take any more."""
    data = frame(TEXT, b"x" * 60_000)
    wire.socket.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        for _ in range(2000):
            wire.socket.sendall(data)
    wire.socket.settimeout(10)
