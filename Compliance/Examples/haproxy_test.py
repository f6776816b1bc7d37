"""A real haproxy in front of `duplex serve`: the PROXY protocol, HTTP mode, and HTTP/2 on both sides."""

import contextlib
import os
import pathlib
import re
import socket
import tempfile

from checks import check, equal
from client import Client, refused
from duplex import collected
from examples import CLAIMED, CLIENT, curl, free_ports
from haproxy import haproxy, version
from http2_test import HTTP2, echo
from listening import until
from serve_tls_test import Files
from wsproto.events import BytesMessage, CloseConnection

LIES = {"X-Forwarded-For": CLAIMED, "Forwarded": f"for={CLAIMED}"}


class Told:
    """What `duplex serve --log-level debug` says about who opened a WebSocket."""

    def __init__(self, server):
        self.lines, _ = collected(server.process.stderr)
        self.seen = 0

    def next(self):
        """The peer's address and the version of HTTP of the next WebSocket that is opened."""
        def find():
            return [line.decode() for line in list(self.lines) if b"WebSocket opened" in line][self.seen:]

        line = until(find, f"a line about an opened WebSocket, in {self.lines[-3:]!r}")[0]
        self.seen += 1
        # NIO shows an address as [IPv4]HOST/ADDRESS:PORT.
        peer = re.search(r"peer=\[IPv[46]\](?:\S*/)?(\S+):\d+(?:\s|$)", line)
        return (peer[1].strip("[]") if peer else line), re.search(r"http=(\S+)", line)[1]


@contextlib.contextmanager
def serving(build, *arguments):
    with build.duplex.server("--log-level", "debug", *arguments) as server:
        yield server, Told(server)


@contextlib.contextmanager
def files():
    """A folder with certificates, and one file with certificate and key, as haproxy wants them."""
    with tempfile.TemporaryDirectory() as folder:
        issued = Files(pathlib.Path(folder))
        issued.issue("localhost")
        issued.both = issued.folder / "both.pem"
        issued.both.write_bytes(issued.cert.read_bytes() + issued.key.read_bytes())
        yield issued


def works(url, **options):
    """An echo, large and small, and a closing handshake."""
    with Client(url, **options) as one:
        for message in ("hello", os.urandom(4 << 20)):
            one.send(message)
            equal(one.recv() == message, True)
        one.close(4000, "bye")
        equal(one.closed(), (4000, "bye"))


