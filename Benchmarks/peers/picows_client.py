"""picows_client.py URL SIZE DEPTH SECONDS: the exchange of Sources/client-bench on `picows` and uvloop.

A peer to be measured against; client.sh installs the packages and starts this. It does as little per message as picows
lets it: the payload is not copied out, only its size looked at.
"""
import asyncio
import sys
import time

import picows
import uvloop

url, size, depth, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
message = bytes(i * 7 & 0xFF for i in range(size))
BINARY = picows.WSMsgType.BINARY


class Exchange(picows.WSListener):
    def on_ws_connected(self, transport):
        self.count = 0
        self.result = loop.create_future()
        # Timers look at the clocks, so that no message pays for it.
        loop.call_later(1, self.begin)
        for _ in range(depth):
            transport.send(BINARY, message)

    def on_ws_frame(self, transport, frame):
        if frame.payload_size != size:
            self.fail(f"a frame of {frame.payload_size} bytes")
        self.count += 1
        transport.send(BINARY, message)

    def on_ws_disconnected(self, transport):
        self.fail("the connection ended")

    def begin(self):
        self.start = self.count, time.monotonic_ns(), time.process_time_ns()
        loop.call_later(seconds, self.end)

    def end(self):
        count, start, cpu = self.start
        messages = self.count - count
        rate = messages / (time.monotonic_ns() - start) * 1e9
        cost = (time.process_time_ns() - cpu) / messages
        if not self.result.done():
            self.result.set_result(f"messages/s={rate:.0f} cpu_ns/message={cost:.0f}")

    def fail(self, reason):
        if not self.result.done():
            self.result.set_exception(RuntimeError(reason))


async def main():
    global loop
    loop = asyncio.get_running_loop()
    # Its defaults: no pings, and aiofastnet's transport on uvloop's loop.
    _, exchange = await picows.ws_connect(Exchange, url)
    print(await exchange.result)


uvloop.run(main())
