"""What the tests of `subscribe` and `publish` need: a way to the server that can be cut, and a room read by hand."""

import contextlib
import json
import os
import socket
import threading
import urllib.parse
import urllib.request

TIMEOUT = 30


class Cuttable:
    """A way to a server: connections to its port are passed on until they are cut."""

    def __init__(self, port):
        self.server_port, self.lock, self.open, self.count = port, threading.Lock(), set(), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.cut()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.server_port))
                except OSError:
                    near.close()
                    continue
                with self.lock:
                    self.open |= {near, far}
                    self.count += 1
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self.pass_on, args=(source, target), daemon=True).start()

    def pass_on(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        with self.lock:
            self.open -= {source, target}

    def cut(self):
        """Ends all connections; new ones are taken."""
        with self.lock:
            for one in self.open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


class Room:
    """A room of its own, asked over HTTP."""

    def __init__(self, url, name=None):
        self.name = name or f"room-{os.urandom(4).hex()}"
        self.path = f"{url.rstrip('/')}/rooms/{urllib.parse.quote(self.name, safe='')}"

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.path + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return json.load(answer)

    def publish(self, *datas):
        for data in datas:
            said = self.ask("/messages", {"data": data})
        return f"{said['epoch']}:{said['offset']}"

    def messages(self):
        return self.ask("/messages?limit=1000")["messages"]

    def datas(self):
        return [message["data"] for message in self.messages()]
