"""websockets_echo.py PORT LEVEL WINDOWBITS MEMLEVEL takeover|no-takeover: a compressing echo server on `websockets`.

A peer to be measured against; deflate.sh installs the package and starts this.
"""
import asyncio
import platform
import sys
import zlib

import websockets
from websockets.asyncio.server import serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

port, level, window_bits, mem_level = map(int, sys.argv[1:5])
resets = sys.argv[5] == "no-takeover"
# The default window is left out, so that the answer to the offer stays short.
bits = None if window_bits == 15 else window_bits
deflate = ServerPerMessageDeflateFactory(
    server_no_context_takeover=resets,
    client_no_context_takeover=resets,
    server_max_window_bits=bits,
    client_max_window_bits=bits,
    compress_settings={"level": level, "memLevel": mem_level},
)


async def echo(socket):
    while True:
        # As bytes: an echo has no use for the decoded text, so this is the fastest way.
        await socket.send(await socket.recv(decode=False), text=True)


async def main():
    print(f"websockets {websockets.__version__}, Python {platform.python_version()}, zlib {zlib.ZLIB_RUNTIME_VERSION}", flush=True)
    # compression=None switches off the default factory, which has a smaller window and memLevel.
    async with serve(echo, "127.0.0.1", port, compression=None, extensions=[deflate], ping_interval=None, max_size=None) as server:
        await server.serve_forever()


asyncio.run(main())