def proxy_protocol(build):
    with files() as issued, serving(build, "--proxy-protocol-from", "127.0.0.1") as (server, told):
        v1, v2, v6, tls, none = free_ports(5)
        sections = "".join(f"""
listen {name}
    mode tcp
    bind {bind}
    server one 127.0.0.1:{server.port} {send}
""" for name, bind, send in (
            ("v1", f"127.0.0.1:{v1}", "send-proxy"),
            ("v2", f"127.0.0.1:{v2}", "send-proxy-v2"),
            ("v6", f"[::1]:{v6}", "send-proxy"),
            ("v6-2", f"[::1]:{v2}", "send-proxy-v2"),
            ("tls", f"127.0.0.1:{tls} ssl crt {issued.both}", "send-proxy-v2-ssl-cn proxy-v2-options unique-id,crc32c"),
            ("none", f"127.0.0.1:{none}", ""),
        ))
        with haproxy(issued.folder, sections, v1, v2, tls, none):
            for name, port in (("1", v1), ("2", v2)):
                with check(f"PROXY protocol, version {name}: an echo, and the client's address"):
                    works(f"ws://127.0.0.1:{port}/echo", source=CLIENT)
                    equal(told.next(), (CLIENT, "1.1"))
            for name, port in (("1", v6), ("2", v2)):
                with check(f"PROXY protocol, version {name}, IPv6"):
                    works(f"ws://[::1]:{port}/echo")
                    equal(told.next(), ("::1", "1.1"))
            with check("PROXY protocol, version 2, with what haproxy can say about TLS, and a checksum"):
                works(f"wss://localhost:{tls}/echo", source=CLIENT, ssl=issued.context())
                equal(told.next(), (CLIENT, "1.1"))
            with check("X-Forwarded-For and Forwarded are the client's own words then, and not believed"):
                works(f"ws://127.0.0.1:{v2}/echo", source=CLIENT, additional_headers=LIES)
                equal(told.next(), (CLIENT, "1.1"))
            with check("ordinary requests go through, too"):
                equal(curl(f"http://127.0.0.1:{v2}/healthz"), (200, "ok\n"))
            with check("a proxy that sends no header is not served, and nothing hangs"):
                with socket.create_connection(("127.0.0.1", none), 20) as one:
                    one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                    equal(one.recv(100), b"")
            with check("from another address there is no header, and the connection is served as it is"):
                works(f"ws://127.0.0.1:{server.port}/echo", source=CLIENT)
                equal(told.next(), (CLIENT, "1.1"))
    with files() as issued, serving(build, *issued.flags, "--proxy-protocol-from", "127.0.0.1") as (server, told):
        (port,) = free_ports(1)
        section = f"listen through\n mode tcp\n bind 127.0.0.1:{port}\n server one 127.0.0.1:{server.port} send-proxy-v2\n"
        with haproxy(issued.folder, section, port):
            with check("PROXY protocol in front of TLS, which duplex ends"):
                works(f"wss://localhost:{port}/echo", source=CLIENT, ssl=issued.context())
                equal(told.next(), (CLIENT, "1.1"))
            with check("and with HTTP/2 inside"):
                context = issued.context()
                context.set_alpn_protocols(["h2"])
                with HTTP2(port, context) as http2:
                    echo(http2, http2.websocket("/echo"), "hello")
                    equal(told.next(), ("127.0.0.1", "2"))


def http(build):
    trusted = ("--trusted-proxies", "127.0.0.1")
    with files() as issued, serving(build, *trusted) as (server, told), \
            serving(build, *trusted, "--forwarded-field", "forwarded") as (second, told_by_forwarded):
        plain, secure, forwarded, other = free_ports(4)
        # `option forwarded` came with 2.8.
        says = "option forwarded" if version() >= (2, 8) else 'http-request set-header Forwarded "for=%[src];proto=http"'
        sections = f"""
listen plain
    mode http
    bind 127.0.0.1:{plain}
    option forwardfor
    server one 127.0.0.1:{server.port}
listen secure
    mode http
    bind 127.0.0.1:{secure} ssl crt {issued.both}
    option forwardfor
    server one 127.0.0.1:{server.port}
listen forwarded
    mode http
    bind 127.0.0.1:{forwarded}
    {says}
    server two 127.0.0.1:{second.port}
listen other
    mode http
    bind 127.0.0.1:{other}
    option forwardfor
    server one 127.0.0.1:{server.port} source 127.0.0.9
"""
        with haproxy(issued.folder, sections, plain, secure, forwarded, other):
            for what, url, options, teller in (
                ("option forwardfor", f"ws://127.0.0.1:{plain}/echo", {}, told),
                ("option forwardfor, wss", f"wss://localhost:{secure}/echo", {"ssl": issued.context()}, told),
                ("Forwarded", f"ws://127.0.0.1:{forwarded}/echo", {}, told_by_forwarded),
            ):
                with check(f"{what}: an echo, and the client's address, whatever it claims in whatever field"):
                    works(url, source=CLIENT, **options)
                    equal(teller.next()[0], CLIENT)
                    works(url, source=CLIENT, additional_headers=LIES, **options)
                    equal(teller.next()[0], CLIENT)
            with check("from an address that is not trusted they are not believed"):
                works(f"ws://127.0.0.1:{other}/echo", source=CLIENT)
                equal(told.next()[0], "127.0.0.9")
            with check("what the server refuses comes as it is: 404, and 403 for a page of another site"):
                equal(refused(f"ws://127.0.0.1:{plain}/nothing")[0], 404)
                equal(refused(f"ws://127.0.0.1:{plain}/chat", origin="http://elsewhere.example")[0], 403)
            with check("a page of this site may, over haproxy's port"):
                with Client(f"ws://127.0.0.1:{plain}/chat", origin=f"http://127.0.0.1:{plain}", subprotocols=["chat.v1"]):
                    told.next()
            with check("SIGTERM: 1001 comes through"), Client(f"wss://localhost:{secure}/echo", ssl=issued.context()) as one:
                server.signal(15)
                equal(one.closed()[0], 1001)
                equal(server.process.wait(20), 0)


