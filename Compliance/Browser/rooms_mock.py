"""docs/protocol.md's four ways over one log in memory: for tests of the browser client, and for nothing else.

    rooms_mock.py [--port PORT]      prints 'listening on URL'

Plain on purpose: what goes wrong on the way is the business of hindrance.py, which also stands before a real server.
What only a server can do is done by POST: /mock/trim?room=&keep=, /mock/epoch?room=, /mock/close?code=&reason=,
/mock/unavailable?seconds= (for so long all is answered 503, WebSockets are refused).
"""

import argparse
import asyncio
import base64
import contextlib
import hashlib
import json
import pathlib
import secrets
import struct
import time
import urllib.parse

PAGES = pathlib.Path(__file__).resolve().parents[2] / "Sources/duplex/Pages"
PAGE = b"<!doctype html><title>rooms</title>"
HEARTBEAT = 0.3  # seconds, so that a test need not wait for 15
STATUS = {200: "OK", 201: "Created", 304: "Not Modified", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 503: "Service Unavailable"}


class Refusal(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code

    @property
    def error(self):
        return {"code": self.code, "message": f"refused: {self.code}"}


class Room:
    def __init__(self, name):
        self.name, self.changed, self.members = name, asyncio.Event(), {}
        self.begin()

    def begin(self):
        self.epoch, self.last, self.messages, self.answers = secrets.token_hex(4), 0, [], {}
        self.wake()

    def wake(self):
        self.changed.set()
        self.changed = asyncio.Event()

    @property
    def start(self):
        return self.last - len(self.messages)

    def read(self, epoch=None, after=None, history=0, limit=1000):
        """(recovered, offset before the first, messages)"""
        recovered, first = True, max(self.start, self.last - history)
        if after is not None:
            recovered = epoch == self.epoch and self.start <= after <= self.last
            first = after if recovered else self.start
        return recovered, first, self.messages[first - self.start:][:limit]

    def publish(self, author, identifier, data, key):
        """(position, whether it is new)"""
        if self.name == "forbidden":
            raise Refusal(403, "forbidden")
        if (author, identifier) in self.answers:
            return self.answers[author, identifier], False
        self.last += 1
        position = {"epoch": self.epoch, "offset": self.last}
        message = {**position, "time": int(time.time() * 1000), "from": author, "data": data}
        if key is not None:
            message["key"] = key
        self.messages.append(message)
        if identifier:
            self.answers[author, identifier] = position
        self.wake()
        return position, True

    def listing(self):
        members = [{"id": name, "info": info} for name, info in self.members.items()]
        return {"room": self.name, "count": len(members), "members": members}


class Server:
    def __init__(self):
        self.rooms, self.sessions, self.sockets, self.unavailable = {}, set(), set(), 0

    def room(self, name):
        return self.rooms.setdefault(name, Room(name))

    async def connection(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self.request(reader, writer):
                pass
        writer.close()

    async def request(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        url = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(url.query))
        name = query.get("as") or f"guest-{secrets.token_hex(4)}"  # as `duplex serve` does it
        parts = [urllib.parse.unquote(part) for part in url.path.strip("/").split("/")]

        def answer(status, content=b"", kind="application/json", **extra):
            if not isinstance(content, bytes):
                content = json.dumps(content, separators=(",", ":")).encode()
            lines = {"Content-Type": kind, "Content-Length": len(content), "Cache-Control": "no-store",
                     **{name.replace("_", "-"): value for name, value in extra.items()}}
            text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            writer.write(f"HTTP/1.1 {status} {STATUS[status]}\r\n{text}\r\n".encode() + content)

        try:
            if self.unavailable > time.time() and parts[0] == "rooms":
                answer(503, {"error": {"code": "unavailable", "message": "going"}}, Retry_After=max(1, round(self.unavailable - time.time())))
            elif parts == ["rooms"] and fields.get("upgrade", "").lower() == "websocket":
                return await self.websocket(reader, writer, fields, query.get("session"), name)
            elif parts == [""]:
                answer(200, PAGE, "text/html")
            elif parts == ["duplex.js"]:
                answer(200, (PAGES / "duplex.js").read_bytes(), "text/javascript")
            elif parts[0] == "mock" and method == "POST":
                answer(200, self.control(parts[1], query))
            elif parts[0] == "rooms" and len(parts) == 3:
                room = self.room(parts[1])
                if parts[1] == "forbidden" and method == "GET":
                    raise Refusal(403, "forbidden")
                if parts[2] == "members":
                    answer(200, room.listing())
                elif parts[2] == "stream":
                    return await self.stream(room, query, writer)
                elif method == "POST":
                    said = json.loads(body)
                    position, is_new = room.publish(name, fields.get("idempotency-key"), said["data"], said.get("key"))
                    answer(201 if is_new else 200, {"room": room.name, **position, **({} if is_new else {"repeated": True})})
                else:
                    await self.messages(room, query, fields, answer)
            else:
                raise Refusal(404, "not_found")
        except Refusal as refusal:
            answer(refusal.status, {"error": refusal.error})
        await writer.drain()
        return fields.get("connection", "").lower() != "close"

    def control(self, action, query):
        if action == "trim":
            room = self.room(query["room"])
            room.messages = room.messages[len(room.messages) - int(query["keep"]):]
        elif action == "epoch":
            self.room(query["room"]).begin()
        elif action == "close":
            for socket in list(self.sockets):
                socket.send_close(int(query["code"]), query.get("reason", ""))
        elif action == "unavailable":
            self.unavailable = time.time() + float(query["seconds"])
        return {}

    async def messages(self, room, query, fields, answer):
        after = int(query["after"]) if "after" in query else None
        limit, deadline = int(query.get("limit", 100)), time.monotonic() + float(query.get("wait", 0))
        while True:
            recovered, first, found = room.read(query.get("epoch"), after, limit, limit)
            left = deadline - time.monotonic()
            if found or not recovered or left <= 0:
                break
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(room.changed.wait(), left)
        end = first + len(found)
        etag = f'"{room.epoch}:{end}"'
        if fields.get("if-none-match") == etag:
            return answer(304, ETag=etag)
        answer(200, {"room": room.name, "epoch": room.epoch, "offset": end, "recovered": recovered, "more": end < room.last, "messages": found}, ETag=etag)

    async def stream(self, room, query, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nCache-Control: no-store, no-transform\r\nConnection: close\r\n\r\n")
        async for said in self.follow(room, query):
            writer.write(json.dumps(said, separators=(",", ":")).encode() + b"\n" if said else b"\n")
            await writer.drain()
            if writer.is_closing():
                break
        return False

    async def follow(self, room, query):
        """`joined`, and what follows; None is a heartbeat."""
        after = int(query["after"]) if query.get("after") is not None else None
        recovered, first, found = room.read(query.get("epoch"), after, int(query.get("history") or 0), 1 << 30)
        epoch = room.epoch
        yield {"type": "joined", "room": room.name, "epoch": epoch, "offset": first, "recovered": recovered}
        while True:
            changed = room.changed
            for message in found:
                yield {"type": "message", "room": room.name, **message}
            first += len(found)
            if epoch == room.epoch and first >= room.last:
                try:
                    await asyncio.wait_for(changed.wait(), HEARTBEAT)
                except asyncio.TimeoutError:
                    yield None
            recovered, first, found = room.read(epoch, first, 0, 1 << 30)
            if not recovered:
                epoch = room.epoch
                yield {"type": "gap", "room": room.name, "epoch": epoch, "offset": first}

    async def websocket(self, reader, writer, fields, session, name):
        accept = base64.b64encode(hashlib.sha1((fields["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        writer.write(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: duplex.v1\r\n"
                     f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        socket = Socket(self, writer, name)
        self.sockets.add(socket)
        try:
            await socket.run(reader, session)
        finally:
            self.sockets.discard(socket)
            socket.end()
        return False


class Socket:
    def __init__(self, server, writer, member):
        self.server, self.writer, self.member, self.joined, self.present = server, writer, member, {}, set()

    def frame(self, opcode, data):
        size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack("!H", len(data)) if len(data) < 65536 else b"\x7f" + struct.pack("!Q", len(data))
        self.writer.write(bytes([0x80 | opcode]) + size + data)

    def send(self, **message):
        if not self.writer.is_closing():
            self.frame(1, json.dumps(message, separators=(",", ":")).encode())

    def send_close(self, code, reason):
        self.frame(8, struct.pack("!H", code) + reason.encode())
        self.writer.close()

    def end(self):
        for task in self.joined.values():
            task.cancel()
        for room in self.present:
            if room.members.pop(self.member, None) is not None:
                self.tell(room, "left", self.member, {})

    def tell(self, room, change, member, info):
        for other in self.server.sockets - {self}:
            if room in other.present:
                other.send(type="member", room=room.name, change=change, member={"id": member, "info": info})

    async def follow(self, room, query, identifier):
        with contextlib.suppress(OSError):
            async for said in self.server.follow(room, query):
                if said and said["type"] == "joined":
                    self.send(**said, id=identifier)
                    if query.get("presence"):
                        self.send(type="presence", **room.listing())
                elif said:
                    self.send(**said)
                    await self.writer.drain()

    async def run(self, reader, session):
        resumed = session in self.server.sessions
        if not resumed:
            session = secrets.token_hex(8)
            self.server.sessions.add(session)
        self.send(type="welcome", session=session, member=self.member, resumed=resumed)
        while True:
            first, size = await reader.readexactly(2)
            size &= 127
            if size > 125:
                size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
            mask, data = await reader.readexactly(4), await reader.readexactly(size)
            data = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
            if first & 15 == 8:
                return self.send_close(1000, "")
            if first & 15 == 1:
                self.answer(json.loads(data))

    def answer(self, said):
        kind, identifier = said["type"], {"id": said["id"]} if "id" in said else {}
        if kind == "ping":
            return self.send(type="pong", **identifier)
        room = self.server.room(said["room"])
        if kind == "join":
            if room.name == "forbidden":
                return self.send(type="error", **identifier, **Refusal(403, "forbidden").error)
            if room.name in self.joined:
                self.joined[room.name].cancel()
            if said.get("presence"):
                change = "updated" if self.member in room.members else "joined"
                room.members[self.member] = said.get("info", {})
                self.present.add(room)
                self.tell(room, change, self.member, said.get("info", {}))
            self.joined[room.name] = asyncio.ensure_future(self.follow(room, said, said.get("id")))
        elif kind == "leave":
            if task := self.joined.pop(room.name, None):
                task.cancel()
            if room in self.present:
                self.present.discard(room)
                room.members.pop(self.member, None)
                self.tell(room, "left", self.member, {})
            self.send(type="left", room=room.name, **identifier)
        elif kind == "info":
            room.members[self.member] = said["info"]
            self.tell(room, "updated", self.member, said["info"])
            self.send(type="updated", room=room.name, **identifier)
        elif kind == "publish":
            try:
                position, is_new = room.publish(self.member, said.get("messageId"), said["data"], said.get("key"))
            except Refusal as refusal:
                return self.send(type="error", **identifier, **refusal.error)
            self.send(type="published", room=room.name, **identifier, **position, **({} if is_new else {"repeated": True}))


async def serve(port=0, ready=None):
    server = await asyncio.start_server(Server().connection, "127.0.0.1", port, limit=1 << 20)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    (ready or (lambda url: print(f"listening on {url}", flush=True)))(url)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments.port))
