"""The page /ways in headless Chromium, against a running `duplex serve`; and its counters against bytes counted on sockets.

    ways_test.py BASE_URL [PART...] [--screenshot DIR]

Each line of output is one check; the last line is 'N passed, N failed'. Started by browser.sh, which sets up what this needs.
"""

import argparse
import json
import os
import pathlib
import re
import secrets
import socket
import struct
import time
import urllib.parse
import urllib.request

from chat_test import Cable
from checks import check, equal, finish, run_parts
from looks import low_contrasts, too_wide
from playwright.sync_api import expect, sync_playwright

WAIT = 15_000  # milliseconds; a slow machine may need some
MEASURE = 60_000  # five turns take some 25 s
expect.set_options(timeout=WAIT)

WAYS = ["websocket", "streaming", "longpolling", "polling"]
ROWS = ["drawing", "messages", "requests", "up", "down", "each", "median", "worst", "cpu"]


class Visit:
    """The page, open in a browser context of its own."""

    def __init__(self, browser, url, prepare=None, **options):
        self.context = browser.new_context(**{"locale": "en-GB", **options})
        self.context.set_default_timeout(WAIT)
        self.page = self.context.new_page()
        self.problems, self.requests = [], []
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("websocket", lambda w: self.requests.append(w.url))
        if prepare:
            prepare(self.page)
        self.page.goto(url + "/ways")
        self.turn = self.page.locator("#turn")
        self.button = self.page.get_by_role("button", name="Measure CPU time again")
        self.interval = self.page.get_by_role("combobox", name="Polling asks every")

    def reading(self):
        for way in WAYS:
            expect(self.head(way).locator(".state")).to_have_text("reading")
        return self

    def head(self, way):
        return self.page.locator(f"thead [data-way={way}]")

    def data(self):
        """What is known of each way, for tests."""
        return {way: {name: int(each[name] or 0) for name in ("received", "missing", "first", "last")} for way, each in
                self.page.evaluate("Object.fromEntries([...document.querySelectorAll('thead [data-way]')].map(e => [e.dataset.way, {...e.dataset}]))").items()}

    def values(self, row):
        """A row's numbers, by way; None where there is none yet."""
        return {way: float(text) if text else None for way, text in self.page.evaluate(
            "row => Object.fromEntries([...document.querySelectorAll(`[data-row=${row}] td`)].map(e => [e.dataset.way, e.dataset.value]))", row).items()}

    def until(self, condition, what, timeout=WAIT):
        """Waits for a condition in Python: the page's policy forbids wait_for_function's eval."""
        end = time.monotonic() + timeout / 1000
        while not condition():
            assert time.monotonic() < end, f"never: {what}"
            self.page.wait_for_timeout(50)

    def asked(self, way):
        """How many requests of a way the browser has made."""
        return sum(1 for each in self.requests if re.search(rf"[?&]as=ways-[a-z0-9]+-{way}(&|$)", each))

    def measured(self):
        expect(self.turn).to_have_text("Measured.", timeout=MEASURE)
        return self


