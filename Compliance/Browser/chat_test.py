"""The chat page and the WebSocket API, in headless Chromium, against a running `duplex serve`.

    chat_test.py BASE_URL [--screenshot DIR]

The page is always the one the server serves: from about:blank Chromium blocks loopback. Each line of output is
one check; the last line is 'N passed, N failed'. Started by browser.sh, which sets up what this needs. ONLY="rooms phone" in the
environment: only these parts. docs/images/chat.png is DIR/chat.png, on a server of its own.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import socket
import threading
import time
import urllib.parse

from checks import check, equal, finish
from looks import low_contrasts, too_wide
from playwright.sync_api import expect, sync_playwright

WAIT = 10_000  # milliseconds; a slow machine may need some, a working one takes a few
GONE = 20_000  # a member leaves ten seconds after its last connection
OPEN = "Connected via WebSocket"
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

    def __init__(self, browser, url, name=None, room=None, route=None, **options):
        self.context = browser.new_context(**{"locale": "en-US", **options})
        self.context.set_default_timeout(WAIT)
        self.page = self.context.new_page()
        self.problems, self.requests, self.sent = [], [], []
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("websocket", self.socket)
        if name:
            self.context.add_init_script(f"localStorage.getItem('duplex.name') ?? localStorage.setItem('duplex.name', '{name}')")
        if route:
            route(self.page)
        self.response = self.page.goto(f"{url}/#room={room}" if room else url)
        self.status = self.page.locator("#status")
        self.people = self.page.locator("#people li")
        self.log = self.page.get_by_role("log", name="Messages")
        self.box = self.page.get_by_role("textbox", name="Message", exact=True)
        self.name = self.page.get_by_role("textbox", name="Your name")
        self.rooms = self.page.get_by_role("list", name="Rooms", exact=True).get_by_role("listitem")
        self.typing = self.page.locator("#typing")

    def socket(self, socket):
        """Notes the address, and what the page says there, with the time."""
        self.requests.append(socket.url)
        if "/rooms?" in socket.url:
            socket.on("framesent", lambda text: self.sent.append((time.monotonic(), json.loads(text))))

    def connected(self):
        expect(self.status).to_have_text(OPEN)
        return self

    def say(self, text):
        self.box.fill(text)
        self.box.press("Enter")

    def message(self, text, own=None):
        """The messages on the page with exactly this text."""
        kind = {None: ".message", True: ".message.own", False: ".message:not(.own)"}[own]
        paragraph = self.page.locator("p").filter(has_text=re.compile(f"^{re.escape(text)}$"))
        return self.log.locator(kind).filter(has=paragraph)

    def stored(self, text):
        """The same, but not what is on its way."""
        return self.message(text).and_(self.page.locator(":not(.pending)"))

    def notice(self, text):
        return self.log.locator(".notice").filter(has_text=loose(text))

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def focused(self):
        return self.page.evaluate("document.activeElement.id || document.activeElement.className || document.activeElement.textContent")


def loose(text):
    """The text, with its names isolated or not."""
    return re.compile("^" + "".join(f"[\u2068\u2069]?{re.escape(each)}" for each in text) + "[\u2068\u2069]?$")


def unique():
    """So that texts and rooms differ from those of an earlier run on the same server."""
    return f"{time.time_ns() % 10**9}"


def chatting(browser, url):
    """Two people, and a third who comes late."""
    run = unique()
    room = f"room {run}"
    ann = Visitor(browser, url, "Ann")
    with check("the page is served as HTML; without a room in the address it is the lobby"):
        equal(ann.response.status, 200)
        assert ann.response.headers["content-type"].startswith("text/html"), ann.response.headers["content-type"]
        expect(ann.page).to_have_title("lobby · Duplex chat")
        expect(ann.page).to_have_url(f"{url}/#room=lobby")
    with check("it connects and says so, and which way"):
        ann.connected()
    with check("another room opens by its name"):
        ann.page.get_by_role("textbox", name="Open another room").fill(f" #{room} ")
        ann.button("Open").click()
        expect(ann.page.get_by_role("heading", name=room)).to_be_visible()
        expect(ann.page).to_have_url(f"{url}/#room=room%20{run}")
        equal(ann.focused(), "text")
    with check("the list of people holds only oneself, marked"):
        expect(ann.people).to_have_text(["Annyou"])
    with check("a fresh visitor has a Guest name, remembered"):
        guest = Visitor(browser, url, room=room).connected()
        expect(guest.name).to_have_value(re.compile(r"^Guest-\w{4}$"))
        name = guest.name.input_value()
        equal(guest.page.evaluate("localStorage.getItem('duplex.name')"), name)
        expect(ann.people).to_have_text(["Annyou", name])
        guest.context.close()
        expect(ann.people).to_have_count(1, timeout=GONE)
        expect(ann.notice(f"{name} left")).to_have_count(1)

    bob = Visitor(browser, url, "Bob", room).connected()
    with check("somebody joins: list, count and notice"):
        expect(ann.people).to_have_text(["Annyou", "Bob"])
        expect(bob.people).to_have_text(["Bobyou", "Ann"])
        expect(ann.page.locator("#count")).to_have_text("(2)")
        expect(ann.notice("Bob joined")).to_have_count(1)
        expect(bob.log.locator(".notice")).to_have_count(0)

    for writer, reader, way in ((ann, bob, "one way"), (bob, ann, "the other way")):
        with check(f"a message goes {way}, own ones distinguished, and shown once"):
            text = f"hello {way} {run}"
            writer.say(text)
            expect(writer.stored(text)).to_have_count(1)
            expect(writer.message(text, own=True)).to_have_count(1)
            expect(reader.message(text, own=False)).to_have_count(1)
    with check("a message has its author and a local time"):
        heading = bob.message(f"hello one way {run}").locator("h3")
        expect(heading.locator("bdi")).to_have_text("Ann")
        stamp = heading.locator("time").get_attribute("datetime")
        shown = bob.page.evaluate("t => new Date(t).toLocaleTimeString('en-US', {hour: '2-digit', minute: '2-digit'})", stamp)
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
        expect(ann.stored(wanted[-1])).to_have_count(1)
        for each in (ann, bob):
            texts = each.log.locator(".message p").all_text_contents()
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
    with check("what others say is cut to the same length, and what is no chat is not shown"):
        before = bob.log.locator(".message").count()
        for data in ({"text": "long " + "y" * 5000, "name": "Z" * 100}, {"goal": 1}, ["text"], {"text": 7}, None, {"text": f"unnamed {run}", "name": {}}):
            ann.context.request.post(f"{url}/rooms/{urllib.parse.quote(room)}/messages?as=stranger", data={"data": data})
        expect(bob.message(f"unnamed {run}").locator("bdi")).to_have_text("stranger")
        equal(bob.log.locator(".message").count(), before + 2)
        long = bob.log.locator(".message").nth(-2)
        expect(long.locator("p")).to_have_text("long " + "y" * 4091 + "…")
        expect(long.locator("bdi")).to_have_text("Z" * 64)
    with check("what is sent twice by its author is shown once"):
        for _ in range(2):
            ann.context.request.post(f"{url}/rooms/{urllib.parse.quote(room)}/messages?as=ann2",
                                     data={"data": {"text": f"twice {run}", "name": "Ann", "id": "same"}})
        ann.say(f"behind it {run}")
        expect(bob.message(f"behind it {run}")).to_have_count(1)
        expect(bob.message(f"twice {run}")).to_have_count(1)
    with check("somebody who comes late reads the newest 50; the name goes with each message"):
        cid = Visitor(browser, url, "Cid", room).connected()
        expect(cid.message(f"99 of 100, {run}")).to_have_count(1)
        expect(cid.message(f"99 of 100, {run}").locator("bdi")).to_have_text("Ann")
        expect(cid.people).to_have_text(["Cidyou", "Ann", "Bob"])
        expect(cid.message(f"20 of 100, {run}")).to_have_count(0)
        texts = cid.log.locator(".message p").count()
        assert 44 <= texts <= 50, f"{texts} messages"
        cid.context.close()
        expect(ann.people).to_have_text(["Annyou", "Bob"], timeout=GONE)
        expect(ann.notice("Cid left")).to_have_count(1)

    typing(ann, bob)
    keyboard(ann, bob, room, run)
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


def typing(ann, bob):
    with check("who types is seen to, and no more after sending, or emptying the box, or a while"):
        bob.box.press_sequentially("typing")
        expect(ann.typing).to_have_text(loose("Bob is typing…"))
        expect(bob.typing).to_have_text("")
        bob.box.press("Enter")
        expect(ann.typing).to_have_text("")
        bob.box.press_sequentially("x")
        expect(ann.typing).to_have_text(loose("Bob is typing…"))
        bob.box.fill("")
        expect(ann.typing).to_have_text("")
        bob.box.press_sequentially("y")
        expect(ann.typing).to_have_text(loose("Bob is typing…"))
        expect(ann.typing).to_have_text("")
        expect(bob.box).to_have_value("y")
        bob.box.fill("")
    with check("typing does not flood: at most one change in a second"):
        bob.sent.clear()
        for _ in range(12):
            bob.box.press_sequentially("ab", delay=30)
            bob.box.fill("")
            bob.page.wait_for_timeout(200)
        bob.page.wait_for_timeout(1500)
        times = [at for at, said in bob.sent if said["type"] == "info"]
        equal(bob.sent[-1][1]["info"], {"name": "Bob"})
        pauses = [round(b - a, 2) for a, b in zip(times, times[1:])]
        assert len(times) >= 2 and min(pauses) > 0.9, f"seconds between: {pauses}"


def keyboard(ann, bob, room, run):
    with check("the message box has the focus from the start; after a reload it is the same member in the same room"):
        notices = ann.log.locator(".notice").count()
        bob.page.reload()
        bob.connected()
        equal(bob.focused(), "text")
        expect(bob.page.get_by_role("heading", name=room)).to_be_visible()
        expect(bob.people).to_have_text(["Bobyou", "Ann"])
        expect(bob.message(f"hello one way {run}").or_(bob.message(f"99 of 100, {run}"))).to_have_count(1)
        expect(bob.message(f"behind it {run}", own=False)).to_have_count(1)
        equal(ann.log.locator(".notice").count(), notices)
    with check("Tab walks the page in its order, and the focus is visible"):
        bob.page.evaluate("document.activeElement.blur()")
        bob.page.locator("body").evaluate("b => { b.tabIndex = -1; b.focus(); b.removeAttribute('tabindex'); }")
        order = []
        while "text" not in order and len(order) < 40:
            bob.page.keyboard.press("Tab")
            # a message of many lines scrolls by itself, and so it is a stop, too
            order += [] if bob.page.evaluate("document.activeElement.matches('.message p')") else [bob.focused()]
            equal(bob.page.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "solid")
        equal(order, ["skip", "mark", "Chat", "Match", "Locations", "Four ways", "toggle", "language", "name", "lobby", "swift", "help",
                      room, "roomName", "open", "leave", "log", "text"])
        bob.page.keyboard.press("Tab")
        equal(bob.focused(), "send")
    with check("the link that skips to the message box does, and stays in the room"):
        bob.page.locator(".skip").focus()
        bob.page.keyboard.press("Enter")
        expect(bob.box).to_be_focused()
        expect(bob.page).to_have_url(re.compile(r"#room=room%20"))
        expect(bob.page.get_by_role("heading", name=room)).to_be_visible()
    with check("Enter sends, Shift+Enter makes a new line"):
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
        expect(bob.people).to_have_text(["Röb <i>you", "Ann"])
        expect(ann.notice("Bob is now called Röb <i>")).to_have_count(1)
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
        for wanted in ('navigation "Pages"', 'link "Chat"', 'button "中文"', 'textbox "Your name"', 'list "Rooms"', 'link "lobby"',
                       'textbox "Open another room"', 'button "Open"', 'button "Leave room"', f'heading "{room}" [level=1]',
                       'textbox "Message"', 'button "Send"', 'button "Disconnect"', 'log "Messages"', "status", 'list "Here now (2)"',
                       "banner", "main", "contentinfo", 'complementary "You, rooms and people"'):
            assert wanted in tree, f"no {wanted} in the accessibility tree"
        equal(ann.page.evaluate("[...document.querySelectorAll('[aria-current]')].map(e => [e.textContent, e.ariaCurrent])"),
              [["Chat", "page"], [room, "true"]])


def leaving(ann, bob, run):
    with check("Disconnect says so, and the others see one leave"):
        bob.button("Disconnect").click()
        expect(bob.status).to_have_text("Disconnected")
        expect(bob.page.locator("#here")).to_contain_text("Last seen here")
        expect(ann.people).to_have_text(["Annyou"], timeout=GONE)
        expect(ann.notice("Rob left")).to_have_count(1)
    with check("text typed while disconnected stays in the box, and is sent once connected"):
        bob.say(f"typed while away {run}")
        expect(bob.box).to_have_value(f"typed while away {run}")
        expect(bob.page.locator("#hint")).to_contain_text("Not connected")
        ann.say(f"said meanwhile {run}")
        expect(ann.stored(f"said meanwhile {run}")).to_have_count(1)
        bob.button("Connect").click()
        bob.connected()
        expect(bob.box).to_have_value(f"typed while away {run}")
        bob.box.press("Enter")
        expect(ann.message(f"typed while away {run}")).to_have_count(1)
    with check("what was missed is read, and nothing is doubled that was already on the page"):
        expect(bob.stored(f"typed while away {run}")).to_have_count(1)
        for text in (f"said meanwhile {run}", f"renamed {run}", f"typed while away {run}"):
            expect(bob.message(text)).to_have_count(1)
        expect(bob.log.locator(".gap")).to_have_count(0)


def rooms(browser, url):
    """One who is in several rooms."""
    run = unique()
    here, there = f"here-{run}", f"there/{run}".replace("/", "-")
    ann, bob = Visitor(browser, url, "Ann", here).connected(), Visitor(browser, url, "Bob", here).connected()
    with check("the list of rooms has the standard ones and this one, which is marked"):
        expect(ann.rooms).to_have_text(["lobby", "swift", "help", here])
        expect(ann.page.locator("#rooms [aria-current]")).to_have_text(here)
    with check("the address leads to the room: another one, and back"):
        ann.page.evaluate(f"location.hash = 'room={there}'")
        expect(ann.page.get_by_role("heading", name=there)).to_be_visible()
        expect(ann.page).to_have_title(f"{there} · Duplex chat")
        ann.say(f"only there {run}")
        expect(ann.stored(f"only there {run}")).to_have_count(1)
        ann.page.go_back()
        expect(ann.page.get_by_role("heading", name=here)).to_be_visible()
        expect(ann.message(f"only there {run}")).to_have_count(0)
        ann.page.go_forward()
        expect(ann.message(f"only there {run}")).to_have_count(1)
    with check("messages of the other joined rooms are counted, in the list and in the title, and read in words"):
        for n in range(3):
            bob.say(f"unread {n} {run}")
        link = ann.rooms.nth(3).get_by_role("link")
        expect(link).to_have_accessible_name(f"{here} 3 new messages")
        expect(ann.page).to_have_title(f"(3) {there} · Duplex chat")
        link.click()
        expect(ann.message(f"unread 2 {run}")).to_have_count(1)
        expect(link).to_have_accessible_name(here)
        expect(ann.page).to_have_title(f"{here} · Duplex chat")
        expect(ann.box).to_be_focused()
    with check("what was begun in a room waits there"):
        ann.box.fill("begun here")
        ann.rooms.last.get_by_role("link").click()
        expect(ann.box).to_have_value("")
        ann.rooms.nth(3).get_by_role("link").click()
        expect(ann.box).to_have_value("begun here")
        ann.box.fill("")
    with check("rooms and what is unread survive a reload: the history is no news"):
        ann.page.reload()
        ann.connected()
        expect(ann.rooms).to_have_text(["lobby", "swift", "help", here, there])
        expect(ann.page.get_by_role("heading", name=here)).to_be_visible()
        expect(ann.message(f"unread 2 {run}")).to_have_count(1)
        ann.rooms.last.get_by_role("link").click()
        ann.page.reload()
        ann.connected()
        expect(ann.message(f"only there {run}")).to_have_count(1)
        ann.page.wait_for_timeout(500)  # what must not come would come soon
        expect(ann.page).to_have_title(f"{there} · Duplex chat")
        ann.rooms.nth(3).get_by_role("link").click()
        expect(ann.message(f"unread 2 {run}")).to_have_count(1)
        expect(ann.page).to_have_title(f"{here} · Duplex chat")
    with check("a room that cannot be is not opened, and says why"):
        field = ann.page.get_by_role("textbox", name="Open another room")
        for bad in ("a/b", "..", "x" * 129):
            field.fill(bad)
            ann.button("Open").click()
            equal(field.evaluate("e => [e.validity.customError, e.validationMessage]"),
                  [True, "A room’s name has at most 128 bytes, and neither / nor \\ in it"])
        field.fill("")
        expect(ann.page.get_by_role("heading", name=here)).to_be_visible()
        for bad in ("a%2Fb", "", "%00"):
            ann.page.evaluate(f"location.hash = 'room={bad}'")
            expect(ann.page).to_have_url(f"{url}/#room={here}")
    with check("a room that is left: back in the lobby, no more in the list, and the others see it"):
        ann.button("Leave room").click()
        expect(ann.page.get_by_role("heading", name="lobby")).to_be_visible()
        expect(ann.rooms).to_have_text(["lobby", "swift", "help", there])
        expect(ann.page.locator("#leave")).to_be_hidden()
        expect(bob.people).to_have_text(["Bobyou"], timeout=GONE)
        expect(bob.notice("Ann left")).to_have_count(1)
    with check("a room with a name of any letters"):
        name = f"房间 ü+&%23#{run}"
        ann.page.get_by_role("textbox", name="Open another room").fill(name)
        ann.button("Open").click()
        expect(ann.page.get_by_role("heading", name=name)).to_be_visible()
        ann.say(f"in a room of letters {run}")
        expect(ann.stored(f"in a room of letters {run}")).to_have_count(1)
        ann.page.reload()
        expect(ann.page.get_by_role("heading", name=name)).to_be_visible()
        expect(ann.message(f"in a room of letters {run}")).to_have_count(1)
    with check("a long log is read where one is: what arrives does not tear away, and says that it is there"):
        for n in range(40):
            bob.say(f"line {n} {run}")
        expect(bob.stored(f"line 39 {run}")).to_have_count(1)
        cid = Visitor(browser, url, "Cid", here).connected()
        expect(cid.message(f"line 39 {run}")).to_be_in_viewport()
        cid.log.evaluate("e => { e.scrollTop = 100; }")
        cid.page.wait_for_timeout(100)
        bob.say(f"below {run}")
        expect(cid.button("New messages ↓")).to_be_visible()
        equal(cid.log.evaluate("e => e.scrollTop"), 100)
        cid.button("New messages ↓").click()
        expect(cid.message(f"below {run}")).to_be_in_viewport()
        expect(cid.page.locator("#latest")).to_be_hidden()
        expect(cid.box).to_be_focused()
        cid.context.close()
    with check("the page keeps 500 messages of a room"):
        for n in range(5):
            bob.page.evaluate(f"""async () => {{
                for (let n = 0; n < 100; n++) await fetch('/rooms/{here}/messages?as=many{n}',
                  {{method: 'POST', headers: {{'Content-Type': 'application/json'}}, body: JSON.stringify({{data: {{text: 'many'}}}})}});
            }}""")
        bob.say(f"the last of them {run}")
        expect(bob.stored(f"the last of them {run}")).to_have_count(1)
        expect(bob.page.locator("#log > :first-child > .message")).to_have_count(500)
    with check("no console message and no error in the rooms"):
        equal(ann.problems + bob.problems, [])
    for each in (ann, bob):
        each.context.close()


class Hindrance:
    """Stands between the page and the server's WebSocket, and refuses or loses what is published."""

    def __init__(self):
        self.refuse, self.lose, self.socket = None, False, None

    def route(self, page):
        page.route_web_socket(re.compile(r"/rooms\?"), self.opened)

    def opened(self, socket):
        self.socket, server = socket, socket.connect_to_server()

        def from_page(text):
            said = json.loads(text)
            if said["type"] == "publish" and self.refuse:
                socket.send(json.dumps({"type": "error", "id": said["id"], "error": self.refuse}))
            else:
                server.send(text)

        def from_server(text):
            if not (self.lose and json.loads(text)["type"] in ("published", "message")):
                socket.send(text)

        socket.on_message(from_page)
        server.on_message(from_server)


