"""WebSockets over HTTP/2 (RFC 8441) in headless Chromium, against a server with TLS.

    http2_test.py URL LOG

The server's certificate signs itself. LOG is where the server writes its log at level debug: it says for each WebSocket over
which version of HTTP it came. Each line of output is one check; the last line is 'N passed, N failed'. Started by browser.sh.
"""

import argparse
import os
import pathlib

from checks import check, equal, finish
from playwright.sync_api import sync_playwright

HELPERS = """
const open = () => new Promise((resolve, reject) => {
  const ws = new WebSocket(location.origin.replace('http', 'ws') + '/echo');
  ws.binaryType = 'arraybuffer'; ws.onopen = () => resolve(ws); ws.onerror = () => reject('error'); });
const echo = (ws, data) => new Promise(resolve => { ws.onmessage = e => resolve(e.data); ws.send(data); });
const closed = ws => new Promise(resolve => { ws.onclose = e => resolve([e.code, e.reason, e.wasClean]); });
"""


def test(browser, url, log):
    page = browser.new_page(ignore_https_errors=True)
    page.goto(url)

    def run(body):
        return page.evaluate(f"async () => {{ {HELPERS} {body} }}")

    with check("the page comes over HTTP/2"):
        equal(run("return performance.getEntriesByType('navigation')[0].nextHopProtocol"), "h2")
    with check("20 WebSockets at once, each with an echo"):
        equal(run("""const all = await Promise.all([...Array(20)].map(open));
          const answers = await Promise.all(all.map((ws, n) => echo(ws, 'message ' + n)));
          return answers.every((answer, n) => answer === 'message ' + n)"""), True)
    with check("1 MiB of binary data there and back"):
        equal(run("""const ws = await open(); const sent = new Uint8Array(1 << 20).map((_, n) => n % 251);
          const back = new Uint8Array(await echo(ws, sent)); return back.length === sent.length && back.every((b, n) => b === sent[n])"""), True)
    with check("the browser closes: 4000 comes back, cleanly"):
        equal(run("const ws = await open(); const end = closed(ws); ws.close(4000, 'done'); return await end"), [4000, "done", True])
    with check("they came over HTTP/2, all on one connection"):
        opened = [line for line in log.read_text().splitlines() if "WebSocket opened" in line and "path=/echo" in line]
        assert len(opened) == 22, f"{len(opened)} WebSockets"
        equal({word for line in opened for word in line.split() if word.startswith("http=")}, {"http=2"})
        equal(len({word for line in opened for word in line.split() if word.startswith("connection=")}), 1)
    page.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("log", type=pathlib.Path)
    arguments = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--ignore-certificate-errors"])
        test(browser, arguments.url, arguments.log)
        browser.close()
    finish()


if __name__ == "__main__":
    main()
