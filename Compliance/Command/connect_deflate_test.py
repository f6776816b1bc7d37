"""`duplex connect` and compression: what it offers, which answers it takes, and what a server may send it."""

import struct

from checks import check, equal
from connect_test import BOUND
from deflate import CLIENT_ALONE, CLIENT_BITS, NAME, RSV1, SERVER_ALONE, SERVER_BITS, TAIL, DeflatePeer, packed
from deflate_test import EXAMPLES, HELLO, HELLO_AGAIN, WORDS
from duplex import DEADLINE, collected
from peers import peer
from wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

LINE = WORDS[:2000].decode()


def run(duplex):
    offers(duplex)
    answers(duplex)
    refused(duplex)
    received(duplex)
    broken(duplex)
    bombs(duplex)
    options(duplex)


def options(duplex):
    with check("--compression that is none of the three: exit 64 with a usage line on stderr"):
        result = duplex.run("connect", "ws://127.0.0.1:9/", "--compression", "on")
        equal((result.status, result.out), (64, ""))
        assert "Usage: duplex" in result.err and "Error: " in result.err, result.err
    for mode in ("off", "no-takeover", "takeover"):
        for own in ("off", "no-takeover", "takeover"):
            with check(f"connect --compression {own} to serve --compression {mode}"):
                with duplex.server("--compression", mode) as server:
                    result = duplex.run("connect", f"{server.ws}/echo", "--compression", own, input=f"{LINE}\nx\n\n{LINE}\n".encode())
                equal((result.status, result.out, len(result.lines)), (0, f"{LINE}\nx\n\n{LINE}\n", 1))
                equal((result.err.startswith("connected"), NAME in result.err), (True, "off" not in (mode, own)))
                if "off" not in (mode, own):
                    equal(SERVER_ALONE in result.err, "no-takeover" in (mode, own))


def offers(duplex):
    seen = {}

    def remember(one):
        seen["offered"] = one.request().offered()
        one.answer(None)
        equal(one.message(), (TEXT, LINE.encode()))
        equal(one.closed()[0], 1000)
        one.send(close(1000))

    with peer(remember, kind=DeflatePeer) as (port, problems):
        for arguments, wanted in (
            ([], {CLIENT_BITS: None}),
            (["--compression", "takeover"], {CLIENT_BITS: None}),
            (["--compression", "no-takeover"], {CLIENT_BITS: None, SERVER_ALONE: None, CLIENT_ALONE: None}),
            (["--compression", "off"], None),
        ):
            with check(f"{' '.join(arguments) or 'without --compression'}: what is offered; declined, nothing is compressed"):
                result = duplex.run("connect", f"ws://127.0.0.1:{port}/", *arguments, input=f"{LINE}\n".encode())
                equal((result.status, problems, result.lines), (0, [], ["connected"]))
                equal(seen["offered"], [] if wanted is None else [(NAME, wanted)])


def close(code):
    return frame(CLOSE, struct.pack("!H", code), mask=False)


def server_frame(opcode, payload=b"", **options):
    return frame(opcode, payload, mask=False, **options)


def compressed(payload, opcode=TEXT, **options):
    return frame(opcode, payload, mask=False, reserved=RSV1, **options)


