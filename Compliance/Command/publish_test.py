"""`duplex publish`: what it stores, once and in order, and what it prints."""

import json

from checks import check, equal
from duplex import SIGNALS, collected
from listening import until
from proxies import free_port
from rooms import Cuttable, Room
from subscribe_test import HARD

WAYS = ("websocket", "http")


def run(duplex):
    with duplex.server() as server:
        for way in WAYS:
            stores(duplex, server, way)
            lines(duplex, server, way)
            comes_back(duplex, server, way)
            ends(duplex, server, way)
            refused(duplex, server, way)
        usage(duplex, server)


def stores(duplex, server, way):
    room = Room(server.url)

    def publish(*arguments, input=b""):
        return duplex.run("publish", server.url, room.name, "--transport", way, *arguments, input=input)

    with check(f"{way}: TEXT is stored as a string, and its position is printed"):
        result = publish("hello")
        (message,) = room.messages()
        equal((result.status, result.out, result.err), (0, f"{message['epoch']}:1\n", ""))
        equal((message["data"], "key" in message), ("hello", False))
    with check(f"{way}: any text"):
        for text in HARD:
            equal(publish(text).status, 0)
        equal(room.datas()[1:], HARD)
    with check(f"{way}: --as and --message-key"):
        equal(publish("x", "--as", "Größe & co", "--message-key", "courier 3").status, 0)
        message = room.messages()[-1]
        equal((message["from"], message["key"]), ("Größe & co", "courier 3"))
    with check(f"{way}: --data-json, as it is written"):
        equal(publish("--data-json", ' {"b":1.0, "a":[true,null]}').status, 0)
        equal(json.dumps(room.datas()[-1]), '{"b": 1.0, "a": [true, null]}')
    with check(f"{way}: the same --message-id again is stored once, with the same position"):
        for who in ((), ("--as", "ann")):
            first, second = (publish("once", "--message-id", "c0ffee", *who) for _ in range(2))
            equal((first.status, second.status, second.out), (0, 0, first.out))
        equal(room.datas()[-2:], ["once", "once"])
    with check(f"{way}: a --message-id that was used for another message: refused, exit 1"):
        result = publish("twice", "--message-id", "c0ffee")
        equal((result.status, result.out, len(result.lines)), (1, "", 1))
        assert "id_reused" in result.err, result.err
    with check(f"{way}: a TEXT that begins with a dash, behind --"):
        equal(duplex.run("publish", "--transport", way, "--", server.url, room.name, "--help").status, 0)
        equal(room.datas()[-1], "--help")


def lines(duplex, server, way):
    for arguments in ((), ("-",)):
        with check(f"{way}: each line of standard input is a message{', with -' if arguments else ''}; empty ones, too"):
            room = Room(server.url)
            text = "one\n\ntwo ä\n{\"x\":1}\nlast"
            result = duplex.run("publish", server.url, room.name, *arguments, "--transport", way, input=text.encode())
            equal((result.status, len(result.out.splitlines()), result.err), (0, 5, ""))
            equal(room.datas(), text.split("\n"))
    with check(f"{way}: --lines-json: each line is JSON, empty ones are left out"):
        room = Room(server.url)
        result = duplex.run("publish", server.url, room.name, "--lines-json", "--transport", way, input=b'{"x":1}\n\n [2]\n"three"\n')
        equal((result.status, room.datas()), (0, [{"x": 1}, [2], "three"]))
    with check(f"{way}: a line that is none: told with its number, what is before it is stored, exit 1"):
        room = Room(server.url)
        result = duplex.run("publish", server.url, room.name, "--lines-json", "--transport", way, input=b'1\n{"x":\n3\n')
        equal((result.status, len(result.out.splitlines()), room.datas()), (1, 1, [1]))
        assert "line 2" in result.err, result.err
    with check(f"{way}: a line is published when it comes, not at the end of input"):
        room = Room(server.url)
        with duplex.started("publish", server.url, room.name, "--transport", way) as process:
            for number in range(3):
                process.stdin.write(f"{number}\n".encode())
                process.stdin.flush()
                assert process.stdout.readline().endswith(f":{number + 1}\n".encode())
            process.stdin.close()
            equal(process.wait(10), 0)
    with check(f"{way}: faster than the server lets anybody: it waits, and all are stored in order"):
        room = Room(server.url)
        count = 320
        result = duplex.run("publish", server.url, room.name, "--transport", way, "--as", f"hasty-{room.name}",
                            input="".join(f"{number}\n" for number in range(count)).encode())
        equal((result.status, room.datas()), (0, [str(number) for number in range(count)]))


