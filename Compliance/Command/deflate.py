"""permessage-deflate (RFC 7692) by hand, over zlib: ends of a connection that do exactly what a test says."""

import zlib

from peers import Peer
from wire import BINARY, CONTINUATION, TEXT, Wire, frame

NAME = "permessage-deflate"
SERVER_ALONE, CLIENT_ALONE = "server_no_context_takeover", "client_no_context_takeover"
SERVER_BITS, CLIENT_BITS = "server_max_window_bits", "client_max_window_bits"

TAIL = b"\x00\x00\xff\xff"  # what a sender takes off the end of a message (section 7.2.1)
RSV1 = 4  # as `frame` takes reserved bits


def extensions(value):
    """The extensions in a field: for each its name, and its parameters with their values, None without one."""
    found = []
    for each in (value or "").split(","):
        name, *parameters = [part.strip() for part in each.split(";")]
        if name:
            pairs = [[part.strip().strip('"') for part in parameter.split("=", 1)] for parameter in parameters]
            assert len({pair[0] for pair in pairs}) == len(pairs), f"a parameter twice in {value!r}"
            found.append((name, {pair[0]: pair[1] if len(pair) > 1 else None for pair in pairs}))
    return found


def agreed(value):
    """The parameters of permessage-deflate in a server's answer; None when there is no such field."""
    if value is None:
        return None
    found = extensions(value)
    assert [name for name, _ in found] == [NAME], f"the answer is {value!r}"
    return found[0][1]


def ends_between_blocks(inflater):
    """Whether a raw inflater stands where a block may begin: where a message that is whole ends."""
    probe = inflater.copy()
    try:
        probe.decompress(b"\x03\x00")  # an empty last block
    except zlib.error:
        return False
    return probe.eof


def packed(data, bits=15, level=6):
    """A compressed message that stands alone."""
    deflater = zlib.compressobj(level, zlib.DEFLATED, -bits)
    return (deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


class Compression:
    """What an end adds to its connection, of which `agreement` holds the parameters once there are some."""

    allowed = 0x40
    agreement = None
    was_packed = False  # whether the last message was compressed
    size = 0  # how many bytes it was on the wire
    deflater = inflater = None
    sender, receiver = "client", "server"

    def bits(self, end):
        return int(self.agreement.get(f"{end}_max_window_bits") or 15)

    def pack(self, data):
        """Compresses a message: what a frame with RSV1, or several, shall hold."""
        if not self.deflater or f"{self.sender}_no_context_takeover" in self.agreement:
            # zlib has no raw deflate with a window of 8 bits; without compressing there is nothing to refer to.
            bits = self.bits(self.sender)
            self.deflater = zlib.compressobj(0 if bits == 8 else 6, zlib.DEFLATED, -max(bits, 9))
        data = self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        assert data.endswith(TAIL)
        return data[: -len(TAIL)]

    def unpack(self, data):
        """Inflates a message, with no larger a window than was agreed on, and no state but what was."""
        assert not data.endswith(TAIL), "the tail was not taken off"
        if not self.inflater or f"{self.receiver}_no_context_takeover" in self.agreement:
            self.inflater = zlib.decompressobj(-self.bits(self.receiver))
        # zlib takes what it has put out in the same call for its window: in small steps it notices if that is passed.
        step = 0 if self.bits(self.receiver) == 15 else 64
        parts, rest = [], data + TAIL
        while True:
            parts.append(self.inflater.decompress(rest, step))
            rest = self.inflater.unconsumed_tail
            if not rest and not (step and parts[-1]):
                break
        assert ends_between_blocks(self.inflater), "the message does not end where a block does"
        return b"".join(parts)

    def message(self):
        opcode, payload, final = self.frame()
        self.was_packed, parts = self.compressed, [payload]
        while not final:
            more, payload, final = self.frame()
            assert more == CONTINUATION, f"opcode {more} within a message"
            assert not self.compressed, "RSV1 in a continuation"
            parts.append(payload)
        data = b"".join(parts)
        self.size = len(data)
        if self.was_packed:
            assert self.agreement is not None, "RSV1, and nothing was agreed on"
            assert opcode in (TEXT, BINARY), f"RSV1 with opcode {opcode}"
            data = self.unpack(data)
        return opcode, data

    def say(self, data, opcode=TEXT, cuts=()):
        """Sends a compressed message, cut into fragments at these places."""
        data = self.pack(data)
        places = [0, *cuts, len(data)]
        for number, (start, end) in enumerate(zip(places, places[1:])):
            self.send(frame(CONTINUATION if number else opcode, data[start:end], final=number == len(cuts),
                            mask=self.sender == "client", reserved=0 if number else RSV1))
        return self


class DeflateWire(Compression, Wire):
    """A client."""

    def offer(self, *offers, path="/echo", fields=()):
        """Does the opening handshake, with an own field for each of the offers."""
        self.open(path, *[f"Sec-WebSocket-Extensions: {offer}" for offer in offers], *fields)
        self.agreement = agreed(self.fields.get("sec-websocket-extensions"))
        return self

    def agree(self, *offers, **options):
        """The same; it fails when compression is not agreed on."""
        self.offer(*offers or [NAME], **options)
        assert self.agreement is not None, "permessage-deflate was declined"
        return self


class DeflatePeer(Compression, Peer):
    """A server."""

    sender, receiver = "server", "client"

    def answer(self, value, *fields):
        """Accepts the handshake, and answers this about extensions."""
        self.agreement = agreed(value)
        return self.accept(*([f"Sec-WebSocket-Extensions: {value}"] if value else []), *fields)

    def offered(self):
        return extensions(", ".join(self.field("Sec-WebSocket-Extensions")))
