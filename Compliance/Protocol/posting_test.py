"""Publishing over HTTP."""

import json

from checks import check, equal

JSON = {"Content-Type": "application/json"}


def run(target):
    room, who = target.name(), target.name("ann")
    with check("201 with the room and the position"):
        answer = target.post(room, {"text": "hello"}, who=who, key="courier-3")
        epoch = target.read(room).json["epoch"]
        equal((answer.status, answer.json), (201, {"room": room, "epoch": epoch, "offset": 1}))
        equal((answer.fields["content-type"], answer.fields["cache-control"]), ("application/json", "no-store"))
        (message,) = target.read(room).json["messages"]
        equal((message["data"], message["key"]), ({"text": "hello"}, "courier-3"))
        if target.has_identity:
            equal(message["from"], who)
    if target.has_identity or target.is_somebody:
        with check("200 with repeated, where the Idempotency-Key was used for this message"):
            id = {"Idempotency-Key": target.name("id")}
            first, second = (target.post(room, "once", who=who, fields=id) for _ in range(2))
            equal((first.status, second.status), (201, 200))
            equal(second.json, {**first.json, "repeated": True})
            equal(target.read(room).json["offset"], first.json["offset"])
    with check("without one it is stored each time"):
        before = target.read(room).json["offset"]
        equal([target.post(room, "twice").json["offset"] for _ in range(2)], [before + 1, before + 2])
    with check("application/json with parameters, and in capitals, is JSON"):
        for kind in ("application/json; charset=utf-8", "Application/JSON"):
            equal(target.ask("POST", target.path(room, "messages"), b'{"data":1}', {"Content-Type": kind}).status, 201)
    with check("a room's name is percent-encoded: spaces, %, ?, #, umlauts, emoji"):
        for text in ("a b", "100%", "who?", "#1", "Größe", "😀", "a+b", "a&b=c", "a:b", "~", "..."):
            name = target.name(text) if len(text) > 1 and text != "..." else text + target.name()
            answer = target.post(name, text)
            equal((answer.status, answer.json["room"]), (201, name))
            equal([m["data"] for m in target.read(name).json["messages"]], [text])
    with check("a name of 128 bytes is taken"):
        name = target.name("é")
        name += "é" * ((128 - len(name.encode())) // 2)
        name += "x" * (128 - len(name.encode()))
        equal((len(name.encode()), target.post(name, 1).status), (128, 201))
    with check("a body in pieces (chunked) is taken"):
        body = json.dumps({"data": "in pieces"}).encode()
        fields = {**JSON, "Transfer-Encoding": "chunked"}
        equal(target.send_chunked(target.path(room, "messages"), [body[:5], body[5:]], fields).status, 201)
        equal(target.read(room, limit=1).json["messages"][0]["data"], "in pieces")
