// The chat page: rooms of the server, read and written by duplex.js, and the view of what is said in them.
// Whatever other people wrote reaches the page as text nodes only, never as markup.
//
// A message is { text, name, id }: its author's name at that time, and an id of the author's own, by which the row of a message
// that was on its way gives place to the stored one, even when it was sent twice or the page was loaded anew meanwhile.

import { Duplex } from '/duplex.js';
import { start, connection, text, say, fill, format, language, onLanguage, element, remember, recall } from '/frame.js';

/** In bytes of UTF-8. The rooms would take 64 KiB, and names of any length. */
const MAX_MESSAGE = 4096, MAX_NAME = 64, MAX_ROOM = 128;
/** Each room keeps this many messages on the page, so that a window left open for weeks stays quick; and so many notices of who
 *  came, went or took another name, which push no message out. */
const MAX_ENTRIES = 500, MAX_NOTICES = 50;
/** Characters of a message's id: ours have fewer. */
const MAX_ID = 64;
/** How many of the newest messages are asked for. */
const HISTORY = 50;
/** Rooms that are always offered; the first one is where one begins. */
const STANDARD = ['lobby', 'swift', 'help'];
/** Milliseconds. What others see of us changes no more often than `info`; who has not typed for `typing` types no more. Of one
 *  member there is a notice each `notice` at most; after the connection came back all have `settle` to do so as well. A page that
 *  is not seen has no frames: it is drawn each `frame`. */
const TIMES = { info: 1000, typing: 4000, quiet: 500, notice: 10_000, settle: 15_000, frame: 250, minute: 60_000 };

const strings = {
  en: {
    title: '{place} · Duplex chat', news: '({count}) {title}', skip: 'Skip to the message box', aside: 'You, rooms and people',
    name: 'Your name', unverified: 'Names are not verified.', rooms: 'Rooms', another: 'Open another room', anotherShort: 'Another room', openRoom: 'Open',
    badRoom: 'A room’s name has at most 128 bytes, and neither / nor \\ in it', leave: 'Leave room',
    here: 'Here now', seen: 'Last seen here', you: 'you', messages: 'Messages', message: 'Message',
    empty: 'No messages yet.', sayHello: 'Say hello, or open this page in a second window.', latest: 'New messages ↓',
    write: 'Write a message', send: 'Send', enter: 'Enter sends, Shift+Enter starts a new line',
    long: { one: 'Too long by {count} byte', other: 'Too long by {count} bytes' },
    later: 'Not connected: what you send now waits, and goes out with the next connection',
    closedHint: 'Not connected: your text stays here until you can send it', unsent: 'Something in this room is not sent yet',
    unread: { one: '{count} new message', other: '{count} new messages' },
    joined: '{name} joined', left: '{name} left', renamed: '{before} is now called {name}',
    says: 'The server says: {code}', says_room_full: 'This room is full', says_too_many_rooms: 'There are too many rooms already',
    says_rate_limited: 'Too many requests in a short time', says_forbidden: 'You may not be in this room',
    says_invalid_room: 'A room cannot have this name', says_unavailable: 'This room is not available at the moment',
    gap: 'Some messages may be missing here',
    typing1: '{a} is typing…', typing2: '{a} and {b} are typing…', typing3: 'Several people are typing…',
    sending: 'Sending…', queued: 'Not sent yet', again: 'Try again', edit: 'Edit',
    failed: 'Not sent: {code}', failed_closed: 'Not sent: disconnected', failed_queue_full: 'Not sent: too much is waiting already',
    failed_unconfirmed: 'May not have been sent: no confirmation arrived', failed_rate_limited: 'Not sent: too many messages in a short time',
    failed_message_too_big: 'Not sent: too long', failed_gone: 'May not have been sent: the page was closed before the confirmation arrived',
    failed_room_full: 'Not sent: the room is full', failed_too_many_rooms: 'Not sent: there are too many rooms already',
    failed_forbidden: 'Not sent: you may not write here', failed_invalid_room: 'Not sent: a room cannot have this name',
    failed_unavailable: 'Not sent: the room is not available at the moment',
    also: 'This server also has', echo: ': a WebSocket which sends every message back to you.',
  },
  zh: {
    title: '{place} · Duplex 聊天室', news: '({count}) {title}', skip: '跳到输入框', aside: '昵称、房间与成员',
    name: '你的昵称', unverified: '昵称未经验证。', rooms: '房间', another: '打开其他房间', anotherShort: '其他房间', openRoom: '打开',
    badRoom: '房间名最多 128 字节，且不能包含 / 或 \\', leave: '离开房间',
    here: '在线成员', seen: '断开前在线', you: '我', messages: '消息', message: '消息',
    empty: '还没有消息。', sayHello: '打个招呼吧，或者再开一个窗口试试。', latest: '有新消息 ↓',
    write: '输入消息', send: '发送', enter: 'Enter 发送，Shift+Enter 换行', long: '超出 {count} 字节',
    later: '当前未连接：发送的消息会先排队，连上后自动发出', closedHint: '当前未连接：文字会保留在这里，连上后再发送',
    unsent: '这个房间里还有消息没有发出', unread: '{count} 条新消息',
    joined: '{name} 加入了房间', left: '{name} 离开了房间', renamed: '{before} 改名为 {name}',
    says: '服务器提示：{code}', says_room_full: '房间已满', says_too_many_rooms: '房间数量已达上限',
    says_rate_limited: '请求过于频繁', says_forbidden: '你没有权限进入这个房间',
    says_invalid_room: '房间名无效', says_unavailable: '房间暂时不可用',
    gap: '此处可能缺少部分消息',
    typing1: '{a} 正在输入…', typing2: '{a} 和 {b} 正在输入…', typing3: '多人正在输入…',
    sending: '正在发送…', queued: '尚未发送', again: '重试', edit: '编辑',
    failed: '发送失败：{code}', failed_closed: '未发送：连接已断开', failed_queue_full: '未发送：等待发送的消息太多',
    failed_unconfirmed: '可能未发送：没有收到确认', failed_rate_limited: '未发送：发送得太频繁',
    failed_message_too_big: '未发送：消息太长', failed_gone: '可能未发送：收到确认前页面已关闭',
    failed_room_full: '未发送：房间已满', failed_too_many_rooms: '未发送：房间数量已达上限',
    failed_forbidden: '未发送：你没有权限在这里发言', failed_invalid_room: '未发送：房间名无效',
    failed_unavailable: '未发送：房间暂时不可用',
    also: '本服务器还提供', echo: '：一个把每条消息原样发回的 WebSocket。',
  },
};

