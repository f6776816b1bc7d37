"""The chat page and the WebSocket API, in headless Chromium, against a running `duplex serve`.

    chat_test.py BASE_URL [--screenshot DIR]

The page is always the one the server serves: from about:blank Chromium blocks loopback. Each line of output is
one check; the last line is 'N passed, N failed'. Started by browser.sh, which sets up what this needs.
"""

import argparse
import contextlib
import os
import pathlib
import re
import socket
import threading
import time
import urllib.parse

from checks import check, equal, finish
from playwright.sync_api import expect, sync_playwright

WAIT = 10_000  # milliseconds; a slow machine may need some, a working one takes a few
expect.set_options(timeout=WAIT)


class Cable:
    """A TCP relay in front of the server: cutting it is a connection lost without a close frame (1006)."""

    def __init__(self, host, port):
        self.target, self.up, self.sockets = (host, port), True, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if not self.up:
                client.close()
                continue
            server = socket.create_connection(self.target)
            self.sockets += [client, server]
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self.relay, args=pair, daemon=True).start()

    @staticmethod
    def relay(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def cut(self):
        self.up = False
        for each in self.sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self.sockets = []

    def mend(self):
        self.up = True

    def close(self):
        self.cut()
        self.listener.close()


class Visitor:
    """One browser context, that is one person with an own localStorage, with the chat page open."""

    def __init__(self, browser, url, name=None, **options):
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(WAIT)
        self.page = self.context.new_page()
        self.problems, self.requests = [], []
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("websocket", lambda w: self.requests.append(w.url))
        if name:
            self.context.add_init_script(f"localStorage.getItem('duplex.name') ?? localStorage.setItem('duplex.name', '{name}')")
        self.response = self.page.goto(url)
        self.status = self.page.locator("#status")
        self.people = self.page.locator("#people li")
        self.log = self.page.get_by_role("log", name="Messages")
        self.box = self.page.get_by_role("textbox", name="Message", exact=True)
        self.name = self.page.get_by_role("textbox", name="Your name")

    def connected(self):
        expect(self.status).to_have_text("Connected")
        return self

    def say(self, text):
        self.box.fill(text)
        self.box.press("Enter")

    def message(self, text, own=None):
        """The messages on the page with exactly this text."""
        kind = {None: ".message", True: ".message.own", False: ".message:not(.own)"}[own]
        paragraph = self.page.locator("p").filter(has_text=re.compile(f"^{re.escape(text)}$"))
        return self.log.locator(kind).filter(has=paragraph)

    def focused(self):
        return self.page.evaluate("document.activeElement.id || document.activeElement.className || document.activeElement.localName")


def chatting(browser, url):
    """Two people, and a third who comes late."""
    # The room may already hold people and history: other visitors of a server somebody is using.
    ann = Visitor(browser, url, "Ann")
    with check("the page is served as HTML with its title"):
        equal(ann.response.status, 200)
        assert ann.response.headers["content-type"].startswith("text/html"), ann.response.headers["content-type"]
        expect(ann.page).to_have_title("Duplex chat")
    with check("it connects and says so"):
        ann.connected()
    with check("the list of people holds only oneself, marked"):
        expect(ann.people).to_have_text(["Annyou"])
    with check("a fresh visitor has a Guest name, remembered"):
        guest = Visitor(browser, url).connected()
        expect(guest.name).to_have_value(re.compile(r"^Guest-\w{4}$"))
        equal(guest.page.evaluate("localStorage.getItem('duplex.name')"), guest.name.input_value())
        guest.context.close()
        expect(ann.people).to_have_count(1)

    bob = Visitor(browser, url, "Bob").connected()
    with check("somebody joins: list, count and notice"):
        expect(ann.people).to_have_text(["Annyou", "Bob"])
        expect(bob.people).to_have_text(["Ann", "Bobyou"])
        expect(ann.page.locator("#count")).to_have_text("(2)")
        expect(ann.log.get_by_text("Bob joined", exact=True)).to_have_count(1)

    run = f"{time.time_ns() % 10**9}"  # so that texts differ from those of an earlier run in the history
    for writer, reader, way in ((ann, bob, "one way"), (bob, ann, "the other way")):
        with check(f"a message goes {way}, own ones distinguished"):
            text = f"hello {way} {run}"
            writer.say(text)
            expect(writer.message(text, own=True)).to_have_count(1)
            expect(reader.message(text, own=False)).to_have_count(1)
    with check("a message has its author and a local time"):
        heading = bob.message(f"hello one way {run}").locator("h3")
        expect(heading.locator("bdi")).to_have_text("Ann")
        stamp = heading.locator("time").get_attribute("datetime")
        shown = bob.page.evaluate("t => new Date(t).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'})", stamp)
        expect(heading.locator("time")).to_have_text(shown)
        age = bob.page.evaluate("t => Date.now() - new Date(t)", stamp)
        assert -1000 < age < 60_000, f"the message is {age} ms old"
    for text in ("😀 👩🏽‍🚀 naïve 漢字 مرحبا", "<b>x</b> &amp; <img src=x onerror=alert(1)>", 'quotes " \\ \u2028 and {"type":"left"}'):
        with check(f"shown literally: {text[:24]!r}"):
            text = f"{text} {run}"
            ann.say(text)
            for each in (ann, bob):
                expect(each.log.locator(".message p").last).to_have_js_property("textContent", text)
            equal(bob.log.locator(".message p *").count(), 0)
    with check("a hundred messages arrive in order, once each"):
        wanted = [f"{i} of 100, {run}" for i in range(100)]
        for text in wanted:
            ann.say(text)
        expect(bob.message(wanted[-1])).to_have_count(1)
        texts = bob.log.locator(".message p").all_text_contents()
        equal([t for t in texts if t.endswith(f"of 100, {run}")], wanted)
        expect(bob.message(wanted[-1])).to_be_in_viewport()
    with check("4096 bytes are sent, 4098 are held back and say so"):
        longest = f"{run:0>10}" + "é" * 2043
        ann.say(longest)
        expect(bob.message(longest)).to_have_count(1)
        ann.say(longest + "xy")
        expect(ann.page.locator("#hint")).to_have_text("Too long by 2 bytes")
        expect(ann.box).to_have_value(longest + "xy")
        ann.box.fill("")
    with check("somebody who comes late reads what was said"):
        cid = Visitor(browser, url, "Cid").connected()
        expect(cid.message(f"99 of 100, {run}")).to_have_count(1)
        expect(cid.people).to_have_count(3)
        cid.context.close()
        expect(ann.people).to_have_text(["Annyou", "Bob"])
        expect(ann.log.get_by_text("Cid left", exact=True)).to_have_count(1)

    keyboard(ann, bob, run)
    leaving(ann, bob, run)
    with check("no console message and no error on either page"):
        equal(ann.problems + bob.problems, [])
    with check("nothing is fetched from anywhere but the server"):
        host = urllib.parse.urlsplit(url).netloc
        foreign = [r for r in ann.requests + bob.requests
                   if not r.startswith("data:") and urllib.parse.urlsplit(r).netloc != host]
        equal(foreign, [])
        equal(ann.page.evaluate("[...document.querySelectorAll('a, img, link, script')].map(e => e.src || e.href)"
                                ".filter(u => u && !u.startsWith(location.origin) && !u.startsWith('data:'))"), [])
    with check("the footer names /echo"):
        expect(ann.page.get_by_role("contentinfo")).to_contain_text("/echo")
    for each in (ann, bob):
        each.context.close()


def keyboard(ann, bob, run):
    with check("the message box has the focus from the start"):
        bob.page.reload()
        bob.connected()
        equal(bob.focused(), "text")
    with check("Tab walks the page in its order, and the focus is visible"):
        bob.page.evaluate("document.activeElement.blur()")
        bob.page.locator("body").evaluate("b => { b.tabIndex = -1; b.focus(); b.removeAttribute('tabindex'); }")
        order = []
        for _ in range(6):
            bob.page.keyboard.press("Tab")
            order.append(bob.focused())
            equal(bob.page.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "solid")
        equal(order, ["skip", "toggle", "name", "log", "text", "send"])
    with check("Enter sends, Shift+Enter makes a new line"):
        bob.page.keyboard.press("Shift+Tab")
        bob.page.keyboard.type(f"first {run}")
        bob.page.keyboard.press("Shift+Enter")
        bob.page.keyboard.type("second")
        bob.page.keyboard.press("Enter")
        expect(ann.log.locator(".message p").last).to_have_js_property("textContent", f"first {run}\nsecond")
        expect(bob.box).to_have_value("")
    with check("an empty message is not sent"):
        before = ann.log.locator(".message").count()
        bob.page.keyboard.press("Enter")
        bob.page.keyboard.type(f"after nothing {run}")
        bob.page.keyboard.press("Tab")
        bob.page.keyboard.press("Enter")  # on the button this time
        expect(ann.message(f"after nothing {run}")).to_have_count(1)
        equal(ann.log.locator(".message").count(), before + 1)
    with check("a rename, typed and confirmed with Enter, reaches the others"):
        bob.name.focus()
        bob.page.keyboard.press("Control+A")
        bob.page.keyboard.type("Röb <i>")
        bob.page.keyboard.press("Enter")
        expect(ann.people).to_have_text(["Annyou", "Röb <i>"])
        expect(bob.people).to_have_text(["Ann", "Röb <i>you"])
        expect(ann.log.get_by_text("Bob is now called Röb <i>", exact=True)).to_have_count(1)
        bob.say(f"renamed {run}")
        expect(ann.message(f"renamed {run}").locator("bdi")).to_have_text("Röb <i>")
    with check("a name is cut at 64 bytes, between characters"):
        bob.name.fill("é" * 31 + "😀z")  # 62 bytes, and four more
        bob.name.press("Enter")
        expect(ann.people.last).to_have_text("é" * 31)
    with check("the name is remembered over a reload"):
        bob.name.fill("Rob")
        bob.name.press("Enter")
        expect(ann.people.last).to_have_text("Rob")
        bob.page.reload()
        bob.connected()
        expect(bob.name).to_have_value("Rob")
        expect(ann.people).to_have_text(["Annyou", "Rob"])
    with check("every control has a name for a screen reader"):
        tree = ann.page.locator("body").aria_snapshot()
        for wanted in ('textbox "Your name"', 'textbox "Message"', 'button "Send"', 'button "Disconnect"', 'log "Messages"',
                       "status", 'list "Here now (2)"', "banner", "main", "contentinfo"):
            assert wanted in tree, f"no {wanted} in the accessibility tree"


def leaving(ann, bob, run):
    with check("Disconnect shows the close code and reason, and the others see one leave"):
        bob.page.get_by_role("button", name="Disconnect").click()
        expect(bob.status).to_have_text("Closed (code 1000, “left the chat”)")
        expect(ann.people).to_have_text(["Annyou"])
        expect(ann.log.get_by_text("Rob left", exact=True)).not_to_have_count(0)
    with check("text typed while disconnected stays in the box, and is sent once connected"):
        bob.say(f"typed while away {run}")
        expect(bob.box).to_have_value(f"typed while away {run}")
        expect(bob.page.locator("#hint")).to_contain_text("Not connected")
        bob.page.get_by_role("button", name="Connect", exact=True).click()
        bob.connected()
        expect(bob.box).to_have_value(f"typed while away {run}")
        bob.box.press("Enter")
        expect(ann.message(f"typed while away {run}")).to_have_count(1)
    with check("the history does not double what was already on the page"):
        expect(bob.message(f"renamed {run}")).to_have_count(1)
        expect(bob.message(f"typed while away {run}")).to_have_count(1)


def reconnecting(browser, url):
    """The line is cut and mended; on this page Chromium's own notes about refused connections are expected."""
    parts = urllib.parse.urlsplit(url)
    cable = Cable(parts.hostname, parts.port or 80)
    ann, dan = Visitor(browser, url, "Ann").connected(), Visitor(browser, cable.url, "Dan").connected()
    run = f"{time.time_ns() % 10**9}"
    with check("a cut line: reconnecting, with code 1006 and a countdown"):
        ann.say(f"before the cut {run}")
        expect(dan.message(f"before the cut {run}")).to_have_count(1)
        dan.box.fill(f"half a sent {run}")
        cable.cut()
        expect(dan.status).to_have_text("Connection lost (code 1006). Reconnecting")
        expect(dan.page.locator("#countdown")).to_have_text(re.compile(r"^in \d+ s$"))
        expect(ann.people).to_have_text(["Annyou"])
    with check("text typed meanwhile stays in the box, also when Enter is pressed"):
        time.sleep(2)
        dan.box.press("Enter")
        expect(dan.box).to_have_value(f"half a sent {run}")
        ann.say(f"meanwhile {run}")
    with check("it comes back on its own, catches up, and says nothing twice"):
        cable.mend()
        expect(dan.status).to_have_text("Connected", timeout=35_000)
        expect(dan.message(f"meanwhile {run}")).to_have_count(1)
        expect(dan.message(f"before the cut {run}")).to_have_count(1)
        expect(ann.people).to_have_text(["Annyou", "Dan"])
        expect(dan.people).to_have_text(["Ann", "Danyou"])
        dan.box.press("Enter")
        expect(ann.message(f"half a sent {run}")).to_have_count(1)
        expect(dan.box).to_have_value("")
    with check("Retry now does not wait for the countdown"):
        cable.cut()
        expect(dan.status).to_have_text("Connection lost (code 1006). Reconnecting")
        time.sleep(3)
        cable.mend()
        dan.page.get_by_role("button", name="Retry now").click()
        expect(dan.status).to_have_text("Connected", timeout=3000)
    with check("no error of the page's own while reconnecting"):
        equal([p for p in dan.problems if "ERR_" not in p and "WebSocket " not in p], [])
    ann.context.close()
    dan.context.close()

    for random, wanted in ((1, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]), (0.5, [250, 500, 1000, 2000, 4000, 8000, 15000, 15000])):
        with check(f"the pauses double up to 30 s, times a random number: {random}"):
            context = browser.new_context()
            page = context.new_page()
            # The page's pauses are noted and made a hundred times shorter; 10 s is its handshake timeout.
            page.add_init_script(f"""Math.random = () => {random}; window.pauses = []; const real = setTimeout;
                window.setTimeout = (f, ms) => {{ if (ms !== 10000) pauses.push(Math.round(ms / 10) * 10); return real(f, ms === 10000 ? ms : ms / 100); }};""")
            page.goto(cable.url)
            expect(page.locator("#status")).to_have_text("Connected")
            expect(page.locator("#people li")).to_have_count(1)
            page.evaluate("pauses.length = 0")
            cable.cut()
            for _ in range(50):  # not wait_for_function: it would need the eval that the page's policy forbids
                page.wait_for_timeout(100)
                if page.evaluate("pauses.length") >= len(wanted):
                    break
            equal(page.evaluate(f"pauses.slice(0, {len(wanted)})"), wanted)
        context.close()
        cable.mend()


