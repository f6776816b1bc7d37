"""`duplex subscribe`: a room's messages by every way, each once and in order, whatever becomes of the connection."""

import contextlib
import json
import pathlib
import subprocess
import tempfile

from checks import check, equal
from duplex import SIGNALS, collected
from listening import until
from peers import peer
from proxies import free_port, tinyproxy
from rooms import Cuttable, Room
from wire import TEXT, frame

WAYS = ("websocket", "streaming", "longpolling", "polling")
HARD = ["hello", "", "Größe 😀", "a \"quote\" \\ and </script>", "tab\tand\r", "\u2028"]


def run(duplex):
    with duplex.server() as server:
        for way in WAYS:
            reads(duplex, server, way)
            comes_back(duplex, server, way)
        ends(duplex, server)
        refusals(duplex, server)
        wrong(duplex)
        routes(duplex, server)
    for way in WAYS:
        restart(duplex, way)
    with_tls(duplex)


@contextlib.contextmanager
def reading(duplex, url, room, way, *arguments):
    """A subscription that has begun: its process, what it prints, what it tells."""
    with duplex.started("subscribe", url, room.name, "--transport", way, "--interval", 0.05, *arguments) as process:
        told, _ = collected(process.stderr)
        printed, thread = collected(process.stdout)
        until(lambda: any(b"reading" in line for line in list(told)), f"that it reads: {told}")
        process.printed, process.told, process.reading = printed, told, thread
        yield process


def finished(process, count):
    """What it has printed when it has ended by itself."""
    equal(process.wait(60), 0)
    process.reading.join(10)
    lines = [line.decode()[:-1] for line in process.printed]
    equal(len(lines), count)
    return lines


def reads(duplex, server, way):
    room = Room(server.url)
    with check(f"{way}: history, and then what comes, in order, up to --count"):
        room.publish("too old", "one", "two")
        with reading(duplex, server.url, room, way, "--history", 2, "--count", 4 + len(HARD)) as process:
            room.publish("three", {"a": [1, None]}, *HARD)
            lines = finished(process, 4 + len(HARD))
        equal(lines, ["one", "two", "three", '{"a": [1, null]}', *HARD])
    with check(f"{way}: without history only what comes"):
        with reading(duplex, server.url, room, way, "--count", 1) as process:
            room.publish("news")
            equal(finished(process, 1), ["news"])
    room = Room(server.url, f"Größe/😀?#%{room.name}".replace("/", "-"))
    position = room.publish("one", "two", "three")
    epoch = position.split(":")[0]
    for after in (1, f"{epoch}:1"):
        with check(f"{way}: --after {'OFFSET' if after == 1 else 'EPOCH:OFFSET'}, in a room with a hard name"):
            result = duplex.run("subscribe", server.url, room.name, "--transport", way, "--after", after, "--count", 2)
            equal((result.status, result.out), (0, "two\nthree\n"))
            assert "gap" not in result.err, result.err
    with check(f"{way}: a gap is told, and all that is there is printed; exit 0"):
        for after in ("1x:2", f"{epoch}:99"):
            result = duplex.run("subscribe", server.url, room.name, "--transport", way, "--after", after, "--count", 3)
            equal((result.status, result.out), (0, "one\ntwo\nthree\n"))
            equal(result.lines[-1], f"gap: messages before {epoch}:0 are missing")
    with check(f"{way} --json: the protocol's objects, one in each line"):
        result = duplex.run("subscribe", server.url, room.name, "--transport", way, "--after", "1x:2", "--count", 1, "--json")
        joined, gap, message = map(json.loads, result.out.splitlines())
        place = {"room": room.name, "epoch": epoch, "offset": 0}
        equal((joined, gap), ({"type": "joined", **place, "recovered": False}, {"type": "gap", **place}))
        equal((message["type"], message["room"], message["offset"], message["data"]), ("message", room.name, 1, "one"))
    with check(f"{way}: thousand messages at once, which are more than one answer takes"):
        room = Room(server.url)
        lines = "".join(f"{number}\n" for number in range(900)).encode()
        equal(duplex.run("publish", server.url, room.name, input=lines).status, 0)
        result = duplex.run("subscribe", server.url, room.name, "--transport", way, "--after", 0, "--count", 900)
        equal((result.status, result.out.encode()), (0, lines))


