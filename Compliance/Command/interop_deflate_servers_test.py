"""Others' readings of RFC 7692 as servers for `duplex connect`: `websockets` of Python, and `ws` of Node.js."""

import contextlib
import json
import os
import subprocess
import threading

from checks import check, equal
from duplex import DEADLINE
from interop_deflate_test import SIZES, counting, node
from interop_test import feed, serving
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory


def run(duplex):
    websockets_server(duplex)
    node_server(duplex)


LINES = [*[("as it was said before, " * (size // 23 + 1))[:size] for size in SIZES], os.urandom(300_000).hex(), "κόσμε 😀 " * 1000,
         *[f"{number}: " + "and so on, " * (number // 11) for number in range(1000)]]


def converse(duplex, port, mode, wanted):
    """Has `duplex connect` send the lines and get them back; `wanted` is what stands in its first line on stderr."""
    with duplex.started("connect", f"ws://127.0.0.1:{port}/", *(["--compression", mode] if mode else [])) as process:
        def send():
            # when it has ended, it says why below
            with contextlib.suppress(BrokenPipeError):
                feed(process.stdin, LINES)

        feeder = threading.Thread(target=send)
        feeder.start()
        for line in LINES:
            answer = process.stdout.readline().decode()
            if answer != line + "\n":
                raise AssertionError(f"{answer[:50]!r} instead of {line[:50]!r}: {process.stderr.read1()!r}")
        feeder.join()
        process.stdin.close()
        process.stdin = None
        equal(process.wait(DEADLINE), 0)
        told = process.stderr.read().decode()
    assert told.startswith("connected") and told.count("\n") == 1, told
    equal((wanted or "permessage-deflate") in told, wanted is not None)


def bits(extension):
    return (extension.remote_no_context_takeover, extension.local_no_context_takeover,
            extension.remote_max_window_bits, extension.local_max_window_bits)


def websockets_server(duplex):
    talks = []

    def echo(socket):
        extension = socket.protocol.extensions[0] if socket.protocol.extensions else None
        talks.append((bits(extension) if extension else None, counting(extension) if extension else []))
        for message in socket:
            # Long ones come back in fragments.
            socket.send([message[:200], message[200:], ""] if len(message) > 1000 else message)

    alone = {"server_no_context_takeover": True, "client_no_context_takeover": True}
    for mode, options, wanted, extension in (
        (None, {}, "permessage-deflate", (False, False, 15, 15)),
        ("takeover", {}, "permessage-deflate", (False, False, 15, 15)),
        ("takeover", alone, "permessage-deflate; server_no_context_takeover; client_no_context_takeover", (True, True, 15, 15)),
        ("takeover", {"client_no_context_takeover": True}, "permessage-deflate; client_no_context_takeover", (True, False, 15, 15)),
        ("takeover", {"server_no_context_takeover": True}, "permessage-deflate; server_no_context_takeover", (False, True, 15, 15)),
        ("takeover", {"server_max_window_bits": 9}, "permessage-deflate; server_max_window_bits=9", (False, False, 15, 9)),
        ("takeover", {"client_max_window_bits": 9}, "permessage-deflate; client_max_window_bits=9", (False, False, 9, 15)),
        ("takeover", {"server_max_window_bits": 10, "client_max_window_bits": 11, **alone}, "client_max_window_bits=11", (True, True, 11, 10)),
        ("no-takeover", {}, "permessage-deflate; server_no_context_takeover; client_no_context_takeover", (True, True, 15, 15)),
        ("no-takeover", {"client_max_window_bits": 9}, "client_max_window_bits=9", (True, True, 9, 15)),
        ("off", {}, None, None),
        ("takeover", None, None, None),
    ):
        with check(f"connect --compression {mode or 'as it is'}, websockets with {options}"):
            extensions = [] if options is None else [ServerPerMessageDeflateFactory(**options)]
            talks.clear()
            with serving(echo, compression=None, extensions=extensions, max_size=None) as port:
                converse(duplex, port, mode, wanted)
            (found, seen), = talks
            equal(found, extension)
            equal(len(seen) > 100, wanted is not None)


@contextlib.contextmanager
def node_serving(options):
    command, environment = node("server", json.dumps(options))
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"node: {process.stderr.read()[-400:]!r}")
        yield int(line), process.stdout
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def node_server(duplex):
    alone = {"serverNoContextTakeover": True, "clientNoContextTakeover": True}
    for mode, options, wanted in (
        (None, True, "permessage-deflate"),
        ("takeover", {"threshold": 0}, "permessage-deflate"),
        ("takeover", {"threshold": 0, **alone}, "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        ("takeover", {"threshold": 0, "serverMaxWindowBits": 9, "clientMaxWindowBits": 10}, "server_max_window_bits=9"),
        ("takeover", {"threshold": 0, "clientMaxWindowBits": 9, "clientNoContextTakeover": True}, "client_max_window_bits=9"),
        ("takeover", {"threshold": 0, "clientMaxWindowBits": 8}, "client_max_window_bits=8"),
        ("no-takeover", {"threshold": 0}, "permessage-deflate; server_no_context_takeover"),
        ("no-takeover", {"threshold": 0, "serverMaxWindowBits": 12}, "server_max_window_bits=12"),
        ("off", True, None),
        ("takeover", False, None),
    ):
        with check(f"connect --compression {mode or 'as it is'}, ws with {json.dumps(options)}"):
            with node_serving(options) as (port, lines):
                converse(duplex, port, mode, wanted)
                result = json.loads(lines.readline())
            equal((result.get("error"), result["code"], result["messages"]), (None, 1000, len(LINES)))
            # With a window of 2^8 bytes nothing can be compressed (zlib), and is sent as it is.
            squeezes = wanted is not None and "=8" not in wanted
            equal((result["read"] < result["bytes"] / 2, result["written"] < result["bytes"] / 2), (squeezes, wanted is not None))
