"""A page that has the browser client, the server behind it, and a checker that publishes numbered messages and looks what became of them."""

import contextlib
import json
import threading
import time
import urllib.parse
import urllib.request

from checks import equal

WAYS = ["websocket", "streaming", "longpolling", "polling"]
WAIT = 10_000  # milliseconds

# Everything that happens to a client is noted in `seen`. The times are shorter than the real ones, and in the same order.
PAGE = """async ({ times }) => {
  const { Duplex } = await import('/duplex.js');
  window.all = [];
  window.start = (name, options = {}, roomOptions = {}) => {
    const seen = { messages: [], gaps: [], states: [], ways: [], errors: [], roomErrors: [], members: [], stored: [], refused: [], order: [] };
    const duplex = new Duplex(options.url ?? '/', { pollInterval: 50, backoff: { first: 20, cap: 150 }, ...options, times: { ...times, ...options.times } });
    duplex.addEventListener('statechange', e => seen.states.push(e.state));
    duplex.addEventListener('transportchange', e => e.transport && seen.ways.push(e.transport));
    duplex.addEventListener('error', e => seen.errors.push([e.transport, e.code]));
    const room = duplex.room(name, roomOptions);
    room.addEventListener('message', e => { seen.messages.push([e.epoch, e.offset, e.data]); seen.order.push(e.data); });
    room.addEventListener('gap', e => { seen.gaps.push([e.epoch, e.offset, e.before]); seen.order.push('gap'); });
    room.addEventListener('error', e => seen.roomErrors.push(e.code));
    room.addEventListener('member', e => seen.members.push([e.change, e.member.info]));
    const publish = (data, options) => room.publish(data, options).then(
      at => seen.stored.push([data, at.epoch, at.offset]), e => seen.refused.push([data, e.code]));
    all.push(window.client = { duplex, room, seen, publish });
    return client;
  };
}"""
TIMES = {"welcome": 500, "answer": 800, "ping": 400, "pong": 400, "silence": 18_000, "wait": 1000, "steady": 400, "members": 300,
         "probe": 100, "probeCap": 200}
HASTE = {"probe": 30, "probeCap": 60, "welcome": 400, "answer": 500, "silence": 1500}


class Server:
    """The server itself, asked without the proxy."""

    def __init__(self, url, is_mock):
        self.url, self.is_mock = url, is_mock

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def publish(self, room, data):
        return self.ask(f"/rooms/{room}/messages", {"data": data})

    def read(self, room, epoch, after):
        """Everything behind the position."""
        found = []
        while True:
            page = self.ask(f"/rooms/{room}/messages?after={after}&epoch={epoch}&limit=1000")
            found += page["messages"]
            after = page["offset"]
            if not page["more"]:
                return found

    def mock(self, action, **query):
        self.ask(f"/mock/{action}?{urllib.parse.urlencode(query)}", method="POST")


class Tab:
    """One page that has the client; `client.js` is JavaScript within it."""

    def __init__(self, browser, url, client=None):
        self.context = browser.new_context()
        self.page = self.context.new_page()
        if client:
            self.page.route("**/duplex.js", lambda route: route.fulfill(path=client, content_type="text/javascript"))
        self.problems = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(url)
        self.page.evaluate(PAGE, {"times": TIMES})

    def renew(self):
        """As a new one, which costs more."""
        self.problems.clear()
        self.page.evaluate("() => sessionStorage.clear()")
        return self

    def start(self, room, options=None, room_options=None):
        self.page.evaluate("([room, options, roomOptions]) => { start(room, options, roomOptions); }", [room, options or {}, room_options or {}])
        return self

    def js(self, text, argument=None):
        return self.page.evaluate(f"argument => {{ const {{ duplex, room, seen, publish }} = client; return {text}; }}", argument)

    def until(self, text, argument=None, timeout=WAIT):
        deadline = time.monotonic() + timeout / 1000
        while not (value := self.js(text, argument)):
            if time.monotonic() > deadline:
                state = self.js("JSON.stringify([duplex.state, duplex.transport, seen.errors.slice(-4), room.position, seen.stored.length, seen.refused])")
                raise AssertionError(f"not within {timeout} ms: {text}; {state}")
            self.page.wait_for_timeout(15)
        return value

    @property
    def data(self):
        return self.js("seen.messages.map(m => m[2])")

    def rest(self):
        self.page.evaluate("() => { for (const each of all) each.duplex.close(); all = []; }")
        equal(self.problems, [])


