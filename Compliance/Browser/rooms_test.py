"""The browser client `duplex.js` in headless Chromium, through a proxy that stands in its way in every manner it can.

    rooms_test.py [BASE_URL] [--client FILE] [--seed N] [--changes N]

Without BASE_URL a mock of docs/protocol.md is started, and what only it can do (lose history) is checked too. With one, the
same checks run against that server's rooms and its /duplex.js. Each line of output is one check; the last line is
'N passed, N failed'.
"""

import argparse
import asyncio
import contextlib
import os
import random
import threading
import time

import rooms_mock
from checks import check, equal, finish
from hindrance import Hindrance
from playwright.sync_api import sync_playwright
from rooms_client import PAGE, TIMES, WAYS, Checker, Server, Tab

#: How each way is made the best one that works.
BARRED = {"websocket": {}, "streaming": {"websocket": "refuse"}, "longpolling": {"websocket": "refuse", "streams": "hold"},
          "polling": {"websocket": "refuse", "streams": "refuse", "long_polls": "hang"}}


class Test:
    def __init__(self, browser, server, hindrance, client=None):
        self.browser, self.server, self.hindrance, self.client, self.count, self.tab = browser, server, hindrance, client, 0, None

    @contextlib.contextmanager
    def check(self, name):
        """Gives a page without a client and a fresh room, with nothing in the way."""
        self.count += 1
        self.hindrance.clear()
        with check(name):
            self.tab = self.tab or Tab(self.browser, self.hindrance.url, self.client)
            yield self.tab.renew(), f"room-{self.count}-{time.time_ns() % 10**9}"
            self.hindrance.clear()
            self.tab.rest()
            return
        # what failed leaves nothing behind
        for context in self.browser.contexts:
            context.close()
        self.tab = None

    def bar(self, way):
        self.hindrance.clear()
        for name, value in BARRED[way].items():
            setattr(self.hindrance, name, value)

    # -- Each way alone --

    def each_way(self):
        for way in WAYS:
            with self.check(f"{way}: history, live, publishing; in order, each once") as (tab, room):
                for n in range(1, 6):
                    self.server.publish(room, n)
                tab.start(room, {"transports": [way]}, {"history": 3}).until("duplex.state === 'open'")
                equal(tab.js("duplex.transport"), way)
                for n in range(6, 9):
                    self.server.publish(room, n)
                tab.until("seen.messages.length === 6")
                at = tab.js("room.publish({text: 'Grüße 😀'}, {key: 'k'})")
                tab.until("seen.messages.length === 7")
                equal(tab.data, [3, 4, 5, 6, 7, 8, {"text": "Grüße 😀"}])
                equal([at["offset"], tab.js("room.position.offset")], [9, 9])
                [message] = self.server.read(room, at["epoch"], 8)
                equal([message["data"], message["key"]], [{"text": "Grüße 😀"}, "k"])
            with self.check(f"{way}: without history it begins at the end; after a position behind that") as (tab, room):
                first = self.server.publish(room, "old")
                self.server.publish(room, "older than now")
                tab.start(room, {"transports": [way]}).until("duplex.state === 'open'")
                self.server.publish(room, "new")
                tab.until("seen.messages.length")
                equal(tab.data, ["new"])
                tab.js("duplex.close()")
                tab.start(room, {"transports": [way]}, {"after": {"epoch": first["epoch"], "offset": 1}}).until("seen.messages.length === 2")
                equal([tab.data, tab.js("seen.gaps")], [["older than now", "new"], []])
            with self.check(f"{way}: several rooms side by side; leaving one") as (tab, room):
                rooms = [room + each for each in "abcd"]
                tab.start(rooms[0], {"transports": [way]})
                tab.js("window.got = []")
                for name in rooms[1:]:
                    tab.js("void duplex.room(argument).addEventListener('message', e => got.push(e.data))", name)
                tab.until("duplex.state === 'open'")
                for name in rooms:
                    tab.js("duplex.room(argument).publish(argument).then(() => 1)", name)
                tab.until("got.length === 3 && seen.messages.length === 1")
                equal(sorted(tab.js("got")), rooms[1:])
                tab.js("duplex.room(argument).leave()", rooms[1])
                for name in rooms[1:3]:
                    self.server.publish(name, "after")
                tab.until("got.length === 4")
                tab.page.wait_for_timeout(150)
                equal(tab.js("got.slice(3)"), ["after"])

    # -- From one to another --

    def falling_back(self):
        for way in WAYS[1:]:
            with self.check(f"it falls back to {way}, tells, remembers, and comes back up") as (tab, room):
                self.bar(way)
                tab.start(room).until("duplex.transport === argument", way)
                before = len(self.hindrance.requests)
                tab.page.reload()
                tab.page.evaluate(PAGE, {"times": TIMES})
                tab.start(room, {"times": {"probe": 60_000}}).until("duplex.state === 'open'")
                equal([tab.js("seen.ways"), sum("GET /rooms " in line for line in self.hindrance.requests[before:])], [[way], 0])
                tab.js("duplex.close()")
                tab.start(room).until("duplex.transport === argument", way)
                for n in range(40):
                    tab.js("void publish(argument)", n)
                    if n == 20:
                        self.hindrance.clear()
                tab.until("duplex.transport === 'websocket'")
                tab.until("seen.messages.length === 40")
                equal([tab.data, tab.js("seen.states"), tab.js("seen.ways.at(-1)")], [list(range(40)), ["open"], "websocket"])
        for kind in ("hang", "drop"):
            with self.check(f"a WebSocket handshake that is answered by '{kind}'") as (tab, room):
                self.hindrance.websocket = kind
                tab.start(room).until("duplex.transport === 'streaming'")
        with self.check("a WebSocket that welcomes, but lets nobody into a room, does not take over") as (tab, room):
            self.bar("streaming")
            tab.start(room).until("duplex.transport === 'streaming'")
            self.hindrance.websocket = "deaf"
            tab.until("seen.errors.some(e => e[1] === 'not_joined')")
            self.server.publish(room, "still here")
            tab.until("seen.messages.length === 1")
            equal([tab.js("seen.ways"), tab.js("seen.states")], [["streaming"], ["open"]])
        with self.check("a stream that falls silent in the middle is held back") as (tab, room):
            tab.start(room, {"transports": ["streaming", "longpolling"], "times": {"probe": 60_000, "silence": 1500}}).until("duplex.transport === 'streaming'")
            self.hindrance.frozen = True
            tab.until("duplex.transport === null")
            self.hindrance.frozen = False
            tab.until("duplex.transport === 'longpolling'")
            equal(tab.js("seen.errors"), [["streaming", "buffered"]])
        with self.check("a long poll that is never answered") as (tab, room):
            self.bar("polling")
            tab.start(room, {"transports": ["longpolling", "polling"], "times": {"probe": 60_000}}).until("duplex.transport === 'polling'")
        with self.check("the browser says that it is online again, or is looked at again: no more waiting") as (tab, room):
            self.hindrance.down = True
            tab.start(room, {"backoff": {"first": 100_000, "cap": 100_000}})
            for event, down in (("dispatchEvent(new Event('online'))", True), ("document.dispatchEvent(new Event('visibilitychange'))", False)):
                tab.until("duplex.state === 'waiting'")
                tab.js("void (seen.states = [])")
                self.hindrance.down = down
                tab.page.evaluate(event)
                tab.until("seen.states[0] === 'connecting'")
            tab.until("duplex.state === 'open'")
        with self.check("headers go with each request over HTTP, and are asked for each time") as (tab, room):
            self.hindrance.heads.clear()
            tab.page.evaluate("room => { let n = 0; start(room, { transports: ['polling'], headers: async () => ({ 'X-Token': `t${++n}` }) }); }", room)
            tab.js("publish(1)")
            tab.until("seen.messages.length === 1")
            heads = "".join(self.hindrance.heads).lower()
            assert all(f"x-token: t{n}\r\n" in heads for n in (1, 2, 3)), heads
        with self.check("a WebSocket that falls silent: ping, then it comes back") as (tab, room):
            tab.start(room, {"transports": ["websocket"]}).until("duplex.state === 'open'")
            self.hindrance.frozen = True
            tab.until("duplex.state !== 'open'")
            self.server.publish(room, "meanwhile")
            self.hindrance.frozen = False
            tab.until("seen.messages.length === 1")
            equal(tab.js("seen.errors[0]"), ["websocket", "silent"])

    # -- Publishing --

    def publishing(self):
        with self.check("published while down: kept in order up to the bound, stored once when it is back") as (tab, room):
            self.hindrance.down = True
            tab.start(room, {"maxQueued": 5}).until("duplex.state === 'waiting'")
            for n in range(7):
                tab.js("void publish(argument)", n)
            tab.until("seen.refused.length === 2")
            equal(tab.js("seen.refused"), [[5, "queue_full"], [6, "queue_full"]])
            assert tab.js("duplex.retryIn === null || (duplex.retryIn >= 0 && duplex.retryIn <= 150)")
            self.hindrance.down = False
            tab.until("seen.stored.length === 5")
            equal(tab.js("seen.stored.map(s => s[0])"), [0, 1, 2, 3, 4])
            tab.js("void publish(7)")
            tab.until("seen.stored.length === 6")
            equal([m["data"] for m in self.server.read(room, tab.js("room.position.epoch"), 0)], [0, 1, 2, 3, 4, 7])
        with self.check("also a bound in bytes; what has no answer when it is closed is refused") as (tab, room):
            self.hindrance.down = True
            tab.start(room, {"maxQueuedBytes": 2000})
            tab.js("void publish('x'.repeat(1500))")
            tab.js("void publish('y'.repeat(1500))")
            tab.until("seen.refused.length")
            tab.js("duplex.close()")
            tab.js("void publish('late')")
            tab.until("seen.refused.length === 3")
            equal(tab.js("seen.refused.map(r => [r[0][0], r[1]])"), [["y", "queue_full"], ["x", "closed"], ["l", "closed"]])
        for way in ("streaming", "longpolling", "polling"):
            with self.check(f"{way}: the answer gets lost after it was stored: stored once") as (tab, room):
                self.bar(way)
                tab.start(room, {"transports": [way]}).until("duplex.state === 'open'")
                lost, self.hindrance.lose = self.hindrance.lost, 2
                for n in range(4):
                    tab.js("void publish(argument)", n)
                tab.until("seen.stored.length === 4 && seen.messages.length === 4")
                equal([tab.data, self.hindrance.lost - lost], [[0, 1, 2, 3], 2])
        with self.check("stored by WebSocket, the answer lost; again by POST: stored once") as (tab, room):
            tab.start(room).until("duplex.transport === 'websocket'")
            self.hindrance.mute = True
            tab.js("void publish('once')")
            tab.page.wait_for_timeout(100)
            self.hindrance.websocket = "refuse"
            self.hindrance.cut()
            self.hindrance.mute = False
            tab.until("seen.stored.length === 1 && seen.messages.length === 1")
            equal(tab.js("duplex.transport"), "streaming")
            self.server.publish(room, "end")
            tab.until("seen.messages.length === 2")
            equal(tab.data, ["once", "end"])
        with self.check("no answer for longer than the server remembers ids: 'unconfirmed', not tried again") as (tab, room):
            tab.start(room, {"transports": ["websocket"], "times": {"unconfirmed": 200}}).until("duplex.state === 'open'")
            self.hindrance.mute = True
            tab.js("void publish('maybe')")
            tab.page.wait_for_timeout(300)
            self.hindrance.cut()
            self.hindrance.mute = False
            tab.until("seen.refused.length === 1 && seen.messages.length === 1")
            equal([tab.js("seen.refused"), tab.data], [[["maybe", "unconfirmed"]], ["maybe"]])

    # -- Positions --

    def positions(self):
        with self.check("a message that is dropped on the way is read again; one that comes twice counts once") as (tab, room):
            tab.start(room, {"transports": ["websocket"]}).until("duplex.state === 'open'")
            for n in range(30):
                if n in (3, 10, 11, 20):
                    self.hindrance.frames = ["drop"] if n != 20 else ["drop", "double"]
                if n in (5, 15):  # not while a hole is being closed, when what comes is dropped anyway
                    tab.until("seen.messages.length === argument", n)
                    self.hindrance.frames = ["double", "double"]
                self.server.publish(room, n)
                tab.page.wait_for_timeout(5)
            tab.until("seen.messages.length >= 30")
            tab.page.wait_for_timeout(100)
            equal([tab.data, tab.js("seen.gaps")], [list(range(30)), []])
        with self.check("members: who is there, joins, changes and leaves; over HTTP by asking") as (tab, room):
            tab.start(room, {"name": "Ann"}, {"presence": True}).until("duplex.state === 'open'")
            tab.page.evaluate("room => { window.bob = start(room, { name: 'Bob' }, { presence: true }); }", room)
            tab.until("room.members.length === 2")
            equal([tab.js("room.members.map(m => m.info.name)"), tab.js("room.count")], [["Ann", "Bob"], 2])
            tab.page.evaluate("room => { start(room, { transports: ['polling'] }, { presence: true }); }", room)
            tab.until("room.members.length === 2")
            tab.page.evaluate("() => { window.bob.room.setInfo({ name: 'Rob' }); }")
            tab.until("room.members.some(m => m.info.name === 'Rob')")
            if self.server.is_mock:  # a real server waits ten seconds for those that come back
                tab.page.evaluate("() => { window.bob.room.leave(); }")
                tab.until("room.members.length === 1")
        with self.check("an iterator brings the messages, and ends when the room is left") as (tab, room):
            tab.start(room).until("duplex.state === 'open'")
            tab.js("void (window.done = (async () => { const all = []; for await (const { data } of room) all.push(data); return all; })())")
            for n in range(3):
                tab.js("publish(argument)", n)
            tab.until("seen.messages.length === 3")
            tab.js("room.leave()")
            equal(tab.page.evaluate("done"), [0, 1, 2])
        if not self.server.is_mock:
            with self.check("a member that changes from streaming to WebSocket is the same, and neither leaves nor joins") as (tab, room):
                tab.start(room, {"name": "Ann"}, {"presence": True}).until("duplex.transport === 'websocket'")
                self.hindrance.websocket = "refuse"
                tab.page.evaluate("room => { window.ann = client; start(room, { name: 'Bob' }, { presence: true }); }", room)
                tab.until("duplex.transport === 'streaming'")
                self.hindrance.websocket = "pass"
                tab.until("duplex.transport === 'websocket'")
                tab.page.wait_for_timeout(500)
                equal(tab.page.evaluate("() => ann.seen.members.filter(m => m[1].name === 'Bob').map(m => m[0]).filter(m => m !== 'updated')"), ["joined"])
        with self.check("where only the newest of each key counts, what was left out is not asked for") as (tab, room):
            tab.start(room, {"transports": ["websocket"]}, {"latest": True}).until("duplex.state === 'open'")
            before = len(self.hindrance.requests)
            self.hindrance.frames = ["drop", "drop"]
            for n in range(4):
                self.server.publish(room, n)
            tab.until("seen.messages.length === 2")
            equal([tab.data, len(self.hindrance.requests) - before], [[2, 3], 0])
        with self.check("what comes while a hole is being closed, and does not fit yet, is read too: without waiting for more") as (tab, room):
            tab.start(room, {"transports": ["websocket"]}).until("duplex.state === 'open'")
            self.hindrance.slow = 0.3
            self.hindrance.frames = ["drop"]
            self.server.publish(room, 1)
            self.server.publish(room, 2)     # tells of the hole; the answer with both is on its slow way
            tab.page.wait_for_timeout(150)
            self.server.publish(room, 3)
            tab.until("seen.messages.length === 3", timeout=3000)
            equal(tab.data, [1, 2, 3])
        if not self.server.is_mock:
            return
        for way in WAYS:
            with self.check(f"{way}: a refusal has its code, for the room and for a message") as (tab, room):
                tab.start("forbidden", {"transports": [way]}).until("seen.roomErrors.length")
                equal(tab.js("[duplex.state, seen.roomErrors]"), ["open", ["forbidden"]])
                tab.js("publish('no')")
                tab.until("seen.refused.length")
                equal(tab.js("seen.refused"), [["no", "forbidden"]])
            with self.check(f"{way}: history was trimmed meanwhile: a gap is told, before what follows") as (tab, room):
                tab.start(room, {"transports": [way], "pollInterval": 300}).until("duplex.state === 'open'")
                tab.js("publish('before')")
                tab.until("seen.messages.length === 1")
                self.hindrance.frozen = True
                self.hindrance.cut()
                for n in range(20):
                    self.server.publish(room, n)
                self.server.mock("trim", room=room, keep=5)
                self.hindrance.frozen = False
                tab.until("seen.messages.length === 6")
                equal(tab.js("seen.order"), ["before", "gap", 15, 16, 17, 18, 19])
                epoch = tab.js("room.position.epoch")
                equal(tab.js("seen.gaps"), [[epoch, 16, {"epoch": epoch, "offset": 1}]])
            with self.check(f"{way}: another epoch: a gap is told, and it goes on with that") as (tab, room):
                tab.start(room, {"transports": [way]}).until("duplex.state === 'open'")
                for n in range(3):
                    self.server.publish(room, n)
                tab.until("seen.messages.length === 3")
                self.server.mock("epoch", room=room)
                for n in "ab":
                    self.server.publish(room, n)
                tab.until("seen.messages.length === 5")
                equal(tab.js("seen.order"), [0, 1, 2, "gap", "a", "b"])
        with self.check("1012 with 'reconnect after N ms' is heeded; Retry-After too; 4003 is the end, until it is asked again") as (tab, room):
            tab.start(room).until("duplex.state === 'open'")
            self.server.mock("close", code=1012, reason="reconnect after 700 ms")
            tab.until("duplex.state === 'waiting'")
            assert 300 < tab.js("duplex.retryIn") <= 850
            tab.js("duplex.retryNow()")
            tab.until("duplex.state === 'open'")
            equal(tab.js("seen.states"), ["open", "waiting", "connecting", "open"])
            self.server.mock("unavailable", seconds=3)
            self.hindrance.cut()
            tab.until("duplex.state === 'waiting' && duplex.retryIn > 500")
            tab.until("duplex.state === 'open'")
            tab.until("duplex.transport === 'websocket'")
            self.server.mock("close", code=4003, reason="out")
            tab.until("duplex.state === 'closed'")
            tab.page.wait_for_timeout(400)
            equal(tab.js("[duplex.state, duplex.retryIn]"), ["closed", None])
            tab.js("duplex.retryNow()")
            tab.until("duplex.state === 'open'")
    # -- Everything at once --

    def storm(self, seed, wanted):
        name = f"{wanted} changes of the way at random, two publishers: 0 lost, 0 doubled, 0 out of order"
        with self.check(name) as (tab, room):
            chance = random.Random(seed)
            with Checker(tab, self.server, room) as checker:
                while (count := checker.changes()) < wanted:
                    assert time.monotonic() - checker.begun < 120, f"only {count} changes in two minutes"
                    target = chance.choice([way for way in WAYS if way != tab.js("duplex.transport")])
                    self.bar(target)
                    if target == "polling" and chance.random() < 0.8:
                        self.hindrance.long_polls = "refuse"
                    if target != "websocket" and chance.random() < 0.2:
                        self.hindrance.websocket = chance.choice(["hang", "drop"])
                    self.hindrance.lose = chance.choice([0, 0, 1, 2])
                    if chance.random() < 0.3:
                        self.hindrance.frames = [chance.choice(["drop", "double"]) for _ in range(chance.randint(1, 3))]
                    # A way does not end because it would not begin any more. But a better one takes over.
                    if target != "websocket" or chance.random() < 0.3:
                        self.hindrance.cut()
                    if chance.random() < 0.06:
                        self.hindrance.frozen = True
                        tab.page.wait_for_timeout(chance.randint(50, 500))
                        self.hindrance.frozen = False
                    checker.reach(target)
                    tab.page.wait_for_timeout(chance.randint(0, 80))
            self.hindrance.clear()
            checker.verify(f", {self.hindrance.lost} answers lost")


def start_mock():
    ready, urls = threading.Event(), []
    threading.Thread(target=lambda: asyncio.run(rooms_mock.serve(ready=lambda url: (urls.append(url), ready.set()))), daemon=True).start()
    ready.wait()
    return urls[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url", nargs="?")
    parser.add_argument("--client", metavar="FILE", help="another duplex.js than the server's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--only", help="some of each_way, falling_back, publishing, positions, storm")
    arguments = parser.parse_args()
    url = (arguments.base_url or start_mock()).rstrip("/")
    with sync_playwright() as playwright:
        # Without its sandbox: in a container there is no user namespace for one, and it only visits our own page.
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        print(f"Chromium {browser.version} on {url}", flush=True)
        test = Test(browser, Server(url, not arguments.base_url), Hindrance(url), arguments.client)
        for part in (test.each_way, test.falling_back, test.publishing, test.positions):
            if not arguments.only or part.__name__ in arguments.only:
                part()
        if not arguments.only or "storm" in arguments.only:
            test.storm(arguments.seed, arguments.changes)
        browser.close()
    finish()


if __name__ == "__main__":
    main()
