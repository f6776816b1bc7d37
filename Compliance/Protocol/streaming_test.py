"""Streaming: from where it reads, what it says first, and its fields."""

import re

from checks import check, equal
from socket_client import Socket
from target import Stream


def run(target):
    room, epoch = target.filled(5)

    def first(**more):
        """What a stream says first, and the next three messages' data."""
        with Stream(target, room, **more) as stream:
            joined = stream.event()
            equal(joined["event"], "joined")
            count = min(3, 5 - joined["data"]["offset"]) if joined["data"]["recovered"] else 3
            return joined["data"]["offset"], joined["data"]["recovered"], [stream.event()["data"]["data"] for _ in range(count)]

    with check("the fields of the answer: type, no-store and no-transform, no buffering, not compressed"):
        with Stream(target, room, fields={"Accept-Encoding": "gzip"}) as stream:
            equal((stream.status, stream.fields["content-type"]), (200, "text/event-stream"))
            equal(stream.fields["cache-control"], "no-store, no-transform")
            equal(stream.fields["x-accel-buffering"], "no")
            assert "content-encoding" not in stream.fields and "content-length" not in stream.fields, stream.fields
    with check("HEAD: the same fields and no body"):
        answer = target.ask("HEAD", target.path(room, "stream"))
        equal((answer.status, answer.fields["content-type"], answer.body), (200, "text/event-stream", b""))
    with check("a comment first, then joined with the position as its id"):
        with Stream(target, room, after=2, epoch=epoch) as stream:
            equal([stream.line() for _ in range(6)], [
                ": duplex", "", "event: joined", f"id: {epoch}:2",
                f'data: {{"room":"{room}","epoch":"{epoch}","offset":2,"recovered":true}}', ""])
            equal(stream.line(), f"id: {epoch}:3")
            line = stream.line()
            assert re.match(rf'data: {{"epoch":"{epoch}","offset":3,"time":\d+,.*"data":3}}$', line), line
            equal(stream.line(), "")
    with check("behind a position: those that are there, and then those that come, each once"):
        with Stream(target, room, after=3, epoch=epoch) as stream:
            stream.event()
            target.publish(room, 6)
            equal([stream.event()["data"]["data"] for _ in range(3)], [4, 5, 6])
            target.publish(room, 7)
            event = stream.event()
            equal((event["data"]["data"], event["id"], "event" in event), (7, f"{epoch}:7", False))
    room, epoch = target.filled(5)
    with check("without a position it continues at the end"):
        equal(first(), (5, True, []))
    with check("history=2: the newest two before"):
        equal(first(history=2), (3, True, [4, 5]))
    with check("history=0, and more than there is"):
        equal((first(history=0), first(history=10**6)), ((5, True, []), (0, True, [1, 2, 3])))
    with check("a position counts more than history"):
        equal(first(after=4, epoch=epoch, history=3), (4, True, [5]))
    with check("Last-Event-ID counts more than the query"):
        equal(first(after=0, epoch=epoch, fields={"Last-Event-ID": f"{epoch}:3"}), (3, True, [4, 5]))
        equal(first(history=5, fields={"Last-Event-ID": f"{epoch}:5"}), (5, True, []))
    with check("an empty Last-Event-ID is none"):
        equal(first(after=3, epoch=epoch, fields={"Last-Event-ID": ""}), (3, True, [4, 5]))
    with check("an EventSource that comes back at each event loses and doubles nothing"):
        lively = target.name()
        position, seen = f"{target.read(lively).json['epoch']}:0", []
        with Socket(target, who=target.name("author")) as author:
            for number in range(30):
                author.ask(type="publish", room=lively, data=number)
                if number % 3 != 2:
                    continue
                with Stream(target, lively, fields={"Last-Event-ID": position}) as stream:
                    equal(stream.event()["id"], position)
                    for _ in range(3):
                        event = stream.event()
                        position = event["id"]
                        seen.append(event["data"]["data"])
        equal(seen, list(range(30)))
    with check("many readers of one room get the same"):
        streams = [Stream(target, room, format=format) for format in ("sse", "ndjson") * 5]
        try:
            heard = [stream.event()["data"] if "event-stream" in stream.fields["content-type"] else stream.object() for stream in streams]
            equal({said["offset"] for said in heard}, {5})
            target.publish(room, "to all")
            heard = [stream.event()["data"] if "event-stream" in stream.fields["content-type"] else stream.object() for stream in streams]
            equal([(said["offset"], said["data"]) for said in heard], [(6, "to all")] * 10)
        finally:
            for stream in streams:
                stream.__exit__()
    if target.options.heartbeat:
        heartbeats(target, room)


def heartbeats(target, room):
    for format, expected in (("sse", [":", ""]), ("ndjson", [""]), ("html", ["<!-- -->"])):
        with check(f"a heartbeat: {format}"):
            with Stream(target, room, format=format, timeout=target.options.heartbeat) as stream:
                while "joined" not in stream.line():
                    pass
                if format == "sse":
                    while stream.line():
                        pass
                equal([stream.line() for _ in expected], expected)