def answers(duplex):
    """Answers that are right: three long lines are sent, and come back."""
    sizes = []

    def echo(one, answer):
        one.request().answer(answer)
        sizes.clear()
        for _ in range(3):
            equal(one.message(), (TEXT, LINE.encode()))
            sizes.append((one.was_packed, one.size))
            one.say(LINE.encode())
        equal(one.message(), (TEXT, b"x"))
        one.say(b"x")
        equal(one.closed()[0], 1000)
        one.send(close(1000))

    for answer, mode in (
        (NAME, "takeover"),
        (f"{NAME}; {SERVER_ALONE}", "takeover"),
        (f"{NAME}; {CLIENT_ALONE}", "takeover"),
        (f"{NAME}; {CLIENT_ALONE}; {SERVER_ALONE}", "takeover"),
        (f"{NAME}; {SERVER_BITS}=9", "takeover"), (f"{NAME}; {SERVER_BITS}=15", "takeover"),
        (f"{NAME}; {CLIENT_BITS}=9", "takeover"), (f"{NAME}; {CLIENT_BITS}=15", "takeover"),
        (f"{NAME}; {CLIENT_BITS}=10; {SERVER_BITS}=11; {CLIENT_ALONE}", "takeover"),
        (f'{NAME}; {CLIENT_BITS}="10"', "takeover"),
        (f"{NAME}; {SERVER_ALONE}; {CLIENT_ALONE}", "no-takeover"),
        (f"{NAME}; {SERVER_ALONE}", "no-takeover"),
        (f"{NAME}; {SERVER_ALONE}; {CLIENT_BITS}=9", "no-takeover"),
        (f"{NAME}; {SERVER_BITS}=8", "takeover"),
    ):
        with check(f"--compression {mode}, answered with {answer}"):
            def behave(one, answer=answer):
                echo(one, answer)

            with peer(behave, kind=DeflatePeer) as (port, problems):
                result = duplex.run("connect", f"ws://127.0.0.1:{port}/", "--compression", mode, input=f"{LINE}\n{LINE}\n{LINE}\nx\n".encode())
            equal((problems, result.status, result.out == f"{LINE}\n" * 3 + "x\n"), ([], 0, True))
            assert result.err.startswith("connected") and len(result.lines) == 1, result.err
            plain = answer.replace('"', "")
            for part in plain.split("; "):
                assert part in result.err.replace('"', ""), result.err
            assert all(was_packed for was_packed, _ in sizes), "the lines were not compressed"
            alone = CLIENT_ALONE in answer or mode == "no-takeover"
            refers = sizes[2][1] < sizes[0][1] / 4
            # 2000 bytes back is further than the smallest window reaches
            if f"{CLIENT_BITS}=9" not in plain and f"{CLIENT_BITS}=10" not in plain:
                equal(refers, not alone)


def refused(duplex):
    """Answers that are none to the offer."""
    for answer, mode in (
        (f"{NAME}; unknown", "takeover"), (f"{NAME}; unknown=1", "takeover"),
        (f"{NAME}, {NAME}", "takeover"), (f"{NAME}, other", "takeover"), ("other", "takeover"), ("x-webkit-deflate-frame", "takeover"),
        (f"{NAME}; {SERVER_ALONE}; {SERVER_ALONE}", "takeover"), (f"{NAME}; {SERVER_BITS}=10; {SERVER_BITS}=10", "takeover"),
        (f"{NAME}; {SERVER_ALONE}=1", "takeover"), (f"{NAME}; {CLIENT_ALONE}=true", "takeover"),
        (f"{NAME}; {SERVER_BITS}", "takeover"), (f"{NAME}; {CLIENT_BITS}", "takeover"),
        *[(f"{NAME}; {name}={value}", "takeover") for name in (SERVER_BITS, CLIENT_BITS) for value in ("7", "16", "08", "+9", "0")],
        (NAME, "no-takeover"), (f"{NAME}; {CLIENT_ALONE}", "no-takeover"),
        (NAME, "off"),
        (f"{NAME}; ;", "takeover"), (f'{NAME}; {SERVER_BITS}=""', "takeover"),
    ):
        with check(f"--compression {mode}, answered with {answer}: told in one line on stderr, exit 1"):
            with peer(lambda one, answer=answer: one.request().accept(f"Sec-WebSocket-Extensions: {answer}").ended()) as (port, _):
                result = duplex.run("connect", f"ws://127.0.0.1:{port}/", "--compression", mode, input=b"never sent\n")
            equal((result.status, result.out, len(result.lines)), (1, "", 1))
            assert not result.err.startswith("connected"), result.err


def ends(duplex, answer, behave):
    """What becomes of it; standard input stays open."""
    def serve(one):
        one.request().answer(answer)
        behave(one)

    with peer(serve, kind=DeflatePeer) as (port, problems):
        with duplex.started("connect", f"ws://127.0.0.1:{port}/") as process:
            out, reading_out = collected(process.stdout)
            err, reading_err = collected(process.stderr)
            status = process.wait(DEADLINE)
            reading_out.join(DEADLINE)
            reading_err.join(DEADLINE)
    return status, b"".join(out).decode(), b"".join(err).decode(), problems


