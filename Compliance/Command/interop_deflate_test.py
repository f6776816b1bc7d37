"""Others' readings of RFC 7692 as clients of `duplex serve`: `websockets` and `picows` of Python, and `ws` of Node.js."""

import asyncio
import json
import os
import pathlib
import shutil
import subprocess
import threading

import picows
import picows.websockets
from checks import check, equal
from deflate import CLIENT_ALONE, CLIENT_BITS, SERVER_ALONE, SERVER_BITS, agreed
from duplex import DEADLINE
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

MODES = {"no-takeover": {SERVER_ALONE: None, CLIENT_ALONE: None}, "takeover": {}}  # and what an answer has in any case
SIZES = (0, 1, 125, 126, 300, 65536, 1 << 20)
PEER = pathlib.Path(__file__).with_name("node_peer.js")
DEBIAN_MODULES = "/usr/share/nodejs"  # where Debian's node-ws is


def run(duplex):
    for mode, base in MODES.items():
        with duplex.server("--compression", mode) as server:
            websockets_client(server, mode, base)
            picows_client(server, mode, base)
            node_client(server, mode, base)
    with duplex.server("--compression", "off") as server:
        without(server)
    with duplex.server("--compression", "takeover", "--compression-window-bits", 10, "--compression-threshold", 0) as server:
        small_windows(server)


