"""The settings of `duplex serve`: flags, variables and a file, what they do, and what is said about wrong ones."""

import contextlib
import json
import pathlib
import resource
import tempfile
import time
import urllib.request

from checks import check, equal
from duplex import collected
from wire import PING, TEXT, Wire, close_frame, frame, handshake

FOREIGN = "Origin: http://other.example"


def run(duplex):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "duplex.json"
        order(duplex, file)
        wrong(duplex, file)
    effects(duplex)
    open_files(duplex)


def printed(duplex, *arguments, variables=None):
    result = duplex.run("serve", *arguments, "--print-config", variables=variables)
    equal((result.status, result.err), (0, ""))
    return json.loads(result.out)


def order(duplex, file):
    with check("--print-config: every setting with its value and its source, as JSON, exit 0"):
        settings = printed(duplex)
        assert len(settings) >= 40 and all(set(entry) == {"value", "source"} for entry in settings.values()), settings
        equal({entry["source"] for entry in settings.values()}, {"default"})
        equal((settings["port"]["value"], settings["drain.window"]["value"]), (3000, "10s"))
    with check("flags before variables before a file before defaults"):
        file.write_text(json.dumps({"port": 3, "threads": 3, "tls": {"reloadInterval": "3s"}, "allowOrigin": ["http://a"]}))
        settings = printed(duplex, "--config", file, "--port", 1, variables={"DUPLEX_PORT": 2, "DUPLEX_THREADS": 2})
        equal(settings["port"], {"value": 1, "source": "--port"})
        equal(settings["threads"], {"value": 2, "source": "DUPLEX_THREADS"})
        equal(settings["tls.reloadInterval"], {"value": "3s", "source": str(file)})
        equal(settings["allowOrigin"], {"value": ["http://a"], "source": str(file)})
        equal(settings["backlog"], {"value": 4096, "source": "default"})
    with check("DUPLEX_CONFIG names the file, too; --config wins"):
        file.write_text('{"threads": 5}')
        equal(printed(duplex, variables={"DUPLEX_CONFIG": file})["threads"]["value"], 5)
        result = duplex.run("serve", "--print-config", "--config", "/nowhere", variables={"DUPLEX_CONFIG": file})
        equal(result.status, 64)
    with check("a list in a variable has commas"):
        settings = printed(duplex, variables={"DUPLEX_TRUSTED_PROXIES": "10.0.0.0/8, ::1"})
        equal(settings["trustedProxies"]["value"], ["10.0.0.0/8", "::1"])
    with check("what is printed can be the file"):
        settings = printed(duplex, "--threads", 2, "--drain-delay", "1500ms", "--unix-socket", "/x")
        file.write_text(json.dumps({key: entry["value"] for key, entry in settings.items()}))
        again = printed(duplex, "--config", file)
        equal({key: entry["value"] for key, entry in again.items()}, {key: entry["value"] for key, entry in settings.items()})
    with check("host and port from variables and a file are listened on"):
        file.write_text('{"port": 0}')
        with duplex.started("serve", "--config", file, variables={"DUPLEX_HOST": "localhost"}) as process:
            line = process.stdout.readline().decode()
            assert line.startswith("listening on http://localhost:"), line