def hindered(browser, url):
    """What cannot be sent is not lost; what is missing is told."""
    run = unique()
    room, hindrance = f"hindered-{run}", Hindrance()
    ann, eve = Visitor(browser, url, "Ann", room).connected(), Visitor(browser, url, "Eve", room, route=hindrance.route).connected()
    for code, words in (("rate_limited", "Not sent: too many messages in a short time"), ("message_too_big", "Not sent: too long"),
                        ("forbidden", "Not sent: you may not write here"), ("of_another_kind", "Not sent: of_another_kind")):
        with check(f"a message that is refused stays, with the reason, and can be tried again: {code}"):
            hindrance.refuse = {"code": code, "message": "you may not"}
            text = f"refused by {code} {run}"
            eve.say(text)
            row = eve.message(text)
            expect(row.locator(".fate span")).to_have_text(words)
            eve.box.fill("typed since")
            hindrance.refuse = None
            row.get_by_role("button", name="Try again").click()
            expect(ann.message(text)).to_have_count(1)
            expect(eve.stored(text)).to_have_count(1)
            expect(eve.message(text)).to_have_count(1)
            expect(eve.box).to_have_value("typed since")
            expect(eve.box).to_be_focused()
            eve.box.fill("")
    with check("or edited: it goes back to the box, before what was typed since"):
        hindrance.refuse = {"code": "forbidden", "message": "you may not"}
        eve.say(f"to be edited {run}")
        eve.box.fill("and more")
        eve.button("Edit").click()
        expect(eve.box).to_have_value(f"to be edited {run}\nand more")
        expect(eve.message(f"to be edited {run}")).to_have_count(0)
        eve.box.fill("")
        hindrance.refuse = None
    with check("a room is not left with something that is not sent"):
        hindrance.refuse = {"code": "forbidden", "message": "you may not"}
        eve.say(f"unsent {run}")
        expect(eve.message(f"unsent {run}").locator(".fate span")).to_have_text("Not sent: you may not write here")
        eve.button("Leave room").click()
        expect(eve.page.locator("#hint")).to_have_text("Something in this room is not sent yet")
        expect(eve.page.get_by_role("heading", name=room)).to_be_visible()
        hindrance.refuse = None
    with check("after a reload it is still there, and can be sent"):
        eve.page.reload()
        eve.connected()
        expect(eve.message(f"unsent {run}").locator(".fate span")).to_have_text("May not have been sent: the page was closed before the confirmation arrived")
        eve.button("Try again").click()
        expect(ann.message(f"unsent {run}")).to_have_count(1)
        expect(eve.stored(f"unsent {run}")).to_have_count(1)
    with check("a message whose answer is lost is shown as on its way; after a reload the stored one takes its place"):
        hindrance.lose = True
        eve.say(f"answer lost {run}")
        expect(ann.message(f"answer lost {run}")).to_have_count(1)
        expect(eve.message(f"answer lost {run}").locator(".fate span")).to_have_text("Sending…")
        hindrance.lose = False
        eve.page.reload()
        eve.connected()
        expect(eve.stored(f"answer lost {run}")).to_have_count(1)
        expect(eve.message(f"answer lost {run}")).to_have_count(1)
        equal(eve.page.evaluate("sessionStorage.getItem('duplex.unsent')"), "[]")
    with check("what is missing is told where it is missing"):
        ann.say(f"before the gap {run}")
        expect(eve.message(f"before the gap {run}")).to_have_count(1)
        # The server no longer has what is behind: it says so, and when it is asked.
        eve.page.route(re.compile(r"/messages\?.*after="), lambda route: route.fulfill(
            json={"epoch": "another", "offset": 7, "recovered": False, "more": False, "messages": []}))
        hindrance.socket.send(json.dumps({"type": "gap", "room": room, "epoch": "another", "offset": 7}))
        expect(eve.log.locator(".gap")).to_have_text("Some messages may be missing here")
        hindrance.socket.send(json.dumps({"type": "message", "room": room, "epoch": "another", "offset": 8, "time": 1_000_000_000_000,
                                          "from": "x", "data": {"text": f"behind it {run}"}}))
        expect(eve.message(f"behind it {run}").locator("time")).to_have_text("Sep 9, 01:46 AM" if time.tzname[0] == "UTC" else re.compile(","))
        equal(eve.log.evaluate("e => [...e.querySelectorAll('.gap, .message')].slice(-3).map(e => e.lastElementChild?.textContent ?? e.textContent)"),
              [f"before the gap {run}", "Some messages may be missing here", f"behind it {run}"])
    with check("a room that refuses one says why, once"):
        for _ in range(2):
            hindrance.socket.send(json.dumps({"type": "error", "id": 1, "error": {"code": "room_full", "message": "no place"}}))
        hindrance.socket.close(code=1011)
        eve.page.unroute_all()
        eve.connected()
    with check("no error of the page's own while hindered"):
        equal([p for p in eve.problems + ann.problems if "WebSocket " not in p], [])
    for each in (ann, eve):
        each.context.close()