def numbers(browser, url):
    visit = Visit(browser, url).reading()
    with check("all four read, and the numbers move"):
        visit.until(lambda: min(each or 0 for each in visit.values("messages").values()) > 10, "messages of all four")
        before = visit.values("messages")
        visit.until(lambda: all(now > before[way] for way, now in visit.values("messages").items()), "more messages")
    with check("all four read the same messages"):
        # Noted with each message, while the table is of the last second.
        firsts = {each["first"] for each in visit.data().values()}
        equal(len(firsts), 1)
    with check("the requests shown are those that the browser has made"):
        # The numbers are those of the last second, in which long polling goes on asking.
        def isSame():
            shown = visit.values("requests")
            return all(shown[way] == visit.asked(way) for way in WAYS if way != "longpolling") and 0 <= visit.asked("longpolling") - shown["longpolling"] <= 25

        visit.until(isSame, "the same numbers", 3000)
    with check("the bytes shown are those that the server has counted"):
        page = next(re.search(r"ways-([a-z0-9]+)-", each)[1] for each in visit.requests if "as=ways-" in each)
        up, down = visit.values("up"), visit.values("down")
        with urllib.request.urlopen(f"{url}/ways/counters?id={page}") as answer:
            ways = json.load(answer)["ways"]
        # Nothing goes up any more in these two; and what goes down does so in messages.
        for way in ("websocket", "streaming"):
            equal(up[way], ways[way]["received"])
            assert 0 <= ways[way]["sent"] - down[way] < 25 * 250, (way, ways[way], down)
    with check("a WebSocket and a stream are one request; polling and long polling make more and more"):
        before = visit.values("requests")
        equal([before["websocket"], before["streaming"]], [1, 1])
        visit.until(lambda: visit.values("requests")["polling"] > before["polling"], "another poll")
        after = visit.values("requests")
        equal([after["websocket"], after["streaming"]], [1, 1])
        assert after["longpolling"] > before["longpolling"] + 5, (before, after)
    with check("while the CPU time is measured, only one reads at a time"):
        seen = set()

        def isDone():
            seen.add(tuple(visit.head(way).locator(".state").inner_text() for way in WAYS))
            return visit.turn.inner_text() == "Measured."

        visit.until(isDone, "the end of the turns", MEASURE)
        alone = {tuple("reading" if way == other else "resting" for other in WAYS) for way in WAYS}
        assert {("resting",) * 4} | alone <= seen, seen
    with check("the turns end with four figures"):
        values = visit.values("cpu")
        assert all(each is not None and each > 0 for each in values.values()), values
        for way in WAYS:
            cell = visit.page.locator(f"[data-row=cpu] td[data-way={way}]")
            expect(cell.locator(".number")).to_have_text(re.compile(r"^(< )*[\d.,]+ (µs|ms)$"))
            expect(cell.locator(".aside")).to_have_text(re.compile(r"^(± .*, )?of \d+ messages$"))
    with check("nothing was lost: each way has each message from its first to its last"):
        visit.reading()
        visit.until(lambda: visit.data()["polling"]["last"] > 0, "a message")
        for way, each in visit.data().items():
            equal([way, each["missing"], each["received"]], [way, 0, each["last"] - each["first"] + 1])
    with check("polling is later than a WebSocket, and its delays are of the interval"):
        visit.until(lambda: all(visit.values("median").values()), "delays")
        median, worst = visit.values("median"), visit.values("worst")
        assert median["websocket"] < median["polling"], median
        assert 400 < median["polling"] < 3000, median
        assert 1000 < worst["polling"], worst
    with check("what came in the turns is left out for all alike"):
        lags = visit.page.evaluate("""[...document.querySelectorAll('thead [data-way]')].map(head =>
            head.dataset.last - document.querySelector(`[data-row=messages] [data-way=${head.dataset.way}]`).dataset.value)""")
        equal(len(set(lags)), 1)
        assert lags[0] - visit.data()["polling"]["first"] > 300, lags  # some 20 s of them
    with check("bytes per message are the bytes divided by the messages"):
        up, down, count, each = (visit.values(row) for row in ("up", "down", "messages", "each"))
        for way in WAYS:
            assert abs(each[way] - (up[way] + down[way]) / count[way]) < 1e-6 * each[way], way
    with check("the sentence sums up numbers that are the same for all"):
        visit.until(lambda: "For the same" in visit.page.locator("#sum").inner_text(), "the sentence")
        pattern = (r"^For the same [\d,]+ messages, WebSocket made 1 request and moved [\d.,]+ k?B, with a median delay of (< )?[\d.,]+ m?s\. "
                   r"Long polling is prompt, too, but asks again after each answer: [\d,]+ requests, .*B, .*s\. "
                   r"Polling made \d+ requests? and moved .*B \(what waited together is packed together\), with a median delay of .*s: "
                   r"it is late by half of its interval on average, and the shorter the interval, the more it costs\.$")
        expect(visit.page.locator("#sum")).to_have_text(re.compile(pattern))
        said = visit.page.locator("#sum").inner_text()
        visit.until(lambda: visit.page.locator("#sum").inner_text() != said, "the next sentence")
    with check("another measurement adds to the first"):
        before = int(re.search(r"of (\d+)", visit.page.locator("[data-row=cpu] td[data-way=websocket] .aside").inner_text())[1])
        visit.button.click()
        expect(visit.turn).to_have_text("Measuring: nobody reads")
        expect(visit.button).to_have_attribute("aria-disabled", "true")
        visit.until(lambda: visit.turn.inner_text() == "Measured.", "the end of the turns", MEASURE)
        after = int(re.search(r"of (\d+)", visit.page.locator("[data-row=cpu] td[data-way=websocket] .aside").inner_text())[1])
        assert after > before + 20, (before, after)
        expect(visit.button).not_to_have_attribute("aria-disabled", "true")
    with check("another interval begins anew, and polls more often"):
        visit.interval.select_option("500")
        visit.until(lambda: visit.values("messages")["websocket"] < 60, "numbers from zero")
        equal(visit.values("requests")["websocket"], 0)
        visit.until(lambda: (visit.values("messages")["polling"] or 0) > 60, "messages by polling")
        assert visit.values("median")["polling"] < 800, visit.values("median")
        assert visit.values("requests")["polling"] >= 4, visit.values("requests")
        for way, each in visit.data().items():
            equal([way, each["missing"], each["received"]], [way, 0, each["last"] - each["first"] + 1])
    with check("no console message, and nothing from elsewhere"):
        equal(visit.problems, [])
        host = urllib.parse.urlsplit(url).netloc
        equal({urllib.parse.urlsplit(each).netloc for each in visit.requests}, {host})
    visit.context.close()