# ---- The WebSocket API itself, from within the page ----

# Every function below gets `url` (ws://host) and returns plain data.
CONNECT = """
const open = (url, protocols) => new Promise((resolve, reject) => {
  const ws = new WebSocket(url, protocols);
  ws.binaryType = 'arraybuffer';
  ws.onopen = () => resolve(ws);
  ws.onclose = e => reject(new Error(`closed ${e.code} ${e.reason}`));
});
const next = ws => new Promise((resolve, reject) => {
  ws.onmessage = e => resolve(e.data);
  ws.onclose = e => reject(new Error(`closed ${e.code} ${e.reason}`));
});
const closed = ws => new Promise(resolve => { ws.onclose = e => resolve([e.code, e.reason, e.wasClean]); });
const echo = async (ws, data) => { const answer = next(ws); ws.send(data); return answer; };
"""


def api(browser, url):
    here = Visitor(browser, url, "Eve").connected()
    base = url.replace("http", "ws", 1)

    def run(body, **arguments):
        return here.page.evaluate(f"async ({{base, ...a}}) => {{ {CONNECT} {body} }}", {"base": base, **arguments})

    for name, text in {"text": "hello", "empty text": "", "unicode": "κόσμε 😀 漢字 \u0000 \u2028", "126 bytes": "x" * 126,
                       "65536 bytes": "y" * 65536, "1 MiB of emoji": "😀" * (1 << 18)}.items():
        with check(f"/echo: {name}"):
            equal(run("const ws = await open(base + '/echo'); const d = await echo(ws, a.text); ws.close(1000); return d;", text=text), text)
    with check("/echo: binary as arraybuffer"):
        equal(run("""const ws = await open(base + '/echo'); const d = await echo(ws, new Uint8Array([0, 1, 128, 255]));
            return [d instanceof ArrayBuffer, ...new Uint8Array(d)];"""), [True, 0, 1, 128, 255])
    with check("/echo: binary as blob, both ways"):
        equal(run("""const ws = await open(base + '/echo'); ws.binaryType = 'blob'; const d = await echo(ws, new Blob(['bl', 'ob']));
            return [d instanceof Blob, d.size, await d.text()];"""), [True, 4, "blob"])
    with check("/echo: empty binary"):
        equal(run("const ws = await open(base + '/echo'); return (await echo(ws, new ArrayBuffer(0))).byteLength;"), 0)
    with check("/echo: 1 MiB of binary, every byte; bufferedAmount is a number and falls to 0"):
        equal(run("""const ws = await open(base + '/echo');
            const sent = Uint8Array.from({length: 1 << 20}, (_, i) => (i * 2654435761) >>> 24);
            const answer = next(ws); ws.send(sent); const during = ws.bufferedAmount;
            const got = new Uint8Array(await answer);
            return [typeof during, during >= 0, ws.bufferedAmount, got.length, got.every((b, i) => b === sent[i])];"""),
              ["number", True, 0, 1 << 20, True])
    with check("/echo: 1000 messages at once, in order"):
        equal(run("""const ws = await open(base + '/echo'); const got = [];
            const done = new Promise(resolve => { ws.onmessage = e => { got.push(+e.data); if (got.length === 1000) resolve(); }; });
            for (let i = 0; i < 1000; i++) ws.send(String(i));
            await done; return got.every((n, i) => n === i);"""), True)
    with check("/echo: twenty connections side by side"):
        equal(run("""return Promise.all(Array.from({length: 20}, async (_, i) => {
            const ws = await open(base + '/echo'); const d = await echo(ws, `n${i}`); ws.close(); return d; }));"""),
              [f"n{i}" for i in range(20)])
    with check("readyState goes through 0, 1, 2, 3; url and extensions are strings"):
        equal(run("""const ws = new WebSocket(base + '/echo'); const states = [ws.readyState];
            await new Promise(r => ws.onopen = r); states.push(ws.readyState);
            const end = closed(ws); ws.close(); states.push(ws.readyState); await end; states.push(ws.readyState);
            return [states, ws.url === base + '/echo', typeof ws.extensions];"""), [[0, 1, 2, 3], True, "string"])
    with check("close(3001, 'bye') is clean, code and reason echoed"):
        equal(run("const ws = await open(base + '/echo'); const end = closed(ws); ws.close(3001, 'bye'); return end;"), [3001, "bye", True])
    with check("close() without a code is clean, 1005"):
        equal(run("const ws = await open(base + '/echo'); const end = closed(ws); ws.close(); return end;"), [1005, "", True])
    with check("close(1000, emoji) right after a send is clean"):  # the echo itself is not delivered once closing
        equal(run("""const ws = await open(base + '/echo'); const end = closed(ws);
            ws.send('last words'); ws.close(1000, '🙂'); return end;"""), [1000, "🙂", True])
    with check("/chat: the protocol is 'chat.v1', also when it is the second choice"):
        equal(run("""const one = await open(base + '/chat', ['chat.v1']), two = await open(base + '/chat', ['other', 'chat.v1']);
            return [one.protocol, two.protocol];"""), ["chat.v1", "chat.v1"])
    with check("/echo: no protocol asked for, none answered"):
        equal(run("return (await open(base + '/echo')).protocol;"), "")
    with check("no console message so far"):
        equal(here.problems, [])
    with check("a path that does not exist: error, then close 1006"):
        equal(run("""const ws = new WebSocket(base + '/no/such/path'); const seen = [];
            return new Promise(r => { ws.onopen = () => seen.push('open'); ws.onerror = () => seen.push('error');
              ws.onclose = e => r([...seen, 'close', e.code, e.wasClean]); });"""), ["error", "close", 1006, False])
    here.context.close()