def reconnecting(browser, url):
    """The line is cut and mended; on this page Chromium's own notes about refused connections are expected."""
    parts = urllib.parse.urlsplit(url)
    cable = Cable(parts.hostname, parts.port or 80)
    run = unique()
    room = f"reconnecting-{run}"
    ann, dan = Visitor(browser, url, "Ann", room).connected(), Visitor(browser, cable.url, "Dan", room).connected()
    with check("a cut line: it says so, with a countdown, and who was there"):
        ann.say(f"before the cut {run}")
        expect(dan.message(f"before the cut {run}")).to_have_count(1)
        dan.box.fill(f"half a sent {run}")
        cable.cut()
        expect(dan.status).to_have_text("Offline.")
        expect(dan.page.locator("#countdown")).to_have_text(re.compile(r"^Next try in \d+ s$"))
        expect(dan.page.locator("#here")).to_contain_text("Last seen here")
        expect(dan.page.locator("#hint")).to_contain_text("what you send now waits")
    with check("neither the status nor the hint is read again with each try"):
        dan.page.evaluate("""() => { window.spoken = 0; for (const node of document.querySelectorAll('#status, #hint'))
            new MutationObserver(() => { spoken++; }).observe(node, {childList: true, characterData: true, subtree: true}); }""")
        expect(ann.people).to_have_text(["Annyou"], timeout=GONE)  # ten seconds, in which it has tried several times
        equal(dan.page.evaluate("spoken"), 0)
    with check("what is sent meanwhile is shown as not sent yet"):
        dan.box.press("Enter")
        dan.say(f"and another {run}")
        for text in (f"half a sent {run}", f"and another {run}"):
            expect(dan.message(text).locator(".fate")).to_have_text("Not sent yet")
        expect(dan.box).to_have_value("")
        ann.say(f"meanwhile {run}")
    with check("it comes back on its own, catches up, sends what waited in its order, and says nothing twice"):
        cable.mend()
        expect(dan.status).to_have_text(re.compile("^Connected via "), timeout=35_000)
        for text in (f"before the cut {run}", f"meanwhile {run}", f"half a sent {run}", f"and another {run}"):
            for each in (ann, dan):
                expect(each.stored(text)).to_have_count(1)
                expect(each.message(text)).to_have_count(1)
        texts = ann.log.locator(".message p").all_text_contents()
        equal(texts[-3:], [f"meanwhile {run}", f"half a sent {run}", f"and another {run}"])
        equal(dan.log.locator(".message p").all_text_contents(), texts)
        expect(ann.people).to_have_text(["Annyou", "Dan"])
        expect(dan.people).to_have_text(["Danyou", "Ann"])
        expect(dan.log.locator(".gap")).to_have_count(0)
    with check("Connect now does not wait for the countdown"):
        cable.cut()
        expect(dan.status).to_have_text("Offline.")
        time.sleep(3)
        cable.mend()
        # It may have come back by itself just now.
        if not dan.status.text_content().startswith("Connected"):
            dan.button("Connect now").click()
        expect(dan.status).to_have_text(re.compile("^Connected via "), timeout=3000)
    with check("no error of the page's own while reconnecting"):
        equal([p for p in dan.problems if "ERR_" not in p and "WebSocket " not in p], [])
    ann.context.close()
    dan.context.close()

    for random, wanted in ((1, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]), (0.5, [250, 500, 1000, 2000, 4000, 8000, 15000, 15000])):
        with check(f"the pauses double up to 30 s, times a random number: {random}"):
            context = browser.new_context()
            page = context.new_page()
            # The pauses are noted and made a hundred times shorter; what is left as it is are the limits of a try.
            page.add_init_script(f"""Math.random = () => {random}; window.pauses = []; const real = setTimeout, limits = [3000, 10000, 25000];
                window.setTimeout = (f, ms) => {{ if (limits.includes(ms)) return real(f, ms); pauses.push(Math.round(ms / 10) * 10); return real(f, ms / 100); }};""")
            page.goto(f"{cable.url}/#room={room}")
            expect(page.locator("#status")).to_have_text(OPEN)
            expect(page.locator("#people li")).to_have_count(1, timeout=GONE)
            page.wait_for_timeout(100)
            page.evaluate("pauses.length = 0")
            cable.cut()
            for _ in range(50):  # not wait_for_function: it would need the eval that the page's policy forbids
                page.wait_for_timeout(100)
                if page.evaluate("pauses.length") >= len(wanted):
                    break
            equal(page.evaluate(f"pauses.slice(0, {len(wanted)})"), wanted)
        context.close()
        cable.mend()
    with check("without WebSockets it says which way it goes instead, and chats all the same"):
        ann = Visitor(browser, url, "Ann", room).connected()
        old = Visitor(browser, url, "Old", room, route=lambda page: page.route_web_socket(re.compile(r"/rooms\?"), lambda socket: socket.close(code=1011)))
        expect(old.status).to_have_text("Connected via HTTP streaming")
        old.say(f"by other ways {run}")
        expect(ann.message(f"by other ways {run}")).to_have_count(1)
        ann.say(f"and back {run}")
        expect(old.message(f"and back {run}")).to_have_count(1)
        expect(ann.people).to_have_text(["Annyou", "Old"])
        ann.context.close()
        old.context.close()