def http2(build):
    with files() as issued, serving(build, "--http2", "everywhere", "--trusted-proxies", "127.0.0.1") as (server, told):
        old, new = free_ports(2)
        sections = f"""
frontend old
    mode http
    bind 127.0.0.1:{old} ssl crt {issued.both} alpn h2,http/1.1
    http-request del-header Forwarded
    option forwardfor
    default_backend http1
frontend new
    mode http
    bind 127.0.0.1:{new} ssl crt {issued.both} alpn h2,http/1.1
    http-request del-header Forwarded
    option forwardfor
    default_backend http2
backend http1
    mode http
    server one 127.0.0.1:{server.port}
backend http2
    mode http
    option httpchk GET /readyz
    server one 127.0.0.1:{server.port} proto h2 ws h2 check inter 100ms
"""
        with haproxy(issued.folder, sections, old, new) as front:
            with check("haproxy's checks of /readyz go over HTTP/2, too"):
                until(lambda: ("UP", "L7OK") in front.states(), f"UP: {front.states()}")
            for port, version_behind in ((old, "1.1"), (new, "2")):
                with check(f"HTTP/1.1 to haproxy, HTTP/{version_behind} to duplex: an echo, and the client's address"):
                    works(f"wss://localhost:{port}/echo", source=CLIENT, ssl=issued.context())
                    equal(told.next(), (CLIENT, version_behind))
                context = issued.context()
                context.set_alpn_protocols(["h2"])
                with HTTP2(port, context) as connection:
                    with check(f"HTTP/2 to haproxy, HTTP/{version_behind} to duplex: an echo, and the client's address"):
                        stream = connection.websocket("/echo")
                        equal(connection.streams[stream].status, "200")
                        echo(connection, stream, "hello")
                        equal(told.next(), ("127.0.0.1", version_behind))
                    with check(f"HTTP/2 to haproxy, HTTP/{version_behind} to duplex: 4 MiB there and back, and the closing handshake"):
                        data = os.urandom(4 << 20)
                        connection.send(stream, BytesMessage(data))
                        equal(connection.receive(stream, BytesMessage).data == data, True)
                        connection.send(stream, CloseConnection(4000, "bye"))
                        equal(connection.receive(stream, CloseConnection).code, 4000)
                        connection.until(lambda: connection.streams[stream].ended)
                    with check(f"HTTP/2 to haproxy, HTTP/{version_behind} to duplex: 20 WebSockets and a page beside them"):
                        streams = [connection.websocket("/echo") for _ in range(20)]
                        page = connection.request("GET", "/style.css")
                        for number, one in enumerate(streams):
                            echo(connection, one, f"message {number}")
                        connection.until(lambda: connection.streams[page].ended)
                        equal(connection.streams[page].status, "200")
                        for _ in streams:
                            equal(told.next()[1], version_behind)
                    with check(f"HTTP/2 to haproxy, HTTP/{version_behind} to duplex: refused with 404"):
                        nothing = connection.connect("/nothing")
                        connection.until(lambda: connection.streams[nothing].ended)
                        equal(connection.streams[nothing].status, "404")
            with check("SIGTERM: 1001 comes through HTTP/2, and it ends with 0"):
                with Client(f"wss://localhost:{new}/echo", ssl=issued.context()) as one, HTTP2(new, context) as connection:
                    stream = connection.websocket("/echo")
                    echo(connection, stream, "hello")
                    server.signal(15)
                    equal(connection.receive(stream, CloseConnection).code, 1001)
                    connection.send(stream, CloseConnection(1001))
                    equal(one.closed()[0], 1001)
                    equal(server.process.wait(20), 0)
