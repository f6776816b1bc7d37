"""The page of the couriers, in headless Chromium, against a running `duplex serve`.

    locations_test.py BASE_URL
"""

import json
import re
import time
import urllib.parse
import urllib.request

import pages
from checks import check, equal
from pages import Visitor, connected
from playwright.sync_api import expect

# How often a courier's place was another one within a second, of the one that moves the most.
PLACES = """() => new Promise(resolve => {
  const nodes = [...document.querySelectorAll('#map > g:last-of-type > g')], seen = nodes.map(() => new Set()), begun = performance.now();
  const look = now => {
    nodes.forEach((node, index) => seen[index].add(node.getAttribute('transform')));
    if (now - begun < 1000) requestAnimationFrame(look); else resolve(Math.max(...seen.map(each => each.size)));
  };
  requestAnimationFrame(look);
})"""


def page(browser, url):
    pages.served(browser, url, "Live locations · Duplex")
    pages.languages(browser, url, {"en": "Live locations · Duplex", "zh": "实时位置 · Duplex"}, {"en": "Live locations", "zh": "实时位置"})
    pages.switched_off(browser, url, "The simulated couriers are switched off on this server (--scenes off).",
                       "这台服务器没有开启模拟骑手（--scenes off）。")
    pages.keyboard(browser, url, ["Skip to the content", "Duplex", "Chat", "Match", "Locations", "Four ways", "Disconnect", "中文",
                                  "Add a slow reader", "Couriers", "Show courier 1 on the map", "Show courier 2 on the map"])


def moving(browser, url):
    """The map, the couriers on it, and the table."""
    with Visitor(browser, url) as visitor:
        connected(visitor)
        couriers, rows = visitor.page.locator("#map > g:last-of-type > g"), visitor.page.locator("#couriers tbody tr")
        with check("24 couriers, on the map and in the table, in the order of their numbers"):
            expect(couriers).to_have_count(24)
            expect(rows.locator("th")).to_have_text([str(number) for number in range(1, 25)])
        with check("the map is the server's"):
            with urllib.request.urlopen(urllib.parse.urljoin(url, "/locations/map.json")) as answer:
                town = json.load(answer)
            equal(visitor.page.locator("#map").get_attribute("viewBox"), f"0 0 {town['width']} {town['height']}")
            drawn = "".join(visitor.page.locator(f"#map path.{kind}:not(.edge)").get_attribute("d") for kind in ("street", "avenue"))
            for street in town["streets"]:
                assert "M" + "L".join(f"{x} {y}" for x, y in street["points"]) in drawn, street
        with check("all are on the map, and move smoothly: between points, too"):
            box = visitor.page.locator("#map").bounding_box()
            for each in couriers.all():
                place = each.bounding_box()
                assert box["x"] - 30 < place["x"] < box["x"] + box["width"], place
            places = visitor.page.evaluate(PLACES)
            assert places > 8, f"{places} places in a second"
        with check("the table says what each does, how fast, and with which order"):
            expect(rows.first.locator("td")).to_have_text(
                [re.compile("Waiting|To kitchen|Picking up|To customer|At the door"), re.compile(r"^\d+ km/h$"), re.compile(r"^(–|[\d,]+)$")])
        with check("the table changes once a second at most"):
            changes = visitor.page.evaluate("""() => new Promise(resolve => {
                const times = [];
                new MutationObserver(() => times.push(Math.round(performance.now()))).observe(
                  document.querySelector('#couriers tbody'), { subtree: true, childList: true, characterData: true });
                setTimeout(() => resolve(times), 4500);
            })""")
            assert 1 <= len(changes) <= 5, changes
            assert all(b - a > 600 for a, b in zip(changes, changes[1:])), changes
        with check("120 points a second, and nothing left out"):
            cells = visitor.page.locator("#numbers tbody tr td:nth-of-type(1)")
            rate, received, skipped, age = cells.all_inner_texts()
            assert 90 <= int(rate) <= 150, rate
            assert int(received.replace(",", "")) > 300 and skipped == "0", (received, skipped)
            assert re.fullmatch(r"(<\s)?[\d.]+ ms", age), age
        with check("the map is a picture with a name; the button of a row marks its courier"):
            expect(visitor.page.get_by_role("img", name="Map of a town with 24 couriers")).to_have_count(1)
            button = visitor.page.get_by_role("button", name="Show courier 7 on the map")
            button.press("Enter")
            expect(button).to_have_attribute("aria-pressed", "true")
            expect(visitor.page.locator("#map .shown text")).to_have_text("7")
            button.press("Enter")
            expect(visitor.page.locator("#map .shown")).to_have_count(0)
        with check("each state has a shape of its own, not only a colour"):
            shapes = visitor.page.evaluate("""() => [...document.querySelectorAll('#legend path')].map(
                node => node.getAttribute('d') + (getComputedStyle(node).fill === getComputedStyle(document.querySelector('.courier.to-kitchen')).fill))""")
            equal(len(set(shapes)), 5)
        with check("after a line that was lost it goes on where they are now"):
            visitor.page.get_by_role("button", name="Disconnect").click()
            expect(visitor.page.locator("#status")).to_have_text("Disconnected")
            visitor.page.wait_for_timeout(1500)
            visitor.page.get_by_role("button", name="Connect", exact=True).click()
            connected(visitor)
            visitor.page.wait_for_timeout(500)
            assert visitor.page.evaluate(PLACES) > 8
    with check("who wants no motion sees places once a second"), Visitor(browser, url, reduced_motion="reduce") as visitor:
        connected(visitor)
        expect(visitor.page.locator("#map > g:last-of-type > g[transform]")).to_have_count(24)
        places = visitor.page.evaluate(PLACES)
        assert 1 <= places <= 3, places