def received(duplex):
    def says(data):
        def behave(one):
            one.send(data + close(1000))
            equal(one.closed()[0], 1000)
        return behave

    for name, data in EXAMPLES.items():
        with check(f"the server says Hello as {name}, twice, then not compressed"):
            status, out, _, problems = ends(duplex, NAME, says(compressed(data) * 2 + server_frame(TEXT, b"as it is")))
            equal((status, out, problems), (0, "Hello\nHello\nas it is\n", []))
    with check("the server says Hello, and again by reference; in fragments around a ping; and nothing"):
        def behave(one):
            one.send(compressed(HELLO) + compressed(HELLO_AGAIN) + compressed(HELLO[:3], final=False) + server_frame(PING, b"p")
                     + server_frame(CONTINUATION, HELLO[3:]) + compressed(b"\x00") + compressed(packed(bytes(5000)), BINARY))
            equal(one.frame(), (PONG, b"p", True))
            one.send(close(1000))
            one.closed()

        status, out, _, problems = ends(duplex, NAME, behave)
        equal((status, out, problems), (0, "Hello\nHello\nHello\n\n(5000 bytes of binary)\n", []))
    with check("a thousand compressed messages at once, in order"):
        def many(one):
            one.send(b"".join(compressed(one.pack(f"{number}: {LINE[:number]}".encode())) for number in range(1000)) + close(1000))
            one.closed()

        status, out, _, problems = ends(duplex, NAME, many)
        equal((status, problems, out == "".join(f"{number}: {LINE[:number]}\n" for number in range(1000))), (0, [], True))


def broken(duplex):
    half = packed(WORDS)[: len(packed(WORDS)) // 2]
    for name, answer, data, code in (
        ("sends RSV1, and agreed on nothing", None, compressed(HELLO), 1002),
        ("sends RSV1 on a ping", NAME, server_frame(PING, b"x", reserved=RSV1), 1002),
        ("sends RSV1 on a continuation", NAME, compressed(HELLO[:3], final=False) + server_frame(CONTINUATION, HELLO[3:], reserved=RSV1), 1002),
        ("sends RSV2", NAME, server_frame(TEXT, b"x", reserved=2), 1002),
        ("sends what is no deflate", NAME, compressed(b"\xff" * 100), 1007),
        ("sends a message that is cut", NAME, compressed(half), 1007),
        ("refers to a message before the first", NAME, compressed(HELLO_AGAIN), 1007),
        ("refers back although it said it would not", f"{NAME}; {SERVER_ALONE}", compressed(HELLO) + compressed(HELLO_AGAIN), 1007),
        ("sends text that is not UTF-8", NAME, compressed(packed(b"\xff")), 1007),
    ):
        def breaks(one, data=data, code=code):
            one.send(data)
            equal(one.closed()[0], code)

        with check(f"the server {name}: it is told {code}, exit 1"):
            status, _, err, problems = ends(duplex, answer, breaks)
            equal((status, problems), (1, []))
            assert "failed" in err, err


def bombs(duplex):
    with check(f"a server's message that inflates to 1 GiB: it is told 1009, exit 1, less than {BOUND >> 20} MiB"):
        # A megabyte, which is one block of zeros again and again: no more than this test itself has to make.
        block = packed(bytes(16 << 20), level=9) + TAIL

        pid, peak = [], []

        def serve(one):
            one.request().answer(NAME).send(compressed(block * 63 + block.removesuffix(TAIL)))
            equal(one.closed()[0], 1009)
            with open(f"/proc/{pid[0]}/status") as status:
                peak.append(next(int(row.split()[1]) * 1024 for row in status if row.startswith("VmHWM:")))

        with peer(serve, kind=DeflatePeer) as (port, problems):
            with duplex.started("connect", f"ws://127.0.0.1:{port}/") as process:
                pid.append(process.pid)
                errors, reading = collected(process.stderr)
                equal(process.wait(DEADLINE), 1)
                reading.join(DEADLINE)
        equal(problems, [])
        assert b"failed" in b"".join(errors), errors
        assert peak[0] < BOUND, f"{peak[0] >> 20} MiB"
