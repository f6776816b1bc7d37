"""What peers can make the server hold."""

import select
import time

from checks import check, equal
from listening import until
from wire import BINARY, TEXT, Wire, frame, header

BOUND = 100 << 20  # generous: a server without a bound would take gigabytes
FLOOD = 1 << 30  # what a flood tries to send


# Behind each of these nothing more can be parsed, and the connection ends after the answer.
REQUESTS = {
    "CONNECT": "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    "Upgrade: h2c": "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "a refused handshake": "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "what is not HTTP": "nonsense\r\n\r\n",
}


def run(duplex):
    for size in (20, 1000, 65536):
        with duplex.server() as server:
            flood(server, size)
    for name, request in REQUESTS.items():
        with duplex.server() as server:
            behind(server, name, request)
    with duplex.server("--idle-timeout", "1s") as server:
        unread(server)
    with duplex.server() as server:
        claims(server)
    with duplex.server() as server:
        large(server)


def unread(server):
    """Sends small requests one behind the other on several connections, and reads no answer."""
    count, each = 10, 4 << 20
    batch = b"GET /chat.js HTTP/1.1\r\nHost: a\r\n\r\n" * 1000
    before, peak = server.resident(), 0
    wires = [Wire(server.port, receive_buffer=4096) for _ in range(count)]
    offsets = dict.fromkeys(wires, 0)
    for wire in wires:
        wire.socket.setblocking(False)

    def sent():
        nonlocal peak
        for wire in list(offsets):
            try:
                offsets[wire] = (offsets[wire] + wire.socket.send(batch[offsets[wire]:])) % len(batch)
            except BlockingIOError:
                pass
            except OSError:
                del offsets[wire]
        peak = max(peak, server.resident())
        return not offsets

    with check("requests whose answers nobody reads: the connections end when nothing of those is taken"):
        until(sent, "their end")
    with check(f"and each costs less than {each >> 20} MiB"):
        assert peak - before < count * each, f"{(peak - before) >> 20} MiB for {count}"
    for wire in wires:
        wire.__exit__()


def flood(server, size):
    """Sends, and reads nothing, until the server takes no more."""
    name = f"a peer that floods /echo with {size}-byte messages and reads nothing"
    message = frame(BINARY, b"\xab" * size)
    batch = message * max(1, 65536 // len(message))
    with Wire(server.port, receive_buffer=65536) as wire:
        wire.open()
        before, sent, peak = server.resident(), 0, 0
        with check(f"{name} is not read any more"):
            sent, offset = 0, 0
            wire.socket.setblocking(False)
            while sent < FLOOD:
                # nothing taken for 2 s: the server has stopped reading
                if not select.select([], [wire.socket], [], 2)[1]:
                    break
                count = wire.socket.send(batch[offset:])
                offset = (offset + count) % len(batch)
                sent += count
                if sent % (8 << 20) < count:
                    peak = max(peak, server.resident())
            peak = max(peak, server.resident())
            assert sent < FLOOD, "took everything"
        with check(f"{name} costs less than {BOUND >> 20} MiB"):
            assert peak - before < BOUND, f"{(peak - before) >> 20} MiB after {sent >> 20} MiB"
        with check(f"{name} gets its answers, all and in order, once it reads"):
            # the end of the message that was cut, then everything that was sent
            wire.socket.settimeout(30)
            rest, expected = batch[offset:], sent // len(message)
            rest = rest[: -sent % len(message)]
            answers = 0
            if rest:
                drain_and_send(wire, rest)
                expected += 1
            while answers < expected:
                opcode, payload = wire.message()
                assert opcode == BINARY and payload == b"\xab" * size, f"message {answers}"
                answers += 1
            wire.send(frame(TEXT, b"still here"))
            equal(wire.message(), (TEXT, b"still here"))


def behind(server, name, request):
    """Floods what is already answered, or refused."""
    before, peak, sent = server.resident(), 0, 0
    with check(f"a flood behind {name} is not kept"):
        with Wire(server.port) as wire:
            wire.send(request.encode())
            wire.socket.settimeout(10)
            try:
                while sent < FLOOD:
                    sent += wire.socket.send(b"G" * (1 << 20))
                    peak = max(peak, server.resident())
                    # what it takes it throws away, for as long as it lingers
            except OSError:
                pass  # ended by the server
        assert peak - before < BOUND, f"{(peak - before) >> 20} MiB after {sent >> 20} MiB"


def drain_and_send(wire, data):
    """Sends while it keeps what arrives: the server reads again only when its answers are taken."""
    wire.socket.setblocking(False)
    parts, end = [wire.kept], time.monotonic() + 60
    while data and time.monotonic() < end:
        readable, writable, _ = select.select([wire.socket], [wire.socket], [], 10)
        if writable:
            data = data[wire.socket.send(data):]
        if readable:
            parts.append(wire.socket.recv(1 << 20))
    wire.kept = b"".join(parts)
    wire.socket.settimeout(30)


def claims(server):
    with check("300 peers that claim 64 MiB each and send 1 KiB: memory follows what has arrived"):
        before = server.resident()
        wires = [Wire(server.port).open() for _ in range(300)]
        for wire in wires:
            wire.send(header(BINARY, 64 << 20) + bytes(4) + bytes(1024))
        # the last one's ping shows that the server has dealt with everything before it
        probe = Wire(server.port).open()
        for _ in range(20):
            probe.send(frame(TEXT, b"?"))
            probe.message()
        grown = server.resident() - before
        for wire in wires + [probe]:
            wire.__exit__()
        assert grown < BOUND, f"{grown >> 20} MiB"


def large(server):
    with check("ten messages of 64 MiB, one after the other: the memory is given back"):
        payload = frame(BINARY, bytes(64 << 20))
        before = server.resident()
        with Wire(server.port) as wire:
            wire.open()
            for _ in range(10):
                wire.send(payload)
                equal(len(wire.message()[1]), 64 << 20)
        grown = server.resident() - before
        assert grown < BOUND, f"{grown >> 20} MiB"
