"""Handshakes that are refused: an answer with a status and a one-line reason, then the end; never a hang."""

from checks import check, equal
from wire import TEXT, Wire, frame, handshake


def run(duplex):
    with duplex.server() as server:
        host = f"127.0.0.1:{server.port}"
        for name, request, status in table(host):
            with check(f"{name}: {status}"):
                refused(server, request, status)
        with check("405 names the method that is allowed"):
            fields = refused(server, handshake(host, method="POST"), 405)
            equal(fields.get("allow"), "GET")
        with check("426 for another version names version 13"):
            fields = refused(server, handshake(host, "/echo", "Sec-WebSocket-Version: 12", without=("Sec-WebSocket-Version",)), 426)
            equal(fields.get("sec-websocket-version"), "13")
            equal(fields.get("upgrade"), "websocket")
        with check("426 for a plain GET names the protocol"):
            with Wire(server.port) as wire:
                wire.send(f"GET /echo HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                status, fields, body = wire.answer()
                equal((status, fields.get("upgrade")), (426, "websocket"))
                one_line(body)
        accepted(server, host)
        with check("what is not HTTP at all: 400"):
            refused(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), 400)
        with check("two hundred refusals later, the server still serves"):
            for _ in range(200):
                refused(server, handshake(host, "/no/such/path"), 404)
            Wire(server.port).open().__exit__()
        with check("no request at all, then the end of the stream: the connection ends"):
            with Wire(server.port) as wire:
                wire.socket.shutdown(1)
                equal(wire.ended(), b"")


def table(host):
    """Name, request, status."""
    key, version = "Sec-WebSocket-Key", "Sec-WebSocket-Version"
    yield "no key", handshake(host, without=(key,)), 400
    yield "a key of 15 bytes", handshake(host, key="AAAAAAAAAAAAAAAAAAAA"), 400
    yield "a key of 17 bytes", handshake(host, key="AAAAAAAAAAAAAAAAAAAAAAA="), 400
    yield "a key that is not base64", handshake(host, key="dGhlIHNhbXBsZSBub25jZ!=="), 400
    yield "two keys", handshake(host, "/echo", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400
    yield "no Host", handshake(host, without=("Host",)), 400
    yield "two Host fields", handshake(host, "/echo", "Host: other"), 400
    yield "HTTP/1.0", handshake(host, version="HTTP/1.0"), 400
    yield "a body", handshake(host, "/echo", "Content-Length: 5") + b"hello", 400
    yield "a chunked body", handshake(host, "/echo", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400
    yield "extensions against the grammar", handshake(host, "/echo", "Sec-WebSocket-Extensions: a; ;"), 400
    yield "subprotocols against the grammar", handshake(host, "/chat", "Sec-WebSocket-Protocol: a b"), 400
    yield "a subprotocol given twice", handshake(host, "/chat", "Sec-WebSocket-Protocol: a, a"), 400
    yield "/chat from a foreign page", handshake(host, "/chat", "Origin: http://evil.example"), 403
    yield "/chat from another port of this host", handshake(host, "/chat", "Origin: http://127.0.0.1:1"), 403
    yield "/chat with Origin: null", handshake(host, "/chat", "Origin: null"), 403
    yield "/chat with two Origins", handshake(host, "/chat", f"Origin: http://{host}", "Origin: http://evil.example"), 403
    yield "a path that is not there", handshake(host, "/no/such/path"), 404
    yield "POST", handshake(host, method="POST"), 405
    yield "PUT", handshake(host, method="PUT"), 405
    yield "version 8", handshake(host, "/echo", "Sec-WebSocket-Version: 8", without=(version,)), 426
    yield "no version", handshake(host, without=(version,)), 426
    yield "two versions", handshake(host, "/echo", "Sec-WebSocket-Version: 13"), 426
    yield "Connection without Upgrade", handshake(host, "/echo", "Connection: close", without=("Connection",)), 426
    yield "one header field of 100 KB", handshake(host, "/echo", "X: " + "x" * 100_000), 431
    yield "a thousand header fields", handshake(host, "/echo", *[f"X-{i}: {'y' * 100}" for i in range(1000)]), 431


def refused(server, request, status):
    """Sends a request that must be refused; gives the answer's fields."""
    with Wire(server.port) as wire:
        try:
            wire.send(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it was all there; the answer must have come all the same
        got, fields, body = wire.answer()
        equal(got, status)
        one_line(body)
        assert fields.get("content-type", "").startswith("text/plain"), fields
        assert "close" in fields.get("connection", "").lower(), fields
        equal(wire.ended(), b"")
    return fields


def one_line(body):
    text = body.decode()
    assert text.endswith("\n") and text.count("\n") == 1 and len(text) > 5, f"no one-line reason: {text!r}"


def accepted(server, host):
    """What looks like the refused ones, and is right."""
    for name, path, fields in (
        ("/chat from its own page", "/chat", [f"Origin: http://{host}"]),
        ("/chat from its own page over TLS", "/chat", [f"Origin: https://{host}"]),
        ("/chat from what is no browser", "/chat", []),
        ("/echo from a foreign page", "/echo", ["Origin: http://evil.example"]),
        ("an unknown extension", "/echo", ['Sec-WebSocket-Extensions: x-unknown; a="b"; d, permessage-bzip2']),
        ("a subprotocol that is not spoken here", "/echo", ["Sec-WebSocket-Protocol: nobody.v9"]),
        ("a query", "/echo?a=b&c", []),
    ):
        with check(f"{name}: 101"):
            with Wire(server.port) as wire:
                wire.open(path, *fields)
                assert "sec-websocket-extensions" not in wire.fields, wire.fields
                assert "sec-websocket-protocol" not in wire.fields, wire.fields
    with check("names without regard to case, lists, spaces: 101"):
        with Wire(server.port) as wire:
            wire.send((f"GET /echo HTTP/1.1\r\nhost:{host}\r\nUPGRADE:  WebSocket\r\nconnection: keep-alive , UPGRADE\r\n"
                       "sec-websocket-key:\tdGhlIHNhbXBsZSBub25jZQ== \r\nSEC-WEBSOCKET-VERSION:13\r\n\r\n").encode())
            status, fields, _ = wire.answer()
            # the example of RFC 6455, section 1.3
            equal((status, fields["sec-websocket-accept"]), (101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
    with check("a handshake byte by byte, with a message right behind it: 101 and the echo"):
        with Wire(server.port) as wire:
            for byte in handshake(host) + frame(TEXT, b"right behind"):
                wire.send(bytes([byte]))
            equal(wire.answer()[0], 101)
            equal(wire.message(), (TEXT, b"right behind"))
    with check("a handshake and a message in one segment: 101 and the echo"):
        with Wire(server.port) as wire:
            wire.send(handshake(host) + frame(TEXT, b"with it"))
            equal(wire.answer()[0], 101)
            equal(wire.message(), (TEXT, b"with it"))
    with check("a handshake after ordinary requests on a kept-alive connection: 101 and the echo"):
        with Wire(server.port) as wire:
            for _ in range(3):
                wire.send(f"GET /style.css HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                equal(wire.answer()[0], 200)
            wire.send(handshake(host) + frame(TEXT, b"at last"))
            equal(wire.answer()[0], 101)
            equal(wire.message(), (TEXT, b"at last"))
