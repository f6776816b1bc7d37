"""permessage-deflate in the handshake: what is offered, and what `duplex serve` answers (RFC 7692, sections 5 and 7.1)."""

from checks import check, equal
from deflate import CLIENT_ALONE, CLIENT_BITS, NAME, RSV1, SERVER_ALONE, SERVER_BITS, DeflateWire, packed
from wire import TEXT, Wire, frame, handshake

ALONE = {SERVER_ALONE: None, CLIENT_ALONE: None}
MODES = {"no-takeover": ALONE, "takeover": {}}  # and what an answer has in any case

# An offer, and what it adds to the answer.
ACCEPTED = [
    (NAME, {}),
    (f"{NAME}; {SERVER_ALONE}", {SERVER_ALONE: None}),
    (f"{NAME}; {CLIENT_ALONE}", {}),  # a hint: that the client could is no reason to make it
    (f"{NAME}; {CLIENT_ALONE}; {SERVER_ALONE}", {SERVER_ALONE: None}),
    *[(f"{NAME}; {SERVER_BITS}={bits}", {SERVER_BITS: str(bits)}) for bits in range(9, 16)],
    (f'{NAME}; {SERVER_BITS}="10"', {SERVER_BITS: "10"}),
    (rf'{NAME}; {SERVER_BITS}="1\2"', {SERVER_BITS: "12"}),
    (f"{NAME}; {CLIENT_BITS}", {}),
    *[(f"{NAME}; {CLIENT_BITS}={bits}", {CLIENT_BITS: str(bits)}) for bits in range(9, 15)],
    (f"{NAME}; {CLIENT_BITS}=15", {}),
    (f'{NAME}; {CLIENT_BITS}="11"', {CLIENT_BITS: "11"}),
    (f"{NAME}; {CLIENT_BITS}=11; {SERVER_ALONE}; {SERVER_BITS}=10; {CLIENT_ALONE}",
     {CLIENT_BITS: "11", SERVER_ALONE: None, SERVER_BITS: "10"}),
    (f"  {NAME} ;\t{SERVER_BITS} = 10 ; {CLIENT_BITS}  ", {SERVER_BITS: "10"}),
    (f"{NAME}; {SERVER_BITS}=12, {NAME}; {SERVER_BITS}=10, {NAME}", {SERVER_BITS: "12"}),
    (f"{NAME}, {NAME}; {SERVER_BITS}=10", {}),
    (f"x-webkit-deflate-frame, permessage-bzip2; a=1; {SERVER_BITS}=9, {NAME}; {SERVER_BITS}=13", {SERVER_BITS: "13"}),
    (", ".join([f"{NAME}; x{number}" for number in range(100)] + [NAME]), {}),
]

# Parameters with which an offer is passed over.
DECLINED = [
    "unknown", "unknown=1", "server_max_window_bit=10",
    f"{SERVER_ALONE}; {SERVER_ALONE}", f"{CLIENT_ALONE}; {CLIENT_ALONE}", f"{SERVER_BITS}=10; {SERVER_BITS}=10",
    f"{CLIENT_BITS}; {CLIENT_BITS}", f"{CLIENT_BITS}; {CLIENT_BITS}=10", f"{CLIENT_BITS}=10; {SERVER_ALONE}; {CLIENT_BITS}=10",
    f"{SERVER_ALONE}=1", f'{SERVER_ALONE}="true"', f"{CLIENT_ALONE}=0", f"{CLIENT_ALONE}=10",
    SERVER_BITS, f"{SERVER_BITS}=8",
    *[f"{name}={value}" for name in (SERVER_BITS, CLIENT_BITS)
      for value in ("7", "16", "0", "08", "010", "+9", "-9", "9.0", "0x9", "9a", "true", "4294967305", "99999999999999999999999", '"16"')],
]


