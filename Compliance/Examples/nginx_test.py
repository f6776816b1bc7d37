"""A real nginx with TLS in front of nginx-example: WebSockets go through, and who the client is arrives."""

import os
import pathlib
import tempfile

from checks import check, equal
from client import Client, refused
from examples import CLAIMED, CLIENT, curl
from listening import until
from nginx import nginx
from serve_tls_test import Files
from wire import BINARY, CLOSE, PING, PONG, TEXT, Ended, Wire, frame, handshake, header

LIES = {"X-Forwarded-For": CLAIMED, "Forwarded": f"for={CLAIMED};proto=https;host=evil.example", "X-Real-IP": CLAIMED,
        "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "ftp"}

# What people also have in their nginx.conf.
LOCATIONS = """
        location /none { proxy_pass http://UPSTREAM/ws; }
        location /none11 { proxy_pass http://UPSTREAM/ws; proxy_http_version 1.1; }
        location /onlyupgrade { proxy_pass http://UPSTREAM/ws; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; }
        location /old { proxy_pass http://UPSTREAM/ws; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }
        location /always { proxy_pass http://UPSTREAM/ws; proxy_http_version 1.1; proxy_set_header Upgrade websocket; proxy_set_header Connection upgrade; }
        location /appended { proxy_pass http://UPSTREAM/ws; UPGRADE
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header Forwarded ""; }
        location /careless { proxy_pass http://UPSTREAM/ws; UPGRADE
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }
        location /chained { proxy_pass http://127.0.0.1:PLAIN/appended; UPGRADE
            proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header Forwarded ""; }
        location /untrusted { proxy_pass http://UPSTREAM/ws; UPGRADE
            proxy_bind 127.0.0.9; proxy_set_header X-Forwarded-For $remote_addr; }
"""


def run(build):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = Files(folder)
        files.issue("localhost")
        with build.example("nginx-example") as example:
            with nginx(made(folder, "tcp"), files, f"127.0.0.1:{example.port}", LOCATIONS) as front:
                through(front)
                addresses(front, example)
                without_upgrade(front)
                ordinary(front, example)
                with check("the server is gone: an open connection ends, a new one is refused with 502"):
                    with websocket(front) as open_one:
                        example.process.kill()
                        equal(open_one.closed()[0], 1006)
                    equal(refused(f"{front.wss}/ws", ssl=files.context())[0], 502)
        path = folder / "example.sock"
        with build.unix("nginx-example", path) as process:
            until(path.exists, f"{path}: {process.lines}")
            with nginx(made(folder, "unix"), files, f"unix:{path}") as front:
                with check("through a Unix socket: the client's address, and what is sent comes back"):
                    with websocket(front, source=CLIENT) as one:
                        equal(one.recv(), f"you are {CLIENT}")
                        one.send("hello")
                        equal(one.recv(), "hello")
        silence(build, files, folder)


def made(folder, name):
    (folder / name).mkdir()
    return folder / name


def websocket(front, path="/ws", **options):
    return Client(f"{front.wss}{path}", ssl=front.files.context(), **options)


def greeting(url, **options):
    with Client(url, **options) as one:
        return one.recv()


def through(front):
    with check("wss: text, binary, an empty message, a thousand small ones at once"), websocket(front) as one:
        one.recv()
        for message in ("hello", b"\0\1\2", "", "ä" * 1000):
            one.send(message)
            equal(one.recv(), message)
        for number in range(1000):
            one.send(str(number))
        equal([one.recv() for _ in range(1000)], [str(number) for number in range(1000)])
    with check("wss: 15 MiB there and back, and the connection goes on"), websocket(front) as one:
        one.recv()
        for message in (os.urandom(15 << 20), "ä" * (4 << 20)):
            one.send(message)
            equal(one.recv() == message, True)
        one.send("more")
        equal(one.recv(), "more")
    # Only the frame's header: while a client still sends, nginx drops the Close frame of a server that has ended its side.
    with check("wss: more than the server takes is closed with 1009"), wire(front) as one:
        one.send(header(BINARY, (16 << 20) + 1))
        equal(one.closed()[0], 1009)
    with check("wss: the closing handshake goes through, with code and reason"), websocket(front) as one:
        one.close(4000, "bye")
        equal(one.closed(), (4000, "bye"))
    with check("wss: a ping is answered by the server, not by nginx"), wire(front) as one:
        one.send(frame(PING, b"are you there?"))
        while (answer := one.message())[0] != PONG:
            equal(answer[0], TEXT)
        equal(answer[1], b"are you there?")
    with check("wss: frames right behind the handshake's request arrive"), Wire(front.tls, tls=front.files.context()) as one:
        one.send(handshake(f"localhost:{front.tls}", "/ws") + frame(TEXT, b"early"))
        equal(one.answer()[0], 101)
        equal(one.message()[1], b"you are 127.0.0.1")
        equal(one.message(), (TEXT, b"early"))
    with check("100 at once"):
        many = [websocket(front) for _ in range(100)]
        for number, one in enumerate(many):
            one.recv()
            one.send(str(number))
        for number, one in enumerate(many):
            equal(one.recv(), str(number))
            one.close()
    with check("a page of this site may, over nginx's port; one of another may not: 403"):
        with websocket(front, origin=front.https):
            pass
        equal(refused(f"{front.wss}/ws", ssl=front.files.context(), origin="https://elsewhere.example")[0], 403)


def wire(front, path="/ws"):
    return Wire(front.tls, tls=front.files.context()).open(path)


def addresses(front, example):
    for source in ("127.0.0.1", CLIENT):
        with check(f"the client's address arrives: {source}"), websocket(front, source=source) as one:
            equal(one.recv(), f"you are {source}")
    with check("and an IPv6 one"), Client(f"wss://[::1]:{front.tls}/ws", ssl=front.files.context(), server_hostname="localhost") as one:
        equal(one.recv(), "you are ::1")
    for name, value in (*LIES.items(), ("all of them", None)):
        with check(f"a client that claims to be somebody else, with {name}, is not believed"):
            fields = LIES if value is None else {name: value}
            with websocket(front, source=CLIENT, additional_headers=fields) as one:
                equal(one.recv(), f"you are {CLIENT}")
    with check("with X-Forwarded-Host it does not come in from a page of another site, either: 403"):
        fields = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
        equal(refused(f"{front.wss}/ws", ssl=front.files.context(), origin="https://evil.example", additional_headers=fields)[0], 403)
    for what, path in (("$proxy_add_x_forwarded_for", "/appended"), ("two proxies in a row", "/chained")):
        with check(f"{what}: the client's address, whatever it claims with X-Forwarded-For"):
            equal(greeting(f"{front.ws}{path}", source=CLIENT), f"you are {CLIENT}")
            equal(greeting(f"{front.ws}{path}", source=CLIENT, additional_headers={"X-Forwarded-For": CLAIMED}), f"you are {CLIENT}")
    with check("nor is a client's Forwarded believed that nginx passes on, beside its own X-Forwarded-For"):
        equal(greeting(f"{front.ws}/careless", source=CLIENT, additional_headers=LIES), f"you are {CLIENT}")
    with check("from an address that is not trusted, X-Forwarded-For is not believed"):
        equal(greeting(f"{front.ws}/untrusted", source=CLIENT), "you are 127.0.0.9")
    with check("nor what a client says that goes past nginx"):
        equal(greeting(f"{example.ws}/ws", source=CLIENT, additional_headers=LIES), f"you are {CLIENT}")


def without_upgrade(front):
    for what, path, status in (
        ("no upgrade fields, HTTP/1.0", "/none", 426),
        ("no upgrade fields, HTTP/1.1", "/none11", 426),
        ("Upgrade without Connection", "/onlyupgrade", 426),
        ("upgrade fields, but HTTP/1.0", "/old", 400),
    ):
        with check(f"a location with {what}: {status} with a line, at once, and nothing hangs"):
            answer = refused(f"{front.ws}{path}")
            equal(answer[0], status)
            assert 10 < len(answer[1]) < 200, answer
    with check("a location that always says upgrade, and an ordinary GET: 426, and nothing hangs"):
        equal(curl(f"{front.http}/always")[0], 426)


def ordinary(front, example):
    with check("http:// is sent to https://"):
        done = curl("-o", "/dev/null", "-D", "-", f"http://127.0.0.1:{front.redirecting}/ws")
        equal(done[0], 301)
        assert f"https://127.0.0.1:{front.tls}/ws" in done[1], done
    ca = ("--cacert", front.files.ca)
    with check("an ordinary GET of the WebSocket's path: 426"):
        equal(curl(*ca, f"{front.https}/ws")[0], 426)
    with check("/healthz and /readyz are there for the inside only"):
        for path in ("/healthz", "/readyz"):
            equal(curl(f"{example.http}{path}")[0], 200)
            equal(curl(*ca, f"{front.https}{path}")[0], 404)
    with check("over HTTP/1.1, nginx uses its connections to the server again"):
        for _ in range(20):
            equal(curl(*ca, f"{front.https}/nothing")[0], 404)


def silence(build, files, folder):
    """nginx gives up a connection that is silent for 3 seconds; the server pings each second, or never."""
    quick = "location /echo { proxy_pass http://UPSTREAM; UPGRADE\n proxy_read_timeout 3s; }"
    with build.duplex.server("--keepalive-interval", "1s") as server:
        with nginx(made(folder, "pinged"), files, f"127.0.0.1:{server.port}", quick) as front:
            with check("idle for longer than proxy_read_timeout: the server's pings keep it open"), Wire(front.plain) as one:
                one.open()
                # Each comes 1 to 2 seconds behind the last.
                for _ in range(4):
                    opcode, payload = one.message()
                    equal(opcode, PING)
                    one.send(frame(PONG, payload))
                one.send(frame(TEXT, b"still here"))
                while (answer := one.message())[0] == PING:
                    pass
                equal(answer, (TEXT, b"still here"))
    with build.duplex.server("--keepalive-interval", "0") as server:
        with nginx(made(folder, "unpinged"), files, f"127.0.0.1:{server.port}", quick) as front:
            with check("and without pings it is nginx that cuts it"), Wire(front.plain) as one:
                one.open()
                try:
                    answer = one.message()
                    equal(answer[0], CLOSE)
                except Ended:
                    pass
