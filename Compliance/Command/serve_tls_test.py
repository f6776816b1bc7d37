"""`duplex serve` with TLS: certificates, new ones while it runs, and those of clients."""

import pathlib
import ssl
import subprocess
import tempfile

from checks import check, equal
from duplex import collected
from listening import until
from wire import TEXT, Ended, Wire, close_frame, frame

HANGUP = 1


def run(duplex):
    with tempfile.TemporaryDirectory() as folder:
        files = Files(pathlib.Path(folder))
        files.issue("first")
        reloading(duplex, files)
        shutdown(duplex, files)
        timer(duplex, files)
        clients(duplex, files)
        failures(duplex, files)
    with check("SIGHUP without TLS: a line, and it goes on"):
        with duplex.server("--log-level", "notice") as server, Wire(server.port) as wire:
            lines, _ = collected(server.process.stderr)
            wire.open()
            server.signal(HANGUP)
            told(lines, "SIGHUP")
            echo(wire)


class Files:
    """An authority, and the server's certificate and key."""

    def __init__(self, folder):
        self.folder = folder
        self.cert, self.key, self.ca = (folder / name for name in ("cert.pem", "key.pem", "ca.pem"))
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=authority", "-keyout",
                folder / "ca-key.pem", "-out", self.ca)
        self.flags = ("--tls-cert", self.cert, "--tls-key", self.key)

    def issue(self, name, prefix=""):
        """A new certificate in the place of the old one, both files renamed into it, the key last."""
        names = {part: self.folder / f"{prefix}{part}.new" for part in ("key.pem", "cert.pem")}
        request, extensions = self.folder / "request", self.folder / "extensions"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", names["key.pem"], "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.folder / "ca-key.pem", "-CAcreateserial",
                "-days", "1", "-extfile", extensions, "-out", names["cert.pem"])
        for part in ("cert.pem", "key.pem"):
            names[part].rename(self.folder / f"{prefix}{part}")

    def context(self, client=None):
        context = ssl.create_default_context(cafile=self.ca)
        if client:
            context.load_cert_chain(self.folder / f"{client}cert.pem", self.folder / f"{client}key.pem")
        return context


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def name(wire):
    """Whose certificate the server showed."""
    return next(value for part in wire.socket.getpeercert()["subject"] for key, value in part if key == "commonName")


def shown(server, files):
    with Wire(server.port, tls=files.context()) as wire:
        wire.open()
        return name(wire)


def echo(wire):
    wire.send(frame(TEXT, b"hello"))
    equal(wire.message(), (TEXT, b"hello"))


def told(lines, word):
    return until(lambda: next((line.decode() for line in list(lines) if word in line.decode()), None), f"{word!r} in {lines}")


def reloading(duplex, files):
    with duplex.server(*files.flags, "--tls-reload-interval", 0, "--log-level", "notice") as server:
        lines, _ = collected(server.process.stderr)
        with check("with a certificate, the line says https, and an echo works there"):
            assert server.url.startswith("https://127.0.0.1:"), server.line
            before = Wire(server.port, tls=files.context()).open()
            equal(name(before), "first")
            echo(before)
        with check("TLS 1.2 and 1.3 are spoken"):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = files.context()
                context.minimum_version = context.maximum_version = version
                with Wire(server.port, tls=context) as wire:
                    echo(wire.open())
        with check("new files alone change nothing with --tls-reload-interval 0"):
            files.issue("second")
            equal(shown(server, files), "first")
        with check("SIGHUP: a line with the new certificate's expiry"):
            server.signal(HANGUP)
            line = told(lines, "certificate read again")
            end = ssl._ssl._test_decode_cert(str(files.cert))["notAfter"].split()
            assert "notice" in line and f"expires={end[3]}-" in line.replace('"', ""), line
        with check("and new connections get the new one, while the old connection goes on"):
            equal(shown(server, files), "second")
            echo(before)
        with check("SIGHUP with a key of another certificate: an error, and the old one stays"):
            files.issue("third")
            files.key.write_bytes((files.folder / "ca-key.pem").read_bytes())
            server.signal(HANGUP)
            line = told(lines, "not read again")
            assert "error" in line and str(files.key) in line, line
            equal(shown(server, files), "second")
            echo(before)
        with check("SIGHUP with no file at all: an error, and the old one stays; with one again, it is taken"):
            files.cert.unlink()
            count = len(lines)
            server.signal(HANGUP)
            until(lambda: len(lines) > count, "a line")
            equal(shown(server, files), "second")
            files.issue("fourth")
            server.signal(HANGUP)
            until(lambda: shown(server, files) == "fourth", "the fourth certificate")
            echo(before)
        with check("SIGTERM over TLS: 1001, exit 0"):
            server.signal(15)
            equal(before.closed()[0], 1001)
            before.__exit__()
            equal(server.wait(5)[0], 0)


def shutdown(duplex, files):
    with check("SIGTERM: a connection whose TLS handshake has not begun ends, and becomes no WebSocket"):
        with duplex.server(*files.flags) as server, Wire(server.port) as late:
            with Wire(server.port, tls=files.context()) as wire:
                # It connected later, and so the other one has been accepted.
                wire.open()
                server.signal(15)
                equal(wire.closed()[0], 1001)
                try:
                    late.socket = files.context().wrap_socket(late.socket, server_hostname="localhost")
                    late.open()
                    raise AssertionError("let in after SIGTERM")
                except (Ended, OSError):
                    pass
                wire.send(close_frame(1001))
                wire.ended()
            equal(server.wait(5)[0], 0)


def timer(duplex, files):
    with check("--tls-reload-interval 1s: new files are seen without a signal"):
        with duplex.server(*files.flags, "--tls-reload-interval", "1s") as server:
            equal(shown(server, files), "fourth")
            files.issue("fifth")
            until(lambda: shown(server, files) == "fifth", "the fifth certificate")


def clients(duplex, files):
    files.issue("client", "client-")
    asked = (*files.flags, "--tls-client-ca", files.ca, "--tls-client-certificates")
    with check("--tls-client-certificates required: without one the handshake fails, with one there is an echo"):
        with duplex.server(*asked, "required") as server:
            try:
                # With TLS 1.3, the client hears of it only when it reads.
                with Wire(server.port, tls=files.context()) as wire:
                    wire.open()
                raise AssertionError("let in without a certificate")
            except (Ended, ssl.SSLError, ConnectionResetError, BrokenPipeError):
                pass
            with Wire(server.port, tls=files.context("client-")) as wire:
                echo(wire.open())
    with check("--tls-client-certificates optional: with and without"):
        with duplex.server(*asked, "optional") as server:
            for client in (None, "client-"):
                with Wire(server.port, tls=files.context(client)) as wire:
                    echo(wire.open())


def failures(duplex, files):
    for title, flags, word in (
            ("a certificate that is not there", ("--tls-cert", "/nowhere", "--tls-key", files.key), "/nowhere"),
            ("a key that is not there", ("--tls-cert", files.cert, "--tls-key", "/nowhere"), "/nowhere"),
            ("a key of another certificate", ("--tls-cert", files.ca, "--tls-key", files.key), str(files.key)),
            ("an authority that is not there", (*files.flags, "--tls-client-ca", "/nowhere",
                                                "--tls-client-certificates", "required"), "/nowhere")):
        with check(f"{title}: one line that names it, exit 1"):
            result = duplex.run("serve", "--port", 0, *flags)
            equal((result.status, result.out, len(result.lines)), (1, "", 1))
            assert word in result.err, result.err
