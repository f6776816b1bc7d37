"""Errors over HTTP: every code that a client can bring about, with its status."""

from checks import check, equal
from errors_test import NAMES

JSON = {"Content-Type": "application/json"}


def run(target):
    room, epoch = target.filled(1)

    def refused(title, status, code, answer):
        with check(f"{title}: {status} {code}"):
            equal((answer.status, answer.code), (status, code))
            equal(answer.fields["content-type"].split(";")[0], "application/json")
            equal(answer.fields.get("cache-control"), "no-store")

    who = target.name("ann")

    def post(body, fields=None, name=room):
        return target.ask("POST", target.path(name, "messages", who=who), body, {**JSON, **(fields or {})})

    for body in (b"", b"{", b"[]", b"hello", b'{"data":1} x', b'{"data":1,"data":2}', b"\xff", b'{"data":"\xff"}', b'{"key":"k"}', b"{}"):
        refused(f"publishing {body!r}", 400, "invalid_request", post(body))
    for query in ({"limit": "1001"}, {"limit": "-1"}, {"limit": "x"}, {"limit": ""}, {"limit": "01"}, {"wait": "56"}, {"wait": "1.5"},
                  {"history": "x"}, {"history": "-1"}):
        refused(f"polling with {query}", 400, "invalid_request", target.read(room, **query))
    for query in ({"format": "xml"}, {"presence": "yes"}, {"presence": "1", "info": "[]"}, {"presence": "1", "info": "{"},
                  {"presence": "1", "info": '{"x":"' + "y" * 1024 + '"}'}, {"format": "html", "callback": "alert(1)"},
                  {"format": "html", "callback": ""}, {"format": "html", "callback": "a" * 65}, {"format": "html", "callback": "a..b"},
                  {"format": "html", "callback": "1a"}, {"format": "html", "callback": "a.b<"}):
        refused(f"a stream with {query}"[:80], 400, "invalid_request", target.ask("GET", target.path(room, "stream", **query)))
    for name, why in NAMES.items():
        if name in ("", ".", ".."):
            continue  # clients and proxies make other paths of these
        refused(f"a room's name {why}", 400, "invalid_room", target.read(name))
    for segment in ("%2e", "%2E%2e", "%", "%zz", "%ff", "a%00b"):
        refused(f"a room's name encoded as {segment}", 400, "invalid_room",
                target.ask("GET", target.path(room, "messages").replace(room, segment)))
    for resource in ("messages", "stream"):
        for query in ({"after": "1"}, {"epoch": epoch}, {"after": "x", "epoch": epoch}, {"after": "-1", "epoch": epoch},
                      {"after": "", "epoch": epoch}, {"after": str(1 << 64), "epoch": epoch}, {"after": "1", "epoch": "x" * 14},
                      {"after": "1", "epoch": "?"}, {"after": "01", "epoch": epoch}):
            refused(f"{resource} with {query}", 400, "invalid_position", target.ask("GET", target.path(room, resource, **query)))
        refused(f"{resource} with a session that is none", 400, "invalid_session",
                target.ask("GET", target.path(room, resource, session="x")))
    for value in ("x", "1", f"{epoch}:", f":{1}", f"{epoch}:x"):
        refused(f"a stream with Last-Event-ID: {value}", 400, "invalid_position",
                target.ask("GET", target.path(room, "stream"), fields={"Last-Event-ID": value}))
    refused("a key that is none", 400, "invalid_key", post(b'{"data":1,"key":""}'))
    for id in ("", "x" * 129, "a b"):
        refused(f"Idempotency-Key: {id[:20]!r}", 400, "invalid_id", post(b'{"data":1}', {"Idempotency-Key": id}))
    if target.has_identity:
        for name in ("", "x" * 129, "a%0ab"):
            path = target.path(room, "members") + f"?{target.options.identity_parameter}=" + name
            with check(f"a member's name {name[:10]!r}: 400"):
                equal(target.ask("GET", path).status, 400)
    for path in ("nothing", "messages/1", ""):
        refused(f"the path {path!r} in a room", 404, "not_found", target.ask("GET", target.path(room) + "/" + path))
    refused("the path of a room", 404, "not_found", target.ask("GET", target.path(room)))
    expected = [1]
    if target.has_identity or target.is_somebody:
        with check("an id that the same member used for another message: 409 id_reused"):
            id = {"Idempotency-Key": target.name("id")}
            equal(post(b'{"data":"one"}', id).status, 201)
            expected.append("one")
            for body in (b'{"data":"two"}', b'{"data":"one","key":"k"}'):
                answer = post(body, id)
                equal((answer.status, answer.code), (409, "id_reused"))
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""):
        refused(f"a body of the type {kind!r}", 415, "unsupported_media_type", post(b'{"data":1}', {"Content-Type": kind}))
    refused("a compressed body", 415, "unsupported_media_type", post(b'{"data":1}', {"Content-Encoding": "gzip"}))
    for method, resource in (("PUT", "messages"), ("DELETE", "messages"), ("PATCH", "messages"), ("POST", "members"), ("POST", "stream")):
        with check(f"{method} {resource}: 405 with Allow"):
            answer = target.ask(method, target.path(room, resource), b"{}", JSON)
            equal((answer.status, answer.code), (405, "invalid_request"))
            assert "GET" in answer.fields["allow"], answer
    with check("nothing of what was refused is stored"):
        equal([m["data"] for m in target.read(room).json["messages"]], expected)
    with check("members and values that are not named are ignored"):
        equal(post(b'{"data":"more","x":{"y":[]},"messageId":7e1}'.replace(b'"messageId":7e1', b'"time":"x"')).status, 201)
        equal(target.read(room, nonsense="x").status, 200)