class Server:
    """Stands where the rooms' WebSocket is, and says what it is told to."""

    def __init__(self, room):
        self.room, self.offset, self.socket, self.members, self.refuse, self.joins = room, 0, None, [], None, 0

    def route(self, page):
        page.route_web_socket(re.compile(r"/rooms\?"), self.opened)

    def opened(self, socket):
        self.socket = socket
        socket.on_message(lambda text: self.heard(json.loads(text)))
        socket.send(json.dumps({"type": "welcome", "session": "s"}))

    def heard(self, said):
        self.joins += said["type"] == "join"
        if said["type"] == "join" and self.refuse:
            self.socket.send(json.dumps({"type": "error", "id": said["id"], "error": {"code": self.refuse, "message": "no"}}))
        elif said["type"] == "join":
            self.say(type="joined", id=said["id"], epoch="e", offset=self.offset, recovered=True)
            if self.members is not None:
                self.present(self.members)
        elif said["type"] == "ping":
            self.say(type="pong")

    def say(self, **fields):
        self.socket.send(json.dumps({"room": self.room, **fields}))

    def present(self, members):
        self.members = members
        self.say(type="presence", count=len(members), members=members)

    def member(self, change, id, **info):
        self.say(type="member", change=change, member={"id": id, "info": {"name": id.title(), **info}})

    def message(self, data, sender="eve", age=0):
        self.offset += 1
        self.say(type="message", epoch="e", offset=self.offset, time=time.time() * 1000 - age, **{"from": sender}, data=data)


