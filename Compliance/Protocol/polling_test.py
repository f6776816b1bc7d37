"""Polling and long polling."""

import threading
import time

from checks import check, equal


def run(target):
    room, epoch = target.filled(5)

    def data(page):
        return [message["data"] for message in page["messages"]]

    with check("a page has room, epoch, offset, recovered, more and messages"):
        answer = target.read(room, after=3, epoch=epoch, limit=100)
        page = answer.json
        equal(list(page), ["room", "epoch", "offset", "recovered", "more", "messages"])
        equal((page["room"], page["epoch"], page["offset"], page["recovered"], page["more"], data(page)), (room, epoch, 5, True, False, [4, 5]))
        equal((answer.status, answer.fields["content-type"], answer.fields["cache-control"]), (200, "application/json", "no-store"))
        equal(answer.fields.get("x-content-type-options"), "nosniff")
    with check("limit, more, and the position that was reached: page by page nothing is lost"):
        seen, after, pages = [], 0, 0
        while True:
            page = target.read(room, after=after, epoch=epoch, limit=2).json
            seen += data(page)
            after, pages = page["offset"], pages + 1
            if not page["more"]:
                break
        equal((seen, after, pages), ([1, 2, 3, 4, 5], 5, 3))
    with check("without after the newest, as many as limit or history says"):
        equal([data(target.read(room, **query).json) for query in ({"limit": 2}, {"history": 3}, {}, {"history": 4, "limit": 2})],
              [[4, 5], [3, 4, 5], [1, 2, 3, 4, 5], [2, 3]])
    with check("limit=0 tells a position and no messages: the end, or the one that was asked from"):
        page = target.read(room, limit=0).json
        equal((page["offset"], page["more"], page["messages"], page["recovered"]), (5, False, [], True))
        page = target.read(room, limit=0, after=2, epoch=epoch).json
        equal((page["offset"], page["more"], page["messages"]), (2, True, []))
    with check("HEAD: the fields of GET and no body"):
        head, got = target.ask("HEAD", target.path(room, "messages")), target.read(room)
        equal((head.status, head.body), (200, b""))
        for name in ("content-type", "content-length", "etag", "cache-control"):
            equal(head.fields.get(name), got.fields.get(name))
    tags(target, room, epoch)
    compression(target)
    waiting(target)


def tags(target, room, epoch):
    with check('ETag is "EPOCH:OFFSET", the position that was reached'):
        equal(target.read(room).fields["etag"], f'"{epoch}:5"')
        equal(target.read(room, after=0, epoch=epoch, limit=2).fields["etag"], f'"{epoch}:2"')
    tag = f'"{epoch}:5"'
    for sent in (tag, "W/" + tag, f'"x", {tag}', f"{tag},\t\"y\""):
        with check(f"If-None-Match: {sent.replace(epoch, 'EPOCH')}: 304 without a body"):
            answer = target.read(room, {"If-None-Match": sent}, after=5, epoch=epoch)
            equal((answer.status, answer.body, answer.fields["etag"]), (304, b"", tag))
    for sent in (f'"{epoch}:4"', "*", tag[1:-1], '""'):
        with check(f"If-None-Match: {sent.replace(epoch, 'EPOCH')}: 200"):
            equal(target.read(room, {"If-None-Match": sent}, after=5, epoch=epoch).status, 200)
    with check("nothing is missing silently: not recovered is never 304"):
        answer = target.read(room, {"If-None-Match": tag}, after=9, epoch=epoch)
        equal((answer.status, answer.json["recovered"]), (200, False))
    with check("with wait there is no 304, but an empty answer"):
        answer = target.read(room, {"If-None-Match": tag}, after=5, epoch=epoch, wait=1)
        equal((answer.status, answer.json["messages"]), (200, []))
    with check("when there is something new, it comes"):
        target.publish(room, 6)
        answer = target.read(room, {"If-None-Match": tag}, after=5, epoch=epoch)
        equal((answer.status, answer.json["offset"]), (200, 6))


def compression(target):
    room = target.name()
    for _ in range(20):
        target.publish(room, "a message that compresses, " * 20)
    with check("gzip where the client takes it: the same content, Vary, and a weak tag"):
        plain, packed = target.read(room), target.read(room, {"Accept-Encoding": "gzip, deflate, br"})
        equal((packed.fields.get("content-encoding"), packed.json), ("gzip", plain.json))
        assert len(packed.body) * 4 < len(plain.body), (len(packed.body), len(plain.body))
        assert "accept-encoding" in packed.fields["vary"].lower() and "accept-encoding" in plain.fields["vary"].lower(), packed
        equal(packed.fields["etag"], "W/" + plain.fields["etag"])
        assert "content-encoding" not in plain.fields, plain
    with check("not where it refuses it, and not a short answer"):
        for accepted in ("identity", "br", "gzip;q=0", "*;q=0", ""):
            assert "content-encoding" not in target.read(room, {"Accept-Encoding": accepted}).fields, accepted
        assert "content-encoding" not in target.read(target.name(), {"Accept-Encoding": "gzip"}).fields


class Poll(threading.Thread):
    """A long poll in a thread."""

    def __init__(self, target, room, **query):
        super().__init__(daemon=True)
        self.target, self.room, self.query, self.page = target, room, query, None
        self.start()

    def run(self):
        self.page = self.target.read(self.room, **self.query).json

    def result(self):
        self.join(30)
        return self.page


def waiting(target):
    room, epoch = target.filled(2)
    with check("wait: at once when there is something"):
        page = target.read(room, after=1, epoch=epoch, wait=55).json
        equal((page["offset"], [m["data"] for m in page["messages"]]), (2, [2]))
    with check("wait without after: at once, when the room has messages"):
        equal(target.read(room, wait=55).json["offset"], 2)
    with check("wait=1: empty at the end, at the same position"):
        start = time.monotonic()
        page = target.read(room, after=2, epoch=epoch, wait=1).json
        equal((page["epoch"], page["offset"], page["recovered"], page["more"], page["messages"]), (epoch, 2, True, False, []))
        assert time.monotonic() - start > 0.9, "it did not wait"
    with check("wait: when something comes"):
        poll = Poll(target, room, after=2, epoch=epoch, wait=15)
        time.sleep(0.2)
        target.publish(room, 3)
        page = poll.result()
        equal((page["offset"], [m["data"] for m in page["messages"]]), (3, [3]))
    with check("wait in a room that nobody has used: its first message"):
        new = target.name()
        of = target.read(new).json["epoch"]
        poll = Poll(target, new, after=0, epoch=of, wait=15)
        time.sleep(0.2)
        target.publish(new, "first")
        equal([m["data"] for m in poll.result()["messages"]], ["first"])
    with check("limit=0 has nothing to wait for"):
        start = time.monotonic()
        equal(target.read(room, limit=0, wait=10).json["messages"], [])
        assert time.monotonic() - start < 5
    with check("many long polls of one room are all answered"):
        polls = [Poll(target, room, after=3, epoch=epoch, wait=15) for _ in range(10)]
        time.sleep(0.3)
        target.publish(room, 4)
        equal([poll.result()["offset"] for poll in polls], [4] * 10)