def comes_back(duplex, server, way):
    room = Room(server.url)
    with check(f"{way}: the connection is cut again and again, and each message is printed once and in order"):
        with Cuttable(server.port) as way_there:
            with reading(duplex, way_there.url, room, way, "--count", 60) as process:
                for number in range(60):
                    room.publish(number)
                    if number % 15 == 7:
                        # Not before something has come by this connection.
                        until(lambda: len(process.printed) > number - 7, f"what came before: {process.printed}")
                        way_there.cut()
                equal(finished(process, 60), [str(number) for number in range(60)])
                if way == "websocket" or way == "streaming":
                    equal(sum(b"next attempt in" in line for line in process.told), 4)
                assert not any(b"gap" in line for line in process.told), process.told


def restart(duplex, way):
    with check(f"{way}: a server that is stopped and started again has lost history: a gap is told, and it goes on; exit 0"):
        port = free_port()
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(duplex.server("--port", port))
            room = Room(server.url)
            process = stack.enter_context(reading(duplex, server.url, room, way, "--count", 2))
            room.publish("before")
            until(lambda: process.printed, "the first message")
            server.signal(SIGNALS["SIGTERM"])
            equal(server.wait(20)[0], 0)
            until(lambda: any(b"next attempt in" in line for line in list(process.told)), f"that it is noticed: {process.told}")
            again = stack.enter_context(duplex.server("--port", port))
            until(lambda: any(b"gap" in line for line in list(process.told)), f"the gap: {process.told}")
            Room(again.url, room.name).publish("behind")
            equal(finished(process, 2), ["before", "behind"])


def ends(duplex, server):
    room = Room(server.url)
    for way in WAYS:
        for name, number in SIGNALS.items():
            with check(f"{way}: {name} ends it with 0"):
                with reading(duplex, server.url, room, way) as process:
                    process.send_signal(number)
                    equal(process.wait(10), 0)
    with check("whoever reads its output goes away: it ends with 0"):
        with duplex.started("subscribe", server.url, room.name, "--history", 1) as process:
            process.stderr.readline()
            process.stdout.close()
            room.publish("one", "two", "three")
            equal(process.wait(10), 0)


def refusals(duplex, server):
    room = Room(server.url)
    for way in WAYS:
        with check(f"{way}: a server that is not there: one line, exit 1"):
            result = duplex.run("subscribe", f"http://127.0.0.1:{free_port()}/", room.name, "--transport", way)
            equal((result.status, result.out, len(result.lines)), (1, "", 1))
            assert "cannot connect" in result.err, result.err
        with check(f"{way}: no rooms at this address: one line, exit 1"):
            result = duplex.run("subscribe", server.url + "/nothing/", room.name, "--transport", way)
            equal((result.status, result.out, len(result.lines)), (1, "", 1))
            assert "404" in result.err, result.err
        with check(f"{way}: who one may not be: the server's words, exit 1"):
            result = duplex.run("subscribe", server.url + "/?as=", room.name, "--transport", way)
            equal((result.status, result.out, len(result.lines)), (1, "", 1))
            assert "400" in result.err and "empty" in result.err, result.err
    for arguments, word in (
            (("a/b",), "room"), (("",), "room"), (("chat", "--after", "x:y"), "--after"), (("chat", "--after", "-1"), "after"),
            (("chat", "--history", "-1"), "history"), (("chat", "--history", "1", "--after", "1"), "exclude"), (("chat", "--count", "0"), "--count"),
            (("chat", "--transport", "pigeon"), "transport"), (("chat", "--as", ""), "member"), (("chat", "--header", "x"), "Name: value"),
            (("chat", "--interval", "0"), "--interval")):
        with check(f"subscribe URL {' '.join(map(repr, arguments))}: told, exit 64"):
            result = duplex.run("subscribe", server.url, *arguments)
            equal((result.status, result.out), (64, ""))
            assert word in result.err.splitlines()[0], result.err
    for url in ("ftp://localhost/", "localhost", "http://", "http://localhost/#x"):
        with check(f"subscribe {url}: told, exit 64"):
            equal(duplex.run("subscribe", url, "chat").status, 64)


