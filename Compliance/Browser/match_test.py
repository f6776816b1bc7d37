"""The page of the live match, in headless Chromium, against a running `duplex serve`.

    match_test.py BASE_URL

Goals are rare, so how one is shown is tested with a server's part that the test plays; all else with the server's own match.
"""

import json
import re
import time
import urllib.parse

import pages
from checks import check, equal
from pages import Visitor, connected
from playwright.sync_api import expect

TEAMS = ["Northgate", "Old Mill"]


def page(browser, url):
    pages.served(browser, url, "Live match · Duplex")
    pages.languages(browser, url, {"en": "Live match · Duplex", "zh": "比赛直播 · Duplex"}, {"en": "Live match", "zh": "比赛直播"})
    pages.switched_off(browser, url, "The simulated match is switched off on this server (--scenes off).",
                       "这台服务器没有开启模拟比赛（--scenes off）。")
    pages.keyboard(browser, url, ["Skip to the content", "Duplex", "Chat", "Match", "Locations", "Four ways", "Disconnect", "中文",
                                  "Timeline"])


def real(browser, url):
    """The server's own match, for some polls."""
    asked = []

    def prepare(page):
        page.on("request", lambda r: asked.append((time.monotonic(), r.url)) if "/rooms/match/messages" in r.url else None)

    with Visitor(browser, url, prepare) as visitor:
        connected(visitor)
        live, polled = visitor.page.locator("#live"), visitor.page.locator("#polled")
        with check("live: two teams with their goals, clock and phase, at once"):
            expect(live.locator(".teams li")).to_have_count(2)
            expect(live.locator(".goals")).to_have_text([re.compile(r"^\d+$")] * 2)
            expect(live.locator(".clock")).to_have_text(re.compile(r"^\d+(\+\d+)?′$"))
            expect(live.locator(".phase")).to_have_text(re.compile("First half|Half-time|Second half|Full time"))
        with check("by polling: the same match"):
            expect(polled.locator(".name")).to_have_text(live.locator(".name").all_inner_texts())
        with check("boards, time line and numbers are regions and tables with names"):
            for name in ("Live", "By polling", "Timeline", "In numbers"):
                expect(visitor.page.get_by_role("region", name=name, exact=True)).to_have_count(1)
            for name in ("Minute", "Event", "Live", "Polling"):
                expect(visitor.page.locator("#events").get_by_role("columnheader", name=name, exact=True)).to_have_count(1)
            expect(visitor.page.get_by_role("rowheader", name="Requests made")).to_have_count(1)
        visitor.page.wait_for_timeout(16_500)
        numbers = visitor.page.locator("#numbers tbody tr")
        with check("the second reader polls, every five seconds, and only the page's own has the WebSocket"):
            pauses = [b - a for (a, _), (b, _) in zip(asked, asked[1:])]
            assert 3 <= len(pauses) <= 4 and all(4.8 <= pause <= 6 for pause in pauses), pauses
            assert all("reader=polled" in each for _, each in asked), asked
            assert all("wait=" not in each for _, each in asked), asked
        with check("requests are counted: one live, and each poll"):
            expect(numbers.nth(4).locator("td")).to_have_text(["1", str(len(asked))])
        with check("delays: live some milliseconds, by polling seconds"):
            live_delay, polled_delay = (milliseconds(text) for text in numbers.nth(3).locator("td").all_inner_texts())
            assert live_delay < 500 < polled_delay < 5500, (live_delay, polled_delay)
        with check("the time line has events with minute and team, the newest first, and how late each reader knew"):
            rows = visitor.page.locator("#events tbody tr")
            minutes = [tuple(int(each) for each in re.findall(r"\d+", text)) for text in rows.locator("td:first-child").all_inner_texts()]
            assert minutes and minutes == sorted(minutes, reverse=True), minutes
            for row in rows.all():
                cells = row.locator("td").all_inner_texts()
                assert re.match(r"^(\+|<|earlier|not yet|$)", cells[2]) and re.match(r"^(\+|<|earlier|not yet|$)", cells[3]), cells
        with check("the way of the second reader is not remembered as the page's"):
            remembered = visitor.page.evaluate("Object.fromEntries(Object.entries(sessionStorage))")
            equal(remembered[f"duplex {urllib.parse.urljoin(url, '/')}"], "websocket")


def milliseconds(text):
    number, unit = re.fullmatch(r"<?\s*([\d.,]+)\s(ms|s)", text).groups()
    return float(number) * (1000 if unit == "s" else 1)


