"""A stream's formats: which one comes, lines, and scripts for a hidden frame."""

import json
import re

from checks import check, equal
from target import Stream

SSE, LINES, PAGE = "text/event-stream", "application/x-ndjson", "text/html"


def call(line):
    """A line of a page: the function, and what it is called with, as JavaScript would see it."""
    function, expression = re.fullmatch(r"<script>([\w$.]+)\((.*)\)</script>", line).groups()
    quoted = re.fullmatch(r"JSON\.parse\((\".*\")\)", expression)
    return function, json.loads(json.loads(quoted[1]) if quoted else expression)


def page_objects(stream):
    """What a page says, past what stands before it."""
    while True:
        line = stream.line()
        if line.startswith("<script>"):
            yield line


def run(target):
    room, epoch = target.filled(2)

    def kind(accept=None, **query):
        with Stream(target, room, fields={"Accept": accept} if accept is not None else None, **query) as stream:
            return stream.fields["content-type"].split(";")[0]

    with check("Accept says what comes back, and events are the default"):
        equal([kind(accept) for accept in (None, "*/*", SSE, LINES, PAGE, f"{LINES}, {SSE}", f"text/plain, {PAGE};q=0.9", "image/png")],
              [SSE, SSE, SSE, LINES, PAGE, LINES, PAGE, SSE])
    with check("format= counts more than Accept"):
        equal([kind(PAGE, format=format) for format in ("sse", "ndjson", "html")], [SSE, LINES, PAGE])
    with check("ndjson: the WebSocket's objects, one in each line"):
        with Stream(target, room, format="ndjson", after=1, epoch=epoch) as stream:
            equal(stream.object(), {"type": "joined", "room": room, "epoch": epoch, "offset": 1, "recovered": True})
            message = stream.object()
            equal((message["type"], message["room"], message["offset"], message["data"]), ("message", room, 2, 2))
    with check("html: the same objects as calls of parent.duplex"):
        with Stream(target, room, format="html", after=1, epoch=epoch) as stream:
            equal(stream.fields["content-type"].lower(), "text/html; charset=utf-8")
            lines = page_objects(stream)
            equal(call(next(lines)), ("parent.duplex", {"type": "joined", "room": room, "epoch": epoch, "offset": 1, "recovered": True}))
            function, message = call(next(lines))
            equal((function, message["type"], message["data"]), ("parent.duplex", "message", 2))
    with check("html: callback= names another function"):
        for name in ("parent.a.b_1.$", "x", "_" * 64):
            with Stream(target, room, format="html", history=1, callback=name) as stream:
                equal([call(line)[0] for _, line in zip(range(2), page_objects(stream))], [name, name])
    hard = "</script><script>alert(1)</script><!--\u2028\u2029'\"\\"
    with check("html: nothing in a message ends the script or its line"):
        target.publish(room, {"text": hard, "__proto__": {"x": 1}})
        with Stream(target, room, format="html", history=1) as stream:
            lines = page_objects(stream)
            next(lines)
            line = next(lines)
            equal(line.count("<"), 2)
            assert "\u2028" not in line and "\u2029" not in line, line
            equal(call(line)[1]["data"], {"text": hard, "__proto__": {"x": 1}})
            # In a script an object's member of this name is its prototype.
            assert "(JSON.parse(" in line, line
    with check("html: a room's name is escaped, too"):
        other = target.name("<script>'&")
        target.publish(other, 1)
        with Stream(target, other, format="html", history=1) as stream:
            line = next(page_objects(stream))
            equal((line.count("<"), call(line)[1]["room"]), (2, other))
    with check("html: who may frame it is said, and that it has no opener"):
        with Stream(target, room, format="html") as stream:
            assert "frame-ancestors 'self'" in stream.fields["content-security-policy"], stream.fields
            equal(stream.fields["cross-origin-opener-policy"], "same-origin")
    with check("html: 1 KiB comes first, so that browsers begin to show it"):
        with Stream(target, room, format="html") as stream:
            before = 0
            while not (line := stream.line()).startswith("<script>"):
                before += len(line.encode()) + 1
            assert before >= 1024, before
    with check("sse and ndjson: such data as it is"):
        for format in ("sse", "ndjson"):
            with Stream(target, room, format=format, history=1) as stream:
                said = stream.event()["data"] if format == "sse" else stream.object()
                said = stream.event()["data"] if format == "sse" else stream.object()
                equal(said["data"]["text"], hard)