def run(duplex):
    for mode, base in MODES.items():
        with duplex.server("--compression", mode) as server:
            for offer, more in ACCEPTED:
                with check(f"{mode}: {short(offer)}"):
                    equal(answer(server, offer), {**base, **more})
            separate(server, mode, base)
    with duplex.server() as server:
        with check("without --compression: as with no-takeover"):
            equal(answer(server, NAME), ALONE)
        with check(f"/chat: {NAME}, together with a protocol"):
            with DeflateWire(server.port) as wire:
                wire.offer(NAME, path="/chat", fields=["Sec-WebSocket-Protocol: chat.v1"])
                equal((wire.agreement, wire.fields["sec-websocket-protocol"]), (ALONE, "chat.v1"))
        with check("no offer: no answer"):
            equal(answer(server), None)
        for parameters in DECLINED:
            with check(f"{short(parameters)}: passed over"):
                bad = f"{NAME}; {parameters}"
                equal(answer(server, bad), None)
                equal(answer(server, f"{bad}, {NAME}; {SERVER_BITS}=11"), {**ALONE, SERVER_BITS: "11"})
        for offer in ("permessage-deflate2", "xpermessage-deflate", "permessage", "deflate"):
            with check(f"{offer}: passed over"):
                equal(answer(server, offer), None)
        with check(f"{CLIENT_BITS}=8: declined, or answered with 8, or left to the client"):
            found = answer(server, f"{NAME}; {CLIENT_BITS}=8")
            assert found is None or found.get(CLIENT_BITS, "8") == "8", found
        # A value must be a token, quoted or not (RFC 6455, section 9.1). None is one of these.
        for value in ('""', "", '" 9"', '"9', '"9"9'):
            with check(f"{SERVER_BITS}={value}: against the grammar, 400"):
                with Wire(server.port) as wire:
                    wire.send(handshake(wire.host, "/echo", f"Sec-WebSocket-Extensions: {NAME}; {SERVER_BITS}={value}"))
                    equal(wire.answer()[0], 400)
    window_bits(duplex)
    off(duplex)
    with check("compression options that make no sense: exit 64 with a usage line on stderr"):
        for name, values in (("", ("on", "", "Takeover")), ("-level", ("-1", "10", "x")), ("-window-bits", ("8", "16", "x")),
                             ("-threshold", ("-1", "x"))):
            for value in values:
                result = duplex.run("serve", "--port", "0", f"--compression{name}={value}", timeout=5)
                equal((result.status, result.out), (64, ""))
                assert "Usage: duplex" in result.err and "Error: " in result.err, result.err


def short(text):
    return text if len(text) <= 100 else f"{text[:60]}… ({len(text)} characters)"


def answer(server, *offers):
    """What is answered; the connection must then echo, compressed exactly if that was agreed on."""
    with DeflateWire(server.port) as wire:
        wire.offer(*offers)
        text = b"said twice, " * 100
        for _ in range(2):
            wire.send(frame(TEXT, text))
            equal(wire.message() == (TEXT, text), True)
            equal(wire.was_packed, wire.agreement is not None)
        if wire.agreement is not None:
            wire.say(text)
            equal(wire.message() == (TEXT, text), True)
        return wire.agreement


def separate(server, mode, base):
    with check(f"{mode}: offers in several fields, in their order"):
        equal(answer(server, f"{NAME}; {SERVER_BITS}=16", f"x, {NAME}; {SERVER_BITS}=14", NAME), {**base, SERVER_BITS: "14"})


def window_bits(duplex):
    for mode, base in MODES.items():
        with duplex.server("--compression", mode, "--compression-window-bits", 10) as server:
            for parameters, wanted in (
                (CLIENT_BITS, ("10", "10")),
                (f"{CLIENT_BITS}=15", ("10", "10")), (f"{CLIENT_BITS}=9", ("10", "9")),
                (f"{CLIENT_BITS}; {SERVER_BITS}=9", ("9", "10")), (f"{CLIENT_BITS}; {SERVER_BITS}=10", ("10", "10")),
                (f"{CLIENT_BITS}; {SERVER_BITS}=15", ("10", "10")),
            ):
                with check(f"{mode}, --compression-window-bits 10: {parameters}"):
                    equal(answer(server, f"{NAME}; {parameters}"), {**base, SERVER_BITS: wanted[0], CLIENT_BITS: wanted[1]})
            with check(f"{mode}, --compression-window-bits 10: a client that did not offer {CLIENT_BITS} is not told any"):
                found = answer(server, NAME)
                assert found is None or CLIENT_BITS not in found, found


def off(duplex):
    with duplex.server("--compression", "off") as server:
        with check("off: every offer is declined"):
            for offer in (NAME, f"{NAME}; {CLIENT_BITS}", f"{NAME}; {SERVER_BITS}=10, {NAME}"):
                equal(answer(server, offer), None)
        for code, name, data in ((1002, "not compressed", b"x"), (1002, "compressed", packed(b"x"))):
            with check(f"off: RSV1 although nothing was agreed on, {name}: {code}"):
                with Wire(server.port) as wire:
                    wire.open("/echo", f"Sec-WebSocket-Extensions: {NAME}")
                    wire.send(frame(TEXT, data, reserved=RSV1))
                    equal(wire.closed()[0], code)
