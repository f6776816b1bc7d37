// The chat page: one WebSocket to /chat, kept alive by reconnecting, and the view of what it says.
// Whatever other people wrote reaches the page as text nodes only, never as markup.

/** In bytes of UTF-8; the server refuses more. */
const MAX_MESSAGE = 4096, MAX_NAME = 64;
/** Milliseconds. A connection that lived for `steady` starts the backoff anew. */
const BACKOFF = { first: 500, cap: 30_000, steady: 5_000 };
const HANDSHAKE_TIMEOUT = 10_000;
/** Close codes after which the same page would only be refused again. */
const FINAL = new Set([1002, 1003, 1008, 1010]);
/** The page keeps this many entries, so that a window left open for weeks stays quick. */
const MAX_ENTRIES = 500;

// ---- The connection ----

class Connection {
  #url; #on; #socket; #timer; #attempt = 0; #leaving = false; #lost = null;

  /** `on.state({name, ...})` and `on.message(object)` are called as things happen. */
  constructor(url, on) { this.#url = url; this.#on = on; }

  connect() {
    clearTimeout(this.#timer);
    this.#socket?.close();       // one still trying, or still closing
    this.#leaving = false;
    this.#on.state({ name: 'connecting' });
    const socket = this.#socket = new WebSocket(this.#url, ['chat.v1']);
    const timeout = setTimeout(() => socket.close(), HANDSHAKE_TIMEOUT);
    let opened = Infinity;
    socket.onopen = () => {
      clearTimeout(timeout);
      opened = Date.now();
      this.#lost = null;
      this.#on.state({ name: 'open' });
    };
    socket.onmessage = ({ data }) => this.#on.message(JSON.parse(data));
    socket.onclose = ({ code, reason }) => {
      clearTimeout(timeout);
      if (socket !== this.#socket) return;
      if (Date.now() - opened >= BACKOFF.steady) this.#attempt = 0;
      this.#closed(code, reason);
    };
  }

  #closed(code, reason) {
    if (this.#leaving || FINAL.has(code)) return this.#on.state({ name: 'closed', code, reason });
    // Attempts which fail in between are all 1006: what ended the last real connection says more.
    this.#lost ??= { code, reason };
    // Full jitter: after a restart of the server its clients come back spread out, not all at once.
    const delay = Math.random() * Math.min(BACKOFF.cap, BACKOFF.first * 2 ** this.#attempt++);
    this.#timer = setTimeout(() => this.connect(), delay);
    this.#on.state({ name: 'waiting', ...this.#lost, until: Date.now() + delay });
  }

  get isOpen() { return this.#socket?.readyState === WebSocket.OPEN; }

  /** False when there is no connection to send on: the caller keeps what it wanted to send. */
  send(message) {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
    return this.isOpen;
  }

  leave() { this.#leaving = true; this.#socket.close(1000, 'left the chat'); }
}

// ---- Small helpers ----

const $ = id => document.getElementById(id);
const bytes = text => new TextEncoder().encode(text).length;

/** An element with a class and children; strings become text nodes. */
function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** The longest prefix of `text` within `limit` bytes that does not cut a character in two. */
function prefix(text, limit) {
  let size = 0, end = 0;
  for (const character of text) {
    if ((size += bytes(character)) > limit) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** The same name has the same colour in every window. */
function hue(name) {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 100_003;
  return hash * 137 % 360;
}

/** Storage may be forbidden by the browser's settings; the chat works without. */
const remember = (key, value) => { try { localStorage.setItem(key, value); } catch {} };
const recall = key => { try { return localStorage.getItem(key); } catch { return null; } };

// ---- The log ----

const log = $('log');
let last = null;                 // author and minute of the newest entry, to group what belongs together
const shown = new Set();         // messages on the page, so that the history after a reconnect adds only what is new

let following = true;            // somebody who reads further up is not torn away by what arrives

function toEnd() {
  log.scrollTop = log.scrollHeight;
  following = true;
  $('latest').hidden = true;
}

function add(entry, follow = following) {
  log.append(entry);
  $('empty').hidden = true;
  while (log.childElementCount > MAX_ENTRIES) log.firstElementChild.remove();
  if (follow) toEnd(); else $('latest').hidden = false;
}

function notice(text, className = '') {
  last = null;
  add(element('p', `notice ${className}`, text));
}

function showMessage({ id, name, text, time }) {
  const key = JSON.stringify([time, id, text]);
  if (shown.has(key)) return;
  shown.add(key);
  if (shown.size > MAX_ENTRIES) shown.delete(shown.values().next().value);

  const own = id === me, date = new Date(time), today = date.toDateString() === new Date().toDateString();
  const minute = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const label = today ? minute : `${date.toLocaleDateString([], { day: 'numeric', month: 'short' })}, ${minute}`;
  const stamp = element('time', '', label);
  stamp.dateTime = date.toISOString();
  stamp.title = date.toLocaleString();
  const author = element('bdi', '', name);
  author.title = name;           // a long one is cut in the heading

  // What follows at once from the same person shows no second heading, but still has one to be read aloud.
  const group = JSON.stringify([id, name, label]);
  const heading = element('h3', group === last ? 'unseen' : '', author, ' ', stamp);
  const entry = element('article', `message${own ? ' own' : ''}${group === last ? ' follows' : ''}`, heading, element('p', '', text));
  entry.style.setProperty('--hue', hue(name));
  last = group;
  add(entry, own || following);
}

log.onscroll = () => {
  following = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  if (following) $('latest').hidden = true;
};
$('latest').onclick = () => { toEnd(); $('text').focus(); };
new ResizeObserver(() => { if (following) toEnd(); }).observe(log);   // a phone's keyboard opens

// ---- Who is here ----

const people = new Map();
let me = null;                   // our id on the present connection

function showPeople() {
  $('people').replaceChildren(...[...people].map(([id, name]) => {
    const item = element('li', '', element('bdi', '', name));
    if (id === me) item.append(element('small', '', 'you'));
    item.style.setProperty('--hue', hue(name));
    return item;
  }));
  $('count').textContent = people.size ? `(${people.size})` : '';
}

// ---- What the server says ----

const handlers = {
  welcome({ id, people: present, history }) {
    me = id;
    people.clear();
    for (const person of present) people.set(person.id, person.name);
    if (!people.has(me)) people.set(me, myName);
    showPeople();
    // The history is not news: without this a screen reader would read all of it out.
    log.setAttribute('aria-live', 'off');
    history.forEach(showMessage);
    setTimeout(() => log.removeAttribute('aria-live'), 500);
  },
  joined({ id, name }) {
    if (people.has(id)) return;
    people.set(id, name);
    showPeople();
    notice(`${name} joined`);
  },
  renamed({ id, name }) {
    const before = people.get(id);
    people.set(id, name);
    showPeople();
    if (before && before !== name) notice(`${before} is now called ${name}`);
  },
  left({ id, name }) {
    if (!people.delete(id)) return;
    showPeople();
    notice(`${name} left`);
  },
  message(message) {
    if (message.id === me) unconfirmed.shift();
    showMessage(message);
  },
  error({ text, about }) {
    notice(`The server says: ${text}`, 'error');
    if (about === 'message') giveBack();
  },
};

// ---- The state of the connection ----

const TOGGLE = { open: 'Disconnect', waiting: 'Retry now', closed: 'Connect' };
let ticking;

function showState(state) {
  const why = state.code && `code ${state.code}${state.reason ? `, “${state.reason}”` : ''}`;
  // A further attempt changes neither words nor button: it would be read aloud each time, and move the focus.
  const again = state.name === 'connecting' && $('connection').dataset.state === 'waiting';
  const status = {
    connecting: again ? $('status').textContent : 'Connecting…', open: 'Connected',
    waiting: `Connection lost (${why}). Reconnecting`, closed: `Closed (${why})`,
  }[state.name];
  clearInterval(ticking);
  $('countdown').textContent = again ? 'now' : '';
  $('connection').dataset.state = state.name;
  if ($('status').textContent !== status) $('status').textContent = status;
  if (TOGGLE[state.name]) {
    $('toggle').textContent = TOGGLE[state.name];
    $('toggle').hidden = false;
  }

  if (state.name === 'open') connection.send({ type: 'hello', name: myName });
  if (state.name === 'waiting') {
    const tick = () => { $('countdown').textContent = `in ${Math.max(1, Math.ceil((state.until - Date.now()) / 1000))} s`; };
    tick();
    ticking = setInterval(tick, 250);
  }
  if (state.code) {
    people.clear();
    showPeople();
    giveBack();
  }
  showHint();
}

const url = new URL('/chat', location.href);
url.protocol = url.protocol.replace('http', 'ws');
const connection = new Connection(url, {
  state: showState,
  // Unknown types are for newer pages than this one.
  message: message => Object.hasOwn(handlers, message.type) && handlers[message.type](message),
});

$('toggle').onclick = () => {
  if (connection.isOpen) connection.leave(); else connection.connect();
};
addEventListener('online', () => { if ($('connection').dataset.state === 'waiting') connection.connect(); });

// ---- Our name ----

let myName = recall('duplex.name') || `Guest-${Math.random().toString(36).slice(2, 6).padEnd(4, '0')}`;
remember('duplex.name', $('name').value = myName);

function rename() {
  const name = prefix($('name').value.trim(), MAX_NAME).trim() || myName;
  $('name').value = name;
  if (name === myName) return;
  myName = name;
  remember('duplex.name', name);
  connection.send({ type: 'hello', name });   // while offline: the next connection says it
}
$('name').onchange = rename;
$('me').onsubmit = event => { event.preventDefault(); rename(); $('text').focus(); };

// ---- Writing ----

const text = $('text'), touch = matchMedia('(pointer: coarse)').matches;
let unconfirmed = [];            // sent, but not yet echoed by the server

/** What may have been lost with the connection returns to the box, before anything typed since. */
function giveBack() {
  if (!unconfirmed.length) return;
  text.value = [...unconfirmed, text.value].filter(Boolean).join('\n');
  unconfirmed = [];
  notice('Your last message was not confirmed. It is back in the box.', 'error');
}

function showHint(sending = false) {
  const size = bytes(text.value), long = size > MAX_MESSAGE;
  const hint = long ? `Too long by ${size - MAX_MESSAGE} bytes`
    : connection.isOpen ? touch ? '' : 'Enter sends, Shift+Enter starts a new line'
    : text.value ? 'Not connected: your text stays here until you can send it' : 'Not connected';
  if ($('hint').textContent !== hint) $('hint').textContent = hint;   // a live region: speak only when it changes
  $('hint').classList.toggle('warn', long || sending);
  $('send').setAttribute('aria-disabled', long || !connection.isOpen);
}

$('composer').onsubmit = event => {
  event.preventDefault();
  const value = text.value.trim();
  if (!value) return;
  if (bytes(value) > MAX_MESSAGE || !connection.send({ type: 'message', text: value })) return showHint(true);
  unconfirmed.push(value);
  text.value = '';
  showHint();
};
text.oninput = () => showHint();
text.onkeydown = event => {
  // While a Japanese or Chinese word is being composed, Enter belongs to the input method.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('composer').requestSubmit();
};

connection.connect();