def wrong(duplex):
    """What this end fails would fail again at the same position: it is not connected again for ever."""
    hello = ('{"type":"welcome"}', '{"type":"joined","id":1,"room":"chat","epoch":"1x","offset":7,"recovered":false}')
    for name, ending in (("an invalid frame", b"\x83\x00"), ("text that is not UTF-8", frame(TEXT, b"\xff", mask=False))):
        def behave(one):
            one.request().accept("Sec-WebSocket-Protocol: duplex.v1")
            one.send(frame(TEXT, hello[0].encode(), mask=False))
            one.frame()
            one.send(frame(TEXT, hello[1].encode(), mask=False) + ending)

        with check(f"websocket: {name} behind what it has read: told, exit 1"), peer(behave) as (port, problems):
            result = duplex.run("subscribe", f"http://127.0.0.1:{port}/", "chat")
            equal((result.status, result.out, len(result.lines), problems), (1, "", 2, []))
            assert "the connection was failed" in result.err, result.err


def routes(duplex, server):
    with tinyproxy() as (port, log):
        for way in WAYS:
            how = "websocket" if way == "websocket" else "http"
            with check(f"{way} through an HTTP proxy"):
                room = Room(server.url)
                proxy = ("--proxy", f"http://127.0.0.1:{port}")
                equal(duplex.run("publish", server.url, room.name, "x", "--transport", how, *proxy).status, 0)
                result = duplex.run("subscribe", server.url, room.name, "--transport", way, "--history", 1, "--count", 1, *proxy)
                equal((result.status, result.out), (0, "x\n"))
        with check("the proxy has seen all of them"):
            equal(log().count(f"CONNECT 127.0.0.1:{server.port}"), 2 * len(WAYS))


def with_tls(duplex):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                       check=True, capture_output=True)
        with duplex.server("--tls-cert", folder / "cert.pem", "--tls-key", folder / "key.pem") as server:
            url = f"https://localhost:{server.port}/"
            for way in WAYS:
                how = "websocket" if way == "websocket" else "http"
                with check(f"{way} over TLS, with --ca: published and read"):
                    equal(duplex.run("publish", url, way, "secret", "--transport", how, "--ca", folder / "cert.pem").status, 0)
                    result = duplex.run("subscribe", url, way, "--transport", way, "--ca", folder / "cert.pem", "--history", 1, "--count", 1)
                    equal((result.status, result.out), (0, "secret\n"))
                with check(f"{way} over TLS, with --insecure at another name"):
                    result = duplex.run("subscribe", url.replace("localhost", "127.0.0.1"), way, "--transport", way, "--insecure",
                                        "--history", 1, "--count", 1)
                    equal((result.status, result.out), (0, "secret\n"))
                with check(f"{way}: a certificate that nobody has signed, or of another name: one line, exit 1"):
                    for arguments in ((url,), (url.replace("localhost", "127.0.0.1"), "--ca", folder / "cert.pem")):
                        for command, more in (("subscribe", ("--transport", way)), ("publish", ("secret", "--transport", how))):
                            result = duplex.run(command, arguments[0], way, *more, *arguments[1:])
                            equal((result.status, result.out, len(result.lines)), (1, "", 1))
                            assert "TLS" in result.err, result.err