def ends(duplex, server, way):
    for name, number in SIGNALS.items():
        with check(f"{way}: {name} while it waits for a line ends it with 0"):
            with duplex.started("publish", server.url, "chat", "--transport", way) as process:
                process.stdin.write(b"one\n")
                process.stdin.flush()
                assert process.stdout.readline()
                process.send_signal(number)
                equal(process.wait(10), 0)
    with check(f"{way}: whoever reads the positions goes away: it ends with 0"):
        room = Room(server.url)
        with duplex.started("publish", server.url, room.name, "--transport", way) as process:
            process.stdout.close()
            process.stdin.write(b"one\n" * 10)
            process.stdin.flush()
            equal(process.wait(10), 0)
            equal(room.datas(), ["one"])


def comes_back(duplex, server, way):
    with check(f"{way}: the connection is cut again and again, and each line is stored once and in order"):
        room = Room(server.url)
        with Cuttable(server.port) as way_there, duplex.started("publish", way_there.url, room.name, "--transport", way) as process:
            collected(process.stderr)
            printed, reading = collected(process.stdout)
            for number in range(60):
                process.stdin.write(f"{number}\n".encode())
                process.stdin.flush()
                if number % 20 == 10:
                    # Somewhere in the middle of what is under way.
                    until(lambda: len(printed) > number - 5, f"what came before: {printed}")
                    way_there.cut()
            process.stdin.close()
            equal(process.wait(60), 0)
            reading.join(10)
        equal(room.datas(), [str(number) for number in range(60)])
        equal([line.decode().split(":")[1] for line in printed], [f"{offset}\n" for offset in range(1, 61)])
        # A socket that is cut while nothing is under way is replaced without a word.
        assert way_there.count >= 4, f"{way_there.count} connections"


def refused(duplex, server, way):
    with check(f"{way}: a server that is not there: one line, exit 1"):
        result = duplex.run("publish", f"http://127.0.0.1:{free_port()}/", "chat", "x", "--transport", way)
        equal((result.status, result.out, len(result.lines)), (1, "", 1))
    with check(f"{way}: a message that is too big: the server's words, exit 1"):
        result = duplex.run("publish", server.url, "chat", "--transport", way, input=b"x" * 70_000)
        equal((result.status, result.out, len(result.lines)), (1, "", 1))
        assert "message_too_big" in result.err, result.err
    with check(f"{way}: no rooms at this address: one line, exit 1"):
        result = duplex.run("publish", server.url + "/nothing/", "chat", "x", "--transport", way)
        equal((result.status, result.out, len(result.lines)), (1, "", 1))
        assert "404" in result.err, result.err


def usage(duplex, server):
    for way in ("streaming", "longpolling", "polling"):
        with check(f"--transport {way} publishes, too"):
            room = Room(server.url)
            equal((duplex.run("publish", server.url, room.name, "x", "--transport", way).status, room.datas()), (0, ["x"]))
    for arguments, word in (
            (("chat", "x", "--after", "1"), "--after"), (("chat", "x", "--data-json", "1"), "exclude"), (("chat", "--data-json", "{"), "JSON"),
            (("chat", "x", "--message-id", ""), "id"), (("chat", "x", "--message-id", "a b"), "id"), (("chat", "x", "--message-key", ""), "key"),
            (("chat", "--message-id", "a"), "one message"), (("chat", "x", "--lines-json"), "standard input"), (("a/b", "x"), "room"),
            (("chat", "x", "--transport", "pigeon"), "transport"), (("chat", "x", "--as", ""), "member")):
        with check(f"publish URL {' '.join(map(repr, arguments))}: told, exit 64"):
            result = duplex.run("publish", server.url, *arguments)
            equal((result.status, result.out), (64, ""))
            assert word in result.err.splitlines()[0], result.err