class Play:
    """The server's part: what it has stored, told over the WebSocket and by polling."""

    def __init__(self):
        self.epoch, self.messages, self.sockets = "e", [], []
        self.is_dead = False
        self.behind = None  # what the reader that polls still gets, while the other has the new server's

    def prepare(self, page):
        page.route_web_socket(re.compile(r"/rooms\?"), self.opened)
        page.route("**/rooms/match/messages?*", self.polled)
        page.route("**/rooms/match/stream?*", lambda route: route.abort())

    def die(self):
        self.is_dead = True
        for socket in self.sockets:
            socket.close(code=1001, reason="gone")
        self.sockets = []

    def restart(self, behind=False):
        """Another server: another epoch, and matches from one."""
        self.behind = (self.epoch, self.messages) if behind else None
        self.epoch, self.messages = "f", []

    def opened(self, socket):
        if self.is_dead:
            socket.close(code=1001, reason="gone")
            return

        def received(text):
            request = json.loads(text)
            if request["type"] == "join":
                socket.send(json.dumps({"type": "joined", "id": request["id"], "room": "match", "epoch": self.epoch,
                                        "offset": request.get("after", 0), "recovered": True}))
                for message in self.messages[request.get("after", 0):]:
                    socket.send(json.dumps({"type": "message", "room": "match", **message}))
                self.sockets.append(socket)
        socket.on_message(received)
        socket.send(json.dumps({"type": "welcome", "session": "s" * 32, "member": "m", "resumed": False}))

    def polled(self, route):
        if self.is_dead:
            route.abort()
            return
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(route.request.url).query)
        epoch, messages = self.behind if self.behind and "reader" in query else (self.epoch, self.messages)
        recovered = query.get("epoch", [epoch]) == [epoch]
        after = int(query.get("after", ["0"])[0]) if recovered else 0
        route.fulfill(json={"room": "match", "epoch": epoch, "offset": len(messages), "recovered": recovered, "more": False,
                            "messages": messages[after:]})

    def tell(self, minute, score, event=None, age=0, match=1, phase="first-half"):
        data = {"match": match, "teams": TEAMS, "phase": phase, "minute": minute, "added": 0, "score": score,
                "corners": [2, 1], "yellow": [0, 1], "red": [0, 0], **({"event": event} if event else {})}
        message = {"epoch": self.epoch, "offset": len(self.messages) + 1, "time": int(time.time() * 1000) - age, "data": data}
        self.messages.append(message)
        for socket in self.sockets:
            socket.send(json.dumps({"type": "message", "room": "match", **message}))


def goal(browser, url):
    """A goal, live and by polling."""
    play = Play()
    play.tell(20, [0, 0], {"kind": "kick-off"}, age=60_000)
    with Visitor(browser, url, play.prepare) as visitor:
        connected(visitor)
        live, polled = (visitor.page.locator(each) for each in ("#live", "#polled"))
        announcer, rows = visitor.page.locator("#announcer"), visitor.page.locator("#events tbody tr")
        numbers = visitor.page.locator("#numbers tbody tr")
        expect(polled.locator(".goals")).to_have_text(["0", "0"])
        with check("what was there before has no delay"):
            expect(rows.first.locator("td")).to_have_text(["20′", "Kick-off", "earlier", "earlier"])
        visitor.page.wait_for_timeout(1000)
        visitor.page.evaluate("""() => { window.spoken = [];
            new MutationObserver(() => spoken.push(document.getElementById('announcer').textContent))
              .observe(document.getElementById('announcer'), { childList: true, characterData: true, subtree: true }); }""")
        play.tell(23, [0, 1], {"kind": "goal", "team": 1, "player": 9})
        with check("a goal is seen live at once, and not by polling"):
            expect(live.locator(".goals")).to_have_text(["0", "1"], timeout=1000)
            equal(polled.locator(".goals").all_inner_texts(), ["0", "0"])
            expect(live.locator(".latest")).to_have_text("23′ Goal, Old Mill no. 9")
            equal(rows.first.locator("td").all_inner_texts()[3], "not yet")
            assert milliseconds(rows.first.locator("td").all_inner_texts()[2].lstrip("+")) < 1000
        with check("it is marked, by more than colour: it stands first, and bold"):
            expect(live.locator("li[data-scored] .name")).to_have_text(["Old Mill"])
            equal(rows.first.evaluate("node => getComputedStyle(node).fontWeight"), "600")
        with check("it is announced to who listens, once"):
            expect(announcer).to_have_text("Goal for Old Mill, minute 23. Northgate 0, Old Mill 1.")
            equal(announcer.get_attribute("role"), "status")
        with check("by polling it comes seconds later"):
            expect(polled.locator(".goals")).to_have_text(["0", "1"], timeout=8000)
            delay = milliseconds(rows.first.locator("td").all_inner_texts()[3].lstrip("+"))
            assert 1500 < delay < 6000, delay
        with check("and is not announced again"):
            equal(visitor.page.evaluate("spoken"), ["Goal for Old Mill, minute 23. Northgate 0, Old Mill 1."])
        with check("the numbers tell of it"):
            expect(numbers.nth(0).locator("td")).to_have_text(["1", "1"])
            for line in (1, 2):
                live_delay, polled_delay = (milliseconds(each) for each in numbers.nth(line).locator("td").all_inner_texts())
                assert live_delay < 1000 < polled_delay, (live_delay, polled_delay)
        with check("in the other language, too, what was there already"):
            visitor.page.get_by_role("button", name="中文").click()
            expect(live.locator(".name")).to_have_text(["北门", "老磨坊"])
            expect(rows.first.locator("td").nth(1)).to_have_text("进球（老磨坊 9 号）")
            expect(live.locator(".phase")).to_have_text("上半场")
        with check("the next match begins with an empty time line"):
            play.tell(1, [0, 0], {"kind": "kick-off"}, match=2)
            expect(rows).to_have_count(1)
            expect(live.locator(".goals")).to_have_text(["0", "0"])


