"""`duplex listen`: an echo, or a command for each connection."""

import os
import pathlib
import signal
import struct
import tempfile

from checks import check, equal
from duplex import SIGNALS
from listening import children, listening, until
from wire import BINARY, CLOSE, TEXT, Wire, close_frame, frame


def run(duplex):
    starting(duplex)
    echo(duplex)
    command(duplex)
    endings(duplex)
    stopped(duplex)


def starting(duplex):
    with listening(duplex) as server:
        with check("a port in use: one line, exit 1"):
            result = duplex.run("listen", server.port)
            equal((result.status, result.out, len(result.lines)), (1, "", 1))
            assert "in use" in result.err, result.err
    for name, arguments in {"no port": (), "a port over 65535": (65536,), "a port that is no number": ("http",),
                            "a subprotocol that is no token": (0, "--protocol", "a b")}.items():
        with check(f"{name}: exit 64 with a usage line"):
            result = duplex.run("listen", *arguments)
            equal((result.status, result.out, "Usage: duplex listen" in result.err), (64, "", True))
    for name, number in SIGNALS.items():
        with check(f"{name}: connections are closed with 1001, the command's process is gone, exit 0"):
            with listening(duplex, "--", "cat") as server, Wire(server.port) as wire:
                equal(say(wire.open("/"), TEXT, b"x"), (TEXT, b"x"))
                (process,) = children(server.process.pid)
                server.process.send_signal(number)
                equal(wire.closed()[0], 1001)
                wire.send(close_frame(1001))
                equal(server.process.wait(30), 0)
                assert gone(process), "it still runs"