def slow(browser, url):
    """The slow reader, which gets only the newest point of each courier."""
    asked, answers = [], []

    def prepare(page):
        page.on("request", lambda r: asked.append((time.monotonic(), r.url)) if "/rooms/locations/messages" in r.url else None)
        page.on("response", lambda r: answers.append(r) if "/rooms/locations/messages" in r.url else None)

    with Visitor(browser, url, prepare) as visitor:
        connected(visitor)
        visitor.page.wait_for_timeout(1000)
        switch = visitor.page.get_by_role("switch", name="Add a slow reader")
        cells = visitor.page.locator("#numbers tbody tr td:nth-of-type(2)")
        with check("before it is switched on there is none"):
            expect(switch).to_have_attribute("aria-checked", "false")
            equal(asked, [])
            equal(cells.all_inner_texts(), ["–"] * 4)
        switch.press("Space")
        expect(switch).to_have_attribute("aria-checked", "true")
        expect(visitor.page.locator(".believed circle")).to_have_count(24)
        visitor.page.wait_for_timeout(9500)
        with check("it asks every three seconds, for the newest of each only"):
            pauses = [b - a for (a, _), (b, _) in zip(asked, asked[1:])]
            assert len(pauses) == 3 and all(2.8 <= pause <= 4 for pause in pauses), pauses
            assert all("latest=1" in each for _, each in asked), asked
        with check("each answer has each courier once, though hundreds of points lie between"):
            for answer in answers[1:]:
                messages = answer.json()["messages"]
                equal(sorted(each["key"] for each in messages), sorted(f"courier-{number}" for number in range(1, 25)))
            offsets = [answer.json()["offset"] for answer in answers]
            assert all(b - a > 200 for a, b in zip(offsets, offsets[1:])), offsets
        with check("the page says so: what came, and what was left out; and it is up to date"):
            expect(visitor.page.locator("#slowLast")).to_have_text(
                re.compile(r"^Its last look: 24 new points, \d{3} older ones left out, the newest (<\s)?\d+(\.\d)? ms old; up to 3 s older until the next look\.$"))
            # The first look found what was there before.
            expect(cells.nth(1)).to_have_text("72")
            rate, received, skipped, age = cells.all_inner_texts()
            assert int(skipped.replace(",", "")) > 600, skipped
            assert int(rate) <= 15 and re.fullmatch(r"(<\s)?[\d.]+ ms", age), (rate, age)
        with check("meanwhile the page itself goes on as before"):
            own = visitor.page.locator("#numbers tbody tr td:nth-of-type(1)").all_inner_texts()
            assert 90 <= int(own[0]) <= 150 and own[2] == "0", own
        with check("switched off, it asks no more, and its rings are gone"):
            switch.click()
            expect(visitor.page.locator(".believed circle")).to_have_count(0)
            count = len(asked)
            visitor.page.wait_for_timeout(3500)
            equal(len(asked), count)
            expect(visitor.page.locator("#slowLast")).to_be_hidden()


def look(browser, url):
    def ready(visitor):
        expect(visitor.page.locator("#couriers tbody tr")).to_have_count(24)
        visitor.page.locator("#switch").click()
        expect(visitor.page.locator(".believed circle")).to_have_count(24)

    pages.looks(browser, url, ["#switch", "#legend li", "#couriers button", "#slowLast", "#map text@fill"],
                [f"#legend .{state}@{paint}" for state, paint in (("to-customer", "fill"), ("to-kitchen", "stroke"), ("picking-up", "fill"),
                                                                  ("handing-over", "fill"), ("waiting", "stroke"))]
                + ["#switch i@backgroundColor", ".believed circle@stroke"], ready)


if __name__ == "__main__":
    pages.main("/locations", __doc__.splitlines()[0], (page, moving, slow, look))
