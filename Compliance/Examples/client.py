"""WebSockets by the package websockets, for tests that are no coroutines.

Not by its own `websockets.sync`: that reads and writes one TLS socket from two threads, which Python before 3.13 does not guard,
and now and then a handshake is never sent.
"""

import asyncio
import threading

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

TIMEOUT = 20  # seconds for what takes milliseconds

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()


def wait(coroutine, timeout=TIMEOUT):
    """Runs it on the loop's thread, with a deadline that can only be too long."""
    return asyncio.run_coroutine_threadsafe(asyncio.wait_for(coroutine, timeout), loop).result(timeout + TIMEOUT)


class Client:
    """An open WebSocket. It is closed at the end of a `with` block."""

    def __init__(self, url, source=None, **options):
        """`source` is this end's address; the rest is what `websockets` takes."""
        where = {"local_addr": (source, 0)} if source else {}

        async def opened():
            return await connect(url, proxy=None, open_timeout=TIMEOUT, close_timeout=TIMEOUT, ping_interval=None, max_size=None,
                                 **where, **options)

        self.connection = wait(opened(), 2 * TIMEOUT)
        self.subprotocol, self.response = self.connection.subprotocol, self.connection.response

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, message):
        wait(self.connection.send(message), 2 * TIMEOUT)

    def recv(self):
        return wait(self.connection.recv(), 2 * TIMEOUT)

    def close(self, code=1000, reason=""):
        wait(self.connection.close(code, reason), 2 * TIMEOUT)

    def closed(self):
        """Reads to the end: code and reason."""
        try:
            while True:
                self.recv()
        except ConnectionClosed:
            return self.connection.close_code, self.connection.close_reason


def refused(url, **options):
    """The answer that refuses a WebSocket: status and body."""
    try:
        with Client(url, **options):
            pass
    except InvalidStatus as error:
        return error.response.status_code, error.response.body.decode()
    raise AssertionError("it was accepted")
