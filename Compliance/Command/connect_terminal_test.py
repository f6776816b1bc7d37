"""`duplex connect` on a terminal: a prompt, messages that are told from what is typed, and no control characters."""

import contextlib
import fcntl
import os
import pty
import select
import subprocess
import termios
import time

from checks import check, equal
from connect_commands_test import close, recording, server_frame
from duplex import DEADLINE
from peers import peer
from wire import BINARY, PING, TEXT

CONTROL_C, CONTROL_D = b"\x03", b"\x04"
FRESH = b"\r\x1b[K"  # begins the line anew, over the prompt


class Terminal:
    """What a person sees and types."""

    def __init__(self, duplex, *arguments):
        self.end, other = pty.openpty()
        # The terminal is the controlling one, so that Control-C is SIGINT.
        self.process = subprocess.Popen(
            [duplex.binary, "connect", *map(str, arguments)], stdin=other, stdout=other, stderr=other, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(other)
        self.seen = b""

    def type(self, data):
        os.write(self.end, data)

    def sees(self, text):
        """Waits until this is shown, behind what was waited for before; gives what came up to its end."""
        deadline = time.monotonic() + DEADLINE
        while text not in self.seen:
            if not select.select([self.end], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"{text!r} does not come; {self.seen[-300:]!r}")
            try:
                self.seen += os.read(self.end, 65536)
            except OSError:  # Linux's way to say that the other end is closed
                raise AssertionError(f"{text!r} never came; {self.seen[-300:]!r}") from None
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def rest(self):
        """All that is shown up to the end, and the exit status."""
        with contextlib.suppress(OSError):
            while data := os.read(self.end, 65536):
                self.seen += data
        return self.seen, self.process.wait(DEADLINE)


@contextlib.contextmanager
def terminal(duplex, *arguments):
    one = Terminal(duplex, *arguments)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()
        os.close(one.end)


def run(duplex):
    with recording() as (url, came):
        with check("a prompt, what is typed is sent, what comes is shown behind '< ', Control-D closes with 1000"):
            with terminal(duplex, url) as one:
                one.sees(FRESH + b"connected\r\n")
                one.sees(b"> ")
                one.type("grüß dich\n".encode())
                one.sees(FRESH + "< grüß dich\r\n".encode())
                one.sees(b"> ")
                one.type(CONTROL_D)
                equal(one.rest()[1], 0)
            equal(came, [(TEXT, "grüß dich".encode()), close(1000)])
        came.clear()
        with check("slash commands work without --commands"):
            with terminal(duplex, url) as one:
                one.sees(b"> ")
                one.type(b"/help\n")
                one.sees(FRESH + b"/ping")
                one.sees(b"> ")
                one.type(b"/ping\n")
                one.sees(FRESH + b"pong after ")
                one.sees(b"> ")
                one.type(b"/nope\n")
                one.sees(FRESH + b"duplex: there is no such command")
                one.sees(b"> ")
                one.type(b"/close 4001 bye\n")
                shown, status = one.rest()
                equal((status, b"closed: 4001 bye" in shown), (0, True))
            equal([came[0][0], *came[1:]], [PING, close(4001, "bye")])
        came.clear()
        with check("Control-C closes with 1000, exit 0"):
            with terminal(duplex, url) as one:
                one.sees(b"> ")
                one.type(CONTROL_C)
                equal(one.rest()[1], 0)
            equal(came, [close(1000)])
        with check("--json on a terminal: no prompt, no control characters, slash commands"):
            with terminal(duplex, url, "--json") as one:
                one.sees(b'"event":"open"')
                one.type(b"x\n/close 4001\n")
                shown, status = one.rest()
                equal((status, b"\x1b" in shown, b"> " in shown, b'"code":4001' in shown), (0, False, False, True))
        with check("with only the input on a terminal, the output is as in a pipe"):
            end, other = pty.openpty()
            with subprocess.Popen([duplex.binary, "connect", url], stdin=other, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  start_new_session=True) as process:
                os.close(other)
                os.write(end, b"x\n")
                equal(process.stdout.readline(), b"x\n")
                os.write(end, CONTROL_D)
                equal((process.stdout.read(), process.stderr.read(), process.wait(DEADLINE)), (b"", b"connected\n", 0))
            os.close(end)

    def attacks(one):
        one.request().accept()
        one.send(server_frame(TEXT, "\x1b]0;title\x07\x1b[2J\r\x00\x7f\u009b31m\ttab\nnext ä".encode()) + server_frame(BINARY, b"\x1b[2J"))
        one.send(server_frame(*close(4000, "\x1b[2Jbye")))
        one.closed()

    with check("control characters that come are shown, not obeyed: in a message, in a reason"):
        with peer(attacks) as (port, problems), terminal(duplex, f"ws://127.0.0.1:{port}/") as one:
            shown, status = one.rest()
        equal((status, problems), (0, []))
        assert "< \\u{1B}]0;title\\u{07}\\u{1B}[2J\\r\\0\\u{7F}\\u{009B}31m\ttab\r\nnext ä\r\n".encode() in shown, shown
        assert b"(4 bytes of binary)" in shown and b"closed: 4000 \\u{1B}[2Jbye" in shown, shown
        equal(shown.replace(FRESH, b"").count(b"\x1b"), 0)

    def refuses(one):
        one.request().send(b"HTTP/1.1 403 No\x1b[2J\r\nContent-Length: 6\r\n\r\n\x1b[2Jno")
        one.ended()

    with check("control characters of a refusal neither"):
        with peer(refuses) as (port, _), terminal(duplex, f"ws://127.0.0.1:{port}/") as one:
            shown, status = one.rest()
        equal((status, shown.replace(FRESH, b"").count(b"\x1b")), (1, 0))