def person(id, name=None):
    return {"id": id, "info": {"name": name or id.title()}}


def strangers(browser, url):
    """What others do cannot hide what was said, nor stop the page, nor pass for something else."""
    room = f"strangers-{unique()}"
    server = Server(room)
    server.members = None
    ann = Visitor(browser, url, "Ann", room, route=server.route).connected()
    entries = ann.page.locator("#log > :first-child > *")
    with check("who is there from the start has not joined, also when the first is heard of before the list"):
        server.member("joined", "eve")
        ann.page.wait_for_timeout(300)  # a few pictures
        server.present([person("ann"), person("eve")])
        expect(ann.people).to_have_text(["Ann", "Eve"])
        expect(entries).to_have_count(0)
    expect(ann.page.locator("#log:not([aria-live])")).to_be_visible()
    with check("1,500 changes of a name by one are one notice, and in ten seconds another; the list has the newest name"):
        server.message({"text": "said before"})
        for n in range(1500):
            server.member("updated", "eve", name=f"Eve {n}")
        expect(ann.people).to_have_text(["Ann", "Eve 1499"])
        expect(ann.log.locator(".notice")).to_have_count(1)
        expect(ann.log.locator(".notice")).to_have_count(2, timeout=12_000)
        equal(ann.log.locator(".notice").last.text_content().split("is now called ")[1], "\u2068Eve 1499\u2069")
        expect(ann.message("said before")).to_have_count(1)
    with check("of whoever comes and goes a hundred times it is told once at most"):
        for n in range(100):
            server.member("joined", "bob")
            server.member("left", "bob")
        expect(ann.people).to_have_text(["Ann", "Eve 1499"])
        assert ann.log.locator(".notice", has_text="Bob").count() <= 1
    with check("of 600 who join at once 50 are told, and no message goes"):
        for n in range(600):
            server.member("joined", f"m{n}")
        expect(ann.notice("M599 joined")).to_have_count(1)
        expect(ann.log.locator(".notice")).to_have_count(50)
        expect(ann.message("said before")).to_have_count(1)
        server.present([person("ann"), person("eve")])
        expect(ann.people).to_have_count(2)
    with check("of 1,000 long messages at once the newest 500 are kept, and one is at the end"):
        for n in range(1000):
            server.message({"text": f"{n} " + "long " * 780, "id": f"{n}"})
        expect(ann.log.locator(".message p").last).to_have_text(re.compile("^999 "))
        expect(ann.log.locator(".message")).to_have_count(500)
        equal(ann.log.evaluate("e => e.scrollHeight - e.scrollTop - e.clientHeight < 2"), True)
        expect(ann.page.locator("#latest")).to_be_hidden()
    with check("a message of 4,000 lines scrolls by itself, by the keyboard too; a short one does neither"):
        server.message({"text": "top" + "\n" * 3990 + "end"})
        tall = ann.log.locator(".message p").last
        expect(tall).to_have_attribute("tabindex", "0")
        equal(tall.evaluate("p => [p.clientHeight <= 24 * 16, p.scrollHeight > 50000]"), [True, True])
        server.message({"text": "short"})
        expect(ann.log.locator(".message p").last).to_have_text("short")
        ann.page.wait_for_timeout(100)
        equal(ann.log.locator(".message p").last.get_attribute("tabindex"), None)
    with check("a message without anything to see is none"):
        before = ann.log.locator(".message").count()
        for text in ("", " \n ", "\u3164", "\u2800\u200b", "\u202e"):
            server.message({"text": text})
        server.message({"text": "🙂"})
        expect(ann.message("🙂")).to_have_count(1)
        equal(ann.log.locator(".message").count(), min(500, before + 1))
        sent = len(ann.sent)
        ann.say("\u2800\u3164")
        ann.page.wait_for_timeout(100)
        equal([each for _, each in ann.sent[sent:] if each["type"] == "publish"], [])
        ann.box.fill("")
    with check("a name turns nothing around; one that cannot be seen is the id instead"):
        server.present([person("ann"), person("eve"), person("rtl", "\u202eEvil\u2066 א"), person("nobody", "\u3164"), person("blank", "\u200b\u2069")])
        expect(ann.people).to_have_text(["Ann", "blank", "Eve", "Evil א", "nobody"])
        expect(ann.log.locator(".notice", has_text="Evil")).to_have_js_property("textContent", "\u2068Evil א\u2069 joined")
        server.message({"text": "who is it", "name": "\u3164\u202e"}, sender="nobody")
        expect(ann.message("who is it").locator("bdi")).to_have_text("nobody")
    with check("an id of 65 characters is none: what has it twice is shown twice"):
        for _ in range(2):
            server.message({"text": "long id", "id": "x" * 65})
        expect(ann.message("long id")).to_have_count(2)
    with check("whoever types does not build the list of people anew"):
        ann.page.evaluate("""() => { window.built = 0; new MutationObserver(() => { built++; }).observe(document.querySelector('#people'), {childList: true}); }""")
        server.member("updated", "eve", typing=True)
        expect(ann.typing).to_have_text(loose("Eve is typing…"))
        server.member("updated", "eve")
        expect(ann.typing).to_have_text("")
        equal(ann.page.evaluate("built"), 0)
    with check("history that comes late is no news"):
        ann.page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
        server.message({"text": "old"}, age=600_000)
        expect(ann.message("old")).to_have_count(1)
        ann.page.wait_for_timeout(400)
        expect(ann.page).to_have_title(f"{room} · Duplex chat")
        server.message({"text": "new"})
        expect(ann.page).to_have_title(f"(1) {room} · Duplex chat")
        ann.page.evaluate("delete document.hidden")
    with check("Enter that ends the composition of a word does not send, in Safari neither"):
        ann.box.fill("ni")
        ann.box.evaluate("e => e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', keyCode: 229, bubbles: true, cancelable: true}))")
        expect(ann.box).to_have_value("ni")
        ann.box.fill("")
    with check("after a restart of the server, who comes back has neither left nor joined; who does not has left"):
        server.present([person("ann"), person("eve"), person("bob"), person("cid")])
        expect(ann.people).to_have_count(4)
        for each in ("Cid joined", "nobody left"):
            expect(ann.notice(each)).to_have_count(1, timeout=12_000)
        notices = ann.log.locator(".notice").all_text_contents()
        server.members = [person("ann")]
        server.socket.close(code=1012)
        expect(ann.people).to_have_count(1, timeout=35_000)
        ann.connected()
        server.member("joined", "eve")
        server.member("joined", "cid")
        expect(ann.people).to_have_count(3)
        equal(ann.log.locator(".notice").all_text_contents(), notices)
        expect(ann.notice("Bob left")).to_have_count(1, timeout=18_000)
        equal(ann.log.locator(".notice").all_text_contents(), [*notices[1:], "\u2068Bob\u2069 left"])
    with check("a room that refuses one says why, in the page's language; once for all tries, and again after it was granted"):
        server.refuse, server.joins = "room_full", 0
        # without pauses by chance: it tries again each five seconds
        eve = Visitor(browser, url, "Eve", room, route=lambda page: (page.add_init_script("Math.random = () => 0"), server.route(page)))
        full = eve.page.locator("#log .notice.error")
        expect(full).to_have_text("This room is full")
        eve.button("中文").click()
        expect(full).to_have_text("房间已满")
        eve.button("English").click()
        for _ in range(80):
            eve.page.wait_for_timeout(100)
            if server.joins > 1:
                break
        equal(server.joins, 2)
        expect(full).to_have_count(1)
        server.refuse = None
        expect(eve.people).to_have_text(["Ann"])
        server.refuse = "of_another_kind"
        server.socket.close(code=1012)
        expect(full).to_have_text(["This room is full", "The server says: of_another_kind"])
    with check("no error of the page's own among strangers"):
        equal([p for p in ann.problems + eve.problems if "WebSocket " not in p], [])
    for each in (ann, eve):
        each.context.close()


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


