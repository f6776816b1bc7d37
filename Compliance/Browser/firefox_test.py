"""WebSockets over HTTP/2 (RFC 8441) in headless Firefox, against a server with TLS: the checks of http2_test.py.

    firefox_test.py URL LOG

Firefox is as Debian has it: it is driven by WebDriver BiDi, which needs nothing beside it, and not by playwright, which wants a
Firefox of its own. Its settings are the default ones. Started by browser.sh.
"""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time

import http2_test
from checks import finish
from websockets.sync.client import connect

WAIT = 90  # seconds for what would hang; longer than a check's own time


class Page:
    """Firefox's first tab, with what http2_test needs of a playwright page."""

    def __init__(self, address):
        self.socket = connect(address, max_size=None, compression=None, proxy=None)
        self.commands = 0
        session = self.command("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self.version = session["capabilities"]["browserVersion"]
        self.tab = self.command("browsingContext.getTree")["contexts"][0]["context"]
        self.keyboard = self

    def command(self, method, **parameters):
        self.commands += 1
        self.socket.send(json.dumps({"id": self.commands, "method": method, "params": parameters}))
        deadline = time.monotonic() + WAIT
        while True:  # until its own answer: those of commands that were given up, and events, are passed over
            answer = json.loads(self.socket.recv(timeout=max(0, deadline - time.monotonic())))
            if answer.get("id") == self.commands:
                break
        if answer["type"] != "success":
            raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]

    def goto(self, url):
        self.command("browsingContext.navigate", context=self.tab, url=url, wait="complete")

    def evaluate(self, function):
        answer = self.command("script.evaluate", target={"context": self.tab}, awaitPromise=True,
                              expression=f"({function})().then(value => JSON.stringify(value ?? null))")
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def type(self, text):
        keys = text.replace("\n", "\ue007")  # WebDriver's name for Enter
        self.command("input.performActions", context=self.tab, actions=[{"type": "key", "id": "keyboard", "actions": [
            {"type": way, "value": key} for key in keys for way in ("keyDown", "keyUp")]}])


@contextlib.contextmanager
def firefox(executable):
    """Starts Firefox with a new profile and home; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as home:
        log, address = pathlib.Path(home, "log"), pathlib.Path(home, "WebDriverBiDiServer.json")
        with log.open("w") as output:
            process = subprocess.Popen([executable, "--headless", "--no-remote", "--profile", home, "--remote-debugging-port=0"],
                                       stdout=output, stderr=output, env={**os.environ, "HOME": home})
        try:
            deadline = time.monotonic() + WAIT
            while not (address.exists() and address.read_text().endswith("}")):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"Firefox does not start: {log.read_text()[-400:]}")
                time.sleep(0.05)
            where = json.loads(address.read_text())
            page = Page(f"ws://{where['ws_host']}:{where['ws_port']}/session")
            yield page
            page.command("browser.close")
            process.wait(WAIT)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("log", type=pathlib.Path)
    arguments = parser.parse_args()
    with firefox(os.environ.get("FIREFOX", "/usr/bin/firefox-esr")) as page:
        print(f"Firefox {page.version} on {arguments.url}", flush=True)
        http2_test.test(page, arguments.url, arguments.log)
    finish()


if __name__ == "__main__":
    main()
