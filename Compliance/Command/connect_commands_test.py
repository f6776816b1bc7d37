"""`duplex connect`: slash commands, pings by themselves, and a signal."""

import contextlib
import pathlib
import struct
import tempfile
import threading

from checks import check, equal
from duplex import DEADLINE, SIGNALS
from peers import peer
from wire import BINARY, CLOSE, PING, PONG, TEXT, frame


def run(duplex):
    commands(duplex)
    pings(duplex)
    signals(duplex)


def server_frame(opcode, payload=b""):
    return frame(opcode, payload, mask=False)


@contextlib.contextmanager
def recording():
    """An echo that answers pings; gives the port, and the list of what came in, Close frames too."""
    came = []

    def behave(one):
        one.request().accept()
        while True:
            opcode, payload = one.message()
            came.append((opcode, payload))
            one.send(server_frame(PONG if opcode == PING else opcode, payload))
            if opcode == CLOSE:
                return

    with peer(behave) as (port, problems):
        yield f"ws://127.0.0.1:{port}/", came
        equal(problems, [])


def close(code, reason=""):
    return CLOSE, struct.pack("!H", code) + reason.encode()


def commands(duplex):
    with tempfile.TemporaryDirectory() as folder, recording() as (url, came):
        folder = pathlib.Path(folder)
        file = folder / "a file"
        file.write_bytes(bytes(range(256)))

        def type(*lines, arguments=("--commands",)):
            came.clear()
            return duplex.run("connect", url, *arguments, input="".join(f"{line}\n" for line in lines).encode())

        with check("without --commands a slash is text"):
            result = type("/ping", "//x", "/close 4000", "/", arguments=())
            equal((result.status, result.out, len(result.lines)), (0, "/ping\n//x\n/close 4000\n/\n", 1))
            equal(came, [(TEXT, b"/ping"), (TEXT, b"//x"), (TEXT, b"/close 4000"), (TEXT, b"/"), close(1000)])
        with check("/ping: the peer is pinged, how long it took is told on standard error"):
            result = type("/ping", "x")
            equal((result.status, result.out, [opcode for opcode, _ in came]), (0, "x\n", [PING, TEXT, CLOSE]))
            assert result.lines[1].startswith("pong after ") and result.lines[1].endswith(" ms"), result
        for line, code, reason in (("/close", 1000, ""), ("/close 1000", 1000, ""), ("/close 4999 auf  Wiedersehen ä", 4999, "auf  Wiedersehen ä"),
                                   ("/close 1001 " + "r" * 123, 1001, "r" * 123)):
            with check(f"{line[:40]}: that is what the peer gets; what stands behind it is not sent; exit 0"):
                result = type("x", line, "not sent")
                equal((result.status, result.out, came), (0, "x\n", [(TEXT, b"x"), close(code, reason)]))
        for line in ("/close 1005", "/close 999", "/close 5000", "/close 70000", "/close x", "/close -1000", "/close 1000 " + "r" * 124,
                     "/nope", "/", "/pingx", "/ping now", "/binary", f"/binary {folder / 'missing'}", f"/binary {folder}"):
            with check(f"{line.replace(str(folder), 'FOLDER')[:40]}: told in one line, and it goes on"):
                result = type(line, "still here")
                equal((result.status, result.out, len(result.lines)), (0, "still here\n", 2))
                equal(came, [(TEXT, b"still here"), close(1000)])
                assert result.lines[1].startswith("duplex: "), result
        with check("/help names the commands"):
            result = type("/help")
            for word in ("/ping", "/close", "/binary", "//"):
                assert word in result.lines[1], result
        with check("//x is the text /x, and a slash elsewhere is one"):
            result = type("//x", "///", "a/b", " /ping")
            equal((result.status, result.out), (0, "/x\n//\na/b\n /ping\n"))
        with check("/binary FILE: the bytes, also of a name with blanks, in order with the lines"):
            result = type("before", f"/binary {file}", "after")
            equal(came, [(TEXT, b"before"), (BINARY, bytes(range(256))), (TEXT, b"after"), close(1000)])
            equal((result.status, result.out), (0, "before\n(256 bytes of binary)\nafter\n"))


def pings(duplex):
    for value in ("0", "-1", "x"):
        with check(f"--ping {value}: exit 64"):
            equal(duplex.run("connect", "ws://127.0.0.1:9/", f"--ping={value}").status, 64)
    given_up = threading.Event()

    def silent(one):
        one.request().accept()
        equal(one.frame()[0], PING)
        given_up.wait(DEADLINE)

    with check("--ping 1, and a server that stays silent: given up, told in one line, exit 1"):
        with peer(silent) as (port, problems):
            with duplex.started("connect", f"ws://127.0.0.1:{port}/", "--ping", 1) as process:
                equal((process.stdout.read(), process.wait(DEADLINE)), (b"", 1))
                told = process.stderr.read().decode().splitlines()
            given_up.set()
        equal((problems, told[0], len(told)), ([], "connected", 2))

    def answers(one):
        one.request().accept()
        for _ in range(2):
            opcode, payload, _ = one.frame()
            equal(opcode, PING)
            one.send(server_frame(PONG, payload))
        one.send(server_frame(*close(1000)))
        one.closed()

    with check("--ping 1, and a server that answers: pinged again; nothing is told of it"):
        with peer(answers) as (port, problems):
            with duplex.started("connect", f"ws://127.0.0.1:{port}/", "--ping", 1) as process:
                equal((process.stdout.read(), process.stderr.read(), process.wait(DEADLINE)), (b"", b"connected\n", 0))
        equal(problems, [])


def signals(duplex):
    for name, number in SIGNALS.items():
        with check(f"{name}: closed with 1000, exit 0"):
            with recording() as (url, came):
                with duplex.started("connect", url) as process:
                    equal(process.stderr.readline(), b"connected\n")
                    process.send_signal(number)
                    equal((process.wait(DEADLINE), process.stdout.read()), (0, b""))
            equal(came, [close(1000)])
        arrived = threading.Event()

        def unanswered(one):
            one.request()
            arrived.set()
            one.ended()

        with check(f"{name} while it connects: it ends at once, exit 1"):
            with peer(unanswered) as (port, _), duplex.started("connect", f"ws://127.0.0.1:{port}/") as process:
                assert arrived.wait(DEADLINE), "no request"
                process.send_signal(number)
                # The handshake's own deadline is 10 s.
                equal(process.wait(5), 1)