def reconnecting(browser, url):
    parts = urllib.parse.urlsplit(url)
    cable = Cable(parts.hostname, parts.port or 80)
    visit = Visit(browser, cable.url).reading()
    visit.measured().reading()
    with check("a cut line is told for each way"):
        visit.until(lambda: visit.data()["polling"]["received"] > 0, "a message")
        cable.cut()
        for way in WAYS:
            expect(visit.head(way).locator(".state")).to_have_text(re.compile("no connection|connecting…"))
    with check("a measurement says why it does not begin"):
        visit.button.click()
        expect(visit.turn).to_have_text(re.compile("^Not measured: .* is not connected"))
        expect(visit.button).not_to_have_attribute("aria-disabled", "true")
        worst = visit.values("worst")
        visit.page.wait_for_timeout(3000)
    with check("they come back by themselves, and have missed nothing"):
        last = max(each["last"] for each in visit.data().values())
        cable.mend()
        expect(visit.head("websocket").locator(".state")).to_have_text("reading", timeout=35_000)
        visit.until(lambda: all(each["last"] > last for each in visit.data().values()), "newer messages of all four", 60_000)
        for way, each in visit.data().items():
            equal([way, each["missing"], each["received"]], [way, 0, each["last"] - each["first"] + 1])
    with check("what has waited for a connection does not count as that way's delay"):
        visit.page.wait_for_timeout(1500)
        for way in ("websocket", "streaming"):
            assert visit.values("worst")[way] < max(worst[way] + 500, 2000), (worst, visit.values("worst"))
    with check("the page has no error of its own"):
        equal([each for each in visit.problems if "ERR_" not in each and "WebSocket " not in each], [])
    visit.context.close()
    cable.close()


def restarted(browser, url):
    """A server that was started anew counts from zero: as far as the counters go, that is played here."""
    real, lost, cpu = {}, {}, 0

    def answer(route):
        nonlocal real
        report = route.fetch().json()
        real = report["ways"]
        # Where all ways have come back already, each of them has asked.
        report["ways"] = {way: {name: max(count - lost.get(way, {}).get(name, 0), int(name == "requests")) for name, count in each.items()}
                          for way, each in real.items()}
        report["cpu"] -= cpu
        route.fulfill(json=report)

    def shown():
        return {way: [visit.values(row)[way] for row in ("requests", "up", "down")] for way in WAYS}

    visit = Visit(browser, url, prepare=lambda page: page.route("**/ways/counters?*", answer)).reading()
    visit.measured().reading()
    visit.until(lambda: (visit.values("messages")["polling"] or 0) > 60, "messages")
    with check("after a restart of the server the numbers go on, and become no less"):
        before, each_before = shown(), visit.values("each")
        lost = {way: {**each, "requests": each["requests"] - (way in ("websocket", "streaming"))} for way, each in real.items()}
        visit.page.wait_for_timeout(4500)
        after, each = shown(), visit.values("each")
        for way in WAYS:
            assert all(b >= a for a, b in zip(before[way], after[way])), (way, before[way], after[way])
            assert abs(each[way] / each_before[way] - 1) < 0.3, (way, each_before[way], each[way])
        # One connection more.
        equal(after["websocket"][0], before["websocket"][0] + 1)
    with check("a measurement leaves out what it has cost, after a restart as before"):
        visit.page.locator("#measure").click()
        expect(visit.turn).to_have_text("Measuring: nobody reads")
        visit.measured()
        visit.page.wait_for_timeout(2500)
        for way in ("websocket", "streaming"):
            assert abs(visit.values("each")[way] / each[way] - 1) < 0.3, (way, each[way], visit.values("each"))
    with check("a restart during a measurement breaks it off: another process has used other time"):
        had = visit.values("cpu")
        visit.page.locator("#measure").click()
        expect(visit.turn).to_have_text("Measuring: WebSocket alone")
        visit.page.wait_for_timeout(1500)  # within the turn, and not before its first look
        cpu = 1 << 40
        expect(visit.turn).to_have_text(re.compile("^The measurement was interrupted"), timeout=MEASURE)
        equal(visit.values("cpu")["websocket"], had["websocket"])
    with check("the page has no error"):
        equal(visit.problems, [])
    visit.context.close()