def messages():
    """What is exchanged: each size as text that compresses, as text that hardly does, and as binary that does not."""
    for size in SIZES:
        yield ("as it was said before, " * (size // 23 + 1))[:size]
        yield os.urandom(size // 2 + 1).hex()[:size]
        yield os.urandom(size)
    for number in range(500):
        yield f"{number}: " + "and so on, " * (number // 11)


def parts():
    """A message in fragments, among them empty ones."""
    return [f"part {number}, " * (number % 7) for number in range(200)]


# websockets

def counting(extension):
    """Counts the compressed frames that a library's extension is given."""
    seen, decode = [], extension.decode

    def look(frame, **options):
        if frame.rsv1:
            seen.append(frame.opcode)
        return decode(frame, **options)

    extension.decode = look
    return seen


def exchange(socket):
    for message in messages():
        socket.send(message)
        equal(socket.recv(30) == message, True)
    socket.send(parts())
    equal(socket.recv(30) == "".join(parts()), True)
    for number in range(300):
        socket.send(f"{number}: " + "at once, " * number)
    equal([socket.recv(30) for _ in range(300)] == [f"{number}: " + "at once, " * number for number in range(300)], True)


def talk_websockets(server, wanted, **offer):
    with connect(f"{server.ws}/echo", max_size=None, compression=None, extensions=[ClientPerMessageDeflateFactory(**offer)]) as socket:
        equal(agreed(socket.response.headers.get("Sec-WebSocket-Extensions")), wanted)
        seen = counting(socket.protocol.extensions[0]) if wanted is not None else []
        exchange(socket)
        equal(len(seen) > 100, wanted is not None)
    equal(socket.close_code, 1000)


def websockets_client(server, mode, base):
    for offer, more in (
        ({}, {}),
        ({"client_max_window_bits": None}, {}),
        ({"compress_settings": {"level": 9, "memLevel": 1}}, {}),
        ({"server_no_context_takeover": True}, {SERVER_ALONE: None}),
        ({"client_no_context_takeover": True}, {}),
        ({"server_max_window_bits": 9}, {SERVER_BITS: "9"}),
        ({"server_max_window_bits": 12}, {SERVER_BITS: "12"}),
        ({"server_max_window_bits": 15}, {SERVER_BITS: "15"}),
        ({"client_max_window_bits": 9}, {CLIENT_BITS: "9"}),
        ({"client_max_window_bits": 10}, {CLIENT_BITS: "10"}),
        ({"client_max_window_bits": 15}, {}),
        ({"server_max_window_bits": 9, "client_max_window_bits": 10, "server_no_context_takeover": True},
         {SERVER_BITS: "9", CLIENT_BITS: "10", SERVER_ALONE: None}),
        ({"server_max_window_bits": 8}, None),
    ):
        name = ", ".join(f"{key}={value}" for key, value in offer.items()) or "as it is"
        with check(f"{mode}, websockets, {name}{': not compressed' if more is None else ''}"):
            talk_websockets(server, None if more is None else {**base, **more}, **offer)
    with check(f"{mode}, websockets: 30 connections in 30 threads"):
        wrong = []

        def talk(number):
            try:
                with connect(f"{server.ws}/echo") as socket:
                    for turn in range(100):
                        message = f"{number}.{turn} " * (number * turn % 300)
                        socket.send(message)
                        if socket.recv(60) != message:
                            wrong.append(number)
            except Exception as error:
                wrong.append(f"{number}: {error}")

        threads = [threading.Thread(target=talk, args=(number,)) for number in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(wrong, [])


def without(server):
    with check("off, websockets: not compressed"):
        talk_websockets(server, None)
    with check("off, picows: not compressed"):
        asyncio.run(talk_picows(server, None))
    with check("off, ws: not compressed"):
        talk_node(server, None, True)


def small_windows(server):
    wanted = {SERVER_BITS: "10", CLIENT_BITS: "10"}
    with check("takeover with windows of 10 bits, websockets"):
        talk_websockets(server, wanted)
    with check("takeover with windows of 10 bits, picows"):
        asyncio.run(talk_picows(server, wanted))
    with check("takeover with windows of 10 bits, ws"):
        talk_node(server, wanted, True)


# picows: its layer that is like websockets offers client_max_window_bits, and nothing else; its core knows no extensions.

async def talk_picows(server, wanted, **options):
    async with picows.websockets.connect(f"{server.ws}/echo", max_size=None, **options) as socket:
        equal(agreed(socket.response.headers.get("Sec-WebSocket-Extensions")), wanted)
        for message in messages():
            await socket.send(message)
            equal(await asyncio.wait_for(socket.recv(), 30) == message, True)
        await socket.send(parts())
        equal(await asyncio.wait_for(socket.recv(), 30) == "".join(parts()), True)


class Core(picows.WSListener):
    """Sends each message when the one before has come back."""

    def __init__(self):
        self.waiting, self.done = [message for message in messages() if len(message) <= 65536], asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport):
        self.send(transport)

    def send(self, transport):
        if not self.waiting:
            self.done.set_result(None)
            return transport.disconnect()
        message = self.waiting[0]
        binary = isinstance(message, bytes)
        transport.send(picows.WSMsgType.BINARY if binary else picows.WSMsgType.TEXT, message if binary else message.encode())

    def on_ws_frame(self, transport, frame):
        message = self.waiting.pop(0)
        try:
            assert frame.fin and not frame.rsv1, "a frame that is not final, or is compressed"
            equal(frame.get_payload_as_bytes() == (message if isinstance(message, bytes) else message.encode()), True)
            self.send(transport)
        except Exception as error:
            self.done.set_exception(error)
            transport.disconnect()

    def on_ws_disconnected(self, transport):
        if not self.done.done():
            self.done.set_exception(AssertionError("disconnected"))


def picows_client(server, mode, base):
    with check(f"{mode}, picows"):
        asyncio.run(talk_picows(server, base))
    with check(f"{mode}, picows with compression=None"):
        asyncio.run(talk_picows(server, None, compression=None))

    async def core():
        _, listener = await picows.ws_connect(Core, f"{server.ws}/echo")
        await asyncio.wait_for(listener.done, DEADLINE)

    with check(f"{mode}, picows' core, which offers nothing"):
        asyncio.run(core())


# Node.js

def node(*arguments):
    program = shutil.which("node")
    assert program, "there is no node (Debian: nodejs, node-ws)"
    # Not that of somebody's project.
    return [program, str(PEER), *arguments], {**os.environ, "NODE_PATH": DEBIAN_MODULES}


def talk_node(server, wanted, options):
    command, environment = node("client", f"{server.ws}/echo", json.dumps(options))
    done = subprocess.run(command, env=environment, capture_output=True, timeout=2 * DEADLINE)
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 1, f"exit {done.returncode}, {done.stdout!r} {done.stderr[-400:]!r}"
    result = json.loads(lines[0])
    equal((result["wrong"], result["code"]), ([], 1000))
    equal(agreed(result["extensions"] or None), wanted)
    # 1 MiB there and back
    equal([count < 50_000 for count in result["wire"]], [wanted is not None] * 2)


def node_client(server, mode, base):
    for options, more in (
        ({}, {}),
        ({"threshold": 0}, {}),
        ({"threshold": 0, "clientMaxWindowBits": False}, {}),
        ({"threshold": 0, "serverNoContextTakeover": True}, {SERVER_ALONE: None}),
        ({"threshold": 0, "clientNoContextTakeover": True}, {}),
        ({"threshold": 0, "serverMaxWindowBits": 9}, {SERVER_BITS: "9"}),
        ({"threshold": 0, "serverMaxWindowBits": 15}, {SERVER_BITS: "15"}),
        ({"threshold": 0, "clientMaxWindowBits": 9}, {CLIENT_BITS: "9"}),
        ({"threshold": 0, "serverMaxWindowBits": 11, "clientMaxWindowBits": 12, "clientNoContextTakeover": True, "serverNoContextTakeover": True},
         {SERVER_BITS: "11", CLIENT_BITS: "12", SERVER_ALONE: None}),
        ({"threshold": 0, "serverMaxWindowBits": 8}, None),
        (False, None),
    ):
        with check(f"{mode}, ws, {json.dumps(options)}{': not compressed' if more is None else ''}"):
            talk_node(server, None if more is None else {**base, **more}, options)