def wrong(duplex, file):
    def told(name, *arguments, text=None, variables=None, lines=1):
        with check(f"{name}: exit 64, one line that says where and what"):
            if text is not None:
                file.write_text(text)
                arguments = (*arguments, "--config", file)
            result = duplex.run("serve", *arguments, variables=variables)
            equal((result.status, result.out, len(result.lines)), (64, "", lines))
            return result.err
        return ""

    def says(err, *words):
        with check(f"and it says {', '.join(words)}"):
            assert all(word in err for word in words), err

    # ArgumentParser adds two lines about the usage
    says(told("a wrong flag", "--idle-timeout", "10", lines=3), "idleTimeout", "--idle-timeout", "'10'", "500ms")
    says(told("a wrong variable", variables={"DUPLEX_PORT": "http"}), "port", "DUPLEX_PORT", "'http'", "0 to 65535")
    says(told("a wrong value in a file", text='{"tls": {"clientCertificates": "maybe"}}'),
         "tls.clientCertificates", str(file), "'maybe'", "none, optional, required")
    says(told("a wrong type in a file", text='{"port": true}'), "port", str(file), "whole number")
    says(told("an unknown key", text='{"tls": {"crt": "x"}}'), "tls.crt", str(file), "tls.cert")
    says(told("a file that is no JSON", text="port: 80"), str(file), "not JSON")
    says(told("a file that is not there", "--config", "/nowhere"), "/nowhere", "no such file")
    says(told("a certificate without a key", "--tls-cert", "x"), "tls.cert", "--tls-cert", "needs tls.key")
    says(told("Kubernetes' DUPLEX_PORT", variables={"DUPLEX_PORT": "tcp://10.0.0.1:80"}), "enableServiceLinks")
    with check("an unknown variable: a warning that names the nearest, and the server starts"):
        with duplex.started("serve", "--port", 0, variables={"DUPLEX_PROT": 1}) as process:
            assert process.stdout.readline().startswith(b"listening on "), "it does not listen"
            # Ended first: reading would wait for ever for a line that does not come.
            process.terminate()
            line = process.communicate()[1].decode()
            assert "warning" in line and "DUPLEX_PROT" in line and "DUPLEX_PORT" in line, line


