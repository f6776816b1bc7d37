"""Members over HTTP."""

from checks import check, equal
from socket_client import Socket


def run(target):
    room = target.name()
    with check("a room that nobody is in"):
        answer = target.members(room)
        equal((answer.status, answer.json), (200, {"room": room, "count": 0, "members": []}))
        equal((answer.fields["content-type"], answer.fields["cache-control"]), ("application/json", "no-store"))
    with check("who is there, with the info as it was sent"):
        with Socket(target, who=target.name("ann")) as member:
            member.raw('{"type":"join","room":"%s","presence":true,"info":{ "n" : 1.0 }}' % room)
            member.hear("presence")
            answer = target.members(room)
            equal((answer.json["count"], [m["id"] for m in answer.json["members"]]), (1, [member.welcome["member"]]))
            assert b'"info":{ "n" : 1.0 }' in answer.body, answer
            equal(target.ask("HEAD", target.path(room, "members")).fields["content-length"], str(len(answer.body)))
