"""`duplex connect --json`: every event is one line of JSON with its time."""

import base64
import datetime
import json
import os
import pathlib
import struct
import tempfile

from checks import check, equal
from connect_commands_test import close, recording, server_frame
from duplex import DEADLINE
from peers import peer
from wire import BINARY, TEXT


def run(duplex):
    with recording() as (url, _):
        conversation(duplex, url)
        files(duplex, url)
    endings(duplex)


def events(text):
    """The lines without their times, which are looked at here."""
    found, before = [], datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=DEADLINE)
    # Not splitlines: that would also cut at U+2028, which JSON takes as it is.
    for line in text.split("\n")[:-1]:
        event = json.loads(line)
        time = datetime.datetime.strptime(event.pop("time"), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
        assert before <= time <= datetime.datetime.now(datetime.timezone.utc), f"{time} behind {before}"
        before = time
        found.append(event)
    return found


def message(text):
    return {"event": "message", "type": "text", "data": text}


def ended(code, reason="", clean=True):
    return {"event": "close", "code": code, "reason": reason, "wasClean": clean}


def conversation(duplex, url):
    opened = {"event": "open", "url": url, "protocol": "", "extensions": ""}
    with check("open, messages, close; nothing on standard error"):
        texts = ["one", "", "\"quoted\" \\ / \u2028 κόσμε 😀", "\t\x01\x7f", "x" * 100_000]
        result = duplex.run("connect", url, "--json", input="".join(f"{text}\n" for text in texts).encode())
        equal((result.status, result.err), (0, ""))
        equal(events(result.out), [opened, *map(message, texts), ended(1000)])
    with check("--commands: pong with milliseconds, close with code and reason, error for a wrong command"):
        result = duplex.run("connect", url, "--json", "--commands", input="/ping\n/nope\n/close 7\nx\n/close 4001 bye ä\n".encode())
        found = events(result.out)
        pong, *errors = [event for event in found if event["event"] in ("pong", "error")]
        assert set(pong) == {"event", "milliseconds"} and 0 < pong["milliseconds"] < DEADLINE * 1000, pong
        equal([set(error) for error in errors], [{"event", "message"}] * 2)
        # Where a pong is told between the messages is not fixed.
        equal([event for event in found if event["event"] not in ("pong", "error")], [opened, message("x"), ended(4001, "bye ä")])
        equal((result.status, result.err), (0, ""))

    def agrees(one):
        one.request().accept("Sec-WebSocket-Protocol: b", "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover")
        one.send(server_frame(*close(4002, "so\nit is")))
        one.closed()

    with check("open tells the subprotocol and the extensions"):
        with peer(agrees) as (port, problems):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/", "--json", "--protocol", "a", "--protocol", "b")
        equal((result.status, problems), (0, []))
        equal(events(result.out), [{"event": "open", "url": f"ws://127.0.0.1:{port}/", "protocol": "b",
                                    "extensions": "permessage-deflate; server_no_context_takeover"}, ended(4002, "so\nit is")])


def files(duplex, url):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        data = os.urandom(100_000)
        (folder / "in").write_bytes(data)
        with check("a binary message in Base64"):
            found = events(duplex.run("connect", url, "--json", "--binary", folder / "in").out)
            equal((found[1]["type"], base64.b64decode(found[1]["data"], validate=True) == data), ("binary", True))
        with check("--save: the file's path instead"):
            found = events(duplex.run("connect", url, "--json", "--binary", folder / "in", "--save", folder / "out").out)
            equal(found[1], {"event": "message", "type": "binary", "file": str(folder / "out" / "000001.bin")})
            equal((folder / "out" / "000001.bin").read_bytes() == data, True)
        with check("a file that is not there: error, and it goes on"):
            result = duplex.run("connect", url, "--json", "--binary", folder / "missing", input=b"x\n")
            equal(([event["event"] for event in events(result.out)], result.status, result.err), (["open", "error", "message", "close"], 0, ""))


def endings(duplex):
    def outcome(behave):
        with peer(behave) as (port, _), duplex.started("connect", f"ws://127.0.0.1:{port}/", "--json") as process:
            out = process.stdout.read().decode()
            equal((process.wait(DEADLINE), process.stderr.read()), (1, b""))
            return events(out)

    with check("refused: error, exit 1, nothing on standard error"):
        (error,) = outcome(lambda one: one.request().send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!"))
        equal(set(error), {"event", "message"})
        assert "403" in error["message"] and "no!" in error["message"], error
    with check("lost: error, then close with 1006, not clean"):
        found = outcome(lambda one: one.request().accept())
        equal([event["event"] for event in found], ["open", "error", "close"])
        equal(found[-1], ended(1006, clean=False))
    with check("a server that breaks the rules: error, then close, not clean"):
        found = outcome(lambda one: one.request().accept().send(server_frame(TEXT, b"\xff") + server_frame(BINARY)).closed())
        equal([event["event"] for event in found], ["open", "error", "close"])
        equal(found[-1]["wasClean"], False)
