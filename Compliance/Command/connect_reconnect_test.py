"""`duplex connect --reconnect`: a server that goes away and comes back at the same port."""

import contextlib
import signal
import socket
import struct
import threading

from checks import check, equal
from connect_commands_test import close, server_frame
from connect_json_test import ended, events
from duplex import DEADLINE, collected
from listening import until
from peers import Peer, peer
from proxies import free_port
from wire import CLOSE, TEXT


def run(duplex):
    comes_back(duplex)
    ends(duplex)


@contextlib.contextmanager
def accepted(port):
    """The next connection to the port, where nobody listens before and behind."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(DEADLINE)
        connection, _ = listener.accept()
        listener.close()
    with Peer(connection) as one:
        yield one.request().accept()


def type(process, *lines):
    process.stdin.write("".join(f"{line}\n" for line in lines).encode())
    process.stdin.flush()


def comes_back(duplex):
    port = free_port()
    url = f"ws://127.0.0.1:{port}/"
    with check("a server that is not there yet is waited for; what is typed meanwhile arrives, in order"):
        with duplex.started("connect", url, "--reconnect", "--compression", "off") as process:
            told, reading = collected(process.stderr)
            type(process, "one", "two")
            until(lambda: any(b"next attempt in" in line for line in list(told)), "an attempt that fails")
            with accepted(port) as one:
                equal((one.message(), one.message()), ((TEXT, b"one"), (TEXT, b"two")))
                one.send(server_frame(TEXT, b"first"))
                equal(process.stdout.readline(), b"first\n")
            count = len(told)
            until(lambda: any(b"next attempt in" in line for line in list(told)[count - 1:]), "that the loss is noticed")
            type(process, *map(str, range(1000)))
            with accepted(port) as one:
                for number in range(1000):
                    equal(one.message(), (TEXT, str(number).encode()))
                type(process, "live")
                equal(one.message(), (TEXT, b"live"))
                process.stdin.close()
                process.stdin = None
                equal(one.closed()[0], 1000)
                one.send(server_frame(*close(1000)))
                equal(process.wait(DEADLINE), 0)
            reading.join(DEADLINE)
            equal(told.count(b"connected\n"), 2)
    with check("5 MB while it is down, and again while a closing handshake is under way: all arrives, in order"):
        lines = [b"%d " % number + b"x" * 1000 for number in range(5000)]

        def feed(process):
            process.stdin.write(b"".join(line + b"\n" for line in lines))
            process.stdin.flush()

        with duplex.started("connect", url, "--reconnect", "--compression", "off") as process:
            told, _ = collected(process.stderr)
            with accepted(port):
                pass
            until(lambda: any(b"next attempt in" in line for line in list(told)), "that the loss is noticed")
            feeder = threading.Thread(target=feed, args=(process,))
            feeder.start()
            with accepted(port) as one:
                equal([one.message() == (TEXT, line) for line in lines], [True] * len(lines))
                feeder.join(DEADLINE)
                one.send(server_frame(*close(1012)))
                equal(one.closed()[0], 1012)
                # It has answered, so nothing goes out here any more, and the next connection is not made before this one ends.
                feeder = threading.Thread(target=feed, args=(process,))
                feeder.start()
                # That it takes no more has no event: a second is much longer than it needs to take a megabyte.
                feeder.join(1)
            with accepted(port) as one:
                equal([one.message() == (TEXT, line) for line in lines], [True] * len(lines))
            feeder.join(DEADLINE)
    with check("--json tells each attempt: reconnecting with milliseconds and the reason"):
        with duplex.started("connect", url, "--reconnect", "--json", "--compression", "off") as process:
            with accepted(port) as one:
                # A code that is not terminal.
                one.send(server_frame(*close(1012, "restart")))
                equal(one.closed(), (1012, "restart"))
            with accepted(port) as one:
                one.send(server_frame(*close(1000)))
                one.closed()
            out = process.stdout.read().decode()
            equal((process.wait(DEADLINE), process.stderr.read()), (0, b""))
        found = events(out)
        names = [event["event"] for event in found]
        # How the connection ended, and then the attempts: the server is not there at once.
        equal((names[:2], names[-2:], set(names[2:-2])), (["open", "close"], ["open", "close"], {"reconnecting"}))
        equal((found[1], set(found[2]), found[-1]), (ended(1012, "restart"), {"event", "milliseconds", "message"}, ended(1000)))
        assert "1012" in found[2]["message"], found[2]


def ends(duplex):
    for code, status in ((1000, 0), (1008, 0), (1002, 0)):
        with check(f"a server that closes with {code}: that is the end"):
            seen = []

            def closes(one, code=code):
                seen.append(one.request().accept())
                one.send(server_frame(CLOSE, struct.pack("!H", code)))
                one.closed()

            with peer(closes) as (port, problems):
                with duplex.started("connect", f"ws://127.0.0.1:{port}/", "--reconnect") as process:
                    process.stdout.read()
                    equal((process.wait(DEADLINE), len(seen), problems), (status, 1, []))
    with check("a server that refuses with 404: that is the end, exit 1"):
        with peer(lambda one: one.request().send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")) as (port, _):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/", "--reconnect")
        equal((result.status, len(result.lines)), (1, 1))
    with check("a server that refuses with 503 is asked again"):
        answers = [b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", None]

        def recovers(one):
            one.request()
            if answer := answers.pop(0):
                return one.send(answer)
            one.accept().send(server_frame(*close(1000)))
            one.closed()

        with peer(recovers) as (port, _):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/", "--reconnect")
        equal((result.status, "503" in result.lines[0], result.lines[1]), (0, True, "connected"))
    for name, number in {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}.items():
        with check(f"{name} while it waits: it ends, exit 1"):
            with duplex.started("connect", f"ws://127.0.0.1:{free_port()}/", "--reconnect") as process:
                assert b"next attempt in" in process.stderr.readline()
                process.send_signal(number)
                equal(process.wait(DEADLINE), 1)
    with check("without --reconnect a lost connection is the end"):
        seen = []

        def drops(one):
            seen.append(one.request().accept())

        with peer(drops) as (port, _), duplex.started("connect", f"ws://127.0.0.1:{port}/") as process:
            equal((process.wait(DEADLINE), len(seen)), (1, 1))
