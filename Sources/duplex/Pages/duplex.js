// The browser client of the rooms in docs/protocol.md; how to use it is in duplex.d.ts.
// `Duplex` decides which way is taken. A `Way` reads and publishes, and says once that it is up and once that it is down.
// `Room._accept` is where a message gets in, and nowhere else.

const DEFAULTS = {
  transports: ['websocket', 'streaming', 'longpolling', 'polling'],
  maxQueued: 1000, maxQueuedBytes: 1 << 20, pollInterval: 2000,
  backoff: { first: 500, cap: 30_000 },
};

/** Milliseconds. `welcome` is for `joined`, too. */
const TIMES = {
  welcome: 3000, answer: 10_000, ping: 25_000, pong: 10_000, silence: 35_000, wait: 25_000,
  steady: 5000, members: 10_000, probe: 10_000, probeCap: 300_000,
  unconfirmed: 280_000,    // the server knows an id for five minutes: later, the message could be doubled
};
/** Over HTTP/1.1 there are six connections to a host: these, another way's while it is tried, and publishing. */
const MAX_STREAMS = 2;
/** The session taken over; thrown out. */
const FINAL = new Set([4001, 4003]);
/** Refusals that pass. */
const PASSING = new Set(['rate_limited', 'room_full', 'too_many_rooms', 'too_many_sessions', 'unavailable']);

export class DuplexError extends Error {
  constructor(code, message, more) { super(message ?? code); Object.assign(this, { name: 'DuplexError', code }, more); }
}

const emit = (target, type, fields) => target.dispatchEvent(Object.assign(new Event(type), fields));
const jitter = (backoff, attempt) => Math.random() * Math.min(backoff.cap, backoff.first * 2 ** attempt);
const sleep = (ms, signal) => new Promise(resolve => {
  const done = () => { clearTimeout(timer); signal?.removeEventListener('abort', done); resolve(); }, timer = setTimeout(done, ms);
  signal?.addEventListener('abort', done);
});
/** Which way has worked; the browser's settings may forbid to keep it. */
let storage = {};
try { storage = sessionStorage; } catch {}

/** A signal that aborts with its parent, or when it was not fed for so long. */
const watchdog = (parent, ms) => {
  const control = new AbortController(), end = () => control.abort(), { signal } = control;
  let timer;
  const feed = ms => {
    clearTimeout(timer);
    timer = setTimeout(() => control.abort(new DuplexError('buffered')), ms);
  };
  parent.addEventListener('abort', end);
  if (parent.aborted) end();
  feed(ms);
  return { signal, feed, stop() { clearTimeout(timer); parent.removeEventListener('abort', end); } };
};

// ---- A room ----

export class Room extends EventTarget {
  #client; #members = new Map(); #mending; #holes = 0; #end = new AbortController();

  constructor(client, name, { history = 0, presence, after, info, latest } = {}) {
    super();
    this.#client = client;
    Object.assign(this, { name, history, presence, latest, info: info ?? client._options.info, count: 0 });
    this.position = after && { epoch: after.epoch, offset: after.offset };
    this._path = `rooms/${encodeURIComponent(name)}/`;
  }

