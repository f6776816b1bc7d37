"""A proxy with everything that can stand in a WebSocket's way, as switches. It knows HTTP and WebSocket's frames, but not
who is behind it: the same one stands before the mock and before a real server."""

import asyncio
import contextlib
import re
import socket
import threading


class Hindrance:
    """Runs in its own thread. The switches are plain attributes, and may be set at any time.

    websocket   'pass'; 'refuse': 403; 'hang': no answer to the handshake; 'drop': ends when the handshake is done;
                'deaf': what the client says after the handshake does not get there
    streams     'pass'; 'hold': answers are held back until they are whole, as by a proxy that buffers; 'refuse': 502
    long_polls  'pass'; 'hang': no answer to a request with `wait`; 'refuse': 502
    frozen      not a byte goes through, in no direction, until it is False again
    down        nobody gets in
    slow        seconds that each answer over HTTP takes longer
    lose        so many answers to a POST get lost: the server has seen the request, the client sees the end
    mute        what the server says over WebSockets gets lost; what the client says gets there
    frames      what becomes of the next WebSocket messages of the server with `"type":"message"`: 'drop', 'double'
    """

    def __init__(self, url):
        host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
        self.target = host, int(port or 80)
        self.websocket = self.streams = self.long_polls = "pass"
        self.frozen = self.down = self.mute = False
        self.slow, self.lose, self.frames, self.lost, self.requests, self.heads = 0, 0, [], 0, [], []
        self.open = set()
        self.loop, started = asyncio.new_event_loop(), threading.Event()

        async def start():
            self.server = await asyncio.start_server(self.connection, "127.0.0.1", 0, limit=1 << 20)
            self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
            started.set()

        def run():
            self.loop.run_until_complete(start())
            self.loop.run_forever()

        threading.Thread(target=run, daemon=True).start()
        started.wait()

    def clear(self):
        """As if it were not there."""
        self.websocket = self.streams = self.long_polls = "pass"
        self.frozen = self.down = self.mute = False
        self.slow, self.lose, self.frames = 0, 0, []

    def cut(self):
        """All connections end, by a reset."""
        def cut():
            for writer in list(self.open):
                with contextlib.suppress(OSError, AttributeError):
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                writer.transport.abort()
        self.loop.call_soon_threadsafe(cut)

    async def thaw(self):
        while self.frozen:
            await asyncio.sleep(0.02)

    async def connection(self, reader, writer):
        self.open.add(writer)
        server = None
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await self.thaw()
            if self.down:
                return
            line, _, fields = head.decode("latin-1").partition("\r\n")
            is_websocket = bool(re.search(r"^upgrade: *websocket", fields, re.I | re.M))
            self.requests.append(line)
            self.heads.append(fields)
            if is_websocket and self.websocket == "refuse":
                return writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            if "/stream" in line and self.streams == "refuse" or "wait=" in line and self.long_polls == "refuse":
                return writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            if is_websocket and self.websocket == "hang" or "wait=" in line and self.long_polls == "hang":
                return await reader.read(1)
            # One request for each connection: then the end of an answer is the end of the connection. And frames that can be read.
            if is_websocket:
                fields = re.sub(r"^sec-websocket-extensions:.*\r\n", "", fields, flags=re.I | re.M)
            else:
                fields = "Connection: close\r\n" + re.sub(r"^(proxy-)?connection:.*\r\n", "", fields, flags=re.I | re.M)
            from_server, server = await asyncio.open_connection(*self.target, limit=1 << 20)
            self.open.add(server)
            server.write(f"{line}\r\n{fields}".encode("latin-1"))
            up = asyncio.ensure_future(self.swallow(reader) if is_websocket and self.websocket == "deaf" else self.pump(reader, server))
            up.add_done_callback(lambda _, server=server: server.close())  # the client has gone: the server shall know
            if is_websocket:
                await self.frames_down(from_server, writer)
            elif line.startswith("POST") and self.lose > 0:
                self.lose -= 1
                await from_server.read()
                self.lost += 1
                writer.transport.abort()
            elif self.streams == "hold":
                await self.hold(from_server, writer, reader)
            else:
                await self.pump(from_server, writer, self.slow)
            up.cancel()
        except (OSError, asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for each in (writer, server):
                if each:
                    self.open.discard(each)
                    each.close()

    @staticmethod
    async def swallow(reader):
        with contextlib.suppress(OSError):
            while await reader.read(65536):
                pass

    async def pump(self, reader, writer, delay=0):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await asyncio.sleep(delay)
                await self.thaw()
                writer.write(data)
                await writer.drain()

    async def hold(self, reader, writer, client):
        """Until it is whole; or until the client has gone, who is not heard otherwise."""
        whole = b""
        while data := await reader.read(65536):
            whole += data
            if writer.transport.is_closing():
                return
        await self.thaw()
        writer.write(whole)
        await writer.drain()

    async def frames_down(self, reader, writer):
        writer.write(await reader.readuntil(b"\r\n\r\n"))
        if self.websocket == "drop":
            return
        while True:
            head = await reader.readexactly(2)
            size = head[1] & 127
            if size > 125:
                head += await reader.readexactly(2 if size == 126 else 8)
                size = int.from_bytes(head[2:], "big")
            frame = head + await reader.readexactly(size)
            await self.thaw()
            if self.mute:
                continue
            if self.frames and b'"type":"message"' in frame:
                if self.frames.pop(0) == "drop":
                    continue
                writer.write(frame)
            writer.write(frame)
            await writer.drain()
