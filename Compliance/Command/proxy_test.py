"""The ways of `duplex connect` to a server: through real proxies, redirects, TLS with certificates, a Unix socket."""

import contextlib
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import tempfile

from checks import check, equal
from peers import Peer, peer
from proxies import free_port, microsocks, tinyproxy
from tls_test import echo
from wire import CLOSE, frame

HTTP_PROOF = "user:pass%2Eword-1@"
SOCKS_PROOF = "user:pa%3Ass%40word@"
TEXT = "".join(f"line {number}\n" for number in range(1000)) + "ä" * 100_000 + "\n"


def run(duplex):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        certificate(folder, "server", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        certificate(folder, "other", "subjectAltName=DNS:*.other.example")
        certificate(folder, "client", "extendedKeyUsage=clientAuth")
        http_proxies(duplex, folder)
        socks_proxies(duplex, folder)
        environment(duplex)
        certificates(duplex, folder)
        unix_sockets(duplex, folder)
    redirects(duplex)
    request(duplex)


def certificate(folder, name, extension):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", extension,
                    "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"], check=True, capture_output=True)


def context(folder, name, client=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    if client:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(folder / f"{client}.pem")
    return made


def echoed(duplex, *arguments):
    result = duplex.run("connect", *arguments, input=TEXT.encode())
    equal((result.status, result.out == TEXT, result.lines[-1:]), (0, True, ["connected"]))


def refused(duplex, *arguments, word):
    result = duplex.run("connect", *arguments, input=b"never sent\n")
    equal((result.status, result.out, len(result.lines)), (1, "", 1))
    assert word in result.err, f"{word!r} is not in {result.err!r}"
    assert not any(word in result.err for word in ("pa:ss", "pa%3Ass", "word-1")), "a password is shown"


def http_proxies(duplex, folder):
    trusted = ("--ca", folder / "server.pem", "--compression", "off")
    with peer(echo) as (port, _), peer(echo, context(folder, "server")) as (secure, _):
        with tinyproxy() as (proxy, log):
            for host in ("127.0.0.1", "localhost"):
                with check(f"tinyproxy, ws://{host}: what is sent comes back"):
                    echoed(duplex, f"ws://{host}:{port}/x?y", "--proxy", f"http://127.0.0.1:{proxy}", "--compression", "off")
            with check("tinyproxy was asked by CONNECT"):
                assert f"CONNECT localhost:{port}" in log(), log()[-500:]
            for host in ("localhost", "127.0.0.1"):
                with check(f"tinyproxy, wss://{host}: TLS goes through it"):
                    echoed(duplex, f"wss://{host}:{secure}/", "--proxy", f"127.0.0.1:{proxy}", *trusted)
            with check("tinyproxy, nobody listens behind it: its status is told"):
                refused(duplex, f"ws://127.0.0.1:{free_port()}/", "--proxy", f"http://127.0.0.1:{proxy}", word="the proxy refused: 5")
        with tinyproxy(credentials=True) as (proxy, _):
            with check("tinyproxy with credentials: what is sent comes back"):
                echoed(duplex, f"wss://localhost:{secure}/", "--proxy", f"http://{HTTP_PROOF}127.0.0.1:{proxy}", *trusted)
            for name, proof in {"none": "", "wrong ones": "user:pa%3Ass@"}.items():
                with check(f"tinyproxy wants credentials, {name} are given: told in one line"):
                    refused(duplex, f"ws://127.0.0.1:{port}/", "--proxy", f"http://{proof}127.0.0.1:{proxy}", word="the proxy refused: 4")
        with tinyproxy("ConnectPort 1") as (proxy, _):
            with check("tinyproxy does not allow the port: its status is told"):
                refused(duplex, f"ws://127.0.0.1:{port}/", "--proxy", f"http://127.0.0.1:{proxy}", word="the proxy refused: 403")
        with check("the HTTP proxy is not there: one line that names it"):
            nowhere = free_port()
            refused(duplex, f"ws://127.0.0.1:{port}/", "--proxy", f"http://{HTTP_PROOF}127.0.0.1:{nowhere}", word=f"the proxy http://127.0.0.1:{nowhere}")
        with check("a proxy of an unknown scheme: one line"):
            refused(duplex, f"ws://127.0.0.1:{port}/", "--proxy", "gopher://127.0.0.1", word="the proxy cannot be used")


def socks_proxies(duplex, folder):
    trusted = ("--ca", folder / "server.pem", "--compression", "off")
    with peer(echo) as (port, _), peer(echo, context(folder, "server")) as (secure, _):
        with microsocks() as proxy:
            for host in ("127.0.0.1", "localhost"):
                with check(f"microsocks, ws://{host}: what is sent comes back"):
                    echoed(duplex, f"ws://{host}:{port}/", "--proxy", f"socks5://127.0.0.1:{proxy}", "--compression", "off")
            for host in ("localhost", "127.0.0.1"):
                with check(f"microsocks, wss://{host}: TLS goes through it"):
                    echoed(duplex, f"wss://{host}:{secure}/", "--proxy", f"socks5h://127.0.0.1:{proxy}", *trusted)
            with check("microsocks, nobody listens behind it: told in words"):
                refused(duplex, f"ws://127.0.0.1:{free_port()}/", "--proxy", f"socks5://127.0.0.1:{proxy}", word="the server refused the connection")
        with microsocks(credentials=True) as proxy:
            with check("microsocks with credentials: what is sent comes back"):
                echoed(duplex, f"wss://localhost:{secure}/", "--proxy", f"socks5://{SOCKS_PROOF}127.0.0.1:{proxy}", *trusted)
            with check("microsocks wants credentials, none are given: told in words"):
                refused(duplex, f"ws://127.0.0.1:{port}/", "--proxy", f"socks5://127.0.0.1:{proxy}", word="wants a user name")
            with check("microsocks wants credentials, wrong ones are given: told in words"):
                refused(duplex, f"ws://127.0.0.1:{port}/", "--proxy", f"socks5://user:pa%3Ass@127.0.0.1:{proxy}", word="does not accept")


@contextlib.contextmanager
def variables(**values):
    before = dict(os.environ)
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def environment(duplex):
    """0.0.0.0 is this machine, too, but no loopback address, for which the environment's proxies are not asked."""
    dead = f"http://127.0.0.1:{free_port()}"
    with peer(echo) as (port, _), tinyproxy() as (proxy, log):
        url = f"ws://0.0.0.0:{port}/"
        with check("http_proxy is used"), variables(http_proxy=f"http://127.0.0.1:{proxy}"):
            echoed(duplex, url, "--compression", "off")
            assert f"CONNECT 0.0.0.0:{port}" in log(), log()[-500:]
        for name, values in {
            "HTTP_PROXY in upper case is not": {"HTTP_PROXY": dead},
            "https_proxy is not used for ws": {"https_proxy": dead},
            "no_proxy exempts": {"http_proxy": dead, "no_proxy": "example.com, 0.0.0.0/8"},
            "NO_PROXY exempts": {"all_proxy": dead, "NO_PROXY": "*"},
        }.items():
            with check(name), variables(**values):
                echoed(duplex, url, "--compression", "off")
        with check("ALL_PROXY is used"), variables(ALL_PROXY=dead):
            refused(duplex, url, word="the proxy http://127.0.0.1:")
        with check("--proxy none wins over the environment"), variables(http_proxy=dead):
            echoed(duplex, url, "--proxy", "none", "--compression", "off")
        with check("loopback addresses are not asked for at a proxy of the environment"), variables(http_proxy=dead, all_proxy=dead):
            echoed(duplex, f"ws://127.0.0.1:{port}/", "--compression", "off")
            echoed(duplex, f"ws://localhost:{port}/", "--compression", "off")


def certificates(duplex, folder):
    with peer(echo, context(folder, "server")) as (port, _):
        for host in ("localhost", "127.0.0.1"):
            with check(f"--ca, wss://{host}: believed"):
                echoed(duplex, f"wss://{host}:{port}/", "--ca", folder / "server.pem", "--compression", "off")
    with peer(echo, context(folder, "other")) as (port, _):
        for host in ("localhost", "127.0.0.1"):
            with check(f"a certificate that is not for {host}: both names are told"):
                refused(duplex, f"wss://{host}:{port}/", "--ca", folder / "other.pem", word=f"not for {host}, but for *.other.example")
    with peer(echo, context(folder, "server", client="client")) as (port, _):
        with check("--cert and --key: the server knows the client"):
            echoed(duplex, f"wss://localhost:{port}/", "--ca", folder / "server.pem", "--cert", folder / "client.pem",
                   "--key", folder / "client.key", "--compression", "off")
        with check("no --cert where one is wanted: one line"):
            refused(duplex, f"wss://localhost:{port}/", "--ca", folder / "server.pem", word="TLS failed: ")
    for arguments in (("--ca", folder / "nothing.pem"), ("--cert", folder / "client.pem"), ("--cert", folder / "client.key", "--key", folder / "client.key")):
        with check(f"{' '.join(a if isinstance(a, str) else a.name for a in arguments)}: exit 64"):
            result = duplex.run("connect", "wss://localhost:9/", *arguments)
            equal((result.status, result.out), (64, ""))


def unix_sockets(duplex, folder):
    path = folder / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with check("--unix-socket: connected there, Host and path by the address"):
            with duplex.started("connect", "ws://example.com/chat", "--unix-socket", path) as process:
                with Peer(listener.accept()[0]) as one:
                    one.request().accept()
                    equal((one.line, one.field("Host")), ("GET /chat HTTP/1.1", ["example.com"]))
                    one.send(frame(CLOSE, struct.pack("!H", 1000), mask=False))
                    one.closed()
                equal(process.wait(60), 0)
    with check("a Unix socket that is not there: one line that names it"):
        refused(duplex, "ws://example.com/", "--unix-socket", folder / "nothing", word=f"{folder}/nothing")
    with check("a path that is too long for a Unix socket: one line"):
        refused(duplex, "ws://example.com/", "--unix-socket", folder / ("x" * 200), word="too long")


def redirects(duplex):
    seen = []

    def redirect(one):
        one.request()
        seen.append(one)
        path = one.line.split()[1]
        if path.startswith("/to/"):
            one.send(f"HTTP/1.1 302 Found\r\nLocation: {path[4:]}\r\nContent-Length: 0\r\n\r\n".encode())
            one.ended()
        else:
            one.accept().send(frame(CLOSE, struct.pack("!H", 1000), mask=False))
            one.closed()

    with peer(redirect) as (other, _), peer(redirect) as (port, _):
        with check("redirects are followed, with credentials on the same host, port and scheme"):
            result = duplex.run("connect", f"ws://u:p@127.0.0.1:{port}/to//to//end", "--cookie", "a=b")
            equal((result.status, [one.line.split()[1] for one in seen]), (0, ["/to//to//end", "/to//end", "/end"]))
            equal([(one.field("Authorization"), one.field("Cookie")) for one in seen], [(["Basic dTpw"], ["a=b"])] * 3)
        seen.clear()
        with check("and without them elsewhere"):
            result = duplex.run("connect", f"ws://u:p@127.0.0.1:{port}/to/ws://127.0.0.1:{other}/end", "--cookie", "a=b")
            equal((result.status, seen[-1].line), (0, "GET /end HTTP/1.1"))
            equal((seen[-1].field("Authorization"), seen[-1].field("Cookie")), ([], []))
        with check("--max-redirects 0: a redirect is a refusal"):
            refused(duplex, f"ws://127.0.0.1:{port}/to//end", "--max-redirects", "0", word="refused: 302 Found")


def request(duplex):
    seen = []

    def remember(one):
        seen.append(one.request().accept())
        one.send(frame(CLOSE, struct.pack("!H", 1000), mask=False))
        one.closed()

    with peer(remember) as (port, _):
        with check("--origin and --cookie are sent, cookies in one field"):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/", "--origin", "http://page.example", "--cookie", "a=b", "--cookie", "c=d=e")
            equal((result.status, seen[-1].field("Origin"), seen[-1].field("Cookie")), (0, ["http://page.example"], ["a=b; c=d=e"]))
    with check("a cookie that cannot be one: one line, exit 1"):
        refused(duplex, "ws://127.0.0.1:9/", "--cookie", "a=b; c", word="cookie")
    with check("a cookie without '=': exit 64"):
        equal(duplex.run("connect", "ws://127.0.0.1:9/", "--cookie", "a").status, 64)
