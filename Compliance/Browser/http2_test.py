"""WebSockets over HTTP/2 (RFC 8441) in headless Chromium, against a server with TLS.

    http2_test.py URL LOG

The server's certificate signs itself. LOG is where the server writes its log at level debug: it says for each WebSocket over
which version of HTTP and from which address it came. Each line of output is one check; the last line is 'N passed, N failed'.
Started by browser.sh. firefox_test.py makes the same checks.
"""

import argparse
import os
import pathlib
import time

from checks import check, equal, finish
from playwright.sync_api import sync_playwright

WAIT = 60  # seconds for what would hang; all of it together takes a few
SOON = 5  # seconds: half of what a closing handshake may take

HELPERS = """
const open = (path = '/echo', protocols = []) => new Promise((resolve, reject) => {
  const ws = new WebSocket(location.origin.replace('http', 'ws') + path, protocols);
  ws.binaryType = 'arraybuffer'; ws.onopen = () => resolve(ws); ws.onerror = () => reject(new Error('no WebSocket at ' + path)); });
const message = ws => new Promise((resolve, reject) => { ws.onmessage = e => resolve(e.data);
  ws.onclose = e => reject(new Error(`closed ${e.code} ${e.reason}`)); });
const echo = (ws, data) => { const answer = message(ws); ws.send(data); return answer; };
const closed = ws => new Promise(resolve => { ws.onclose = e => resolve([e.code, e.reason, e.wasClean]); });
const same = (a, b) => a.length === b.length && a.every((byte, n) => byte === b[n]);
const binary = async (ws, bytes) => same(new Uint8Array(await echo(ws, bytes)), bytes);
const noise = size => { const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536)); return bytes; };
const words = size => 'as it was said before, '.repeat(size / 23 + 1).slice(0, size);
"""
MIB = 1 << 20
LINE = "typed, and sent over HTTP/2"


def test(page, url, log):
    """On a browser's page with goto(url), evaluate(function), and keyboard.type(text)."""

    def run(body):
        return page.evaluate(f"""() => {{ {HELPERS} return Promise.race([(async () => {{ {body} }})(),
          new Promise((_, reject) => setTimeout(() => reject(new Error('nothing within {WAIT} s')), {WAIT * 1000}))]) }}""")

    def travelled():
        """How many bytes of payloads the server has taken and sent, as they were on their way."""
        values = dict(line.rsplit(" ", 1) for line in run("return (await fetch('/metrics')).text()").splitlines() if line)
        return [float(values[f"websocket_{way}_bytes_total"]) for way in ("received", "sent")]

    def logged(event):
        """The log's lines of this event, each as its fields."""
        lines = [line for line in log.read_text().splitlines() if line.endswith(event)]
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]

    with check("the page and what belongs to it come over HTTP/2"):
        page.goto(url)
        equal(set(run("""return ['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type))
          .filter(entry => entry.name.startsWith(location.origin)).map(entry => entry.nextHopProtocol)""")), {"h2"})
    with check("the chat page: a line that is typed is shown, and the server has it"):
        run("""while (document.querySelector('#status').textContent !== 'Connected via WebSocket') await new Promise(requestAnimationFrame);
          document.querySelector('#text').focus()""")
        page.keyboard.type(LINE + "\n")
        shown, history = run("""const line = () => document.querySelector('#log .own:not(.pending) p');
          while (!line()) await new Promise(requestAnimationFrame);
          const {messages} = await (await fetch('/rooms/lobby/messages?limit=10')).json();
          return [line().textContent, messages.map(message => message.data.text)]""")
        equal(shown, LINE)
        equal(history, [LINE])
    with check("/chat: the subprotocol is agreed on, and a hello answered"):
        equal(run("""const ws = await open('/chat', ['chat.v1']), welcome = JSON.parse(await echo(ws, '{"type":"hello","name":"Late"}'));
          return [ws.protocol, welcome.type]"""), ["chat.v1", "welcome"])
    with check("20 WebSockets at once, each with text and bytes, and a code and a reason of its own at the end"):
        equal(run("""const all = await Promise.all([...Array(20)].map(() => open()));
          return Promise.all(all.map(async (ws, n) => [await echo(ws, 'message ' + n), await binary(ws, noise(n * 100)),
            ...await (ws.close(4000 + n, 'end ' + n), closed(ws))]))"""),
              [[f"message {n}", True, 4000 + n, f"end {n}", True] for n in range(20)])
    with check("the server, too, saw each of the 20 end with its code, cleanly, and at once"):
        # Firefox does not end its side of a stream that the server has ended.
        deadline = time.monotonic() + SOON
        wanted = {str(4000 + n) for n in range(20)}
        while missing := wanted - {end["code"] for end in logged("WebSocket closed") if end["clean"] == "true"}:
            assert time.monotonic() < deadline, f"not {sorted(missing)}"
            time.sleep(0.05)
    with check("compression is agreed on: 1 MiB of text there and back is less than 16 KiB each way"):
        before = travelled()
        equal(run(f"""const ws = await open(), text = words({MIB});
          return [ws.extensions.split(';')[0], await echo(ws, text) === text]"""), ["permessage-deflate", True])
        grown = [now - was for now, was in zip(travelled(), before)]
        assert all(0 < each < 16384 for each in grown), f"{grown} bytes"
    with check("1 MiB of random bytes there and back"):
        before = travelled()
        equal(run(f"return binary(await open(), noise({MIB}))"), True)
        grown = [now - was for now, was in zip(travelled(), before)]
        assert all(MIB <= each < MIB + 16384 for each in grown), f"{grown} bytes"
    with check("the server closes: 1009 for what is too long for /chat"):
        # Whether that is clean is the browser's: Firefox takes the end for the close of a connection that it still writes to,
        # over HTTP/1.1 as well.
        equal(run("const ws = await open('/chat', ['chat.v1']), end = closed(ws); ws.send(noise(70000)); return (await end)[0]"), 1009)
    with check("the server says that all came over HTTP/2, on one connection, from one port"):
        opened = logged("WebSocket opened")
        equal([len([each for each in opened if each["path"].split("?")[0] == path]) for path in ("/echo", "/chat", "/rooms")], [22, 2, 1])
        equal([{each["http"] for each in opened}, len({each["connection"] for each in opened}), len({each["peer"] for each in opened})],
              [{"2"}, 1, 1])
    with check("a path without WebSockets: error, then close 1006; the next one opens over HTTP/2 again"):
        # Not always on the same connection: Firefox uses one no more for WebSockets that has refused one.
        equal(run("""const ws = new WebSocket(location.origin.replace('http', 'ws') + '/no/such/path'), seen = [];
          ws.onopen = () => seen.push('open'); ws.onerror = () => seen.push('error');
          const [code, , clean] = await closed(ws); return [...seen, code, clean, await echo(await open(), 'here')]"""),
              ["error", 1006, False, "here"])
        equal([(each["path"], each["status"]) for each in logged("handshake refused")], [("/no/such/path", "404")])
        equal([(each["path"], each["http"]) for each in logged("WebSocket opened")[25:]], [("/echo", "2")])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("log", type=pathlib.Path)
    arguments = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--ignore-certificate-errors"])
        print(f"Chromium {browser.version} on {arguments.url}", flush=True)
        test(browser.new_page(ignore_https_errors=True), arguments.url, arguments.log)
        browser.close()
    finish()


if __name__ == "__main__":
    main()