TEXTS = ["body", "#status", "#unverified", "#language", "#frame nav a", "#frame nav a[aria-current]", "label", "aside h2", "#rooms a", "#rooms a[aria-current]",
         "#people li", "#people small", "#title", "#log .message:not(.own) p", "#log .own p", "#log .message:not(.own) bdi", "#log .own bdi",
         "#log time", "#log .notice", "#typing", "#hint", "#send", "#toggle", "#leave", "footer", "footer code", "#text", "#text::placeholder",
         "#roomName::placeholder", ".unread", ".failed .fate", ".failed .fate button", "#log .pending p"]
SHAPES = ["#text@borderTopColor", "#name@borderTopColor", "#toggle@borderTopColor", ".dot@backgroundColor", ".mark svg@stroke", "#text@outlineColor"]


def languages(browser, url):
    """English and Chinese, light and dark."""
    run = unique()
    room = f"languages-{run}"
    with check("Chinese for a Chinese browser, in everything; names and messages stay as they are"):
        mei = Visitor(browser, url, "林小雨", room, locale="zh-TW")
        expect(mei.status).to_have_text("已连接（WebSocket）")
        equal(mei.page.evaluate("document.documentElement.lang"), "zh-CN")
        expect(mei.page).to_have_title(f"{room} · Duplex 聊天室")
        expect(mei.page.get_by_role("textbox", name="消息", exact=True)).to_have_attribute("placeholder", "输入消息")
        tree = mei.page.locator("body").aria_snapshot()
        for wanted in ('navigation "页面"', 'link "聊天室"', 'button "English"', 'textbox "你的昵称"', 'list "房间"', 'button "离开房间"',
                       'log "消息"', 'button "发送"', 'button "断开"', 'list "在线成员 (1)"'):
            assert wanted in tree, f"no {wanted} in the accessibility tree"
        words = mei.page.evaluate("document.body.innerText + document.title")
        left = [w for w in re.findall(r"[A-Za-z]{2,}", words) if w not in {"Duplex", "WebSocket", "English", "lobby", "swift", "help", "Enter", "Shift", "echo"}]
        equal([w for w in left if w not in room], [])
    with check("English for all others"):
        for locale in ("en-GB", "de-DE"):
            other = Visitor(browser, url, "Jan", room, locale=locale).connected()
            equal(other.page.evaluate("document.documentElement.lang"), "en")
            other.context.close()
    ann = Visitor(browser, url, "Ann", room).connected()
    with check("the switch says the other language, changes the page in place, what was said in it too, and is remembered"):
        ann.say(f"stays as it is {run}")
        expect(ann.stored(f"stays as it is {run}")).to_have_count(1)
        expect(mei.page.locator("#log .notice").filter(has_text=loose("Ann 加入了房间"))).to_have_count(1)
        expect(ann.page.locator("#log time").last).to_have_text(re.compile(r"^\d\d:\d\d [AP]M$"))
        ann.page.evaluate("window.mark = 1")
        ann.box.fill("begun")
        ann.button("中文").click()
        expect(ann.status).to_have_text("已连接（WebSocket）")
        expect(ann.box.or_(ann.page.locator("#text")).first).to_have_value("begun")
        expect(ann.page.locator("#people small")).to_have_text("我")
        expect(ann.page.locator("#log time").last).to_have_text(re.compile(r"^\d\d:\d\d$"))
        equal(ann.page.evaluate("[mark, document.activeElement.id, document.activeElement.lang, document.activeElement.textContent]"),
              [1, "language", "en", "English"])
        expect(ann.page.locator("#log p", has_text=f"stays as it is {run}")).to_have_count(1)
        ann.page.reload()
        expect(ann.status).to_have_text("已连接（WebSocket）")
        ann.button("English").click()
        ann.connected()
        ann.page.reload()
        ann.connected()
    with check("notices change their language, too, in rooms that are not shown"):
        mei.page.evaluate("location.hash = 'room=lobby'")
        mei.button("English").click()
        mei.page.go_back()
        expect(mei.page.locator("#log .notice").filter(has_text=loose("Ann joined"))).to_have_count(1)
    with check("the page reads without JavaScript: English, and says what it needs"):
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(url)
        expect(page.locator("noscript")).to_be_visible()
        equal(page.locator("noscript").inner_text(), "This page needs JavaScript for its WebSocket.")
        expect(page.get_by_text("No messages yet.")).to_be_visible()
        context.close()
    mei.context.close()

    hindrance = Hindrance()
    for scheme in ("light", "dark"):
        eve = Visitor(browser, url, "Eve", room, route=hindrance.route, color_scheme=scheme).connected()
        with check(f"{scheme}: all texts have 4.5 : 1 to their ground, and what shows where something is 3 : 1"):
            expect(eve.page.locator("#log:not([aria-live])")).to_be_visible()  # the history has come: what follows is news
            eve.say("own")
            expect(eve.stored("own").last).to_be_visible()
            eve.page.evaluate("location.hash = 'room=lobby'")
            expect(eve.page.get_by_role("heading", name="lobby")).to_be_visible()
            ann.say(f"for {scheme} {run}")
            expect(eve.page.locator(".unread").filter(visible=True)).to_have_count(1)
            # What is on the page now has a badge; then the rest of it.
            equal(low_contrasts(eve.page, ["#rooms li:not(:nth-child(-n+3)) .unread"]), {})
            eve.page.evaluate(f"location.hash = 'room={room}'")
            expect(eve.page.get_by_role("heading", name=room)).to_be_visible()
            ann.name.fill(f"Ann {scheme}")
            ann.name.press("Enter")
            expect(eve.log.locator(".notice").first).to_be_visible()
            hindrance.refuse = {"code": "forbidden", "message": "you may not"}
            eve.say("refused")
            expect(eve.log.locator(".failed")).to_be_visible()
            hindrance.refuse = None
            ann.box.press_sequentially("x")
            expect(eve.typing).not_to_have_text("")
            eve.box.focus()
            equal(low_contrasts(eve.page, [each for each in TEXTS if each != ".unread"], SHAPES), {})
            ann.box.fill("")
        eve.context.close()
    ann.context.close()


