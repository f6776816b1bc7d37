"""The numbers of `duplex serve`; another server may have others, and then is not asked (--no-limits)."""

import json
import threading

from checks import check, equal
from socket_client import Plain, Socket
from target import Stream

JSON = {"Content-Type": "application/json"}
MESSAGE = 64 << 10


def run(target):
    if target.options.no_limits:
        return
    room = target.name()
    largest, too_large = json.dumps("x" * (MESSAGE - 2)), json.dumps("x" * (MESSAGE - 1))

    def post(data):
        return target.ask("POST", target.path(room, "messages"), f'{{"data":{data}}}'.encode(), JSON)

    with check("a message of 64 KiB is taken, a larger one is 413 message_too_big, over WebSocket the same"):
        equal(post(largest).status, 201)
        answer = post(too_large)
        equal((answer.status, answer.code), (413, "message_too_big"))
        with Socket(target) as member:
            member.raw(f'{{"type":"publish","id":1,"room":"{room}","data":{largest}}}')
            equal(member.hear()["type"], "published")
            member.raw(f'{{"type":"publish","id":2,"room":"{room}","data":{too_large}}}')
            error = member.hear()
            equal((error["type"], error["code"], error["id"]), ("error", "message_too_big", 2))
            equal(member.ask(type="ping")["type"], "pong")
    with check("1009 for a text of more than 80 KiB"):
        with Socket(target) as member:
            member.raw("x" * ((80 << 10) + 1))
            equal(member.closed()[0], 1009)
    with check("a body that is much too long is refused before it is read"):
        connection, response = target.send("POST", target.path(room, "messages"), None, {**JSON, "Content-Length": 1 << 30})
        equal(response.status, 413)
        connection.close()
    with check("an answer has at most 1 MiB of messages, and says that there is more"):
        for number in range(14):
            equal(post(json.dumps("x" * (MESSAGE - 10))).status, 201)
        page = target.read(room, limit=1000)
        assert len(page.body) < (1 << 20) + (64 << 10), len(page.body)
        end = target.read(room, limit=0).json["offset"]
        equal(page.json["more"], page.json["offset"] < end)
    with check("a connection is in 256 rooms; one more is too_many_rooms"):
        with Socket(target) as member:
            for number in range(257):
                member.say(type="join", id=number, room=f"{room}-{number}")
            kinds = [member.hear() for _ in range(257)]
            equal([kind["type"] for kind in kinds], ["joined"] * 256 + ["error"])
            equal(kinds[-1]["code"], "too_many_rooms")
            equal(member.ask(type="leave", room=f"{room}-0")["type"], "left")
            member.join(f"{room}-256")
    with check("publishing too fast is rate_limited, and the connection goes on"):
        with Socket(target) as member:
            for number in range(400):
                member.say(type="publish", id=number, room=target.name(), data=number)
            answers = [member.hear() for _ in range(400)]
            equal([answer["id"] for answer in answers], list(range(400)))
            kinds = {answer["code"] for answer in answers if answer["type"] == "error"}
            equal(kinds, {"rate_limited"})
            assert answers[0]["type"] == "published" and sum(a["type"] == "published" for a in answers) >= 200
            equal(member.ask(type="ping")["type"], "pong")
    if not target.has_identity:
        return
    who = target.name("greedy")
    with check("64 sessions of one member; one more is too_many_sessions, and closed with 1013"):
        members = [Socket(target, who=who) for _ in range(64)]
        try:
            with Socket(target, who=who) as member:
                equal((member.welcome["type"], member.welcome["code"]), ("error", "too_many_sessions"))
                equal(member.closed()[0], 1013)
        finally:
            for member in members:
                member.__exit__()
    with check("64 streams and long polls of one member; one more is 429 rate_limited with Retry-After"):
        streams = []
        try:
            streams = [Stream(target, room, who=who) for _ in range(64)]
            for query in ({"resource": "stream"}, {"resource": "messages", "after": 10**9}):
                resource = query.pop("resource")
                if resource == "messages":
                    page = target.read(room, limit=0).json
                    query = {"after": page["offset"], "epoch": page["epoch"], "wait": 5}
                answer = target.ask("GET", target.path(room, resource, who=who, **query))
                equal((answer.status, answer.code), (429, "rate_limited"))
                assert int(answer.fields["retry-after"]) >= 1, answer
        finally:
            for stream in streams:
                stream.__exit__()
    with check("publishing too fast over HTTP is 429 rate_limited with Retry-After"):
        posting_too_fast(target, target.name())


def posting_too_fast(target, room):
    """Many requests at once on one connection: with an answer before each they would be too slow to be too fast."""
    count, body = 400, b'{"data":1}'
    head = [f"POST {target.path(room, 'messages', who=target.name('hasty'))} HTTP/1.1", f"Host: {target.authority}",
            "Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
    with Plain(target) as wire:
        requests = ("\r\n".join(head).encode() + body) * count
        threading.Thread(target=wire.send, args=(requests,), daemon=True).start()
        answers = [wire.answer() for _ in range(count)]
    refused = [answer for answer in answers if answer[0] != 201]
    equal({(status, json.loads(body)["error"]["code"]) for status, _, body in refused}, {(429, "rate_limited")})
    assert all(int(fields["retry-after"]) >= 1 for _, fields, _ in refused), refused
    assert count - len(refused) >= 200, len(refused)