def restarted(browser, url):
    """Another server, whose matches have numbers that were there already."""
    play = Play()
    play.tell(20, [0, 0], {"kind": "kick-off"}, age=60_000, match=3)
    with Visitor(browser, url, play.prepare) as visitor:
        connected(visitor)
        rows = visitor.page.locator("#events tbody tr")
        expect(rows.first.locator("td")).to_have_text(["20′", "Kick-off", "earlier", "earlier"])
        play.tell(23, [0, 1], {"kind": "goal", "team": 1, "player": 9}, age=500, match=3)
        play.restart(behind=True)
        play.tell(1, [0, 0], {"kind": "kick-off"}, match=1)
        with check("another server's match begins with an empty time line, though its number is less"):
            expect(rows).to_have_count(1)
            expect(rows.first.locator("td:nth-child(-n+2)")).to_have_text(["1′", "Kick-off"])
        with check("what the other reader still brings of the match before does not get into it"):
            expect(visitor.page.locator("#polled .goals")).to_have_text(["0", "1"], timeout=8000)
            expect(rows).to_have_count(1)
            expect(rows.first.locator("td")).to_have_text(["1′", "Kick-off", re.compile(r"^[+<]"), "not yet"])
        play.behind = None
        with check("and when it knows the new one, too, the row says how late"):
            expect(rows.first.locator("td").nth(3)).to_have_text(re.compile(r"^\+"), timeout=8000)
            expect(rows).to_have_count(1)


def dead(browser, url):
    """A server that does not answer, and comes back."""
    play = Play()
    play.tell(20, [0, 0], {"kind": "kick-off"}, age=60_000)
    with Visitor(browser, url, play.prepare) as visitor:
        connected(visitor)
        rows, requests = visitor.page.locator("#events tbody tr"), visitor.page.locator("#numbers tbody tr").nth(4).locator("td")
        expect(visitor.page.locator("#polled .age")).to_have_text(re.compile("^Shows what was [34](\\.\\d)? s ago$"))
        before = requests.all_inner_texts()
        play.die()
        visitor.page.wait_for_timeout(7000)
        with check("requests without an answer are no answers: what is shown gets older, and they are not counted"):
            age = milliseconds(re.fullmatch("Shows what was (.*) ago", visitor.text("#polled .age"))[1])
            assert age > 8000, age
            equal(requests.all_inner_texts(), before)
        play.tell(23, [0, 1], {"kind": "goal", "team": 1, "player": 9})
        visitor.page.wait_for_timeout(1500)
        play.is_dead = False
        with check("what has waited for the connection has no delay of its way"):
            for board in ("#live", "#polled"):
                expect(visitor.page.locator(f"{board} .goals")).to_have_text(["0", "1"], timeout=40_000)
            expect(rows.first.locator("td")).to_have_text(["23′", re.compile("^Goal"), "earlier", "earlier"])
        visitor.problems[:] = [each for each in visitor.problems if "ERR_" not in each and "WebSocket" not in each]


def streaming(browser, url):
    """Without WebSockets: a stream is told of by the browser only when it ends."""
    def prepare(page):
        page.add_init_script("delete window.WebSocket")

    with check("a stream is one request, from its beginning"), Visitor(browser, url, prepare) as visitor:
        expect(visitor.page.locator("#status")).to_have_text(re.compile("^Connected (by|via) HTTP streaming$"))
        expect(visitor.page.locator("#live .teams li")).to_have_count(2)
        expect(visitor.page.locator("#numbers tbody tr").nth(4).locator("td").first).to_have_text("1")


def look(browser, url):
    def ready(visitor):
        expect(visitor.page.locator("#polled .teams li")).to_have_count(2)

    pages.looks(browser, url, [".name", ".goals", ".phase", ".counts", ".age", ".how", ".latest"],
                ["#language@color", "progress@color"], ready)


if __name__ == "__main__":
    pages.main("/match", __doc__.splitlines()[0], (page, real, goal, restarted, dead, streaming, look))