// ---- Small helpers ----

const $ = id => document.getElementById(id);
const encoder = new TextEncoder(), bytes = string => encoder.encode(string).length;
const random = () => crypto.getRandomValues(new Uint32Array(2)).reduce((all, each) => all + each.toString(36), '');

/** The longest prefix of `string` within `limit` bytes that does not cut a character in two. */
function prefix(string, limit) {
  if (string.length * 3 <= limit) return string;
  return string.slice(0, encoder.encodeInto(string, new Uint8Array(limit)).read);
}

/** Whether there is anything to see: letters that are drawn as nothing are none. */
const isVisible = string => /(?![\u115f\u1160\u2800\u3164\uffa0])[\p{L}\p{N}\p{P}\p{S}]/u.test(string);

/** The same name has the same colour in every window. */
function hue(name) {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 100_003;
  return hash * 137 % 360;
}

/** A name as somebody gives it: whatever it is, it is short text that can be seen, and turns nothing around. */
function nameOf(...given) {
  for (const each of given) {
    if (typeof each !== 'string') continue;
    const name = prefix(each.replace(/[\u202a-\u202e\u2066-\u2069]/g, '').trim(), MAX_NAME).trim();
    if (isVisible(name)) return name;
  }
  return '?';
}

const due = new Set();
let dueFrame, dueTimer;

/** Runs the task once before the next picture, however often it is asked for: much may arrive between two of them. */
function soon(task) {
  if (!due.size) {
    dueFrame = requestAnimationFrame(runDue);
    dueTimer = setTimeout(runDue, TIMES.frame);
  }
  due.add(task);
}

function runDue() {
  cancelAnimationFrame(dueFrame);
  clearTimeout(dueTimer);
  const tasks = [...due];
  due.clear();
  for (const task of tasks) task();
}

/** Rows of what JSON was remembered for this tab. */
function recallList(key) {
  try { return [JSON.parse(recall(key, 'sessionStorage'))].flat().filter(Boolean); } catch { return []; }
}

// ---- Who we are ----