def effects(duplex):
    with check("--max-message-size: what is larger closes with 1009, what is as large is sent back"):
        with duplex.server("--max-message-size", "1KiB") as server, Wire(server.port) as wire:
            wire.open().send(frame(TEXT, b"x" * 1024))
            equal(wire.message(), (TEXT, b"x" * 1024))
            wire.send(frame(TEXT, b"x" * 1025))
            equal(wire.closed()[0], 1009)
    with check("--scenes: on by default; off is said at /scenes.json, and nothing is played"):
        for arguments, isOn in (((), True), (("--scenes", "false"), False)):
            with duplex.server(*arguments) as server:
                equal(answered(server, "/scenes.json")["scenes"], isOn)
                answered(server, "/rooms/locations/messages")
                time.sleep(1)
                equal(bool(answered(server, "/rooms/locations/messages")["messages"]), isOn)
    with check("--allow-origin: these pages may, no others, on both paths"):
        with duplex.server("--allow-origin", "http://one.example", "--allow-origin", "http://two.example") as server:
            for path in ("/chat", "/echo"):
                for name in ("one", "two"):
                    opened(server, path, f"Origin: http://{name}.example")
                refused(server, path, FOREIGN)
                refused(server, path, f"Origin: http://127.0.0.1:{server.port}")
                opened(server, path)
    with check("--allow-origin '*': all pages may"):
        with duplex.server("--allow-origin", "*") as server:
            for path in ("/chat", "/echo"):
                opened(server, path, FOREIGN)
    with check("--keepalive-interval and --keepalive-timeout: a silent client is pinged, then cut"):
        with duplex.server("--keepalive-interval", "1s", "--keepalive-timeout", "1s") as server, Wire(server.port) as wire:
            equal(wire.open().frame()[0], PING)
            wire.ended()
    with check("--idle-timeout: a kept-alive connection is closed"):
        with duplex.server("--idle-timeout", "200ms") as server, Wire(server.port) as wire:
            wire.send(b"GET /chat.js HTTP/1.1\r\nHost: x\r\n\r\n")
            equal(wire.answer()[0], 200)
            wire.ended()
    with check("--handshake-timeout: a connection that says nothing is closed"):
        with duplex.server("--handshake-timeout", "200ms") as server, Wire(server.port) as wire:
            wire.ended()
    with check("--max-web-sockets-per-address counts clients as a trusted proxy tells them in its field, and in no other"):
        arguments = ("--trusted-proxies", "127.0.0.1", "--max-web-sockets-per-address", "1")
        with duplex.server(*arguments) as server, Wire(server.port) as first:
            first.open("/echo", "X-Forwarded-For: 192.0.2.1")
            refused(server, "/echo", "X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.9", status=429)
            refused(server, "/echo", "Forwarded: garbage", "X-Forwarded-For: 192.0.2.1", status=429)
            opened(server, "/echo", "X-Forwarded-For: 192.0.2.2")
        with duplex.server(*arguments, "--forwarded-field", "forwarded") as server, Wire(server.port) as first:
            first.open("/echo", "Forwarded: for=192.0.2.1")
            refused(server, "/echo", 'Forwarded: for=", for=192.0.2.1', "X-Forwarded-For: 192.0.2.9", status=429)
            opened(server, "/echo", "Forwarded: for=192.0.2.2")
    with check("--exempt-addresses: this machine is exempt, unless another is named"):
        arguments = ("--max-web-sockets-per-address", "1", "--max-connections-per-address", "2")
        with duplex.server(*arguments) as server, Wire(server.port) as first, Wire(server.port) as second:
            first.open(), second.open()
            opened(server, "/echo")
        with duplex.server(*arguments, "--exempt-addresses", "192.0.2.0/24") as server, Wire(server.port) as first:
            first.open()
            with Wire(server.port) as second:
                second.send(handshake(second.host))
                equal(second.answer()[0], 429)
                # Beside these two nobody is taken.
                with Wire(server.port) as third:
                    equal(third.ended(), b"")
    with check("pages over http are not of the same origin where a trusted proxy says https"):
        with duplex.server("--trusted-proxies", "127.0.0.1") as server:
            host = f"127.0.0.1:{server.port}"
            opened(server, "/chat", f"Origin: https://{host}", "X-Forwarded-Proto: https")
            refused(server, "/chat", f"Origin: http://{host}", "X-Forwarded-Proto: https")
            opened(server, "/chat", f"Origin: http://{host}"), opened(server, "/chat", f"Origin: https://{host}")
    with check("a line break in a Close reason begins no line in the log"):
        with duplex.server("--log-level", "debug") as server:
            lines, thread = collected(server.process.stderr)
            with Wire(server.port) as wire:
                wire.open().send(close_frame(1000, "bye\nforged line\r\x1b[31m"))
                equal(wire.closed()[0], 1000)
            server.signal(15)
            equal(server.process.wait(20), 0)
            thread.join()
            log = b"".join(lines).decode()
            assert "bye\\nforged line\\r\\u{1B}[31m" in log and "\nforged" not in log, log[-2000:]
    with check("--compression off in a file, --compression-level in a variable"):
        with duplex.server("--compression", "off") as server, Wire(server.port) as wire:
            wire.open("/echo", "Sec-WebSocket-Extensions: permessage-deflate")
            equal(wire.fields.get("sec-websocket-extensions"), None)
        with duplex.server(variables={"DUPLEX_COMPRESSION_WINDOW_BITS": 10}) as server, Wire(server.port) as wire:
            wire.open("/echo", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
            assert "server_max_window_bits=10" in wire.fields["sec-websocket-extensions"].replace(" ", ""), wire.fields


def opened(server, path, *fields):
    with Wire(server.port) as wire:
        wire.open(path, *fields)


def answered(server, path):
    with urllib.request.urlopen(f"http://{server.host}:{server.port}{path}", timeout=10) as answer:
        return json.load(answer)


def refused(server, path, *fields, status=403):
    with Wire(server.port) as wire:
        wire.send(handshake(wire.host, path, *fields))
        equal(wire.answer()[0], status)


def open_files(duplex):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard <= 256:
        return
    with check("the soft limit of open files is raised to the hard one"), contextlib.ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        server = stack.enter_context(duplex.server())
        limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
        line = next(line for line in limits.splitlines() if line.startswith("Max open files"))
        equal(line.split()[3], str(hard))
