"""`duplex connect`: lines in, lines out, and how it ends."""

import os
import select
import socket
import struct
import subprocess
import threading

from checks import check, equal
from duplex import DEADLINE, collected
from peers import peer
from wire import BINARY, CLOSE, PING, PONG, TEXT, frame

BOUND = 100 << 20  # of memory, generous


def run(duplex):
    lines(duplex)
    handshake(duplex)
    refusals(duplex)
    endings(duplex)
    memory(duplex)


def lines(duplex):
    with duplex.server() as server:
        url = f"{server.ws}/echo"
        for name, text in {
            "two lines": "a\nb\n",
            "no input": "",
            "a last line without its end": "a\nb",
            "empty lines": "\n\na\n\n",
            "UTF-8": "κόσμε\n😀 👩‍👩‍👧\nnaïve Привет\n\u200b\n",
            "10,000 lines": "".join(f"line {number}\n" for number in range(10_000)),
            "a line of 1 MiB": "x" * (1 << 20) + "\nafter it\n",
            "a line of 8 MiB": "x" * (8 << 20) + "\nafter it\n",
            "5,000 lines of 2 KB": ("y" * 2000 + "\n") * 5000,
            "blanks and a tab": "  a \t\n",
        }.items():
            with check(f"piped to /echo, {name}: all of it comes back in order, exit 0"):
                result = duplex.run("connect", url, input=text.encode())
                wanted = text if not text or text.endswith("\n") else text + "\n"
                equal((result.status, result.out == wanted, result.out.count("\n")), (0, True, wanted.count("\n")))
        with check("printf 'a\\nb\\n' | duplex connect, in a shell"):
            command = f"printf 'a\\nb\\n' | '{duplex.binary}' connect {url}"
            result = subprocess.run(["sh", "-c", command], capture_output=True, timeout=DEADLINE)
            equal((result.returncode, result.stdout), (0, b"a\nb\n"))
        with check("stdout has nothing but what arrived"):
            result = duplex.run("connect", url, input=b"x\n")
            equal((result.out, [line for line in result.lines if not line.startswith("connected")]), ("x\n", []))
        with check("an answer is printed while the input is still open"):
            with duplex.started("connect", url) as process:
                for text in (b"one\n", b"two\n", "drei ä\n".encode()):
                    process.stdin.write(text)
                    process.stdin.flush()
                    equal(process.stdout.readline(), text)
                process.stdin.close()
                process.stdin = None
                equal(process.wait(DEADLINE), 0)
        with check("input that is not UTF-8 ends with a message, or is sent as UTF-8; it does not crash"):
            result = duplex.run("connect", url, input=b"\xff\xfe\n")
            assert result.status in (0, 1, 64), result
        with check("stdout that nobody reads any more ends it"):
            with duplex.started("connect", url) as process:
                process.stdin.write(b"one\n")
                process.stdin.flush()
                equal(process.stdout.readline(), b"one\n")
                process.stdout.close()
                process.stdin.write(b"two\n")
                process.stdin.flush()
                process.wait(10)


def handshake(duplex):
    seen = {}

    def remember(one):
        one.request().accept(*(["Sec-WebSocket-Protocol: second"] if one.field("Sec-WebSocket-Protocol") else []))
        seen["line"], seen["fields"], seen["peer"] = one.line, one.asked, one
        one.closed()
        one.send(frame(CLOSE, struct.pack("!H", 1000), mask=False))

    with peer(remember) as (port, problems):
        with check("the handshake as RFC 6455 wants it"):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/path%20x?q=1&r=%C3%A4")
            equal((result.status, problems), (0, []))
            equal(seen["line"], "GET /path%20x?q=1&r=%C3%A4 HTTP/1.1")
            one = seen["peer"]
            equal((one.field("Host"), one.field("Sec-WebSocket-Version")), ([f"127.0.0.1:{port}"], ["13"]))
            equal((one.field("Upgrade")[0].lower(), one.field("Connection")[0].lower()), ("websocket", "upgrade"))
            equal(one.field("Sec-WebSocket-Protocol"), [])
        with check("--protocol asks, best first; what the server chose is told"):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/", "--protocol", "first", "--protocol", "second")
            equal((result.status, seen["peer"].field("Sec-WebSocket-Protocol"), result.lines), (0, ["first, second"], ["connected (second)"]))
        with check("--header is seen by the server, also twice, also with a colon in its value"):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/", "--header", "X-One: a:b, c", "-H", "X-Two:2", "--header", "X-Two: zwei",
                                "--header", "Origin: http://page.example")
            one = seen["peer"]
            equal((result.status, one.field("X-One"), one.field("X-Two")), (0, ["a:b, c"], ["2", "zwei"]))
            equal(one.field("Origin"), ["http://page.example"])
        with check("a name and password in the address are sent as Basic"):
            result = duplex.run("connect", f"ws://user:pa%3Ass@127.0.0.1:{port}/")
            equal((result.status, seen["peer"].field("Authorization")), (0, ["Basic dXNlcjpwYTpzcw=="]))
    for name, arguments in {
        "--header that belongs to the handshake": ("--header", "Sec-WebSocket-Key: x"),
        "--header Host": ("--header", "Host: x"),
        "a protocol that is no token": ("--protocol", "a b"),
        "a protocol given twice": ("--protocol", "a", "--protocol", "a"),
    }.items():
        with check(f"{name}: one line, exit 1 or 64"):
            result = duplex.run("connect", "ws://127.0.0.1:9/", *arguments)
            assert result.status in (1, 64) and result.lines and not result.out, result
    for url in ("127.0.0.1:9", "ftp://127.0.0.1/", "ws://", "ws://127.0.0.1/#fragment", "ws://127.0.0.1:99999/", "ws:///path", ""):
        with check(f"the address {url!r}: one line, exit 1"):
            result = duplex.run("connect", url)
            equal((result.status, result.out, len(result.lines)), (1, "", 1))


