"""chat-example: two subprotocols in one room, and who may come in."""

import json

from checks import check, equal
from client import Client, refused

COOKIE = "Cookie"


def run(build):
    with build.example("chat-example") as example:
        url = f"{example.ws}/chat"
        talking(url)
        refusals(url)
        mistakes(url)
        with check("SIGTERM: both are told 1001, and it ends with 0"), lines(url, "ada") as ada, objects(url, "grace") as grace:
            example.process.terminate()
            equal((ada.closed()[0], grace.closed()[0]), (1001, 1001))
            equal(example.stop(), 0)


def lines(url, name):
    return Client(f"{url}?name={name}", subprotocols=["chat.v1"])


def objects(url, name):
    return Client(url, subprotocols=["chat.v2"], additional_headers={COOKIE: f"name={name}"})


def got(websocket):
    return json.loads(websocket.recv())


def talking(url):
    with lines(url, "ada") as ada:
        with check("chat.v1: a name from the query; a newcomer is told that it is here"):
            equal((ada.subprotocol, ada.recv()), ("chat.v1", "* ada is here"))
        with objects(url, "grace") as grace:
            with check("chat.v2: a name from the cookie; both are told, each in its format"):
                equal((grace.subprotocol, got(grace)), ("chat.v2", {"type": "joined", "name": "grace"}))
                equal(ada.recv(), "* grace is here")
            with check("what chat.v1 says comes to both"):
                ada.send('a "line"')
                equal((ada.recv(), got(grace)), ('ada: a "line"', {"type": "said", "name": "ada", "text": 'a "line"'}))
            with check("what chat.v2 says comes to both"):
                grace.send(json.dumps({"text": "ä\nb"}))
                equal((ada.recv(), got(grace)), ("grace: ä\nb", {"type": "said", "name": "grace", "text": "ä\nb"}))
            with check("both see the same order"):
                for number in range(100):
                    ada.send(f"a{number}")
                    grace.send(json.dumps({"text": f"g{number}"}))
                first = [ada.recv() for _ in range(200)]
                second = [f"{event['name']}: {event['text']}" for event in (got(grace) for _ in range(200))]
                equal(first == second, True)
        with check("one that leaves is told of"):
            equal(ada.recv(), "* grace is gone")
    with check("a name in another writing, percent-encoded"), lines(url, "J%C3%BCrgen") as websocket:
        equal(websocket.recv(), "* Jürgen is here")
    with check("a client that takes both gets chat.v2"):
        with Client(f"{url}?name=ada", subprotocols=["chat.v1", "chat.v2"]) as websocket:
            equal(websocket.subprotocol, "chat.v2")


def refusals(url):
    protocol = {"subprotocols": ["chat.v1"]}
    for what, address, options, status, word in (
        ("without a name", url, protocol, 401, "?name="),
        ("with another cookie", url, {**protocol, "additional_headers": {COOKIE: "other=ada"}}, 401, "cookie"),
        ("with an empty name", f"{url}?name=", protocol, 400, "1 to 20"),
        ("with a long name", f"{url}?name={'x' * 21}", protocol, 400, "1 to 20"),
        ("with a line break in the name", f"{url}?name=a%0Ab", protocol, 400, "1 to 20"),
        ("without a subprotocol", f"{url}?name=ada", {}, 400, "chat.v2, chat.v1"),
        ("with a strange subprotocol", f"{url}?name=ada", {"subprotocols": ["chat.v3"]}, 400, "chat.v2, chat.v1"),
        ("from a page of another site", f"{url}?name=ada", {**protocol, "origin": "http://elsewhere.example"}, 403, "elsewhere"),
    ):
        with check(f"{what}: {status}"):
            answer = refused(address, **options)
            equal(answer[0], status)
            assert word in answer[1], answer


def mistakes(url):
    for what, websocket, message, code in (
        ("chat.v1, a binary message", lines(url, "ada"), b"x", 1003),
        ("chat.v2, no JSON", objects(url, "ada"), "x", 1003),
        ("chat.v2, JSON without a text", objects(url, "ada"), "{}", 1003),
        ("chat.v2, a binary message", objects(url, "ada"), b'{"text": "x"}', 1003),
        ("chat.v1, more than 4 KiB", lines(url, "ada"), "x" * 4097, 1009),
        ("chat.v2, more than 4 KiB", objects(url, "ada"), json.dumps({"text": "x" * 4096}), 1009),
    ):
        with check(f"{what}: {code}, and the others are told that it is gone"), lines(url, "eve") as witness, websocket:
            websocket.send(message)
            equal(websocket.closed()[0], code)
            until_gone(witness)


def until_gone(witness):
    while (line := witness.recv()) != "* ada is gone":
        assert line.endswith("is here"), line