# ---- The counters, against bytes that are counted here ----


class Wire:
    """A connection that counts what it sends and gets."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port or 80))
        self.sent, self.received, self.rest = 0, 0, b""

    def send(self, data):
        self.sent += len(data)
        self.socket.sendall(data)

    def take(self, count):
        while len(self.rest) < count:
            more = self.socket.recv(65536)
            assert more, "the connection has ended"
            self.rest += more
        data, self.rest = self.rest[:count], self.rest[count:]
        self.received += count
        return data

    def line(self):
        data = b""
        while not data.endswith(b"\r\n"):
            data += self.take(1)
        return data

    def head(self):
        status, fields = self.line(), {}
        while (line := self.line()) != b"\r\n":
            name, _, value = line.decode().partition(":")
            fields[name.lower()] = value.strip()
        return int(status.split()[1]), fields

    def get(self, path, *fields):
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.host}", *fields, "", ""]
        self.send("\r\n".join(lines).encode())
        return self.head()

    def chunk(self):
        data = self.take(int(self.line(), 16))
        self.take(2)
        return data

    def frame(self):
        first, second = self.take(2)
        count = second if second < 126 else struct.unpack(">H", self.take(2))[0] if second == 126 else struct.unpack(">Q", self.take(8))[0]
        return first, self.take(count)


def bytes_on_the_wire(browser, url):
    page = secrets.token_hex(8)

    def cost(way):
        with urllib.request.urlopen(f"{url}/ways/counters?id={page}") as answer:
            return json.load(answer)["ways"][way]

    def same(way, wire, requests):
        equal(cost(way), {"requests": requests, "received": wire.sent, "sent": wire.received})

    def name(way):
        return f"as=ways-{page}-{way}"

    with check("polling, to the byte"):
        wire = Wire(url)
        for fields in ((), ("Accept-Encoding: gzip",), ("X-Much: " + "x" * 3000, "Cookie: a=b; c=d")):
            status, answer = wire.get(f"/rooms/ways/messages?{name('polling')}&limit=50", *fields)
            equal(status, 200)
            wire.take(int(answer["content-length"]))
        status, answer = wire.get(f"/rooms/empty-{page}/messages?{name('polling')}")
        wire.take(int(answer["content-length"]))
        status, _ = wire.get(f"/rooms/empty-{page}/messages?{name('polling')}", f"If-None-Match: {answer['etag']}")
        equal(status, 304)
        same("polling", wire, 5)
    with check("long polling, to the byte"):
        wire = Wire(url)
        position, count = "", 0
        for _ in range(5):
            status, answer = wire.get(f"/rooms/ways/messages?{name('longpolling')}{position}&wait=25")
            epoch, offset = answer["etag"].strip('W/"').split(":")
            wire.take(int(answer["content-length"]))
            position, count = f"&after={offset}&epoch={epoch}", count + 1
        same("longpolling", wire, count)
    with check("streaming, to the byte"):
        wire = Wire(url)
        wire.get(f"/rooms/ways/stream?{name('streaming')}&format=ndjson")
        # What is on its way is counted already: the numbers have to meet at some time.
        for _ in range(50):
            wire.chunk()
            if cost("streaming")["sent"] == wire.received:
                break
        same("streaming", wire, 1)
    with check("a WebSocket, to the byte: its handshake, and all its frames"):
        wire = Wire(url)
        status, _ = wire.get(f"/rooms?{name('websocket')}", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: duplex.v1")
        equal(status, 101)
        join = b'{"type":"join","id":1,"room":"ways"}'
        wire.send(bytes([0x81, 0x80 | len(join), 0, 0, 0, 0]) + join)
        for _ in range(50):
            opcode, data = wire.frame()
            if b'"message"' in data and cost("websocket")["sent"] == wire.received:
                break
        same("websocket", wire, 1)
    with check("nobody else may publish in this room"):
        request = urllib.request.Request(f"{url}/rooms/ways/messages", json.dumps({"data": 1}).encode(), {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request)
            raise AssertionError("published")
        except urllib.error.HTTPError as error:
            equal(error.code, 403)


# ---- Language, keyboard, screen readers, looks ----


def languages(browser, url):
    visit = Visit(browser, url).reading()
    page = visit.page
    english = page.evaluate("[...document.querySelectorAll('main [data-text]')].map(e => [e.dataset.text, e.textContent])")
    with check("the switch changes all texts to Chinese, and the document's language"):
        page.get_by_role("button", name="中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        chinese = dict(page.evaluate("[...document.querySelectorAll('main [data-text]')].map(e => [e.dataset.text, e.textContent])"))
        same = [key for key, text in english if chinese.get(key) == text and key != "websocket"]
        equal(same, [])
        equal([key for key, text in chinese.items() if not re.search(r"[\u4e00-\u9fff]", text) and key != "websocket"], [])
        equal(page.title(), "Duplex：四种方式")
        expect(page.get_by_role("table", name="各种方式的开销")).to_be_visible()
        expect(page.locator("#interval option:checked")).to_have_text("2 秒")
    with check("it is remembered"):
        page.reload()
        expect(page.locator("h1")).to_have_text("同样的消息，四种取法")
        expect(page.get_by_role("button", name="English")).to_be_visible()
    with check("the sentence and the turns speak Chinese, too"):
        expect(page.locator("#sum")).to_have_text(re.compile("^同样是 .*条消息：WebSocket 用了"), timeout=WAIT)
        expect(visit.turn).to_have_text(re.compile("^测量中：无人读取"))
    visit.context.close()
    with check("the browser's language is taken"):
        chinese = Visit(browser, url, locale="zh-CN")
        expect(chinese.page.locator("h1")).to_have_text("同样的消息，四种取法")
        equal(chinese.problems, [])
        chinese.context.close()
    with check("without JavaScript it says what it is"):
        plain = browser.new_context(java_script_enabled=False)
        page = plain.new_page()
        page.goto(url + "/ways")
        expect(page.locator("h1")).to_have_text("Four ways to get the same messages")
        expect(page.locator("noscript")).to_have_text(re.compile("^This page needs JavaScript"), use_inner_text=True)
        expect(page.locator("noscript")).to_be_visible()
        plain.close()


def reach(browser, url):
    visit = Visit(browser, url).reading()
    page = visit.page
    focused = "(e => e.id || e.dataset.text || e.closest('[data-row]')?.dataset.row || e.textContent)(document.activeElement)"
    with check("by Tab: skip link, pages, language, interval, measurement, then each row's explanation"):
        seen = []
        for _ in range(9 + len(ROWS)):
            page.keyboard.press("Tab")
            seen.append(page.evaluate(focused))
        equal(seen, ["skip", "Duplex", "page_chat", "page_match", "page_locations", "page_ways", "language", "interval", "measure", *ROWS])
    with check("Enter opens an explanation, and closes it; the focus is seen"):
        page.locator("[data-row=requests] summary").focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        equal(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "solid")
        more = page.get_by_text("Each request costs a round trip")
        expect(more).not_to_be_visible()
        page.keyboard.press("Enter")
        expect(more).to_be_visible()
        page.keyboard.press("Enter")
        expect(more).not_to_be_visible()
    with check("the skip link leads to the content"):
        page.locator(".skip").focus()
        page.keyboard.press("Enter")
        equal(page.evaluate("document.activeElement.id"), "content")
    with check("a measurement is started by the keyboard"):
        visit.measured()
        page.locator("#measure").focus()
        page.keyboard.press("Enter")
        expect(visit.turn).to_have_text("Measuring: nobody reads")
    with check("a table with names for columns and rows, and a drawing that says what it shows"):
        table = page.get_by_role("table", name="What each way costs")
        equal(table.get_by_role("columnheader").count(), 5)
        for way in ("WebSocket", "HTTP streaming", "Long polling", "Polling"):
            expect(table.get_by_role("columnheader", name=re.compile(f"^{way}"))).to_have_count(1)
        equal(table.get_by_role("rowheader").count(), len(ROWS))
        # A cell is read with its row's name: an explanation that is open does not belong to it.
        page.locator("[data-row=requests] summary").click()
        expect(table.get_by_role("rowheader", name="Requests", exact=True)).to_have_count(1)
        page.locator("[data-row=requests] summary").click()
        equal(table.get_by_role("cell").count(), 4 * len(ROWS))
        visit.until(lambda: page.get_by_role("img", name=re.compile("^(Delays of the last ten seconds: from|No message in)")).count() == 4, "four names")
        equal(page.evaluate("document.querySelector('#turn').getAttribute('role')"), "status")
        equal(page.evaluate("document.querySelectorAll('[role=status], [aria-live]').length"), 1)
    visit.context.close()


def looks(browser, url):
    texts = ["h1", ".lead", "#sum", "label", "#measure", "#turn", "#interval", "thead th span", ".state", "summary span", ".brief", ".number", ".aside", "details p",
             ".notes p", "#clock"]
    shapes = [f"[data-row=messages] [data-way={way}] i@background-color" for way in WAYS]
    for scheme in ("light", "dark"):
        visit = Visit(browser, url, color_scheme=scheme).reading()
        with check(f"contrast, {scheme}"):
            visit.page.locator("details").first.evaluate("e => e.open = true")
            equal(low_contrasts(visit.page, texts, shapes), {})
        visit.context.close()
    for width in (360, 320):
        for locale in ("en-GB", "zh-CN"):
            visit = Visit(browser, url, locale=locale, viewport={"width": width, "height": 640}, is_mobile=True, has_touch=True, device_scale_factor=2)
            with check(f"phone, {width} px, {locale}: nothing is wider than the screen, nor than its cell"):
                visit.until(lambda: min(each or 0 for each in visit.values("messages").values()) > 10, "messages")
                visit.page.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
                equal(visit.page.evaluate("document.documentElement.scrollWidth"), width)
                equal(too_wide(visit.page, width), [])
                equal(visit.page.evaluate("[...document.querySelectorAll('#table :is(th, td)')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.innerText)"), [])
            visit.context.close()
    with check("less movement: the drawing changes once a second at most"):
        visit = Visit(browser, url, reduced_motion="reduce").reading()
        visit.until(lambda: visit.values("messages")["websocket"], "messages")
        drawn = visit.page.evaluate("""async () => {
          const canvas = document.querySelector('canvas'), seen = new Set();
          for (const end = performance.now() + 2500; performance.now() < end; await new Promise(requestAnimationFrame)) seen.add(canvas.toDataURL());
          return seen.size;
        }""")
        assert 2 <= drawn <= 4, drawn
        visit.context.close()


def screenshots(browser, url, folder):
    folder.mkdir(parents=True, exist_ok=True)
    phone = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
    desktop = {"viewport": {"width": 1100, "height": 900}}
    for name, options in {"desktop-light-en": desktop, "desktop-dark-zh": {**desktop, "color_scheme": "dark", "locale": "zh-CN"},
                          "phone-light-zh": {**phone, "locale": "zh-CN"}, "phone-dark-en": {**phone, "color_scheme": "dark"}}.items():
        visit = Visit(browser, url, **options)
        expect(visit.turn).to_have_text(re.compile("Measured.|测量完成。"), timeout=MEASURE)
        visit.page.wait_for_timeout(11_000)
        if "phone-light" in name:
            visit.page.locator("[data-row=requests] summary").click()
        visit.page.screenshot(path=folder / f"{name}.png", full_page=True)
        visit.context.close()
    print(f"screenshots in {folder}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parts = {part.__name__: lambda subject, part=part: part(*subject) for part in (numbers, bytes_on_the_wire, reconnecting, restarted, languages, reach, looks)}
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"all, or some of {', '.join(parts)}")
    parser.add_argument("--screenshot", type=pathlib.Path, metavar="DIR")
    arguments = parser.parse_args()
    url = arguments.base_url.rstrip("/")
    with sync_playwright() as playwright:
        # Without its sandbox: in a container there is no user namespace for one, and it only visits our own page.
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        print(f"Chromium {browser.version} on {url}", flush=True)
        # What a part that broke off has left open would go on reading.
        run_parts(parts, arguments.parts, (browser, url), lambda *_: [context.close() for context in browser.contexts])
        if arguments.screenshot:
            screenshots(browser, url, arguments.screenshot)
        browser.close()
    finish()


if __name__ == "__main__":
    main()
