// The browser client of Duplex's rooms (docs/protocol.md). One position in each room, whichever way leads to it:
//
//   const duplex = new Duplex('/'), room = duplex.room('chat', { history: 50 });
//   room.addEventListener('message', ({ data, from }) => …);
//   await room.publish({ text: 'hello' });   // stored
//
// `Duplex` decides which way is taken and when. A way (`SocketWay`, `HttpWay`) reads and publishes, and says once that it is
// up and once that it is down. `Room._accept` is where a message gets in, and nowhere else.

const DEFAULTS = {
  transports: ['websocket', 'streaming', 'longpolling', 'polling'],
  maxQueued: 1000, maxQueuedBytes: 1 << 20, pollInterval: 2000,
  backoff: { first: 500, cap: 30_000 },
};

/** Milliseconds. `welcome` is also for `joined`: a way that does not say so by then is held back, and the next one is tried. */
const TIMES = {
  welcome: 3000, answer: 10_000, ping: 25_000, pong: 10_000, silence: 35_000, wait: 25_000,
  steady: 5000, members: 10_000, probe: 10_000, probeCap: 300_000,
  unconfirmed: 280_000,    // the server knows a message's id for five minutes: later, trying again could double it
};
/** Over HTTP/1.1 a browser has six connections to a host: these, their successors while another way is tried, and publishing. */
const MAX_STREAMS = 2;
/** Another connection has our session; the application has thrown us out. Coming back would only repeat it. */
const FINAL = new Set([4001, 4003]);
/** Refusals of a join that pass. */
const PASSING = new Set(['rate_limited', 'room_full', 'too_many_rooms', 'too_many_sessions', 'unavailable']);

export class DuplexError extends Error {
  /** `more.refused`: the server has understood and says no. `more.after`: when to come back, in milliseconds. */
  constructor(code, message, more) { super(message ?? code); Object.assign(this, { name: 'DuplexError', code }, more); }
}

const emit = (target, type, fields) => target.dispatchEvent(Object.assign(new Event(type), fields));
const jitter = (backoff, attempt) => Math.random() * Math.min(backoff.cap, backoff.first * 2 ** attempt);
/** Ends early when the signal aborts: who waits looks at it next. */
const sleep = (ms, signal) => new Promise(resolve => {
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
});
/** Storage may be forbidden by the browser's settings. */
const recall = key => { try { return sessionStorage.getItem(key); } catch { return null; } };
const remember = (key, value) => { try { sessionStorage.setItem(key, value); } catch {} };

