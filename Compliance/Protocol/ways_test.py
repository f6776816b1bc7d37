"""A position of each way continues in each other way: nothing is lost, doubled or out of order."""

import contextlib

from checks import check, equal
from socket_client import Socket
from target import Stream

TOTAL = 30


def websocket(target, room, position):
    """Messages as they come: data and position."""
    epoch, offset = position
    with Socket(target) as member:
        joined = member.join(room, after=offset, epoch=epoch)
        equal(joined["recovered"], True)
        while True:
            said = member.hear("message", "gap")
            yield said["data"], (said["epoch"], said["offset"])


def events(target, room, position):
    """The position as a browser has it: the last event's id."""
    with Stream(target, room, fields={"Last-Event-ID": f"{position[0]}:{position[1]}"}) as stream:
        equal(stream.event()["data"]["recovered"], True)
        while True:
            event = stream.event()
            epoch, _, offset = event["id"].rpartition(":")
            yield event["data"]["data"], (epoch, int(offset))


def lines(target, room, position):
    epoch, offset = position
    with Stream(target, room, format="ndjson", after=offset, epoch=epoch) as stream:
        equal(stream.object()["recovered"], True)
        while True:
            said = stream.object()
            yield said["data"], (said["epoch"], said["offset"])


def pages(target, room, position, **query):
    """Each page's position stands behind its last message: one message in a page, so that one can stop behind each."""
    epoch, offset = position
    while True:
        page = target.read(room, after=offset, epoch=epoch, limit=1, **query).json
        equal(page["recovered"], True)
        epoch, offset = page["epoch"], page["offset"]
        for message in page["messages"]:
            yield message["data"], (epoch, offset)


def long_polls(target, room, position):
    return pages(target, room, position, wait=20)


WAYS = {"websocket": websocket, "streaming": events, "long polling": long_polls, "polling": pages}


def take(way, target, room, position, count):
    """So many messages by a way, and where it is then."""
    found = []
    with contextlib.closing(way(target, room, position)) as messages:
        for data, position in messages:
            found.append(data)
            if len(found) == count:
                return found, position


def run(target):
    for first in WAYS:
        for second in WAYS:
            with check(f"from {first} to {second}, and back"):
                change(target, WAYS[first], WAYS[second])
    with check("from each way to the next, and lines, behind every single message"):
        room = target.name()
        position, found = (target.read(room).json["epoch"], 0), []
        ways = [*WAYS.values(), lines]
        for number in range(TOTAL):
            target.publish(room, number)
            seen, position = take(ways[number % len(ways)], target, room, position, 1)
            found += seen
        equal(found, list(range(TOTAL)))
    with check("all ways read the same from the same position"):
        start = (target.read(room).json["epoch"], 7)
        for way in ways:
            equal(take(way, target, room, start, TOTAL - 7), (list(range(7, TOTAL)), (start[0], TOTAL)))
    with check("an ETag and an event's id are the position of JSON"):
        page = target.read(room, after=3, epoch=start[0], limit=4)
        equal(page.fields["etag"], f'"{page.json["epoch"]}:{page.json["offset"]}"')
        with Stream(target, room, fields={"Last-Event-ID": page.fields["etag"].strip('"')}) as stream:
            stream.event()
            equal(stream.event()["data"]["data"], 7)


def change(target, first, second):
    """Changes twice, while messages are there already and while they come one by one."""
    room = target.name()
    position, found = (target.read(room).json["epoch"], 0), []
    with Socket(target, who=target.name("author")) as author:
        def publish(numbers):
            for number in numbers:
                equal(author.ask(type="publish", room=room, data=number)["type"], "published")

        publish(range(0, 10))
        seen, position = take(first, target, room, position, 7)
        found += seen
        publish(range(10, 15))
        seen, position = take(second, target, room, position, 8)
        found += seen
        # Each message only when the one before it has been seen: live on every way.
        with contextlib.closing(first(target, room, position)) as messages:
            for number in range(15, 20):
                publish([number])
                data, position = next(messages)
                found.append(data)
        publish(range(20, TOTAL))
        seen, position = take(second, target, room, position, TOTAL - 20)
        found += seen
    equal(found, list(range(TOTAL)))
