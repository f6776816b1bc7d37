"""wss: a certificate that nobody has signed is refused, unless told otherwise."""

import pathlib
import ssl
import subprocess
import tempfile

from checks import check, equal
from peers import peer
from wire import CLOSE, frame


def run(duplex):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / "key.pem",
                        "-out", folder / "cert.pem"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        with peer(echo, context) as (port, _):
            for host in ("localhost", "127.0.0.1"):
                with check(f"wss://{host} with a self-signed certificate: refused in one line, exit 1"):
                    result = duplex.run("connect", f"wss://{host}:{port}/", input=b"secret\n")
                    equal((result.status, result.out, len(result.lines)), (1, "", 1))
                    assert "TLS" in result.err or "certificate" in result.err.lower(), result.err
                with check(f"wss://{host} --insecure: works"):
                    text = "".join(f"line {number}\n" for number in range(1000)) + "ä" * 100_000 + "\n"
                    result = duplex.run("connect", f"wss://{host}:{port}/", "--insecure", input=text.encode())
                    equal((result.status, result.out == text), (0, True))
        with check("wss to a server that speaks plain HTTP: one line, exit 1"):
            with duplex.server() as server:
                result = duplex.run("connect", f"wss://127.0.0.1:{server.port}/echo", "--insecure")
            equal((result.status, result.out, len(result.lines)), (1, "", 1))
        with check("ws to a server that speaks TLS: one line, exit 1"):
            with peer(echo, context) as (port, _):
                result = duplex.run("connect", f"ws://127.0.0.1:{port}/")
            equal((result.status, result.out, len(result.lines)), (1, "", 1))


def echo(one):
    """Sends back what it gets, up to the closing handshake."""
    one.request().accept()
    while True:
        opcode, payload = one.message()
        one.send(frame(opcode, payload, mask=False))
        if opcode == CLOSE:
            return