/** The same member after a reload. */
const me = recall('duplex.member', 'sessionStorage') || `guest-${random().slice(0, 9)}`;
remember('duplex.member', me, 'sessionStorage');
let myName = recall('duplex.name') || `Guest-${random().slice(0, 4).padEnd(4, '0')}`;
remember('duplex.name', $('name').value = myName);

start({ page: 'chat', strings });
const duplex = new Duplex('/', { query: { as: me } });
connection(duplex);

// ---- The log of a room ----

const log = $('log');
let following = true;            // somebody who reads further up is not torn away by what arrives
let height = 0;                  // of the log when it was last looked at: what came since has not been scrolled to yet

function toEnd() {
  log.scrollTop = height = log.scrollHeight;
  following = true;
  $('latest').hidden = true;
}

log.onscroll = () => {
  following = height - log.scrollTop - log.clientHeight < 60;
  if (following) $('latest').hidden = true;
};
$('latest').onclick = () => { toEnd(); $('text').focus(); };
new ResizeObserver(() => {         // a phone's keyboard opens
  log.querySelectorAll('.message p').forEach(reachable);
  reachable($('people'));
  if (following) toEnd(); else height = log.scrollHeight;
}).observe(log);

/** What scrolls by itself does so by the keyboard, too. */
function reachable(node) {
  if (node.scrollHeight > node.clientHeight + 1 || node.scrollWidth > node.clientWidth + 1) node.tabIndex = 0;
  else node.removeAttribute('tabindex');
}