/** A signal that aborts with its parent, or when it was not fed for so long. */
class Watchdog {
  #control = new AbortController(); #parent; #timer;
  #end = () => this.#control.abort(this.#parent.reason);
  constructor(parent, ms) {
    this.#parent = parent;
    parent.addEventListener('abort', this.#end);
    if (parent.aborted) this.#end();
    this.feed(ms);
  }
  get signal() { return this.#control.signal; }
  feed(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#control.abort(new DuplexError('buffered', `nothing came within ${ms} ms`)), ms);
  }
  stop() { clearTimeout(this.#timer); this.#parent.removeEventListener('abort', this.#end); }
}

// ---- A room ----

export class Room extends EventTarget {
  #client; #members = new Map(); #mending = false; #holes = 0; #end = new AbortController();

  constructor(client, name, { history = 0, presence = false, after, info } = {}) {
    super();
    this.#client = client;
    this.name = name;
    this.history = history; this.presence = presence; this.info = info ?? client._info;
    this.count = 0;
    /** Behind which message we are: undefined before the server has first said so. */
    this.position = after && { epoch: after.epoch, offset: after.offset };
    this._path = `rooms/${encodeURIComponent(name)}/`;
  }

  get members() { return [...this.#members.values()]; }
  get isOver() { return this.#end.signal.aborted; }

  /** Resolves with the position once it is stored; rejects with a `DuplexError` and its `code`. */
  publish(data, { key } = {}) { return this.#client._publish(this.name, data, key); }

  setInfo(info) {
    this.info = info;
    this.#client._ways(way => way.setInfo(this));
  }

  leave() { this.#client._leave(this); }

  /** The messages from now on, until the room is left. */
  async *[Symbol.asyncIterator]() {
    const queue = [];
    let wake;
    const push = event => { if (event.type === 'message') queue.push(event); wake?.(); };
    for (const type of ['message', 'left']) this.addEventListener(type, push);
    try {
      while (queue.length || !this.isOver) {
        if (queue.length) yield queue.shift(); else await new Promise(resolve => { wake = resolve; });
      }
    } finally {
      for (const type of ['message', 'left']) this.removeEventListener(type, push);
    }
  }

  _left() {
    this.#end.abort();
    emit(this, 'left');
  }

  /** What any way brings. `asked` is the position that it was asked to continue from. */
  _heard(said, asked) {
    if (this.isOver) return;
    switch (said.type) {
      case 'message': return this._accept(said);
      case 'joined': return this.#begin(said, said.recovered, asked);
      case 'gap': return this.#mend();    // perhaps only this way was too slow, and history still has it
      case 'presence':
        this.#members = new Map(said.members.map(member => [member.id, member]));
        this.count = said.count;
        return emit(this, 'presence', { members: this.members, count: this.count });
      case 'member': {
        const { change, member } = said, { id } = member;
        if (change === 'joined' && !this.#members.has(id)) this.count++;
        if (change === 'left') { if (this.#members.delete(id)) this.count--; } else this.#members.set(id, member);
        emit(this, 'member', { change, member, count: this.count });
      }
    }
  }

  /** The only way in. Two ways may bring the same while one takes over from the other, in any mixture. */
  _accept({ epoch, offset, time, from, key, data, skipped = 0 }) {
    const at = this.position;
    if (!at || (epoch === at.epoch && offset <= at.offset)) return;             // a double
    if (epoch !== at.epoch || offset - 1 - skipped > at.offset) return this.#mend();   // a hole
    this.position = { epoch, offset };
    emit(this, 'message', { epoch, offset, time, from, key, data });
  }

  /** An answer that says from where it continues. */
  #begin({ epoch, offset }, recovered, asked) {
    const at = this.position;
    if (at && (recovered || (at.epoch === epoch && at.offset >= offset && !(asked?.epoch === epoch && asked.offset > offset)))) {
      at.epoch ??= epoch;
      return;               // as expected, or another way has been there already
    }
    this.position = { epoch, offset };
    if (at) emit(this, 'gap', { epoch, offset, before: at });
  }

  /** The query of a request that continues from here. */
  _query(limit) {
    return this.position ? { after: this.position.offset, epoch: this.position.epoch, limit } : { [limit ? 'limit' : 'history']: this.history || limit && 1 };
  }

  /** One page from the position on; null for 304. For polling, long polling, and for closing a hole. */
  async _read({ wait, within, signal, etag }) {
    const dog = new Watchdog(signal, (wait ?? 0) + within), asked = this.position;
    try {
      const response = await this.#client._fetch(`${this._path}messages`, {
        query: { ...this._query(1000), wait: wait && wait / 1000 }, signal: dog.signal, headers: etag && { 'If-None-Match': etag },
      });
      if (response.status === 304) return null;
      const page = await response.json(), first = page.messages[0];
      if (this.isOver) return null;
      // Its position is that of its end. Where it begins is before its first message, and at the end for who wants no history.
      const start = first && (asked || this.history) ? { epoch: first.epoch, offset: first.offset - 1 } : page;
      this.#begin(start, page.recovered, asked);
      for (const message of page.messages) this._accept(message);
      page.etag = response.headers.get('ETag');
      return page;
    } finally { dog.stop(); }
  }

  /** Reads what is missing by polling; what comes meanwhile and does not fit yet is read again by that. */
  async #mend() {
    this.#holes++;
    if (this.#mending) return;
    this.#mending = true;
    const { signal } = this.#end, { answer } = this.#client._times;
    try {
      for (let seen, round = 0; seen !== this.#holes && !signal.aborted; round++) {
        if (round) await sleep(Math.min(1000, 20 * 2 ** round), signal);
        seen = this.#holes;
        while (!signal.aborted && (await this._read({ within: answer, signal }))?.more);
      }
    } catch (error) {
      // A way that is asked anew continues from the last position, too.
      if (!signal.aborted) this.#client._ways(way => way.fail(error));
    } finally { this.#mending = false; }
  }
}

// ---- WebSocket ----

class SocketWay {
  kind = 'websocket';
  #client; #socket; #timer; #over = false; #welcome = false; #ids = 0; #requests = new Map(); #joining = new Set();

  constructor(client) { this.#client = client; }

  start() {
    const url = this.#client._url('rooms', { session: this.#client._session });
    url.protocol = url.protocol.replace('http', 'ws');
    this.#deadline('no_welcome');
    try { this.#socket = new WebSocket(url, ['duplex.v1']); } catch (error) { return void queueMicrotask(() => this.fail(error)); }
    this.#socket.onmessage = ({ data }) => {
      let said;
      try { said = JSON.parse(data); } catch (error) { return this.fail(error); }
      this.#heard(said);
    };
    this.#socket.onclose = ({ code, reason }) => {
      const after = +/reconnect after (\d+) ms/.exec(reason)?.[1] || undefined;
      this.fail(new DuplexError(`closed_${code}`, reason || `closed with ${code}`, { after, final: FINAL.has(code) }));
    };
  }

  #deadline(code, ms = this.#client._times.welcome) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.fail(new DuplexError(code)), ms);
  }

  /** Is anybody there? */
  check() {
    if (!this.up) return;
    this.#send({ type: 'ping' });
    this.#deadline('silent', this.#client._times.pong);
  }

  #heard(said) {
    if (this.up) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.check(), this.#client._times.ping);
    }
    const request = this.#requests.get(said.id), room = this.#client._room(said.room);
    this.#requests.delete(said.id);
    switch (said.type) {
      case 'welcome':
        this.#welcome = true;
        this.#client._session = said.session;
        this.#deadline('not_joined');
        for (const each of this.#client._rooms()) this.join(each);
        return this.#joined();
      case 'published': return this.#client._settle(request?.pub, said);
      case 'error': {
        const error = new DuplexError(said.error?.code ?? said.code, said.error?.message ?? said.message, { refused: true });
        if (request?.pub) return this.#client._settle(request.pub, error);
        this.#client._refused(request?.room, error, this.kind);
        if (!request?.join) return;
        if (PASSING.has(error.code)) setTimeout(() => { if (!request.room.isOver) this.join(request.room); }, 5000 * (1 + Math.random()));
        return this.#joined(request.room);
      }
    }
    room?._heard(said, request?.asked);
    if (said.type === 'joined') this.#joined(room);
  }

  /** Up is who was welcomed and is in every room: only then may it take over. */
  #joined(room) {
    this.#joining.delete(room);
    if (this.up || this.#over || !this.#welcome || this.#joining.size) return;
    this.up = Date.now();
    this.#heard({});           // from now on silence is asked about
    this.#client._up(this);
  }

  #send(message, request) {
    if (this.#over) return;
    if (request) this.#requests.set(message.id = ++this.#ids, request);
    this.#socket.send(JSON.stringify(message));
  }

  join(room) {
    if (!this.#welcome || this.#over) return;
    this.#joining.add(room);
    const { after, epoch, history } = room._query(), { name, presence, info } = room;
    this.#send({ type: 'join', room: name, after, epoch, history: history || undefined, ...presence && { presence, info } },
      { room, join: true, asked: room.position });
  }

  leave(room) {
    if (this.#welcome) this.#send({ type: 'leave', room: room.name }, {});
    this.#joined(room);
  }

  setInfo(room) { if (this.#welcome && room.presence) this.#send({ type: 'info', room: room.name, info: room.info ?? {} }, { room }); }

  publish(pub) {
    if (this.#over || this.#client._isStale(pub)) return;
    const id = ++this.#ids;
    this.#requests.set(id, { pub });
    // The body as it is: over HTTP, too, it has to be the same to the byte.
    this.#socket.send(`{"type":"publish","id":${id},"room":${JSON.stringify(pub.room)},"messageId":"${pub.id}",${pub.body.slice(1)}`);
  }

  fail(error) {
    if (this.#over) return;
    this.close();
    this.#client._down(this, error);
  }

  close() {
    this.#over = true;
    clearTimeout(this.#timer);
    if (!this.#socket) return;
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(1000);
  }
}

// ---- Streaming, long polling, polling ----

class HttpWay {
  #client; #loops = new Map(); #joining = new Set(); #queue = []; #draining = false; #end = new AbortController();

  constructor(client, kind) { this.#client = client; this.kind = kind; }

  get #over() { return this.#end.signal.aborted; }

  start() {
    for (const room of this.#client._rooms()) this.join(room);
    // Without a room there is nothing to try it with: the first one tells.
    if (!this.#loops.size) queueMicrotask(() => this.#joined());
  }

  join(room) {
    const control = new AbortController();
    // Polling takes a connection for a moment only.
    const kind = this.#loops.size < MAX_STREAMS ? this.kind : 'polling';
    this.#loops.set(room, control);
    if (!this.up) this.#joining.add(room);
    this.#loop(room, control.signal, kind === 'streaming' ? this.#stream : kind === 'longpolling' ? this.#longPoll : this.#poll);
    if (room.presence) this.#loop(room, control.signal, this.#members);
  }

  leave(room) {
    this.#loops.get(room)?.abort();
    this.#loops.delete(room);
    this.#joined(room);
  }

  setInfo() {}      // over HTTP one sees the members, and is none

  /** After a change of networks a connection may be dead without a word. */
  check(type) {
    if (type === 'online') for (const room of [...this.#loops.keys()]) { this.leave(room); this.join(room); }
  }

  #joined(room) {
    this.#joining.delete(room);
    if (this.up || this.#over || this.#joining.size) return;
    this.up = Date.now();
    this.#client._up(this);
  }

  async #loop(room, signal, step) {
    const memory = {};
    while (!signal.aborted) {
      try { await step.call(this, room, signal, memory); } catch (error) {
        if (signal.aborted) return;
        if (!error.refused) return this.fail(error);
        this.#client._refused(room, error, this.kind);
        this.#joined(room);
        if (!PASSING.has(error.code)) return;
        await sleep((error.after ?? 5000) * (1 + Math.random()), signal);
      }
    }
  }

  async #stream(room, signal) {
    const { welcome, silence } = this.#client._times, dog = new Watchdog(signal, welcome), asked = room.position;
    let isJoined = false, begun = Date.now(), rest = '';
    try {
      const response = await this.#client._fetch(`${room._path}stream`, { query: { ...room._query(), format: 'ndjson' }, signal: dog.signal });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let chunk; !(chunk = await reader.read()).done;) {
        const lines = (rest + chunk.value).split('\n');
        rest = lines.pop();
        for (const line of lines) {
          if (signal.aborted) return;
          if (!line.trim()) continue;
          const said = JSON.parse(line);
          isJoined ||= said.type === 'joined';
          room._heard(said, asked);
        }
        if (!isJoined) continue;
        dog.feed(silence);
        this.#joined(room);
      }
    } finally { dog.stop(); }
    // Streams end, by the server or by something on the way, and are asked for anew. But not in a circle.
    if (!isJoined || Date.now() - begun < 1000) throw new DuplexError('stream_ended');
  }

  async #longPoll(room, signal, memory) {
    const { wait, answer } = this.#client._times, begun = Date.now();
    // The first answer comes at once, so that it is soon known whether this way leads anywhere.
    const page = await room._read({ wait: memory.joined && wait, within: answer, signal });
    const isHasty = memory.joined && !page?.messages.length && Date.now() - begun < wait / 10;
    memory.joined = true;
    this.#joined(room);
    if (isHasty) await sleep(this.#client._pollInterval, signal);
  }

  async #poll(room, signal, memory) {
    const at = room.position, isSame = at && memory.offset === at.offset && memory.epoch === at.epoch;
    const page = await room._read({ within: this.#client._times.answer, signal, etag: isSame && memory.etag });
    if (page) Object.assign(memory, { epoch: page.epoch, offset: page.offset, etag: page.etag });
    this.#joined(room);
    if (!page?.more) await sleep(this.#client._pollInterval, signal);
  }

  async #members(room, signal) {
    const dog = new Watchdog(signal, this.#client._times.answer);
    try {
      const response = await this.#client._fetch(`${room._path}members`, { signal: dog.signal });
      room._heard({ ...await response.json(), type: 'presence' });
    } finally { dog.stop(); }
    await sleep(this.#client._times.members, signal);
  }

  publish(pub) {
    this.#queue.push(pub);
    if (!this.#draining) this.#drain();
  }

  /** One after the other: side by side they could be stored in another order. */
  async #drain() {
    this.#draining = true;
    const { signal } = this.#end;
    for (let attempt = 0; this.#queue.length && !this.#over;) {
      const [pub] = this.#queue, dog = new Watchdog(signal, this.#client._times.answer);
      try {
        if (!this.#client._isStale(pub)) {
          const response = await this.#client._fetch(`rooms/${encodeURIComponent(pub.room)}/messages`, {
            method: 'POST', body: pub.body, signal: dog.signal, query: { session: this.#client._session },
            headers: { 'Content-Type': 'application/json', 'Idempotency-Key': pub.id },
          });
          this.#client._settle(pub, await response.json());
        }
      } catch (error) {
        if (this.#over) break;
        if (error.code === 'invalid_session' && this.#client._session) { this.#client._session = undefined; continue; }
        if (!error.refused) { await sleep(error.after ?? jitter(this.#client._backoff, attempt++), signal); continue; }
        this.#client._settle(pub, error);
      } finally { dog.stop(); }
      this.#queue.shift();
      attempt = 0;
    }
    this.#draining = false;
  }

  fail(error) {
    if (this.#over) return;
    this.close();
    this.#client._down(this, error);
  }

  close() {
    this.#end.abort();
    for (const control of this.#loops.values()) control.abort();
  }
}

// ---- The client ----

export class Duplex extends EventTarget {
  #options; #base; #rooms = new Map(); #state = 'connecting'; #transport = null; #way; #index = 0; #attempt = 0; #flaps = 0; #timer; #retryAt;
  #probe; #probeTimer; #probeDelay; #outbox = new Map(); #queued = 0; #prefix; #count = 0; #listening;

  constructor(url = '/', options = {}) {
    super();
    this.#options = { ...DEFAULTS, ...options, backoff: { ...DEFAULTS.backoff, ...options.backoff } };
    for (const kind of this.#options.transports) if (!DEFAULTS.transports.includes(kind)) throw new TypeError(`no transport ${kind}`);
    this.#base = new URL(url, globalThis.location?.href);
    this.#base.protocol = this.#base.protocol.replace('ws', 'http');
    if (!this.#base.pathname.endsWith('/')) this.#base.pathname += '/';
    this._times = { ...TIMES, ...options.times };
    this.#probeDelay = this._times.probe;
    // Not randomUUID, which pages without TLS do not have.
    this.#prefix = [...crypto.getRandomValues(new Uint32Array(4))].map(each => each.toString(36)).join('');
    this.#index = Math.max(0, this.#options.transports.indexOf(recall(`duplex ${this.#base}`)));
    // The rooms that are named at once are then joined before anything is called open.
    queueMicrotask(() => this.#state === 'connecting' && !this.#way && this.#try(this.#index));
  }

  get state() { return this.#state; }
  /** The way that is taken now; null while there is none. */
  get transport() { return this.#transport; }
  /** Milliseconds until the next attempt; null if none is planned. */
  get retryIn() { return this.#state === 'waiting' ? Math.max(0, this.#retryAt - Date.now()) : null; }

  room(name, options) {
    let room = this.#rooms.get(name);
    if (!room) {
      this.#rooms.set(name, room = new Room(this, name, options));
      this._ways(way => way.join(room));
    }
    return room;
  }

  /** Also after `close()`, and after the server has closed for good. */
  retryNow() {
    if (this.#state !== 'waiting' && this.#state !== 'closed') return;
    this.#attempt = 0;
    this.#try(this.#index);
  }

  close() { this.#close(new DuplexError('closed', 'closed by the page')); }

  // -- For rooms and ways --

  get _info() { return this.#options.info ?? (this.#options.name && { name: this.#options.name }); }
  get _pollInterval() { return this.#options.pollInterval; }
  get _backoff() { return this.#options.backoff; }
  _rooms() { return [...this.#rooms.values()]; }
  _room(name) { return this.#rooms.get(name); }
  _ways(call) { for (const way of [this.#way, this.#probe]) if (way) call(way); }

  _leave(room) {
    if (this.#rooms.get(room.name) !== room) return;
    this.#rooms.delete(room.name);
    this._ways(way => way.leave(room));
    room._left();
  }

  _url(path, query = {}) {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query)) if (value || value === 0) url.searchParams.set(name, value);
    return url;
  }

  async _fetch(path, { query, headers, ...init }) {
    const { headers: own, credentials = 'same-origin' } = this.#options;
    const response = await fetch(this._url(path, query),
      { cache: 'no-store', credentials, ...init, headers: { ...typeof own === 'function' ? await own() : own, ...headers } });
    if (response.ok || response.status === 304) return response;
    const { code, message } = (await response.json().catch(() => null))?.error ?? {};
    throw new DuplexError(code ?? `http_${response.status}`, message, {
      after: parseFloat(response.headers.get('Retry-After')) * 1000 || undefined,
      // What is not in the protocol's words is no answer of it, but of something on the way.
      refused: Boolean(code) && response.status !== 404 && code !== 'unavailable',
    });
  }

  _publish(room, data, key) {
    return new Promise((resolve, reject) => {
      const body = JSON.stringify({ data: data ?? null, key }), size = new TextEncoder().encode(body).length;
      if (this.#state === 'closed') throw new DuplexError('closed');
      if (this.#outbox.size >= this.#options.maxQueued || this.#queued + size > this.#options.maxQueuedBytes) {
        throw new DuplexError('queue_full', 'too many messages without an answer');
      }
      const pub = { room, body, size, resolve, reject, id: `${this.#prefix}-${++this.#count}` };
      this.#outbox.set(pub.id, pub);
      this.#queued += size;
      if (this.#state === 'open') this.#way.publish(pub);
    });
  }

  /** True for one that may be stored already, so long ago that the server does not know it again. */
  _isStale(pub) {
    pub.sent ??= Date.now();
    const isStale = Date.now() - pub.sent > this._times.unconfirmed;
    if (isStale) this._settle(pub, new DuplexError('unconfirmed', 'no answer came: it may be stored or not'));
    return isStale;
  }

  _settle(pub, answer) {
    if (!pub || !this.#outbox.delete(pub.id)) return;
    this.#queued -= pub.size;
    if (answer instanceof Error) pub.reject(answer); else pub.resolve({ epoch: answer.epoch, offset: answer.offset });
  }

  _refused(room, { code, message }, transport) {
    if (room) emit(room, 'error', { code, message });
    emit(this, 'error', { code, message, transport, room });
  }

  _up(way) {
    if (way === this.#probe) {
      this.#probe = undefined;
      this.#way.close();
      this.#way = way;
    }
    this.#index = way.index;
    remember(`duplex ${this.#base}`, way.kind);
    this.#set('open', way.kind);
    // What was sent without an answer goes again by this way: its id says that it is the same.
    for (const pub of [...this.#outbox.values()]) if (way === this.#way) way.publish(pub);
    this.#planProbe();
  }

  _down(way, error) {
    const code = typeof error.code === 'string' ? error.code : 'network';
    emit(this, 'error', { code, message: error.message, transport: way.kind });
    if (way === this.#probe) {
      this.#probe = undefined;
      return this.#tryProbe(way.index + 1);
    }
    if (way !== this.#way) return;
    this.#way = undefined;
    if (error.final) return this.#close(error);
    clearTimeout(this.#probeTimer);
    const next = way.index + 1, isLast = next === this.#options.transports.length;
    if (!way.up) return isLast || error.after ? this.#wait(0, error.after) : this.#try(next);

    const lived = Date.now() - way.up, isSteady = lived >= this._times.steady;
    this.#flaps = isSteady ? 0 : this.#flaps + 1;
    if (isSteady) this.#attempt = 0;
    if (lived > 4 * this._times.silence) this.#probeDelay = this._times.probe;
    if (this.#probe) {                        // already on its way to something better
      this.#way = this.#probe;
      this.#probe = undefined;
      return this.#set('connecting', null);
    }
    // Held back, or one that never lasts: the next one. Else the same again.
    const isBad = code === 'buffered' || this.#flaps > 2;
    if (isBad) this.#flaps = 0;
    this.#wait(isBad ? isLast ? 0 : next : way.index, error.after);
  }

  #set(state, transport) {
    const isState = state !== this.#state, isTransport = transport !== this.#transport;
    this.#state = state;
    this.#transport = transport;
    if (isTransport) emit(this, 'transportchange', { transport });
    if (isState && this.#state === state) emit(this, 'statechange', { state, retryIn: this.retryIn });
  }

  #make(index) {
    const kind = this.#options.transports[index];
    return Object.assign(kind === 'websocket' ? new SocketWay(this) : new HttpWay(this, kind), { index });
  }

  #try(index) {
    clearTimeout(this.#timer);
    this.#listen();
    this.#set('connecting', null);
    (this.#way = this.#make(index)).start();
  }

  /** Full jitter: after a restart of the server its clients come back spread out, not all at once. */
  #wait(index, after = 0) {
    const delay = after + jitter(this.#options.backoff, this.#attempt++);
    this.#index = index;
    this.#retryAt = Date.now() + delay;
    this.#timer = setTimeout(() => this.#try(index), delay);
    this.#set('waiting', null);
  }

  #planProbe() {
    clearTimeout(this.#probeTimer);
    if (!this.#way?.index) return;
    this.#probeTimer = setTimeout(() => this.#tryProbe(0), this.#probeDelay * (0.5 + Math.random() / 2));
    this.#probeDelay = Math.min(this._times.probeCap, this.#probeDelay * 2);
  }

  /** A better way is tried beside the one that works, and takes over when it is up. */
  #tryProbe(index) {
    if (this.#state !== 'open' || index >= this.#way.index) return this.#planProbe();
    (this.#probe = this.#make(index)).start();
  }

  #close(error) {
    clearTimeout(this.#timer);
    clearTimeout(this.#probeTimer);
    this._ways(way => way.close());
    this.#way = this.#probe = undefined;
    this.#listening?.abort();
    this.#listening = undefined;
    for (const pub of [...this.#outbox.values()]) this._settle(pub, new DuplexError('closed', error.message));
    this.#set('closed', null);
  }

  #listen() {
    if (this.#listening || !globalThis.addEventListener) return;
    const { signal } = this.#listening = new AbortController();
    const wake = ({ type }) => {
      if (globalThis.document?.hidden && type === 'visibilitychange') return;
      if (type === 'online') this.#probeDelay = this._times.probe;
      if (this.#state === 'waiting' && type !== 'offline') this.retryNow();
      else if (this.#state === 'open') this.#way.check(type);
    };
    for (const type of ['online', 'offline']) addEventListener(type, wake, { signal });
    globalThis.document?.addEventListener('visibilitychange', wake, { signal });
  }
}