def refusals(duplex):
    for name, answer, wanted in (
        ("401 with a reason", b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 17\r\n\r\nwho are you then?", ["401", "Unauthorized", "who are you then?"]),
        ("403 without a body", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", ["403", "Forbidden"]),
        ("503 until the end of the stream", b"HTTP/1.1 503 Service Unavailable\r\n\r\nback at noon", ["503", "back at noon"]),
        ("a redirect to nowhere", b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", ["302"]),
        ("redirects without an end", b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", ["5 redirects"]),
        ("200", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", ["200"]),
        ("a body of 1 MB", b"HTTP/1.1 500 Oh\r\nContent-Length: 1000000\r\n\r\n" + b"first line\n" + b"x" * 999_989, ["500", "first line"]),
        ("a chunked body", b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nnot\r\n5\r\n good\r\n0\r\n\r\n", ["400", "not good"]),
        ("101 with a wrong accept", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", ["Sec-WebSocket-Accept"]),
        ("101 without Upgrade", b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n", ["Upgrade"]),
        ("what is not HTTP", b"SSH-2.0-OpenSSH_9.2p1\r\n", ["HTTP"]),
        ("nothing, and the end", b"", ["lost"]),
    ):
        def refuse(one, answer=answer):
            one.request().send(answer)
            one.socket.shutdown(socket.SHUT_WR)
            one.ended()

        with check(f"refused by {name}: told in one line on stderr, exit 1"):
            with peer(refuse) as (port, _):
                result = duplex.run("connect", f"ws://127.0.0.1:{port}/", input=b"never sent\n")
            equal((result.status, result.out, len(result.lines)), (1, "", 1))
            for word in wanted:
                assert word in result.err, f"{word!r} is not in {result.err!r}"
    with check("a subprotocol that was not asked for: exit 1"):
        with peer(lambda one: one.request().accept("Sec-WebSocket-Protocol: other").ended()) as (port, _):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/", "--protocol", "mine")
        equal((result.status, "other" in result.err), (1, True))
    with check("an extension that was not offered: exit 1"):
        with peer(lambda one: one.request().accept("Sec-WebSocket-Extensions: x-unasked").ended()) as (port, _):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/")
        equal((result.status, "x-unasked" in result.err), (1, True))
    with duplex.server() as server:
        with check("refused by duplex itself, 404: status and reason, exit 1"):
            result = duplex.run("connect", f"{server.ws}/no/such/path")
            equal((result.status, result.out, len(result.lines)), (1, "", 1))
            assert "404" in result.err and "there is nothing at /no/such/path" in result.err, result.err
        with check("refused by duplex itself, 403: status and reason, exit 1"):
            result = duplex.run("connect", f"{server.ws}/chat", "--header", "Origin: http://evil.example")
            equal((result.status, result.out, len(result.lines)), (1, "", 1))
            assert "403" in result.err and "http://evil.example" in result.err, result.err
    with check("nobody listens: one line, exit 1"):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        result = duplex.run("connect", f"ws://127.0.0.1:{port}/", input=b"x\n")
        equal((result.status, result.out, len(result.lines)), (1, "", 1))
        assert "refused" in result.err.lower(), result.err
    with check("a port in [::1] where nobody listens: one line, exit 1"):
        result = duplex.run("connect", f"ws://[::1]:{port}/")
        equal((result.status, result.out, len(result.lines)), (1, "", 1))


def server_frame(opcode, payload=b"", **options):
    return frame(opcode, payload, mask=False, **options)


def endings(duplex):
    """How the server's end of it shows; standard input stays open all the time."""

    def ends(behave, *arguments):
        with peer(behave) as (port, problems):
            with duplex.started("connect", f"ws://127.0.0.1:{port}/", *arguments) as process:
                out, reading_out = collected(process.stdout)
                err, reading_err = collected(process.stderr)
                status = process.wait(DEADLINE)
                reading_out.join(DEADLINE)
                reading_err.join(DEADLINE)
        return status, b"".join(out).decode(), b"".join(err).decode(), problems

    def closes(one):
        one.request().accept()
        one.send(server_frame(TEXT, b"last words") + server_frame(CLOSE, struct.pack("!H", 4001) + "tschüß".encode()))
        equal(one.closed(), (4001, "tschüß"))

    with check("the server closes first: what came before is printed, its code and reason are told, exit 0"):
        status, out, err, problems = ends(closes)
        equal((status, out, problems), (0, "last words\n", []))
        assert "4001" in err and "tschüß" in err, err

    def closes_normally(one):
        one.request().accept().send(server_frame(CLOSE, struct.pack("!H", 1000)))
        equal(one.closed(), (1000, ""))

    with check("the server closes first with 1000: nothing more is said, exit 0"):
        status, out, err, problems = ends(closes_normally)
        equal((status, out, err, problems), (0, "", "connected\n", []))

    def closes_empty(one):
        one.request().accept().send(server_frame(CLOSE))
        equal(one.closed(), (None, ""))

    with check("the server closes first without a code: echoed, exit 0"):
        status, out, _, problems = ends(closes_empty)
        equal((status, out, problems), (0, "", []))

    with check("the server drops the connection: one line, exit 1"):
        status, out, err, _ = ends(lambda one: one.request().accept().send(server_frame(TEXT, b"so far")))
        equal((status, out), (1, "so far\n"))
        assert "lost" in err, err

    def resets(one):
        one.request().accept().socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with check("the server resets the connection: one line, exit 1"):
        status, out, err, _ = ends(resets)
        equal((status, out), (1, ""))
        assert "lost" in err, err

    for name, data, code in (
        ("masks a frame", frame(TEXT, b"x"), 1002),
        ("sends opcode 3", server_frame(3, b"x"), 1002),
        ("sends text that is not UTF-8", server_frame(TEXT, b"\xff"), 1007),
        ("sends a message over the limit", b"\x82\x7f" + struct.pack("!Q", 1 << 40), 1009),
        ("closes with 1005", server_frame(CLOSE, struct.pack("!H", 1005)), 1002),
    ):
        def breaks(one, data=data, code=code):
            one.request().accept().send(data)
            equal(one.closed()[0], code)

        with check(f"the server {name}: it is told {code}, exit 1"):
            status, out, err, problems = ends(breaks)
            equal((status, out, problems), (1, "", []))
            assert "failed" in err, err

    def mixed(one):
        one.request().accept()
        one.send(server_frame(TEXT, b"one", final=False) + server_frame(PING, b"p") + server_frame(0, b" message")
                 + server_frame(BINARY, bytes(1000)) + server_frame(TEXT) + server_frame(PONG) + server_frame(TEXT, "ä\nb".encode()))
        equal(one.frame(), (PONG, b"p", True))
        one.send(server_frame(CLOSE, struct.pack("!H", 1000)))
        one.closed()

    with check("fragments, pings, binary and an empty message are printed as they should"):
        status, out, _, problems = ends(mixed)
        equal((status, problems), (0, []))
        equal(out, "one message\n(1000 bytes of binary)\n\nä\nb\n")

    def behind_the_handshake(one):
        one.request()
        data = b"".join(server_frame(TEXT, str(number).encode()) for number in range(1000))
        send, parts = one.send, []
        one.send = parts.append
        one.accept()
        one.send = send
        one.send(b"".join(parts) + data + server_frame(CLOSE, struct.pack("!H", 1000)))
        one.closed()

    with check("a thousand messages in one write with the handshake's answer"):
        status, out, _, problems = ends(behind_the_handshake)
        equal((status, problems, out.split() == [str(number) for number in range(1000)]), (0, [], True))

    def stays_silent(one):
        one.request().accept()
        equal(one.closed()[0], 1000)
        one.ended()  # reads on, and never answers the Close

    with check("the server never answers the Close: exit 1, after the timeout for closing"):
        with peer(stays_silent) as (port, problems):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/", input=b"")
        equal((result.status, result.out, problems), (1, "", []))


def memory(duplex):
    done = threading.Event()

    def reads_nothing(one):
        one.request().accept()
        done.wait(DEADLINE)

    with check(f"a server that reads nothing, and input without end: less than {BOUND >> 20} MiB"):
        with peer(reads_nothing) as (port, _), duplex.started("connect", f"ws://127.0.0.1:{port}/") as process:
            line, sent = b"x" * 999 + b"\n", 0
            os.set_blocking(process.stdin.fileno(), False)
            # nothing taken for 2 s: it does not read its input any more
            while sent < 1 << 30 and select.select([], [process.stdin], [], 2)[1]:
                sent += os.write(process.stdin.fileno(), line * 64)
            with open(f"/proc/{process.pid}/status") as status:
                resident = next(int(row.split()[1]) * 1024 for row in status if row.startswith("VmRSS:"))
            done.set()
        assert sent < 1 << 30, "took everything"
        assert resident < BOUND, f"{resident >> 20} MiB"