  get members() { return [...this.#members.values()]; }
  get isOver() { return this.#end.signal.aborted; }

  publish(data, { key } = {}) { return this.#client._publish(this.name, data, key); }

  setInfo(info) {
    this.info = info;
    this.#client._ways(way => way.setInfo(this));
  }

  leave() { this.#client._leave(this); }

  async *[Symbol.asyncIterator]() {
    const queue = [], control = new AbortController();
    let wake;
    this.addEventListener('message', event => { queue.push(event); wake?.(); }, control);
    this.addEventListener('end', () => wake?.(), control);
    try {
      while (queue.length || !this.isOver && this.#client.state !== 'closed') {
        if (queue.length) yield queue.shift(); else await new Promise(resolve => { wake = resolve; });
      }
    } finally { control.abort(); }
  }

  _left() {
    this.#end.abort();
    emit(this, 'end');
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
        const { change, member } = said;
        // The list may have known already who joins.
        if (change === 'joined' && !this.#members.has(member.id)) this.count++;
        if (change === 'left') { this.#members.delete(member.id); this.count--; } else this.#members.set(member.id, member);
        emit(this, 'member', { change, member, count: this.count });
      }
    }
  }

  /** While one way takes over from another both bring the same, in any mixture. */
  _accept({ epoch, offset, time, from, key, data }) {
    const at = this.position;
    if (!at || (epoch === at.epoch && offset <= at.offset)) return;             // a double
    if (epoch !== at.epoch || offset > at.offset + 1 && !this.latest) return this.#mend();   // a hole
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

  get _query() { return this.position ? { after: this.position.offset, epoch: this.position.epoch } : { history: this.history || undefined }; }

  /** One page from the position on; null for 304. */
  async _read({ wait = 0, signal, etag }) {
    const asked = this.position, page = await this.#client._json(`${this._path}messages`, {
      query: { limit: asked ? 1000 : this.history || 1, ...asked && this._query, wait: wait / 1000 || null, latest: this.latest ? 1 : null }, signal, wait, headers: etag && { 'If-None-Match': etag },
    });
    if (!page || this.isOver) return null;
    // A page's position is its end. Who wants no history begins there.
    const [first] = page.messages;
    this.#begin(first && (asked || this.history) ? { epoch: first.epoch, offset: first.offset - 1 } : page, page.recovered, asked);
    for (const message of page.messages) this._accept(message);
    return page;
  }

  /** Reads what is missing by polling, and again if meanwhile something came that does not fit. */
  async #mend() {
    this.#holes++;
    if (this.#mending) return;
    this.#mending = true;
    const { signal } = this.#end;
    try {
      for (let seen, round = 0; seen !== this.#holes && !signal.aborted; round++) {
        if (round) await sleep(Math.min(1000, 20 * 2 ** round), signal);
        seen = this.#holes;
        while (!signal.aborted && (await this._read({ signal }))?.more);
      }
    } catch (error) {
      if (!signal.aborted) this.#client._ways(way => way.fail(error));
    } finally { this.#mending = false; }
  }
}

// ---- The ways ----

class Way {
  _joining = new Set(); _end = new AbortController();

  constructor(client, kind, index) { this._client = client; this.kind = kind; this.index = index; }

  get _over() { return this._end.signal.aborted; }

  /** Up is who is in every room: only then may it take over. */
  _joined(room) {
    this._joining.delete(room);
    if (this.up || this._over || this._joining.size) return;
    this.up = Date.now();
    this._client._up(this);
  }

  fail(error) {
    if (this._over) return;
    this.close();
    this._client._down(this, error);
  }
}

class SocketWay extends Way {
  #socket; #timer; #welcome; #ids = 0; #requests = new Map();

  start() {
    const url = this._client._url('rooms', { session: this._client._session });
    url.protocol = url.protocol.replace('http', 'ws');
    this.#deadline('no_welcome');
    try { this.#socket = new WebSocket(url, ['duplex.v1']); } catch (error) { return void queueMicrotask(() => this.fail(error)); }
    this.#socket.onmessage = ({ data }) => {
      try { this.#heard(JSON.parse(data)); } catch (error) { this.fail(error); }
    };
    this.#socket.onclose = ({ code, reason }) => {
      const after = +/reconnect after (\d+) ms/.exec(reason)?.[1] || undefined;
      this.fail(new DuplexError(`closed_${code}`, reason || undefined, { after, final: FINAL.has(code) }));
    };
  }

  #deadline(code, ms = this._client._times.welcome) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.fail(new DuplexError(code)), ms);
  }

  #rest() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.check(), this._client._times.ping);
  }

  check() {
    if (!this.up) return;
    this.#send({ type: 'ping' });
    this.#deadline('silent', this._client._times.pong);
  }

  #heard(said) {
    if (this.up) this.#rest();
    const request = this.#requests.get(said.id), room = this._client._rooms.get(said.room);
    this.#requests.delete(said.id);
    switch (said.type) {
      case 'welcome':
        this.#welcome = true;
        this._client._session = said.session;
        this.#deadline('not_joined');
        for (const each of this._client._rooms.values()) this.join(each);
        return this.#joined();
      case 'published': return this._client._settle(request?.pub, said);
      case 'error': {
        const error = new DuplexError(said.error?.code ?? said.code, said.error?.message ?? said.message, { refused: true });
        if (request?.pub) return this._client._settle(request.pub, error);
        this._client._refused(request?.room, error, this.kind);
        if (!request?.join) return;
        if (PASSING.has(error.code)) setTimeout(() => { if (!request.room.isOver) this.join(request.room); }, 5000 * (1 + Math.random()));
        return this.#joined(request.room);
      }
    }
    room?._heard(said, request?.asked);
    if (said.type === 'joined') this.#joined(room);
  }

  #joined(room) {
    if (!this.#welcome) return;
    this._joined(room);
    if (this.up && !this._over) this.#rest();
  }

  #send(message, request) {
    if (this._over) return;
    if (request) this.#requests.set(message.id = ++this.#ids, request);
    this.#socket.send(JSON.stringify(message));
  }

  join(room) {
    if (!this.#welcome || this._over) return;
    this._joining.add(room);
    const { name, presence, info } = room;
    this.#send({ type: 'join', room: name, ...room._query, ...presence && { presence, info } },
      { room, join: true, asked: room.position });
  }

  leave(room) {
    if (this.#welcome) this.#send({ type: 'leave', room: room.name }, {});
    this.#joined(room);
  }

  setInfo(room) { if (this.#welcome && room.presence) this.#send({ type: 'info', room: room.name, info: room.info ?? {} }, { room }); }

  publish(pub) {
    if (this._over || this._client._isStale(pub)) return;
    const id = ++this.#ids;
    this.#requests.set(id, { pub });
    // To the byte what a POST would say, so that it counts as the same.
    this.#socket.send(`{"type":"publish","id":${id},"room":${JSON.stringify(pub.room)},"messageId":"${pub.id}",${pub.body.slice(1)}`);
  }

  close() {
    this._end.abort();
    clearTimeout(this.#timer);
    if (!this.#socket) return;
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(1000);
  }
}

class HttpWay extends Way {
  #loops = new Map(); #queue = []; #draining;

  start() {
    for (const room of this._client._rooms.values()) this.join(room);
    // Without a room there is nothing to try it with.
    if (!this.#loops.size) queueMicrotask(() => this._joined());
  }

  join(room) {
    const control = new AbortController();
    // Polling takes a connection for a moment only.
    const kind = this.#loops.size < MAX_STREAMS ? this.kind : 'polling';
    this.#loops.set(room, control);
    if (!this.up) this._joining.add(room);
    this.#loop(room, control.signal, { streaming: this.#stream, longpolling: this.#longPoll, polling: this.#poll }[kind]);
    if (room.presence) this.#loop(room, control.signal, this.#members);
  }

  #stop(room) {
    this.#loops.get(room)?.abort();
    this.#loops.delete(room);
  }

  leave(room) { this.#stop(room); this._joined(room); }

  #again(room) { this.#stop(room); this.join(room); }

  setInfo(room) { if (room.presence) this.#again(room); }

  /** After a change of networks a connection may be dead without a word. */
  check(type) {
    if (type === 'online') for (const room of [...this.#loops.keys()]) this.#again(room);
  }

  async #loop(room, signal, step) {
    const memory = {};
    while (!signal.aborted) {
      try { await step.call(this, room, signal, memory); } catch (error) {
        if (signal.aborted) return;
        if (!error.refused) return this.fail(error);
        this._client._refused(room, error, this.kind);
        if (step !== this.#members) this._joined(room);
        if (!PASSING.has(error.code)) return;
        await sleep((error.after ?? 5000) * (1 + Math.random()), signal);
      }
    }
  }

  async #stream(room, signal) {
    const { welcome, silence } = this._client._times, dog = watchdog(signal, welcome), asked = room.position, begun = Date.now();
    let isJoined, rest = '';
    try {
      const query = { ...room._query, format: 'ndjson', ...room.presence && { presence: 1, info: JSON.stringify(room.info) } };
      const response = await this._client._fetch(`${room._path}stream`, { query, signal: dog.signal });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let chunk; !(chunk = await reader.read()).done;) {
        const lines = (rest + chunk.value).split('\n');
        rest = lines.pop();
        for (const line of lines) {
          if (signal.aborted) return;
          if (!line.trim()) continue;      // a heartbeat
          const said = JSON.parse(line);
          isJoined ||= said.type === 'joined';
          room._heard(said, asked);
        }
        if (!isJoined) continue;
        dog.feed(silence);
        this._joined(room);
      }
    } finally { dog.stop(); }
    // Any stream ends some time, and is asked for anew; but not in a circle.
    if (!isJoined || Date.now() - begun < 1000) throw new DuplexError('stream_ended');
  }

  async #longPoll(room, signal, memory) {
    // The first answer comes at once: it shows that this way leads somewhere.
    const wait = memory.joined && this._client._times.wait, begun = Date.now();
    const page = await room._read({ wait, signal });
    memory.joined = true;
    this._joined(room);
    // Not the server's answer?
    if (wait && !page?.messages.length && Date.now() - begun < wait / 10) await sleep(this._client._options.pollInterval, signal);
  }

  async #poll(room, signal, memory) {
    const at = room.position, { last } = memory, isSame = last && last.offset === at.offset && last.epoch === at.epoch;
    const page = await room._read({ signal, etag: isSame && last.etag });
    memory.last = page ?? last;
    this._joined(room);
    if (!page?.more) await sleep(this._client._options.pollInterval, signal);
  }

  async #members(room, signal) {
    room._heard({ ...await this._client._json(`${room._path}members`, { signal }), type: 'presence' });
    await sleep(this._client._times.members, signal);
  }

  publish(pub) {
    this.#queue.push(pub);
    if (!this.#draining) this.#drain();
  }

  /** One after the other: side by side they could be stored in another order. */
  async #drain() {
    this.#draining = true;
    const { signal } = this._end, client = this._client;
    for (let attempt = 0; this.#queue.length;) {
      const [pub] = this.#queue;
      try {
        if (!client._isStale(pub)) {
          client._settle(pub, await client._json(`rooms/${encodeURIComponent(pub.room)}/messages`, {
            method: 'POST', body: pub.body, signal,
            headers: { 'Content-Type': 'application/json', 'Idempotency-Key': pub.id },
          }));
        }
      } catch (error) {
        if (this._over) return;
        if (!error.refused) { await sleep(error.after ?? jitter(client._options.backoff, attempt++), signal); continue; }
        client._settle(pub, error);
      }
      this.#queue.shift();
      attempt = 0;
    }
    this.#draining = false;
  }

  close() {
    this._end.abort();
    for (const control of this.#loops.values()) control.abort();
  }
}

// ---- The client ----

export class Duplex extends EventTarget {
  #base; #state = 'connecting'; #transport = null; #way; #index = 0; #attempt = 0; #flaps = 0; #timer; #retryAt;
  #probe; #probeTimer; #probeDelay; #outbox = new Map(); #queued = 0; #prefix; #count = 0; #listening;

  constructor(url = '/', options = {}) {
    super();
    // randomUUID is for pages with TLS only.
    this.#prefix = [...crypto.getRandomValues(new Uint32Array(4))].map(each => each.toString(36)).join('');
    // Ids of messages count for each author: who has no name is the same nobody on all ways.
    const query = { as: `guest-${this.#prefix.slice(0, 9)}` };
    this._options = { query, info: options.name && { name: options.name }, ...DEFAULTS, ...options, backoff: { ...DEFAULTS.backoff, ...options.backoff } };
    this.#base = new URL(url, location);
    this.#base.protocol = this.#base.protocol.replace('ws', 'http');
    if (!this.#base.pathname.endsWith('/')) this.#base.pathname += '/';
    this._times = { ...TIMES, ...options.times };
    this.#probeDelay = this._times.probe;
    this.#index = Math.max(0, this._options.transports.indexOf(storage[`duplex ${this.#base}`]));
    // Open means that the rooms are joined: first they have to be named.
    queueMicrotask(() => this.#state === 'connecting' && !this.#way && this.#try(this.#index));
  }

  get state() { return this.#state; }
  get transport() { return this.#transport; }
  get retryIn() { return this.#state === 'waiting' ? Math.max(0, this.#retryAt - Date.now()) : null; }

  room(name, options) {
    let room = this._rooms.get(name);
    if (!room) {
      this._rooms.set(name, room = new Room(this, name, options));
      this._ways(way => way.join(room));
    }
    return room;
  }

  retryNow() {
    if (this.#state !== 'waiting' && this.#state !== 'closed') return;
    this.#attempt = 0;
    this.#try(this.#index);
  }

  close() { this.#close(new DuplexError('closed')); }

  // For rooms and ways:
  _rooms = new Map();
  _ways(call) { for (const way of [this.#way, this.#probe]) if (way) call(way); }

  _leave(room) {
    if (this._rooms.get(room.name) !== room) return;
    this._rooms.delete(room.name);
    this._ways(way => way.leave(room));
    room._left();
  }

  _url(path, query) {
    const url = new URL(path, this.#base), { query: own } = this._options;
    for (const [name, value] of Object.entries({ ...typeof own === 'function' ? own() : own, ...query })) {
      if (value != null) url.searchParams.set(name, value);
    }
    return url;
  }

  async _fetch(path, { query, headers, ...init }) {
    const { headers: own, credentials = 'same-origin' } = this._options;
    const response = await fetch(this._url(path, query),
      { cache: 'no-store', credentials, ...init, headers: { ...typeof own === 'function' ? await own() : own, ...headers } });
    if (response.ok || response.status === 304) return response;
    const { code, message } = (await response.json().catch(() => null))?.error ?? {};
    throw new DuplexError(code ?? `http_${response.status}`, message, {
      after: parseFloat(response.headers.get('Retry-After')) * 1000 || undefined,
      // Other words than the protocol's are of something on the way.
      refused: Boolean(code) && response.status !== 404 && code !== 'unavailable',
    });
  }

  /** The whole answer, in time; null for 304. */
  async _json(path, { signal, wait = 0, ...request }) {
    const dog = watchdog(signal, wait + this._times.answer);
    try {
      const response = await this._fetch(path, { ...request, signal: dog.signal });
      return response.status === 304 ? null : { ...await response.json(), etag: response.headers.get('ETag') };
    } finally { dog.stop(); }
  }

  _publish(room, data, key) {
    return new Promise((resolve, reject) => {
      const body = JSON.stringify({ data: data ?? null, key }), size = new TextEncoder().encode(body).length;
      if (this.#state === 'closed') throw new DuplexError('closed');
      if (this.#outbox.size >= this._options.maxQueued || this.#queued + size > this._options.maxQueuedBytes) {
        throw new DuplexError('queue_full');
      }
      const pub = { room, body, size, resolve, reject, id: `${this.#prefix}-${++this.#count}` };
      this.#outbox.set(pub.id, pub);
      this.#queued += size;
      if (this.#state === 'open') this.#way.publish(pub);
    });
  }

  /** Perhaps stored, and so long ago that the server would not know it again. */
  _isStale(pub) {
    pub.sent ??= Date.now();
    const isStale = Date.now() - pub.sent > this._times.unconfirmed;
    if (isStale) this._settle(pub, new DuplexError('unconfirmed'));
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
    storage[`duplex ${this.#base}`] = way.kind;
    this.#set('open', way.kind);
    // What has no answer goes again: its id says that it is the same.
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
    const next = way.index + 1, isLast = next === this._options.transports.length;
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
    // Held back, or never lasting: the next one. Else the same again.
    const isBad = code === 'buffered' || this.#flaps > 2;
    if (isBad) this.#flaps = 0;
    this.#wait(isBad ? isLast ? 0 : next : way.index, error.after);
  }

  #set(state, transport) {
    const isState = state !== this.#state, isTransport = transport !== this.#transport;
    this.#state = state;
    this.#transport = transport;
    if (isTransport) emit(this, 'transportchange', { transport });
    if (isState && this.#state === state) emit(this, 'statechange', { state });
  }

  #make(index) {
    const kind = this._options.transports[index];
    return new (kind === 'websocket' ? SocketWay : HttpWay)(this, kind, index);
  }

  #try(index) {
    clearTimeout(this.#timer);
    this.#listen();
    this.#set('connecting', null);
    (this.#way = this.#make(index)).start();
  }

  /** Full jitter: after a restart of the server its clients come back spread out. */
  #wait(index, after = 0) {
    const delay = after + jitter(this._options.backoff, this.#attempt++);
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

  /** A better way is tried beside the one that works. */
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
    for (const room of this._rooms.values()) emit(room, 'end');
  }

  #listen() {
    if (this.#listening) return;
    const control = this.#listening = new AbortController();
    const wake = ({ type }) => {
      if (globalThis.document?.hidden && type === 'visibilitychange') return;
      if (type === 'online') this.#probeDelay = this._times.probe;
      if (this.#state === 'waiting' && type !== 'offline') this.retryNow();
      else if (this.#state === 'open') this.#way.check(type);
    };
    addEventListener('online', wake, control);
    addEventListener('offline', wake, control);
    globalThis.document?.addEventListener('visibilitychange', wake, control);
  }
}
