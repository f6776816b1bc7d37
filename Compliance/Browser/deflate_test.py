"""permessage-deflate in headless Chromium, against running servers.

    deflate_test.py MODE=BASE_URL...

MODE is what the server's --compression is: off, no-takeover or takeover. The page is the one that the server serves, for
from about:blank Chromium blocks loopback. Each line of output is one check; the last line is 'N passed, N failed'. Started by
browser.sh, which sets up what this needs.
"""

import argparse
import os

from chat_test import CONNECT, Visitor
from checks import check, equal, finish
from playwright.sync_api import sync_playwright

# Chromium offers "permessage-deflate; client_max_window_bits", and shows the answer.
ANSWERS = {
    "off": "",
    "no-takeover": "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    "takeover": "permessage-deflate",
}

# What the page needs besides: data, a comparison byte by byte, and an echo of each kind. A promise is rejected with the
# close code when the server fails the connection.
HELPERS = CONNECT + """
const words = size => 'as it was said before, '.repeat(size / 23 + 1).slice(0, size);
const noise = size => {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return bytes;
};
const hex = size => [...noise(size / 2 + 1)].map(b => b.toString(16).padStart(2, '0')).join('').slice(0, size);
const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
const buffered = async (ws, bytes) => { ws.binaryType = 'arraybuffer';
  const data = await echo(ws, bytes); return data instanceof ArrayBuffer && same(new Uint8Array(data), bytes); };
const blob = async (ws, bytes) => { ws.binaryType = 'blob';
  const data = await echo(ws, new Blob([bytes])); return data instanceof Blob && same(new Uint8Array(await data.arrayBuffer()), bytes); };
const text = async (ws, value) => await echo(ws, value) === value;
"""


def test(browser, mode, url):
    visitor = Visitor(browser, url, "Eve").connected()
    base = url.replace("http", "ws", 1)

    def run(body, **arguments):
        return visitor.page.evaluate(f"async ({{base, ...a}}) => {{ {HELPERS} const ws = await open(base + '/echo'); {body} }}",
                                     {"base": base, **arguments})

    with check(f"{mode}: ws.extensions is {ANSWERS[mode]!r}"):
        equal(run("return ws.extensions;"), ANSWERS[mode])
    with check(f"{mode}: the same at /chat, with the protocol"):
        equal(run("const chat = await open(base + '/chat', ['chat.v1']); return [chat.extensions, chat.protocol];"),
              [ANSWERS[mode], "chat.v1"])
    with check(f"{mode}: text"):
        equal(run("return [await text(ws, 'hello'), await text(ws, 'κόσμε 😀 漢字 \\u0000 \\u2028'), await text(ws, 'ä😀'.repeat(5000))];"), [True] * 3)
    with check(f"{mode}: empty text, empty binary as arraybuffer and as blob, between others"):
        equal(run("""const nothing = new Uint8Array(0); return [await text(ws, ''), await buffered(ws, nothing), await blob(ws, nothing),
            await text(ws, words(1000)), await text(ws, ''), await buffered(ws, nothing), await text(ws, words(1000))];"""), [True] * 7)
    for size in (1, 125, 126, 255, 256, 65535, 65536, 1 << 20):
        with check(f"{mode}: {size} bytes that compress and {size} at random, as text, arraybuffer and blob"):
            equal(run("""const plain = new TextEncoder().encode(words(a.size)), random = noise(a.size);
                return [await text(ws, words(a.size)), await text(ws, hex(a.size)), await buffered(ws, plain), await buffered(ws, random),
                  await blob(ws, plain), await blob(ws, random)];""", size=size), [True] * 6)
    with check(f"{mode}: 200 messages, each when the one before is back, that refer to one another"):
        equal(run("""for (let i = 0; i < 200; i++) { if (!await text(ws, `${i} ${words(i * 20)}`)) return i; } return 'all';"""), "all")
    with check(f"{mode}: 1000 messages at once, text and binary, in order"):
        equal(run("""ws.binaryType = 'arraybuffer'; const sent = [], wrong = [];
            for (let i = 0; i < 1000; i++) sent.push(i % 3 ? `${i} ${words(i)}` : noise(i));
            await new Promise((resolve, reject) => { let i = 0;
              ws.onclose = e => reject(new Error(`closed ${e.code} ${e.reason}`));
              ws.onmessage = e => { const was = sent[i];
                if (typeof was === 'string' ? e.data !== was : !same(new Uint8Array(e.data), was)) wrong.push(i);
                if (++i === sent.length) resolve(); };
              for (const each of sent) ws.send(each); });
            return wrong;"""), [])
    with check(f"{mode}: twenty connections side by side"):
        equal(run("""return (await Promise.all(Array.from({length: 20}, async (_, i) => { const own = await open(base + '/echo');
            for (let turn = 0; turn < 20; turn++) { if (!await text(own, `${i} ${turn} ${words(i * turn * 10)}`)) return false; }
            own.close(); return true; }))).every(Boolean);"""), True)
    with check(f"{mode}: close(3001, 'bye') after a compressed message is clean"):
        equal(run("await text(ws, words(5000)); const end = closed(ws); ws.close(3001, 'bye'); return end;"), [3001, "bye", True])
    with check(f"{mode}: no console message and no error"):
        equal(visitor.problems, [])
    visitor.context.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("servers", nargs="+", metavar="MODE=BASE_URL")
    servers = [server.split("=", 1) for server in parser.parse_args().servers]
    with sync_playwright() as playwright:
        # Without its sandbox: in a container there is no user namespace for one, and it only visits our own page.
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        print(f"Chromium {browser.version}", flush=True)
        for mode, url in servers:
            try:
                test(browser, mode, url.rstrip("/"))
            except Exception as error:
                with check(f"{mode}, to its end"):
                    raise error
        browser.close()
    finish()


if __name__ == "__main__":
    main()