def gone(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def say(wire, opcode, payload):
    wire.send(frame(opcode, payload))
    return wire.message()


def echo(duplex):
    with listening(duplex, "--verbose", "--protocol", "chat.v2", "--subprotocol", "chat.v1") as server:
        with check("the echo, at any path and from any page: text, binary, empty, 1 MiB"):
            for path in ("/", "/some/where?else"):
                with Wire(server.port) as wire:
                    wire.open(path, "Origin: http://page.example")
                    for opcode, payload in ((TEXT, "κόσμε".encode()), (BINARY, bytes(range(256))), (TEXT, b""), (BINARY, b""), (TEXT, b"x" * (1 << 20))):
                        equal(say(wire, opcode, payload) == (opcode, payload), True)
                    wire.send(close_frame(4321, "bye"))
                    equal(wire.closed(), (4321, "bye"))
        with check("the subprotocol: the best that both speak, or none"):
            for asked, wanted in (("chat.v1", "chat.v1"), ("chat.v1, chat.v2", "chat.v2"), ("other", None)):
                with Wire(server.port) as wire:
                    equal(wire.open("/", f"Sec-WebSocket-Protocol: {asked}").fields.get("sec-websocket-protocol"), wanted)
        with check("--verbose tells on standard error that it was opened, what came, and how it was closed"):
            with Wire(server.port) as wire:
                wire.open("/seen")
                say(wire, TEXT, "grüß\x1b[31m".encode())
                say(wire, BINARY, bytes(5))
                name = "%s:%d" % wire.socket.getsockname()
                wire.send(close_frame(4000, "gone\x07"))
                wire.closed()
            equal(server.told(f"{name} closed"), f"{name} closed 4000 gone\\u{{07}}\n")
            equal([line.decode() for line in server.lines if line.startswith(f"{name} ".encode())][:-1],
                  [f"{name} opened /seen\n", f"{name} message text, 11 bytes: grüß\\u{{1B}}[31m\n", f"{name} message binary, 5 bytes\n"])
        with check("--verbose tells that a connection was lost"):
            with Wire(server.port) as wire:
                name = "%s:%d" % wire.open("/").socket.getsockname()
            equal(server.told(f"{name} closed"), f"{name} closed 1006\n")
    with check("without --verbose nothing is told"):
        with listening(duplex) as server, Wire(server.port) as wire:
            say(wire.open("/"), TEXT, b"x")
            wire.send(close_frame(1000))
            wire.closed()
            server.process.send_signal(signal.SIGINT)
            equal((server.process.wait(30), server.lines), (0, []))


def command(duplex):
    with listening(duplex, "--verbose", "--", "sed", "-u", "s,^,you said: ,") as server:
        with check("with a command: a message is a line of its input, a line of its output is a message"):
            with Wire(server.port) as wire, Wire(server.port) as other:
                wire.open("/")
                equal(say(wire, TEXT, b"one"), (TEXT, b"you said: one"))
                equal(say(other.open("/"), TEXT, "zwei ä".encode()), (TEXT, "you said: zwei ä".encode()))
                equal(say(wire, TEXT, b""), (TEXT, b"you said: "))
                wire.send(frame(TEXT, b"a\nb"))
                equal((wire.message(), wire.message()), ((TEXT, b"you said: a"), (TEXT, b"you said: b")))
                equal(say(wire, BINARY, b"as it is\n"), (TEXT, b"you said: as it is"))
                equal(say(wire, TEXT, "a\u2028b\rc".encode()), (TEXT, "you said: a\u2028b\rc".encode()))
                equal(len(children(server.process.pid)), 2)
                for one in (wire, other):
                    one.send(close_frame(1000))
                    equal(one.closed()[0], 1000)
        with check("and the processes are gone behind the connections"):
            server.childless()
        with check("--verbose tells what came and what was answered"):
            for word in ("opened /", "message text, 3 bytes: one", "message binary, 9 bytes", "answer text, 13 bytes: you said: one", "closed 1000"):
                server.told(word)
    with check("ten thousand lines through cat, in order"):
        with listening(duplex, "--", "cat") as server:
            text = "".join(f"line {number}\n" for number in range(10_000))
            with Wire(server.port) as wire:
                wire.open("/").send(b"".join(frame(TEXT, line.encode()) for line in text.splitlines()))
                equal("".join(wire.message()[1].decode() + "\n" for _ in range(10_000)) == text, True)
    with check("a line of almost 1 MiB through cat, and what is no UTF-8"):
        with listening(duplex, "--", "cat") as server, Wire(server.port) as wire:
            wire.open("/")
            line = b"x" * ((1 << 20) - 1)
            equal(say(wire, TEXT, line) == (TEXT, line), True)
            equal(say(wire, BINARY, b"\xff\n"), (TEXT, "\ufffd".encode()))


def end(duplex, *command, before=()):
    """What a command's messages and its close are, and what is told on standard error."""
    with listening(duplex, "--", *command) as server, Wire(server.port) as wire:
        wire.open("/").send(b"".join(frame(TEXT, text) for text in before))
        texts = []
        while (message := wire.message())[0] != CLOSE:
            texts.append(message[1])
        payload = message[1]
        wire.send(frame(CLOSE, payload[:2]))
        equal(wire.ended(), b"")
        server.childless()
        server.process.send_signal(signal.SIGINT)
        equal(server.process.wait(30), 0)
        server.reading.join(30)
        return texts, struct.unpack("!H", payload[:2])[0], payload[2:].decode(), b"".join(server.lines).decode()


def endings(duplex):
    with check("a command that ends: all of its output, then 1000"):
        equal(end(duplex, "seq", "20000"), ([str(number).encode() for number in range(1, 20001)], 1000, "", ""))
    with check("a command that ends without a line's end, behind its first line of input"):
        equal(end(duplex, "sh", "-c", "read line; printf \"last $line\"", before=[b"word", b"not read"]), ([b"last word"], 1000, "", ""))
    with check("a command that reads nothing, and is sent something: what it says still arrives"):
        equal(end(duplex, "sh", "-c", "exec <&-; sleep 0.2; echo done", before=[b"x" * 100_000] * 10), ([b"done"], 1000, "", ""))
    with check("a command that fails: 1011 with its status; its standard error is told"):
        equal(end(duplex, "sh", "-c", "echo so far; echo why >&2; exit 3"), ([b"so far"], 1011, "the command failed with status 3", "why\n"))
    with check("a command that a signal ends: 1011 and the signal"):
        equal(end(duplex, "sh", "-c", "kill -9 $$"), ([], 1011, "the command was ended by signal 9", ""))
    with check("a command that does not exist: 1011, and one line with the reason"):
        texts, code, reason, told = end(duplex, "no-such-command")
        equal((texts, code, reason, told.count("\n")), ([], 1011, "the command cannot be run", 1))
        assert "no-such-command" in told and "not found" in told, told
    with check("a command that writes without a line's end: it is stopped, 1011 with the reason"):
        equal(end(duplex, "sh", "-c", "echo one; tr '\\0' x </dev/zero"), ([b"one"], 1011, "the command wrote a line that is too long", ""))
    with check("a command that closes its output and goes on: the connection lasts until it ends"):
        with listening(duplex, "--", "sh", "-c", "echo up; exec >&-; exec sleep 3600") as server, Wire(server.port) as wire:
            equal(wire.open("/").message(), (TEXT, b"up"))
            wire.send(frame(TEXT, b"x") + close_frame(1000))
            equal(wire.closed()[0], 1000)
            server.childless()


def stopped(duplex):
    """Connections that end before their command does."""
    def polite(wire):
        wire.send(close_frame(1000))
        equal(wire.closed()[0], 1000)

    def rude(wire):
        wire.socket.close()

    for name, leave in {"closed": polite, "lost": rude}.items():
        for what, script in {
            "reads its input": "exec cat",
            "does not": "exec sleep 3600",
            "does not look at SIGTERM either": "trap '' TERM; while :; do sleep 0.1; done",
            "has started others": "sleep 3600 & sleep 3601",
            "says more and more": "exec yes",
        }.items():
            with check(f"the connection is {name}, and the command {what}: no process is left"):
                with listening(duplex, "--", "sh", "-c", f"echo up; {script}") as server, Wire(server.port) as wire:
                    equal(wire.open("/").message(), (TEXT, b"up"))
                    (process,) = children(server.process.pid)
                    leave(wire)
                    server.childless()
                    until(lambda: not session(process), f"the session's end: {session(process)}")
    with check("what was sent before the close is used by a command that reads to the end"):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "file"
            with listening(duplex, "--", "sh", "-c", f"echo up; sleep 0.2; cat >'{path}'") as server, Wire(server.port) as wire:
                equal(wire.open("/").message(), (TEXT, b"up"))
                wire.send(frame(TEXT, b"kept") + close_frame(1000))
                wire.closed()
                server.childless()
                equal(path.read_text(), "kept\n")


def session(leader):
    """The processes of a session."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            # state, parent, group, session
            if int(fields[3]) == leader and fields[0] != "Z":
                found.append(int(name))
    return found
