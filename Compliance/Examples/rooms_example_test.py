"""rooms-example: rooms in an ordinary Hummingbird application, with its own permissions."""

import json

from checks import check, equal
from client import Client, refused
from examples import curl

JSON = ("-H", "Content-Type: application/json")


def run(build):
    with build.example("rooms-example") as example:
        messages = f"{example.http}/rooms/notices/messages"
        ann, editor = ("-H", "Cookie: user=ann"), ("-H", "Cookie: user=editor-bob")

        with check("who does not say who it is gets 401, in every way"):
            for path in ("messages", "stream", "members"):
                status, body = curl(f"{example.http}/rooms/notices/{path}")
                equal((status, json.loads(body)["error"]["code"]), (401, "unauthorized"))
            equal(refused(f"{example.ws}/rooms", subprotocols=["duplex.v1"])[0], 401)
        with check("a reader may not write, and is told why; an editor may"):
            status, body = curl(messages, *ann, *JSON, "-d", '{"data": "hi"}')
            equal((status, json.loads(body)["error"]), (403, {"code": "forbidden", "message": "only editors write notices"}))
            equal(curl(messages, *editor, *JSON, "-d", '{"data": "hi"}')[0], 201)
        with check("what the application publishes comes to readers by WebSocket and by polling"):
            headers = {"Cookie": "user=ann"}
            with Client(f"{example.ws}/rooms", subprotocols=["duplex.v1"], additional_headers=headers) as websocket:
                equal(json.loads(websocket.recv())["type"], "welcome")
                websocket.send('{"type":"join","id":1,"room":"notices","history":1}')
                equal(json.loads(websocket.recv())["type"], "joined")
                equal(json.loads(websocket.recv())["data"], "hi")
                equal(curl(f"{example.http}/deploys/7", "-X", "POST")[0], 200)
                equal(json.loads(websocket.recv())["data"], {"deployed": 7})
            answer = json.loads(curl(f"{messages}?limit=1", *ann)[1])
            equal([(one["key"], one["data"]) for one in answer["messages"]], [("deploy", {"deployed": 7})])
        with check("SIGTERM ends it with 0"):
            example.process.terminate()
            equal(example.stop(), 0)
