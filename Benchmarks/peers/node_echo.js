// node_echo.js PORT LEVEL WINDOWBITS MEMLEVEL takeover|no-takeover : a compressing echo server on `ws` (Debian's node-ws).
// A peer to be measured against; deflate.sh starts it, with NODE_PATH where Debian puts modules.
const [port, level, windowBits, memLevel, mode] = process.argv.slice(2);
const resets = mode === 'no-takeover';
// The default window is left out, so that the answer to the offer stays short.
const bits = Number(windowBits) === 15 ? undefined : Number(windowBits);
const { WebSocketServer } = require('ws');

console.log(`ws ${require('ws/package.json').version}, node ${process.version}, zlib ${process.versions.zlib}`);
new WebSocketServer({
  host: '127.0.0.1',
  port: Number(port),
  perMessageDeflate: {
    zlibDeflateOptions: { level: Number(level), memLevel: Number(memLevel), windowBits: Number(windowBits) },
    serverMaxWindowBits: bits,
    clientMaxWindowBits: bits,
    serverNoContextTakeover: resets,
    clientNoContextTakeover: resets,
    threshold: 0,
  },
}).on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
