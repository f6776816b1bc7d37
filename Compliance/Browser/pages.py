"""What the tests of the pages share: a visitor, and what each page has to have."""

import argparse
import os

from checks import check, equal, finish
from looks import low_contrasts, too_wide
from playwright.sync_api import expect, sync_playwright

WAIT = 10_000  # milliseconds; a slow machine may need some, a working one takes a few
expect.set_options(timeout=WAIT)
PHONES = (360, 320)


class Visitor:
    """One browser context with a page open. What the console says, and what is against the page's policy, is kept."""

    def __init__(self, browser, url, prepare=None, **options):
        self.context = browser.new_context(**{"locale": "en-GB", **options})
        self.context.set_default_timeout(WAIT)
        self.page = self.context.new_page()
        self.problems, self.requests = [], []
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.add_init_script("""window.violations = [];
            addEventListener('securitypolicyviolation', e => violations.push(`${e.violatedDirective} ${e.blockedURI}`));""")
        if prepare:
            prepare(self.page)
        self.response = self.page.goto(url)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if not kind:
                equal((self.problems, self.page.evaluate("violations")), ([], []))
        finally:
            self.context.close()

    def text(self, selector):
        return self.page.locator(selector).inner_text()


def connected(visitor, language="en"):
    expect(visitor.page.locator("#status")).to_have_text({"en": "Connected via WebSocket", "zh": "已连接（WebSocket）"}[language])
    return visitor


def languages(browser, url, titles, headings):
    """The page in both, by the browser's languages and by the switch, which is remembered."""
    for locale, language, tag in (("en-GB", "en", "en"), ("zh-TW", "zh", "zh-CN"), ("zh-CN", "zh", "zh-CN"), ("de-DE", "en", "en")):
        with check(f"a browser in {locale} gets {language}"), Visitor(browser, url, locale=locale) as visitor:
            expect(visitor.page).to_have_title(titles[language])
            expect(visitor.page.get_by_role("heading", level=1)).to_have_text(headings[language])
            equal(visitor.page.evaluate("document.documentElement.lang"), tag)
    with check("the switch changes the language without a reload, and is remembered"), Visitor(browser, url) as visitor:
        connected(visitor)
        visitor.page.evaluate("window.stays = true")
        visitor.page.get_by_role("button", name="中文").click()
        expect(visitor.page.get_by_role("heading", level=1)).to_have_text(headings["zh"])
        expect(visitor.page).to_have_title(titles["zh"])
        equal(visitor.page.evaluate("window.stays"), True)
        visitor.page.reload()
        expect(visitor.page.get_by_role("heading", level=1)).to_have_text(headings["zh"])
        visitor.page.get_by_role("button", name="English").click()
        expect(visitor.page.get_by_role("heading", level=1)).to_have_text(headings["en"])
    for locale in ("en-GB", "zh-CN"):
        with check(f"{locale}: no text is missing, and none is in the other language"), Visitor(browser, url, locale=locale) as visitor:
            connected(visitor, locale[:2])
            bad = visitor.page.evaluate("""language => [...document.querySelectorAll('main [data-text]')].filter(node => {
                const {textContent} = node, isHan = /\\p{Script=Han}/u.test(textContent);
                return textContent === node.dataset.text || !textContent || isHan !== (language === 'zh');
            }).map(node => node.dataset.text)""", locale[:2])
            equal(bad, [])


def keyboard(browser, url, names):
    """What Tab leads to, and that it is seen."""
    with check("Tab leads through the page in its order, and each stop is seen"), Visitor(browser, url) as visitor:
        connected(visitor)
        visitor.page.wait_for_timeout(500)
        stops = []
        for _ in range(len(names)):
            visitor.page.keyboard.press("Tab")
            stop, outline = visitor.page.evaluate("""() => {
                const {activeElement: node} = document, {outlineStyle, outlineWidth} = getComputedStyle(node);
                const labels = node.getAttribute('aria-labelledby');
                const name = node.getAttribute('aria-label') ?? (labels ? document.getElementById(labels).textContent : node.textContent);
                return [name.trim(), outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2];
            }""")
            stops.append(stop)
            assert outline, f"no outline at {stop}"
        equal(stops, names)
    with check("the skip link leads to the content"), Visitor(browser, url) as visitor:
        visitor.page.keyboard.press("Tab")
        visitor.page.keyboard.press("Enter")
        equal(visitor.page.evaluate("document.activeElement.id"), "content")


def looks(browser, url, texts, shapes=(), ready=None):
    """Contrasts in both themes, and phones."""
    for theme in ("light", "dark"):
        with check(f"{theme}: contrasts as WCAG AA wants them"), Visitor(browser, url, color_scheme=theme) as visitor:
            connected(visitor)
            if ready:
                ready(visitor)
            equal(low_contrasts(visitor.page, ["body", "h1", ".lead", "h2", ".small", "thead th", "td", *texts], shapes), {})
    for width in PHONES:
        for locale in ("en-GB", "zh-CN"):
            options = {"viewport": {"width": width, "height": 640}, "is_mobile": True, "has_touch": True, "locale": locale}
            with check(f"phone, {width} px, {locale}: nothing is wider than the screen"), Visitor(browser, url, **options) as visitor:
                connected(visitor, locale[:2])
                if ready:
                    ready(visitor)
                equal(visitor.page.evaluate("document.documentElement.scrollWidth"), width)
                equal(too_wide(visitor.page, width), [])


def served(browser, url, title):
    with check("the page is HTML, with nothing from elsewhere, and reads without JavaScript"), Visitor(browser, url) as visitor:
        equal(visitor.response.status, 200)
        assert visitor.response.headers["content-type"].startswith("text/html")
        connected(visitor)
        origin = "/".join(url.split("/")[:3])
        equal([each for each in visitor.requests if not each.startswith((origin, "data:"))], [])
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    with check("without JavaScript it says what it needs"):
        page.goto(url)
        expect(page).to_have_title(title)
        # Chromium lays its text out, but has no node for it while playwright looks.
        height = page.locator("noscript").bounding_box()["height"]
        assert height > 20 and "This page needs JavaScript" in page.content(), height
    context.close()


def switched_off(browser, url, en, zh):
    """The server says that it plays nothing: the page says so, and shows no empty boxes."""
    def prepare(page):
        page.route("**/scenes.json", lambda route: route.fulfill(json={"scenes": False, "time": 1}))

    for locale, text in (("en-GB", en), ("zh-CN", zh)):
        with check(f"{locale}: it is said that the scene is off"), Visitor(browser, url, prepare, locale=locale) as visitor:
            expect(visitor.page.locator("#off")).to_have_text(text)
            expect(visitor.page.locator("#scene")).to_be_hidden()
            visitor.page.wait_for_timeout(500)
            assert not any("/messages" in each for each in visitor.requests), visitor.requests


def main(path, description, parts):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("base_url")
    url = parser.parse_args().base_url.rstrip("/") + path
    with sync_playwright() as playwright:
        # Without its sandbox: in a container there is no user namespace for one, and it only visits our own page.
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        print(f"Chromium {browser.version} on {url}", flush=True)
        for part in parts:
            try:
                part(browser, url)
            except Exception as error:
                with check(part.__name__):
                    raise error
            for context in browser.contexts:
                context.close()
        browser.close()
    finish()
