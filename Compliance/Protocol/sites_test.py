"""Pages of other origins."""

from checks import check, equal
from socket_client import Socket

JSON = {"Content-Type": "application/json"}


def words(text):
    return {word.strip().lower() for word in text.split(",")}


def run(target):
    room, _ = target.filled(1)
    own = ("https://" if target.is_tls else "http://") + target.authority
    foreign = {"Origin": target.options.foreign_origin}

    if not target.options.origin:
        with check("pages of the server's own origin may ask, unless others are named instead"):
            equal(target.read(room, {"Origin": own}).status, 200)
    for method, resource, body in (("GET", "messages", None), ("GET", "stream", None), ("GET", "members", None), ("POST", "messages", b'{"data":1}')):
        with check(f"{method} {resource} of a page that is not allowed: 403, and not carried out"):
            answer = target.ask(method, target.path(room, resource), body, {**JSON, **foreign})
            equal((answer.status, answer.code), (403, "forbidden"))
            assert "access-control-allow-origin" not in answer.fields, answer
            equal(target.read(room).json["offset"], 1)
    with check("its preflight is refused, too"):
        answer = target.ask("OPTIONS", target.path(room, "messages"), fields={**foreign, "Access-Control-Request-Method": "POST"})
        equal(answer.status, 403)
    with check("its WebSocket is refused"):
        with Socket(target, fields=[f"Origin: {foreign['Origin']}"]) as member:
            equal(member.status, 403)
    with check("answers vary by origin, also without one"):
        assert "origin" in words(target.read(room).fields["vary"])
    if not target.options.origin:
        return
    allowed = {"Origin": target.options.origin}
    with check("an allowed page: Access-Control-Allow-Origin, and which fields it may see"):
        for method, resource in (("GET", "messages"), ("GET", "members"), ("HEAD", "stream")):
            answer = target.ask(method, target.path(room, resource), fields=allowed)
            assert answer.fields["access-control-allow-origin"] in (allowed["Origin"], "*"), answer
            equal(words(answer.fields["access-control-expose-headers"]), {"etag", "retry-after"})
    with check("never any origin together with credentials"):
        fields = target.read(room, allowed).fields
        assert (fields["access-control-allow-origin"] == "*") != (fields.get("access-control-allow-credentials") == "true"), fields
    with check("its errors can be read, too"):
        answer = target.read(room, allowed, limit="x")
        equal((answer.status, answer.fields["access-control-allow-origin"] in (allowed["Origin"], "*")), (400, True))
    with check("its preflight: the methods and fields, for ten minutes"):
        answer = target.ask("OPTIONS", target.path(room, "messages"), fields={
            **allowed, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, idempotency-key"})
        equal((answer.status // 100, answer.body), (2, b""))
        assert {"get", "post"} <= words(answer.fields["access-control-allow-methods"]), answer
        assert {"content-type", "idempotency-key", "last-event-id", "if-none-match", "authorization"} <= words(
            answer.fields["access-control-allow-headers"]), answer
        equal(answer.fields["access-control-max-age"], "600")
    with check("its WebSocket is accepted"):
        with Socket(target, fields=[f"Origin: {allowed['Origin']}"]) as member:
            equal((member.status, member.welcome["type"]), (101, "welcome"))
