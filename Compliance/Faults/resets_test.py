"""Resets (RST) at random points of a connection's life."""

import contextlib
import pathlib
import random
import socket
import ssl
import struct
import subprocess
import tempfile
import time

from checks import check
from numbers_table import table
from running import echoes, in_time
from wire import BINARY, TEXT, Wire, frame, handshake, header

SEED = 6455  # the same points every time
GROWTH = 16 << 20  # what an allocator may keep
LARGE = 4 << 20  # an echo of which most cannot leave


def reset(connection):
    """Closes with RST: what was not read or sent is thrown away."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def cut(data, chance):
    """The beginning of it, at least a byte, never all."""
    return data[:chance.randint(1, len(data) - 1)]


def in_handshake(wire, chance):
    wire.send(cut(handshake(wire.host), chance))


def in_frame(wire, chance):
    wire.open()
    wire.send(cut(frame(BINARY, bytes(chance.choice((5, 1000, 70_000)))), chance))


def in_fragments(wire, chance):
    wire.open()
    wire.send(frame(TEXT, b"one", final=False) + b"".join(
        frame(0, b"more" * chance.randint(1, 1000), final=False) for _ in range(chance.randint(0, 5))))
    if chance.random() < 0.5:
        wire.send(cut(header(0, 100, final=True) + bytes(104), chance))


def in_large_echo(wire, chance):
    wire.open()
    wire.send(frame(BINARY, bytes(LARGE)))
    # At least its header has come, so it is being written.
    wire.read(chance.randint(10, 300_000))


def in_close(wire, chance):
    wire.open()
    wire.send(frame(8, struct.pack("!H", 1000)))


def before_anything(wire, chance):
    pass


PLAIN = {"nothing sent": before_anything, "the handshake": in_handshake, "a frame": in_frame,
         "a fragmented message": in_fragments, "a large echo": in_large_echo, "the closing handshake": in_close}


def in_tls(port, chance):
    """The client's part of a TLS handshake, cut anywhere: in its hello, or behind it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    tls = context.wrap_bio(incoming, outgoing)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    connection = socket.create_connection(("127.0.0.1", port), 10)
    hello = outgoing.read()
    if chance.random() < 0.5:
        connection.sendall(cut(hello, chance))
        return connection
    connection.sendall(hello)
    incoming.write(connection.recv(65536))
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    if answer := outgoing.read():
        connection.sendall(cut(answer, chance))
    return connection


def run(faults):
    count = faults.number(500, 120)
    with faults.server() as server:
        plain(server, 60, None)
        plain(server, count, "plain")
        stalled(server, faults.number(200, 10))
    with certificate() as (cert, key), faults.server("--tls-cert", cert, "--tls-key", key) as server:
        tls(server, 30, None)
        tls(server, faults.number(200, 60), "TLS")


def plain(server, count, label):
    chance, kinds = random.Random(SEED), list(PLAIN.items())
    with watched(server, label, count, kinds) as bystander, Wire(server.port) as other:
        other.open()
        for number in range(count):
            name, act = kinds[number % len(kinds)]
            wire = Wire(server.port)
            act(wire, chance)
            reset(wire.socket)
            if number % 50 == 0:
                bystander(other)


def tls(server, count, label):
    chance = random.Random(SEED)
    with watched(server, label, count, [("a TLS handshake", None)]):
        for _ in range(count):
            reset(in_tls(server.port, chance))


def stalled(server, count):
    """Peers that send and do not read, until nothing moves, and then are gone: of what they have sent, nothing is answered any
    more. Some MiB lie in the server's socket for each; going through them would hold the loop."""
    wires, data, sent, descriptors = [], frame(BINARY, bytes(100)) * 2000, 0, server.idle()
    for _ in range(count):
        wires.append(Wire(server.port, receive_buffer=4096).open())
        wires[-1].socket.setblocking(False)
    quiet = 0
    while quiet < 10:
        before = sent
        for wire in wires:
            with contextlib.suppress(BlockingIOError):
                sent += wire.socket.send(data)
        quiet = quiet + 1 if sent == before else 0
        time.sleep(0.02)
    received, cpu = server.metric("websocket_messages_received_total"), server.cpu()
    waiting = sent // (len(data) // 2000) - received
    for wire in wires:
        reset(wire.socket)
    server.settled(descriptors)
    answered = server.metric("websocket_messages_received_total") - received
    table.add("resets", f"stalled: CPU time for {count} that sent {sent >> 20} MiB", server.cpu() - cpu, "s")
    with check(f"{count} stalled peers are reset: what they had sent is not gone through"):
        assert waiting > count * 1000, f"only {waiting} messages were waiting"
        assert answered < waiting / 10, f"{answered} of {waiting} messages"


@contextlib.contextmanager
def watched(server, label, count, kinds):
    """Compares the server before and after; without a label this only makes what is made once."""
    descriptors, memory, start = server.idle(), server.resident(), time.monotonic()
    worst = 0

    def bystander(wire):
        nonlocal worst
        asked = time.monotonic()
        echoes(wire)
        worst = max(worst, time.monotonic() - asked)

    yield bystander
    if label is None:
        server.settled(descriptors)
        return
    table.add("resets", f"{label}: {count} resets took", time.monotonic() - start, "s")
    what = ", ".join(name for name, _ in kinds)
    with check(f"{count} resets ({label}) in {what}: descriptors come back"):
        assert server.settled(descriptors) <= descriptors, f"{descriptors} before, {server.descriptors()} after"
    with check(f"{label}: memory comes back"):
        grown = server.resident() - memory
        table.add("resets", f"{label}: memory that stays", grown / (1 << 20), "MiB", GROWTH >> 20)
        assert grown < GROWTH, f"{grown >> 20} MiB"
    if label == "plain":
        with check(f"{label}: another connection's echoes went on meanwhile"):
            table.add("resets", f"{label}: another's longest echo", worst * 1000, "ms", 500)
            in_time(worst < 0.5, f"{worst:.2f} s")
        with check(f"{label}: the server goes on"):
            server.echoes()
    else:
        with check(f"{label}: the server goes on"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with Wire(server.port) as wire:
                wire.socket = context.wrap_socket(wire.socket)
                echoes(wire.open())
    with check(f"{label}: nothing on standard error"):
        assert not server.said, server.said[:3]


@contextlib.contextmanager
def certificate():
    with tempfile.TemporaryDirectory() as folder:
        cert, key = pathlib.Path(folder, "cert.pem"), pathlib.Path(folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "1", "-subj", "/CN=localhost", "-keyout", key, "-out", cert], check=True, capture_output=True)
        yield cert, key