def phone(browser, url):
    # 360 x 640 is a small phone; 320 px wide is what 400 % zoom leaves on a desktop (WCAG 1.4.10).
    for width, locale in ((360, "en-US"), (360, "zh-CN"), (320, "en-US")):
        run = unique()
        text, room = f"from the longest name {run}", f"phone-{run}-with-a-long-name-of-a-room"
        visitor = Visitor(browser, url, "Tom", room, viewport={"width": width, "height": 640}, is_mobile=True, has_touch=True,
                          device_scale_factor=2, locale=locale)
        expect(visitor.page.locator("#connection")).to_have_attribute("data-state", "open")
        visitor.log, visitor.box, visitor.name = (visitor.page.locator(each) for each in ("#log", "#text", "#name"))
        visitor.say("a very long word " + "x" * 300)
        visitor.name.fill("W" * 64)
        visitor.name.press("Enter")
        expect(visitor.people.first).to_contain_text("W" * 64)
        visitor.say(text)
        expect(visitor.message(text)).to_have_count(1)
        what = f"phone, {width} px, {locale}"
        with check(f"{what}: no horizontal scroll"):
            sizes = visitor.page.evaluate("[document.documentElement.scrollWidth, document.querySelector('#log').scrollWidth"
                                          " - document.querySelector('#log').clientWidth, innerWidth, document.documentElement.scrollHeight]")
            equal(sizes, [width, 0, width, 640])
            equal(too_wide(visitor.page, width), [])
        with check(f"{what}: everything to write with is on the screen, and the messages have room"):
            for each in (visitor.box, visitor.page.locator("#send"), visitor.status, visitor.message(text), visitor.page.locator("#language"),
                         visitor.page.locator("#frame nav a").last, visitor.page.locator("#rooms [aria-current]")):
                expect(each).to_be_in_viewport(ratio=0.99)
            height = visitor.log.evaluate("e => e.clientHeight")
            assert height >= 240, f"the log is only {height} px high"
        with check(f"{what}: fields are 16 px, so that iOS does not zoom in"):
            equal(visitor.page.evaluate("['text', 'name', 'roomName'].map(i => getComputedStyle(document.getElementById(i)).fontSize)"), ["16px"] * 3)
        with check(f"{what}: leaving a room does not lose the focus, nor bring up the keyboard"):
            visitor.page.evaluate("location.hash = 'room=swift'")
            expect(visitor.page.locator("#title")).to_have_text("swift")
            visitor.page.locator("#leave").focus()
            visitor.page.locator("#leave").tap()
            expect(visitor.page.locator("#title")).to_have_text("lobby")
            equal(visitor.focused(), "title")
        with check(f"{what}: headings have no gap, and the buttons of a message that was not sent are 24 px high"):
            equal(visitor.page.evaluate("[...document.querySelectorAll('main h1, main h2')].map(e => e.localName)"), ["h1", "h2"])
            equal(visitor.page.evaluate("""() => { const fate = document.createElement('div'), button = document.createElement('button');
                fate.className = 'fate'; fate.append(button); document.querySelector('#log').append(fate);
                const { height } = button.getBoundingClientRect(); fate.remove(); return height >= 24; }"""), True)
        with check(f"{what}: the header waits for a connection without a scroll, too"):
            with contextlib.closing(Cable(urllib.parse.urlsplit(url).hostname, urllib.parse.urlsplit(url).port or 80)) as cable:
                other = Visitor(browser, cable.url, "Tim", room, viewport={"width": width, "height": 640}, is_mobile=True, locale=locale)
                expect(other.page.locator("#connection")).to_have_attribute("data-state", "open")
                cable.cut()
                expect(other.page.locator("#countdown")).to_have_text(re.compile(r"\d"))
                equal([other.page.evaluate("document.documentElement.scrollWidth"), too_wide(other.page, width)], [width, []])
                other.context.close()
        visitor.context.close()