def phone(browser, url):
    # 360 x 640 is a small phone; 320 px wide is what 400 % zoom leaves on a desktop (WCAG 1.4.10).
    for width in (360, 320):
        text = f"from the longest name {time.time_ns() % 10**9}"
        visitor = Visitor(browser, url, "Tom", viewport={"width": width, "height": 640}, is_mobile=True, has_touch=True, device_scale_factor=2)
        visitor.connected()
        visitor.say("a very long word " + "x" * 300)
        visitor.name.fill("W" * 64)
        visitor.name.press("Enter")
        expect(visitor.people.first).to_contain_text("W" * 64)
        visitor.say(text)
        expect(visitor.message(text)).to_have_count(1)
        with check(f"phone, {width} px: no horizontal scroll"):
            sizes = visitor.page.evaluate("[document.documentElement.scrollWidth, document.querySelector('#log').scrollWidth"
                                          " - document.querySelector('#log').clientWidth, innerWidth]")
            equal(sizes, [width, 0, width])
        with check(f"phone, {width} px: everything to write with is on the screen, and the messages have room"):
            for each in (visitor.box, visitor.page.locator("#send"), visitor.status, visitor.message(text)):
                expect(each).to_be_in_viewport(ratio=1)
            height = visitor.log.evaluate("e => e.clientHeight")
            assert height >= 240, f"the log is only {height} px high"
        with check(f"phone, {width} px: fields are 16 px, so that iOS does not zoom in"):
            equal(visitor.page.evaluate("['text', 'name'].map(i => getComputedStyle(document.getElementById(i)).fontSize)"), ["16px", "16px"])
        visitor.context.close()


