"""A message: the same on all ways, and its data byte for byte."""

import time

from checks import check, equal
from socket_client import Socket
from target import Stream

#: JSON as programs write it, and as they do not.
TEXTS = ['"hi"', '{"text":"hello"}', "0", "-0.0", "1E400", "1e+2", "123456789012345678901234567890", "true", "null", "[]", '""',
         '{ "a" : [ 1 , 2 ] }', '{"b":1,"a":2,"b":3}', '"\\u00e9é"', '"\\/"', '"\\ud83d\\ude00😀"', '"\u2028\u2029"', '"</script>"',
         '"\x7f"', "[" * 60 + "]" * 60]


def run(target):
    room, who = target.name(), target.name("ann")
    with Socket(target, who=who) as member:
        joined = member.join(room)
        for text in TEXTS:
            with check(f"data byte for byte: {text[:30]!r}"):
                body = f'{{"data":{text}}}'.encode()
                before = member.welcome and target.read(room, limit=0).json
                answer = target.ask("POST", target.path(room, "messages", who=who), body, {"Content-Type": "application/json"})
                equal(answer.status, 201)
                ending = b'"data":' + text.encode() + b"}"
                heard = member.text()
                assert heard.endswith(ending), heard
                page = target.read(room, after=before["offset"], epoch=before["epoch"])
                assert page.body.endswith(ending + b"]}"), page.body
                query = {"after": before["offset"], "epoch": before["epoch"]}
                for format in ("sse", "ndjson"):
                    with Stream(target, room, format=format, **query) as stream:
                        line = ""
                        while '"data":' not in line:
                            line = stream.line()
                        assert line.encode().endswith(ending), line
        with check("a line break between tokens is as good as none; in a stream's line it is left out"):
            position = target.read(room, limit=0).json
            target.ask("POST", target.path(room, "messages"), b'{"data":[1,\r\n2]}', {"Content-Type": "application/json"})
            equal(member.hear()["data"], [1, 2])
            for format in ("sse", "ndjson"):
                with Stream(target, room, format=format, after=position["offset"], epoch=position["epoch"]) as stream:
                    line = ""
                    while '"data":' not in line:
                        line = stream.line()
                    assert line.endswith('"data":[1,2]}'), line
        now = time.time() * 1000
        with check("its members: epoch, offset, time in milliseconds since 1970, from, key, data"):
            target.publish(room, "keyed", who=who, key="courier-3")
            message = member.hear()
            equal((message["type"], message["room"], message["epoch"], message["key"]), ("message", room, joined["epoch"], "courier-3"))
            assert abs(message["time"] - now) < 24 * 3600e3 and isinstance(message["time"], int), message
            if target.has_identity:
                equal(message["from"], who)
        with check("no key where it was published without"):
            target.publish(room, "plain")
            assert "key" not in member.hear()
        with check("all ways have the same object: the WebSocket with its type and room before"):
            (found,) = target.read(room, limit=1).json["messages"]
            with Stream(target, room, history=1) as stream:
                stream.event()
                equal(stream.event()["data"], found)
            with Stream(target, room, history=1, format="ndjson") as stream:
                stream.object()
                equal(stream.object(), {"type": "message", "room": room, **found})
            member.join(room, history=1)
            equal(member.hear(), {"type": "message", "room": room, **found})
    with check("time never goes back"):
        times = [m["time"] for m in target.read(room).json["messages"]]
        equal(times, sorted(times))
