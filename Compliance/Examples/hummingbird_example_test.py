"""hummingbird-example: routes, middleware and a WebSocket in one application."""

import json

from checks import check, equal
from client import Client, refused
from examples import curl

JSON = ("-H", "Content-Type: application/json")


def run(build):
    with build.example("hummingbird-example") as example:
        notes, live = f"{example.http}/notes", f"{example.ws}/notes/live"
        with check("ordinary routes: GET, POST, a parameter, 404"):
            equal(curl(f"{example.http}/")[0], 200)
            equal(curl(notes), (200, "[]"))
            status, body = curl(notes, *JSON, "-d", '{"text": "first"}')
            equal((status, json.loads(body)), (201, {"number": 1, "text": "first"}))
            equal(json.loads(curl(f"{notes}/1")[1]), {"number": 1, "text": "first"})
            equal(curl(f"{notes}/2")[0], 404)
            equal(curl(notes, *JSON, "-d", "{}")[0], 400)
        with Client(live) as one, Client(live, origin=example.http) as two:
            with check("a note that comes by HTTP is told to every WebSocket"):
                equal(curl(notes, *JSON, "-d", '{"text": "second"}')[0], 201)
                for websocket in (one, two):
                    equal(json.loads(websocket.recv()), {"number": 2, "text": "second"})
            with check("the middleware sees handshakes: CORS adds its field to the answer, and the log has the path"):
                equal(two.response.headers.get("Access-Control-Allow-Origin"), example.http)
                example.told("/notes/live")
            with check("SIGTERM: 1001, and it ends with 0"):
                example.process.terminate()
                equal((one.closed()[0], two.closed()[0]), (1001, 1001))
                equal(example.stop(), 0)
    with build.example("hummingbird-example") as example:
        with check("an ordinary GET of the WebSocket's path: 426"):
            equal(curl(f"{example.http}/notes/live")[0], 426)
        with check("a WebSocket at an ordinary path: 400"):
            equal(refused(f"{example.ws}/notes")[0], 400)
        with check("both kinds one after the other, many times"):
            for number in range(1, 21):
                with Client(f"{example.ws}/notes/live") as websocket:
                    curl(f"{example.http}/notes", *JSON, "-d", '{"text": "again"}')
                    equal(json.loads(websocket.recv())["number"], number)
