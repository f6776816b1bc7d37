"""The browser client `duplex.js` in headless Chromium, through a real nginx whose configuration changes under it.

    nginx_rooms_test.py BASE_URL [--seed N] [--changes N]

nginx is set up for WebSockets, or passes no Upgrade fields on, or refuses the WebSocket's path, or buffers answers whatever they say, or refuses long
polls as well. Each configuration comes by a reload, which cuts the connections of the old one; now and then all of nginx is stopped
for a while (SIGSTOP), as a network that lets nothing through. Each line of output is one check; the last line is
'N passed, N failed'. Needs Debian's nginx-light or any other nginx.
"""

import argparse
import contextlib
import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import time

from checks import check, equal, finish
from playwright.sync_api import sync_playwright
from rooms_client import WAYS, Checker, Server, Tab

UPGRADE = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;"
REFUSED = "location = /rooms { return 403; }"
# Whatever the answer says, nginx compresses it, and holds it back until there is enough for that. Without, it lets chunks flow.
BUFFERED = "proxy_ignore_headers X-Accel-Buffering; gzip on; gzip_proxied any; gzip_min_length 0; gzip_types text/event-stream application/x-ndjson;"
#: What makes each way the best one that works. The first of streaming is nginx as it is without a line about WebSockets.
WAYS_OPEN = {
    "websocket": [UPGRADE],
    "streaming": ["", UPGRADE + REFUSED],
    "longpolling": [BUFFERED, BUFFERED + REFUSED],
    "polling": [BUFFERED + "location ~ /messages$ { if ($arg_wait) { return 502; } proxy_pass http://UPSTREAM; proxy_http_version 1.1; }"],
}
CONFIGURATION = """
USER worker_processes 1; worker_shutdown_timeout 50ms; pid FOLDER/nginx.pid; error_log FOLDER/error.log;
events {}
http {
    access_log off; client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi; uwsgi_temp_path FOLDER/uwsgi; scgi_temp_path FOLDER/scgi;
    map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
    server {
        listen 127.0.0.1:PORT;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        LINES
        location / { proxy_pass http://UPSTREAM; }
    }
}
"""


class Nginx:
    """A real one before the server at `upstream`; `set(lines)` changes its configuration."""

    def __init__(self, upstream):
        self.upstream, self.folder = upstream, pathlib.Path(tempfile.mkdtemp(prefix="nginx-rooms-"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url, self.command = f"http://127.0.0.1:{self.port}", ["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        self.write(UPGRADE)
        self.process = subprocess.Popen([*self.command, "-g", "daemon off;"], env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
        self.until(lambda: self.accepts(), "nginx listens")

    def until(self, condition, what):
        deadline = time.monotonic() + 10
        while not condition():
            assert self.process.poll() is None and time.monotonic() < deadline, f"{what}: {(self.folder / 'error.log').read_text()[-500:]}"
            time.sleep(0.01)

    def accepts(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False

    def write(self, lines):
        # As root its workers would be another user, who may not enter the folder.
        text = CONFIGURATION.replace("LINES", lines).replace("USER", "user root;" if os.geteuid() == 0 else "")
        text = text.replace("FOLDER", str(self.folder)).replace("PORT", str(self.port)).replace("UPSTREAM", self.upstream)
        (self.folder / "nginx.conf").write_text(text)

    def workers(self):
        path = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return set(map(int, path.read_text().split()))

    def set(self, lines):
        """Returns when the old workers are gone, and with them all connections."""
        old = self.workers()
        self.write(lines)
        self.process.send_signal(signal.SIGHUP)
        self.until(lambda: self.workers() - old and not self.workers() & old, "a new worker")

    @contextlib.contextmanager
    def frozen(self):
        workers = self.workers()
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        yield
        for worker in workers:
            os.kill(worker, signal.SIGCONT)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def each_configuration(nginx, tab, server):
    for way in WAYS:
        for number, lines in enumerate(WAYS_OPEN[way], 1):
            with check(f"nginx that leaves {way} ({number}): the client finds it, and reads and publishes"):
                nginx.set(lines)
                room = f"nginx-{way}-{number}-{time.time_ns() % 10**9}"
                tab.renew().start(room, {"times": {"probe": 60_000}}).until("duplex.transport === argument", way)
                server.publish(room, "by the server")
                tab.js("publish('by the page')")
                tab.until("seen.messages.length === 2")
                equal(tab.data, ["by the server", "by the page"])
                tab.rest()


def storm(nginx, tab, server, seed, wanted):
    with check(f"{wanted} changes of the way behind nginx, at random, two publishers: 0 lost, 0 doubled, 0 out of order"):
        chance, frozen = random.Random(seed), 0
        nginx.set(UPGRADE)
        with Checker(tab.renew(), server, f"nginx-storm-{time.time_ns() % 10**9}") as checker:
            while (count := checker.changes()) < wanted:
                assert time.monotonic() - checker.begun < 60 + 4 * wanted, f"only {count} changes"
                target = chance.choice([way for way in WAYS if way != tab.js("duplex.transport")])
                nginx.set(chance.choice(WAYS_OPEN[target]))
                if chance.random() < 0.1:
                    frozen += 1
                    with nginx.frozen():
                        tab.page.wait_for_timeout(chance.randint(100, 1500))
                checker.reach(target)
                tab.page.wait_for_timeout(chance.randint(0, 200))
        nginx.set(UPGRADE)
        checker.verify(f", {frozen} times frozen")
        tab.rest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changes", type=int, default=100)
    arguments = parser.parse_args()
    url = arguments.base_url.rstrip("/")
    os.environ["PATH"] += ":/usr/sbin"
    nginx = Nginx(url.removeprefix("http://"))
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
            print(f"Chromium {browser.version}, nginx in front of {url}", flush=True)
            tab, server = Tab(browser, nginx.url), Server(url, False)
            each_configuration(nginx, tab, server)
            storm(nginx, tab, server, arguments.seed, arguments.changes)
            browser.close()
    finally:
        nginx.stop()
    finish()


if __name__ == "__main__":
    main()