def screenshots(browser, url, folder):
    """A short conversation, as three people see it. chat.png is the README's picture."""
    folder.mkdir(parents=True, exist_ok=True)
    room = "lobby"
    phone_screen = {"viewport": {"width": 360, "height": 640}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
    desktop = {"viewport": {"width": 1100, "height": 720}}
    ada = Visitor(browser, url, "Ada", room, **desktop, color_scheme="light").connected()
    grace = Visitor(browser, url, "Grace", "swift", **desktop, color_scheme="dark").connected()
    ada.page.get_by_role("link", name="swift").click()
    ada.page.get_by_role("link", name="lobby").click()
    grace.page.get_by_role("link", name="lobby").click()
    linus = Visitor(browser, url, "Linus", room, **phone_screen, color_scheme="light").connected()
    expect(ada.people).to_have_count(3)
    for who, text in ((ada, "Good morning. Does everybody see this?"), (grace, "Yes, at once."), (grace, "And in the dark, too."),
                      (linus, "On the phone as well. My train went through a tunnel just now, and what I wrote in there "
                              "was sent when it came out again."),
                      (ada, "<b>Not bold</b>, as it should be."), (linus, "naïve, κόσμε, Привет")):
        who.say(text)
        expect(ada.message(text).last).to_be_visible()
        ada.page.wait_for_timeout(300)
    ada.box.fill("A sentence which is not fin")
    ada.page.wait_for_timeout(1200)
    for name, who in (("desktop-light", ada), ("desktop-dark", grace), ("phone", linus)):
        who.page.screenshot(path=folder / f"{name}.png")
    grace.page.get_by_role("link", name="swift").click()
    grace.say("Is there anything new in 6.2?")
    grace.say("Let me know.")
    expect(ada.page.locator(".unread").filter(visible=True)).to_have_text(re.compile("^2"))
    grace.page.get_by_role("link", name="lobby").click()
    linus.box.press_sequentially("so")
    expect(ada.typing).to_have_text(loose("Linus is typing…"))
    ada.page.mouse.move(1, 1)
    ada.page.screenshot(path=folder / "chat.png")
    for who, name in ((ada, "zh-light"), (grace, "zh-dark"), (linus, "zh-phone")):
        who.button("中文").click()
        who.page.mouse.move(1, 1)
        who.page.screenshot(path=folder / f"{name}.png")
        who.button("English").click()
    with contextlib.closing(Cable(urllib.parse.urlsplit(url).hostname, urllib.parse.urlsplit(url).port or 80)) as cable:
        others = [Visitor(browser, cable.url, "Ken", room, **options, color_scheme=scheme).connected()
                  for options, scheme in ((phone_screen, "light"), (desktop, "dark"))]
        cable.cut()
        for each, name in zip(others, ("phone-waiting", "desktop-waiting")):
            expect(each.page.locator("#countdown")).to_have_text(re.compile(r"in [1-9]\d* s"))
            each.say("Written in the tunnel")
            each.page.wait_for_timeout(3000)
            each.page.screenshot(path=folder / f"{name}.png")
        for each in others:
            each.context.close()
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
        for part in [each for each in (chatting, rooms, hindered, reconnecting, strangers, api, languages, phone) if not os.environ.get("ONLY") or each.__name__ in os.environ["ONLY"]]:
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