def screenshots(browser, url, folder):
    """A short conversation, as three people see it."""
    folder.mkdir(parents=True, exist_ok=True)
    phone_screen = {"viewport": {"width": 360, "height": 640}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
    desktop = {"viewport": {"width": 1100, "height": 720}}
    ada = Visitor(browser, url, "Ada", **desktop, color_scheme="light").connected()
    grace = Visitor(browser, url, "Grace", **desktop, color_scheme="dark").connected()
    linus = Visitor(browser, url, "Linus", **phone_screen, color_scheme="light").connected()
    for who, text in ((ada, "Good morning. Does everybody see this?"), (grace, "Yes, at once."), (grace, "And in the dark, too."),
                      (linus, "On the phone as well. The answer to your question from yesterday is longer than one line, "
                              "so let us see how it wraps."),
                      (ada, "<b>Not bold</b>, as it should be."), (linus, "naïve, κόσμε, Привет")):
        who.say(text)
        expect(ada.message(text)).not_to_have_count(0)
    ada.box.fill("A sentence which is not fin")
    for name, who in (("desktop-light", ada), ("desktop-dark", grace), ("phone", linus)):
        who.page.screenshot(path=folder / f"{name}.png")
    grace.page.get_by_role("button", name="Disconnect").click()
    grace.say("kept while away")
    grace.page.wait_for_timeout(200)
    grace.page.screenshot(path=folder / "desktop-dark-closed.png")
    with contextlib.closing(Cable(urllib.parse.urlsplit(url).hostname, urllib.parse.urlsplit(url).port or 80)) as cable:
        ken = Visitor(browser, cable.url, "Ken", **phone_screen, color_scheme="light").connected()
        cable.cut()
        expect(ken.page.locator("#countdown")).to_have_text(re.compile(r"in [1-9]\d* s"))
        ken.page.wait_for_timeout(3000)
        ken.page.screenshot(path=folder / "phone-reconnecting.png")
        ken.context.close()
    linus.page.emulate_media(color_scheme="dark")
    linus.page.screenshot(path=folder / "phone-dark.png")
    for each in (ada, grace, linus):
        each.context.close()
    print(f"screenshots in {folder}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parser.add_argument("--screenshot", type=pathlib.Path, metavar="DIR")
    arguments = parser.parse_args()
    url = arguments.base_url.rstrip("/")
    with sync_playwright() as playwright:
        # Without its sandbox: in a container there is no user namespace for one, and it only visits our own page.
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        print(f"Chromium {browser.version} on {url}", flush=True)
        for part in (chatting, reconnecting, api, phone):
            try:
                part(browser, url)
            except Exception as error:
                with check(part.__name__):
                    raise error
            # what a part that broke off has left open would stand in the next one's list of people
            for context in browser.contexts:
                context.close()
        if arguments.screenshot:
            screenshots(browser, url, arguments.screenshot)
        browser.close()
    finish()


if __name__ == "__main__":
    main()