/** Today the time is enough. */
const label = date => format.time(date,
  date.toDateString() === today ? undefined : { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
let today = new Date().toDateString();

function stampText(stamp) {
  const date = new Date(stamp.dateTime);
  stamp.textContent = label(date);
  stamp.title = format.time(date, { dateStyle: 'full', timeStyle: 'medium' });
}

/** A message as it stands in the log. What follows at once from the same person shows no second heading, but still has one to be
 *  read aloud. */
function messageRow({ name, value, time, isOwn, follows }) {
  const stamp = element('time'), author = element('bdi', '', name);
  stamp.dateTime = new Date(time).toISOString();
  stampText(stamp);
  author.title = name;           // a long one is cut in the heading
  const row = element('article', `message${isOwn ? ' own' : ''}${follows ? ' follows' : ''}`,
    element('h3', follows ? 'unseen' : '', author, ' ', stamp), element('p', '', value));
  row.style.setProperty('--hue', hue(name));
  return row;
}

// ---- A room ----

class View {
  entries = element('div'); pending = element('div');
  unread = 0; draft = '';
  /** Of the entries: the notices, how many others, and those of which is not known whether they scroll. */
  #notices = []; #count = 0; #fresh = [];
  /** What is on its way, by its id. */
  posts = new Map();
  /** What is on the page, so that nothing that was sent twice is shown twice. */
  #shown = new Set();
  /** Author and minute of the newest entry, to group what belongs together. */
  #last = null;
  /** Who is here, by id; null until we know. */
  #known = null;
  /** What the notices have said of each member so far: its name, undefined when it has left; and when. */
  #told; #toldTimer; #settled = 0;
  #refusal; #isTyping = false; #typingTimer; #info; #infoTime = -Infinity; #infoTimer;
  /** While the history comes, which is no news: a screen reader would read all of it out. */
  isQuiet = true;

  constructor(name) {
    this.name = name;
    this.room = duplex.room(name, { history: HISTORY, presence: true, info: { name: myName } });
    this.room.addEventListener('message', message => this.#message(message));
    this.room.addEventListener('gap', () => this.#gap());
    this.room.addEventListener('presence', () => {
      this.#known ??= new Map();
      this.#refusal = undefined;
      soon(this.#people);
      this.#heard();
    });
    // Before the first list nobody can say who is here.
    this.room.addEventListener('member', () => { if (this.#known) soon(this.#people); });
    this.room.addEventListener('error', ({ code }) => {
      // It is tried again, and may be refused again.
      if (code !== this.#refusal) this.notice(...byCode('says', code), 'error');
      this.#refusal = code;
      this.#heard();
    });
  }

  get isCurrent() { return current === this; }

  #heard() {
    if (this.isQuiet) setTimeout(() => { this.isQuiet = false; showQuiet(); }, TIMES.quiet);
  }

  #add(entry) {
    this.entries.append(entry);
    this.#count++;
    this.#fresh.push(entry);
    soon(this.#grown);
  }

  /** Once for all that came: what goes at the top and what stands at the end are one move. */
  #grown = () => {
    while (this.#count > MAX_ENTRIES) this.#count -= this.#dropFirst();
    while (this.#notices.length > MAX_NOTICES) this.#notices.shift().remove();
    this.#fresh = this.#fresh.filter(each => each.parentNode);
    if (this.isCurrent) this.shift();
  };

  /** Notices go with the message that follows them, and do not count. */
  #dropFirst() {
    const entry = this.entries.firstElementChild, isNotice = entry === this.#notices[0];
    entry.remove();
    if (isNotice) this.#notices.shift();
    return isNotice ? 0 : 1;
  }

  /** What is on the page has changed at its end. */
  shift(follow = following) {
    for (const entry of this.#fresh.splice(0)) entry.querySelectorAll('p').forEach(reachable);
    this.#showEmpty();
    if (follow) return toEnd();
    height = log.scrollHeight;
    $('latest').hidden = false;
  }

  #showEmpty() { $('empty').hidden = this.entries.childElementCount + this.pending.childElementCount > 0; }

  notice(key, values, className = '') {
    const entry = say(element('p', `notice ${className}`), key, values);
    this.#last = null;
    this.entries.append(entry);
    this.#notices.push(entry);
    soon(this.#grown);
  }

  #message({ data, from, time }) {
    // Something else than a chat: nothing of it is for us.
    if (typeof data?.text !== 'string' || !isVisible(data.text)) return;
    const isOwn = from === me, id = typeof data.id === 'string' && data.id.length <= MAX_ID ? data.id : undefined;
    if (id !== undefined) {
      if (isOwn) this.#settle(id);
      if (!this.#isNew(`${from} ${id}`)) return;
    }
    const name = nameOf(data.name, from), short = prefix(data.text, MAX_MESSAGE), value = short === data.text ? short : `${short}…`;
    const group = JSON.stringify([from, name, label(new Date(time))]), follows = group === this.#last;
    this.#last = group;
    this.#add(messageRow({ name, value, time, isOwn, follows }));
    if (isOwn && this.isCurrent) following = true;
    // What was said before the page was opened is history, however late it comes.
    if (this.isQuiet || isOwn || time < started) return;
    if (!this.isCurrent) this.unread++;
    else if (document.hidden) missed++;
    soon(showRooms);
  }

  #isNew(key) {
    if (this.#shown.has(key)) return false;
    this.#shown.add(key);
    if (this.#shown.size > MAX_ENTRIES) this.#shown.delete(this.#shown.values().next().value);
    return true;
  }

  #gap() {
    this.#last = null;
    this.#add(say(element('p', 'notice gap'), 'gap'));
    // What was stored within the gap does not come any more.
    for (const [id, post] of this.posts) {
      if (!post.isStored) continue;
      this.#settle(id);
      this.#isNew(`${me} ${id}`);
      this.#add(messageRow({ name: myName, value: post.value, time: post.time, isOwn: true }));
    }
  }

  // -- What we say here --

  /** Shows it at once, and sends it as soon as it can be sent. */
  send(value) {
    const post = this.#post(random(), value);
    this.#publish(post);
    if (this.isCurrent) this.shift(true);
  }

  /** What was on its way when the page was left: it may have been stored. */
  restore({ id, value }) { this.#fate(this.#post(id, value), 'failed', 'failed_gone'); }

  #post(id, value) {
    const time = Date.now(), row = messageRow({ name: myName, value, time, isOwn: true }), fate = element('div', 'fate');
    const post = { id, value, time, row, fate };
    row.classList.add('pending');
    row.append(fate);
    this.pending.append(row);
    this.posts.set(id, post);
    this.#fresh.push(row);
    rememberPosts();
    return post;
  }

  #publish(post) {
    post.isStored = false;
    this.#fate(post, duplex.state === 'open' ? 'sending' : 'queued');
    this.room.publish({ text: post.value, name: myName, id: post.id }).then(
      () => { post.isStored = true; this.#fate(post, 'stored'); },
      ({ code }) => { if (this.posts.has(post.id)) this.#fate(post, 'failed', ...byCode('failed', code)); });
  }

  #fate(post, fate, key = fate, values) {
    post.row.dataset.fate = fate;
    post.row.classList.toggle('failed', fate === 'failed');
    post.row.classList.toggle('pending', fate !== 'stored');
    post.fate.hidden = fate === 'stored';
    if (fate === 'stored') return;
    const button = (key, act) => {
      const node = say(element('button'), key);
      node.type = 'button';
      node.onclick = () => { act(); $('text').focus(); };
      return node;
    };
    post.fate.replaceChildren(say(element('span'), key, values), ...fate !== 'failed' ? [] : [
      button('again', () => this.#publish(post)),
      button('edit', () => { this.#settle(post.id); giveBack(post.value); }),
    ]);
    if (this.isCurrent && following) toEnd();
  }

  /** The connection came or went. */
  showFates() {
    for (const post of this.posts.values()) {
      if (['sending', 'queued'].includes(post.row.dataset.fate)) this.#fate(post, duplex.state === 'open' ? 'sending' : 'queued');
    }
  }

  /** Its row gives place to the stored one, or goes back to the box. */
  #settle(id) {
    const post = this.posts.get(id);
    if (!post) return;
    if (post.row.contains(document.activeElement)) $('text').focus();
    post.row.remove();
    this.posts.delete(id);
    rememberPosts();
    if (!this.isCurrent) return;
    this.#showEmpty();
    height = Math.min(height, log.scrollHeight);
  }

  // -- Who is here --

  get people() { return [...this.#known ?? []].map(([id, { name, isTyping }]) => ({ id, name, isTyping })); }

  #people = () => {
    const { members } = this.room;
    this.#known = new Map(members.map(({ id, info }) => [id, { name: nameOf(info?.name, id), isTyping: info?.typing === true }]));
    this.#tell();
    if (this.isCurrent) showPeople();
  };

  /** After a restart of the server all come back, one after the other: who is still here then has neither left nor joined. */
  settle() { this.#settled = Date.now() + TIMES.settle; }

  /** The difference between what was told and what is. */
  #tell() {
    const { members: { length }, count, isOver } = this.room, now = Date.now();
    clearTimeout(this.#toldTimer);
    if (isOver) return;
    // Of a list that is not whole nobody can say who joined or left.
    if (!this.#told || count > length) {
      this.#told = new Map([...this.#known].map(([id, { name }]) => [id, { name, at: -Infinity }]));
      return;
    }
    let next = Infinity;
    for (const id of new Set([...this.#told.keys(), ...this.#known.keys()])) {
      const { name: before, at = -Infinity } = this.#told.get(id) ?? {}, name = this.#known.get(id)?.name;
      const time = Math.max(at + TIMES.notice, this.#settled), isDue = time <= now;
      if (name === before) {
        if (name === undefined && isDue) this.#told.delete(id);
        continue;
      }
      if (!isDue) {
        next = Math.min(next, time);
        continue;
      }
      this.#told.set(id, { name, at: now });
      if (before !== undefined && name !== undefined) this.notice('renamed', { before, name });
      else if (id !== me) this.notice(name === undefined ? 'left' : 'joined', { name: name ?? before });
    }
    if (next < Infinity) this.#toldTimer = setTimeout(() => this.#tell(), next - now);
  }

  // -- What the others see of us --

  typing(isTyping) {
    clearTimeout(this.#typingTimer);
    // By the other ways each change would be a new request.
    this.#isTyping = isTyping && duplex.transport === 'websocket';
    if (this.#isTyping) this.#typingTimer = setTimeout(() => this.typing(false), TIMES.typing);
    this.sayInfo();
  }

  sayInfo() {
    if (this.#infoTimer) return;
    const wait = this.#infoTime + TIMES.info - Date.now();
    if (wait > 0) {
      this.#infoTimer = setTimeout(() => { this.#infoTimer = undefined; this.sayInfo(); }, wait);
      return;
    }
    const info = { name: myName, ...this.#isTyping && { typing: true } }, json = JSON.stringify(info);
    if (this.room.isOver || json === (this.#info ?? JSON.stringify(this.room.info))) return;
    this.#info = json;
    this.#infoTime = Date.now();
    this.room.setInfo(info);
  }
}

// ---- All rooms ----

const views = new Map(), items = new Map();
let current;
let missed = 0;                  // in the room that is shown, while nobody looked
const started = Date.now();

/** The text for what the server refuses, or at least its code. */
function byCode(kind, code) {
  const key = `${kind}_${code}`;
  return Object.hasOwn(strings.en, key) ? [key, undefined] : [kind, { code }];
}

const isRoom = name => name.length > 0 && bytes(name) <= MAX_ROOM && !/[/\\\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(name) && name !== '.' && name !== '..';
const addressOf = name => `#room=${encodeURIComponent(name)}`;
const roomOf = hash => {
  const name = new URLSearchParams(hash.slice(1).replaceAll('+', '%2B')).get('room')?.trim() ?? '';
  return isRoom(name) ? name : undefined;
};

function view(name) {
  let found = views.get(name);
  if (!found) {
    views.set(name, found = new View(name));
    rememberRooms();
  }
  return found;
}

const rememberRooms = () => remember('duplex.rooms', JSON.stringify([...views.keys()]), 'sessionStorage');
const rememberPosts = () => remember('duplex.unsent', JSON.stringify([...views.values()]
  .flatMap(({ name, posts }) => [...posts.values()].map(({ id, value }) => ({ room: name, id, value })))), 'sessionStorage');

function showRooms() {
  const names = new Set([...STANDARD, ...views.keys()]);
  for (const [name, item] of items) {
    if (names.has(name)) continue;
    item.remove();
    items.delete(name);
  }
  for (const name of names) {
    let item = items.get(name);
    if (!item) {
      const link = element('a', '', element('bdi', '', name), element('span', 'unread'));
      link.href = addressOf(name);
      link.title = name;
      items.set(name, item = element('li', '', link));
      $('rooms').append(item);
    }
    const link = item.firstElementChild, badge = link.lastElementChild, count = views.get(name)?.unread ?? 0;
    if (name === current?.name) link.setAttribute('aria-current', 'true'); else link.removeAttribute('aria-current');
    badge.hidden = !count;
    badge.replaceChildren();
    if (!count) continue;
    const number = element('span', '', format.number(Math.min(count, 99)) + (count > 99 ? '+' : ''));
    number.setAttribute('aria-hidden', 'true');
    badge.append(number, say(element('span', 'unseen'), 'unread', { count }));
  }
  showTitle();
}

function showTitle() {
  const count = [...views.values()].reduce((sum, { unread }) => sum + unread, missed), title = text('title', { place: current?.name ?? '' });
  document.title = count ? text('news', { count, title }) : title;
}

/** Whether a screen reader is to read what comes. */
function showQuiet() {
  if (current.isQuiet) log.setAttribute('aria-live', 'off'); else log.removeAttribute('aria-live');
}

function show(name) {
  if (current) {
    current.draft = box.value;
    current.typing(false);
  }
  current = view(name);
  current.unread = missed = 0;
  box.value = current.draft;
  $('title').textContent = $('title').title = name;
  // The button that led here is gone: what has the focus instead is not the whole page.
  const isLobby = name === STANDARD[0];
  if (isLobby && document.activeElement === $('leave')) $('title').focus();
  $('leave').hidden = isLobby;
  // The whole room at once is no news, either.
  log.setAttribute('aria-live', 'off');
  setTimeout(showQuiet, TIMES.quiet);
  log.replaceChildren(current.entries, current.pending);
  fill(log);     // the language may have changed since
  current.shift(true);
  showRooms();
  showPeople();
  showHint();
  items.get(name).scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

function go(name) {
  if (location.hash === addressOf(name)) return;
  location.hash = addressOf(name);
}

addEventListener('hashchange', () => {
  const name = roomOf(location.hash);
  // The link that skips to the message box is no room.
  if (!name) return history.replaceState(null, '', addressOf(current.name));
  if (name === current.name) return;
  show(name);
  if (!touch) box.focus();
});

$('another').onsubmit = event => {
  event.preventDefault();
  const field = $('roomName'), name = field.value.trim().replace(/^#+\s*/, '');
  if (!name) return field.focus();
  if (!isRoom(name)) {
    field.setCustomValidity(text('badRoom'));
    return field.reportValidity();
  }
  field.value = '';
  go(name);
};
$('roomName').oninput = () => $('roomName').setCustomValidity('');

$('leave').onclick = () => {
  if (current.posts.size) return showHint('unsent');
  current.room.leave();
  views.delete(current.name);
  rememberRooms();
  box.value = '';
  go(STANDARD[0]);
};

// ---- People ----

let listed;                      // what the list of people is made of: each letter that somebody types comes here

function showPeople() {
  const order = new Intl.Collator().compare;
  const people = current.people.sort((a, b) => (b.id === me) - (a.id === me) || order(a.name, b.name) || order(a.id, b.id));
  const list = JSON.stringify([language, ...people.map(({ id, name }) => [id, name])]);
  if (list !== listed) {
    listed = list;
    $('people').replaceChildren(...people.map(({ id, name }) => {
      const item = element('li', '', element('bdi', '', name));
      if (id === me) item.append(say(element('small'), 'you'));
      item.style.setProperty('--hue', hue(name));
      return item;
    }));
    reachable($('people'));
  }
  const count = Math.max(current.room.count, people.length), isPast = people.length > 0 && duplex.state !== 'open';
  $('count').textContent = count ? `(${format.number(count)})` : '';
  $('presence').classList.toggle('past', isPast);
  say($('here').firstElementChild, isPast ? 'seen' : 'here');

  const [a, b, ...more] = isPast ? [] : people.filter(({ id, isTyping }) => isTyping && id !== me).map(({ name }) => name);
  if (a === undefined) {
    delete $('typing').dataset.text;
    $('typing').textContent = '';
  } else say($('typing'), more.length ? 'typing3' : b === undefined ? 'typing1' : 'typing2', { a, b });
}

function rename() {
  const name = nameOf($('name').value, myName);
  $('name').value = name;
  if (name === myName) return;
  myName = name;
  remember('duplex.name', name);
  for (const each of views.values()) each.sayInfo();
}
$('name').onchange = rename;
$('me').onsubmit = event => { event.preventDefault(); rename(); box.focus(); };

// ---- Writing ----

const box = $('text'), touch = matchMedia('(pointer: coarse)').matches;

/** Before anything typed since. */
function giveBack(value) {
  box.value = [value, box.value].filter(Boolean).join('\n');
  showHint();
}

let isDown = false;             // also between two tries: the hint is a live region, and does not change with each

function showHint(key) {
  const count = bytes(box.value.trim()) - MAX_MESSAGE, isLong = count > 0, { state } = duplex;
  const hint = isLong ? 'long' : key ?? (state === 'closed' ? 'closedHint' : isDown ? 'later' : touch ? '' : 'enter');
  if (hint) say($('hint'), hint, isLong ? { count } : undefined);
  else {
    delete $('hint').dataset.text;
    $('hint').textContent = '';
  }
  $('hint').classList.toggle('warn', isLong || Boolean(key));
  $('send').setAttribute('aria-disabled', isLong || state === 'closed');
}

$('composer').onsubmit = event => {
  event.preventDefault();
  const value = box.value.trim();
  if (!isVisible(value)) return;
  if (bytes(value) > MAX_MESSAGE) return showHint();
  // Nothing would send it: it waits where it can be changed.
  if (duplex.state === 'closed') return showHint('closedHint');
  box.value = '';
  current.typing(false);
  current.send(value);
  showHint();
};
box.oninput = () => {
  current.typing(Boolean(box.value.trim()));
  showHint();
};
box.onkeydown = event => {
  // While a Japanese or Chinese word is being composed, Enter belongs to the input method.
  // Safari has ended the composition by then, and only the old code (229) tells.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  $('composer').requestSubmit();
};

// ---- What changes everything ----

let wasOpen = false;

duplex.addEventListener('statechange', ({ state }) => {
  if (state !== 'connecting') isDown = state !== 'open';
  if (state === 'open' && wasOpen) for (const each of views.values()) each.settle();
  wasOpen ||= state === 'open';
  for (const each of views.values()) each.showFates();
  showPeople();
  showHint();
});

document.addEventListener('visibilitychange', () => {
  missed = 0;
  showTitle();
});

function showStamps() {
  for (const { entries, pending } of views.values()) {
    for (const part of [entries, pending]) part.querySelectorAll('time').forEach(stampText);
  }
}

// What was today is yesterday.
setInterval(() => {
  const now = new Date().toDateString();
  if (now === today) return;
  today = now;
  showStamps();
}, TIMES.minute);

onLanguage(() => {
  showStamps();
  showRooms();
  showPeople();
});

for (const name of recallList('duplex.rooms')) if (typeof name === 'string' && isRoom(name)) view(name);
for (const { room, id, value } of recallList('duplex.unsent')) {
  if (typeof room === 'string' && isRoom(room) && typeof value === 'string') view(room).restore({ id, value });
}
const first = roomOf(location.hash) ?? STANDARD[0];
history.replaceState(null, '', addressOf(first));
show(first);
