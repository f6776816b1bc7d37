// node_peer.js client URL OPTIONS   -- talks to an echo server, and prints as one line of JSON how it went
// node_peer.js server OPTIONS       -- an echo server; prints its port, and then a line of JSON for each connection that ended
//   OPTIONS  JSON: what the package ws takes for perMessageDeflate
// NODE_PATH has to lead to the package ws.
'use strict';
const crypto = require('crypto');
const { WebSocket, WebSocketServer } = require('ws');

const SIZES = [0, 1, 125, 126, 300, 65536, 1 << 20];
const DEADLINE = 60000; // milliseconds; a working server takes a few hundred
const words = (size) => 'as it was said before, '.repeat(size / 23 + 1).slice(0, size);
const noise = (size) => crypto.randomBytes(size);
const print = (value) => console.log(typeof value === 'object' ? JSON.stringify(value) : value);

function client(url, options) {
  const socket = new WebSocket(url, { perMessageDeflate: options, maxPayload: 1 << 26 });
  const result = { extensions: '', echoed: 0, wrong: [], code: 0 };
  const waiting = [];
  let stream;
  socket.on('upgrade', (response) => {
    result.extensions = response.headers['sec-websocket-extensions'] || '';
    stream = response.socket;
  });
  socket.on('message', (data, binary) => {
    const next = waiting.shift();
    if (next && binary === next.binary && data.equals(next.data)) result.echoed++;
    else result.wrong.push(`${next && next.name}: got ${data.length} bytes`);
    if (next && next.heard) next.heard();
  });
  socket.on('error', (error) => result.wrong.push(String(error)));
  socket.on('close', (code) => {
    result.code = code;
    print(result);
    process.exit(0);
  });
  const expect = (name, data, heard) =>
    waiting.push({ name, binary: typeof data !== 'string', data: Buffer.from(data), heard });
  const echo = (name, data) => new Promise((heard) => {
    expect(name, data, heard);
    socket.send(data);
  });
  socket.on('open', async () => {
    for (const size of SIZES) {
      await echo(`${size} of text`, words(size));
      await echo(`${size} of noise as text`, noise(size).toString('hex').slice(0, size));
      await echo(`${size} of binary`, noise(size));
    }
    // How much a message that compresses well takes on the wire, both ways.
    const before = [stream.bytesWritten, stream.bytesRead];
    await echo('1 MiB', words(1 << 20));
    result.wire = [stream.bytesWritten - before[0], stream.bytesRead - before[1]];
    await new Promise((heard) => {
      const parts = Array.from({ length: 100 }, (_, number) => `part ${number}, ${words(number * 7)}`);
      expect('fragments', parts.join(''), heard);
      parts.forEach((part, number) => socket.send(part, { fin: number === 99 }));
    });
    await new Promise((heard) => {
      const parts = [noise(70000), Buffer.alloc(0), noise(1), Buffer.alloc(5000)];
      expect('binary fragments', Buffer.concat(parts), heard);
      parts.forEach((part, number) => socket.send(part, { fin: number === 3 }));
    });
    for (let number = 0; number < 500; number++) await echo(`number ${number}`, `${number}: ${words(number)}`);
    await new Promise((heard) => {
      for (let number = 0; number < 500; number++) {
        const data = number % 3 ? `${number}: ${words(number * 3)}` : noise(number);
        expect(`number ${number} at once`, data, number === 499 ? heard : undefined);
        socket.send(data, { compress: number % 5 !== 0 });
      }
    });
    socket.close(1000);
  });
  setTimeout(() => {
    result.wrong.push(`nothing for too long, waiting for ${waiting.length ? waiting[0].name : 'the end'}`);
    print(result);
    process.exit(1);
  }, DEADLINE).unref();
}

function server(options) {
  const listener = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: options, maxPayload: 1 << 26 });
  listener.on('listening', () => print(listener.address().port));
  listener.on('connection', (socket, request) => {
    const result = { offered: request.headers['sec-websocket-extensions'] || '', messages: 0, bytes: 0 };
    socket.on('message', (data, binary) => {
      result.messages++;
      result.bytes += data.length;
      const text = binary ? data : data.toString();
      // Long ones come back in three fragments.
      if (text.length < 300) return socket.send(text);
      socket.send(text.slice(0, 100), { fin: false });
      socket.send(text.slice(100, 200), { fin: false });
      socket.send(text.slice(200), { fin: true });
    });
    socket.on('error', (error) => { result.error = String(error); });
    socket.on('close', (code) => print({ ...result, code, read: request.socket.bytesRead, written: request.socket.bytesWritten }));
  });
}

const [role, ...rest] = process.argv.slice(2);
if (role === 'client') client(rest[0], JSON.parse(rest[1]));
else server(JSON.parse(rest[0]));