class Checker:
    """While the `with` block runs, the page and the server publish numbered messages into a room, which the page reads."""

    def __init__(self, tab, server, room, times=HASTE):
        self.tab, self.server, self.room = tab, server, room
        self.stop, self.sent, self.truth = threading.Event(), [], []
        # A first position from before everything, so that the truth can be read afterwards.
        self.begin = server.publish(room, {"by": "nobody"})
        tab.start(room, {"times": times, "backoff": {"first": 10, "cap": 50}}, {"after": self.begin}).until("duplex.state === 'open'")

    def changes(self):
        """How often the page has gone over to another way."""
        return self.tab.js("seen.ways.filter((way, n) => n && way !== seen.ways[n - 1]).length")

    def reach(self, way, seconds=3):
        """Waits until the page has this way, but not for ever: it may have a better one, or none."""
        deadline = time.monotonic() + seconds
        while self.tab.js("duplex.transport") != way and time.monotonic() < deadline:
            self.tab.page.wait_for_timeout(15)

    def read(self):
        after = self.truth[-1][1] if self.truth else self.begin["offset"]
        for m in self.server.read(self.room, self.begin["epoch"], after):
            self.truth.append((m["epoch"], m["offset"], m["data"]))

    def publish(self):
        while not self.stop.wait(0.025):
            self.sent.append(len(self.sent) + 1)
            self.server.publish(self.room, {"by": "server", "n": self.sent[-1]})
            if len(self.sent) % 50 == 0:  # a server's history has an end
                self.read()

    def __enter__(self):
        self.begun = time.monotonic()
        self.tab.js("void (window.number = 0, window.publishing = setInterval(() => publish({ by: 'page', n: ++number }), 25))")
        self.thread = threading.Thread(target=self.publish)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.took = time.monotonic() - self.begun
        self.stop.set()
        self.thread.join()
        self.tab.page.evaluate("clearInterval(publishing)")

    def verify(self, note=""):
        """With nothing in the way any more: all was stored once, and the page has it all, once and in order."""
        tab = self.tab
        tab.until("seen.stored.length + seen.refused.length === number")
        equal(tab.js("seen.refused"), [])
        self.read()
        truth = self.truth
        with contextlib.suppress(AssertionError):  # the comparison says more
            tab.until("seen.messages.length >= argument", len(truth), timeout=5000)
        tab.page.wait_for_timeout(200)
        got = [tuple(m) for m in tab.js("seen.messages")]
        numbers = {by: [m[2]["n"] for m in truth if m[2]["by"] == by] for by in ("page", "server")}
        positions = {m[:2] for m in got}
        lost, doubled = sum(m[:2] not in positions for m in truth), len(got) - len(positions)
        disorder = sum(a[1] >= b[1] for a, b in zip(got, got[1:])) - doubled
        ways = tab.js("seen.ways")
        taken = ", ".join(f"{way} {ways.count(way)} times" for way in WAYS)
        print(f"      {len(truth)} messages in {self.took:.0f} s{note}; {taken}", flush=True)
        equal({"lost": lost, "doubled": doubled, "out of order": max(0, disorder), "gaps": tab.js("seen.gaps")},
              {"lost": 0, "doubled": 0, "out of order": 0, "gaps": []})
        equal(got, truth)
        equal(numbers["page"], list(range(1, tab.js("number") + 1)))
        equal(numbers["server"], self.sent)
        assert all(ways.count(way) >= 3 for way in WAYS), "every way was taken"
