// What all pages have in common: two languages, the header with its navigation, and the state of the connection.
//
//   import { start, connection, text, say, format, onLanguage } from '/frame.js';
//   start({ page: 'match', strings: { en: { title: 'Live match', goals: { one: '{count} goal', other: '{count} goals' } }, zh: { … } } });
//   connection(duplex);
//
// `<p data-text="key">` is filled at the start, and again when the language changes; so are `data-label` (aria-label),
// `data-placeholder` and `data-title`. The HTML has the English text, so that it reads without this file, too.

const FRAME = {
  en: {
    skip: 'Skip to the content', pages: 'Pages',
    page_chat: 'Chat', page_match: 'Match', page_locations: 'Locations', page_ways: 'Four ways',
    connecting: 'Connecting…', waiting: 'Offline.',
    closed: 'Disconnected', taken: 'Closed: this session goes on elsewhere', thrown: 'Closed by the server',
    next: 'Next try in {seconds} s', now: 'Trying now…', disconnect: 'Disconnect', retry: 'Connect now', connect: 'Connect',
    websocket: 'WebSocket', streaming: 'HTTP streaming', longpolling: 'Long polling', polling: 'Polling',
    open_websocket: 'Connected via WebSocket', open_streaming: 'Connected via HTTP streaming',
    open_longpolling: 'Connected via long polling', open_polling: 'Connected via polling',
    ms: '{n} ms', s: '{n} s', min: '{n} min', B: '{n} B', kB: '{n} kB', MB: '{n} MB',
  },
  zh: {
    skip: '跳到正文', pages: '页面',
    page_chat: '聊天室', page_match: '比赛直播', page_locations: '实时位置', page_ways: '四种方式',
    connecting: '正在连接…', waiting: '已离线',
    closed: '已断开', taken: '已断开：此会话已在别处继续', thrown: '服务器已关闭连接',
    next: '（{seconds} 秒后重试）', now: '（正在重试…）', disconnect: '断开', retry: '立即连接', connect: '连接',
    websocket: 'WebSocket', streaming: 'HTTP 流', longpolling: '长轮询', polling: '轮询',
    open_websocket: '已连接（WebSocket）', open_streaming: '已连接（HTTP 流）',
    open_longpolling: '已连接（长轮询）', open_polling: '已连接（轮询）',
    ms: '{n} 毫秒', s: '{n} 秒', min: '{n} 分钟', B: '{n} B', kB: '{n} kB', MB: '{n} MB',
  },
};
const LANGUAGES = { en: { tag: 'en', name: 'English' }, zh: { tag: 'zh-CN', name: '中文' } };
const PAGES = { chat: '/', match: '/match', locations: '/locations', ways: '/ways' };
const REMEMBERED = 'duplex.language';

/** Storage may be forbidden by the browser's settings; the pages work without. */
export const remember = (key, value, where = 'localStorage') => { try { globalThis[where].setItem(key, value); } catch {} };
export const recall = (key, where = 'localStorage') => { try { return globalThis[where].getItem(key); } catch { return null; } };

/** An element with a class and children; strings become text nodes. */
export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

// ---- Language ----

/** `en` or `zh`. */
export let language = 'en';
let strings = {};
const listeners = new Set();

const isKnown = each => Object.hasOwn(LANGUAGES, each ?? '');
const choose = () => {
  const remembered = recall(REMEMBERED);
  return isKnown(remembered) ? remembered : navigator.languages.map(each => each.slice(0, 2).toLowerCase()).find(isKnown) ?? 'en';
};

/** How numbers and times are written: the browser's own variant of the language, such as en-GB. */
const locale = () => navigator.languages.find(each => each.toLowerCase().startsWith(language)) ?? LANGUAGES[language].tag;

/** What others have chosen is isolated (U+2068 and U+2069), so that a name written from right to left does not turn around what
 *  stands beside it. */
const ISOLATED = new Set(['name', 'before', 'a', 'b', 'room']);

/** The string of this key in the present language, with its `{name}`s replaced. One that depends on `count` is `{ one, other }`. */
export function text(key, values = {}) {
  const found = strings[language]?.[key] ?? FRAME[language][key] ?? strings.en?.[key] ?? key;
  const string = typeof found === 'object' ? found[new Intl.PluralRules(language).select(values.count)] ?? found.other : found;
  return string.replace(/\{(\w+)\}/g, (all, name) => Object.hasOwn(values, name)
    ? typeof values[name] === 'number' ? format.number(values[name])
      : ISOLATED.has(name) ? `\u2068${values[name]}\u2069` : values[name]
    : all);
}

/** Sets the text of a node, in whatever language is chosen later, too. Does nothing when it says so already: a live region
 *  speaks only when it changes. */
export function say(node, key, values) {
  const json = values ? JSON.stringify(values) : '';
  if (node.dataset.text === key && (node.dataset.values ?? '') === json) return node;
  node.dataset.text = key;
  if (json) node.dataset.values = json; else delete node.dataset.values;
  node.textContent = text(key, values);
  return node;
}

const ATTRIBUTES = { label: 'aria-label', placeholder: 'placeholder', title: 'title' };

/** Fills what stands in `root`; what is not in the document when the language changes has to be filled by itself. */
export function fill(root = document) {
  for (const node of root.querySelectorAll('[data-text]')) {
    const { text: key, values } = node.dataset, now = text(key, values && JSON.parse(values));
    if (node.textContent !== now) node.textContent = now;
  }
  for (const [name, attribute] of Object.entries(ATTRIBUTES)) {
    for (const node of root.querySelectorAll(`[data-${name}]`)) node.setAttribute(attribute, text(node.dataset[name]));
  }
}

/** Calls `listener` after each change of the language: for what `data-text` does not reach. */
export function onLanguage(listener) { listeners.add(listener); }

function setLanguage(to) {
  language = to;
  document.documentElement.lang = LANGUAGES[to].tag;
  fill();
  showSwitch();
  for (const listener of listeners) listener(language);
}

// ---- Numbers ----

/** Those of Intl are slow to make, and used for each message. */
const made = new Map();
function formatter(kind, options) {
  const tag = locale(), key = `${kind} ${tag} ${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Intl[kind](tag, options));
  return made.get(key);
}

const digits = value => Math.abs(value) < 10 && !Number.isInteger(value) ? 1 : 0;

export const format = {
  number: (value, options) => formatter('NumberFormat', options).format(value),
  /** Of a Date or milliseconds since 1970: hours and minutes, unless the options say other. */
  time: (when, options = { hour: '2-digit', minute: '2-digit' }) => formatter('DateTimeFormat', options).format(when),
  /** 512 B, 1.4 kB, 23 MB. */
  bytes(size) {
    const [value, unit] = size < 1000 ? [Math.round(size), 'B'] : size < 999_500 ? [size / 1000, 'kB'] : [size / 1e6, 'MB'];
    return text(unit, { n: format.number(value, { maximumFractionDigits: digits(value) }) });
  },
  /** Of milliseconds: 0.4 ms, 12 ms, 3.2 s, 5 min. */
  duration(ms) {
    const [value, unit] = ms < 999.5 ? [ms, 'ms'] : ms < 99_500 ? [ms / 1000, 's'] : [ms / 60_000, 'min'];
    return text(unit, { n: format.number(value, { maximumFractionDigits: digits(value) }) });
  },
};

// ---- The header ----

const switcher = element('button');
switcher.type = 'button';
switcher.id = 'language';
switcher.onclick = () => {
  setLanguage(language === 'en' ? 'zh' : 'en');
  remember(REMEMBERED, language);
};

function showSwitch() {
  const other = LANGUAGES[language === 'en' ? 'zh' : 'en'];
  switcher.textContent = other.name;
  switcher.lang = other.tag;
}

function mark() {
  const drawing = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  drawing.setAttribute('viewBox', '0 0 32 32');
  drawing.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(drawing.namespaceURI, 'path');
  path.setAttribute('d', 'M5 11h21l-6-6M27 21H6l6 6');
  drawing.append(path);
  const link = element('a', 'mark', drawing, 'Duplex');
  link.href = '/';
  return link;
}

function navigation(page) {
  const nav = element('nav', '', ...Object.entries(PAGES).map(([name, href]) => {
    const link = say(element('a'), `page_${name}`);
    link.href = href;
    if (name === page) link.setAttribute('aria-current', 'page');
    return link;
  }));
  nav.dataset.label = 'pages';
  return nav;
}

/** Chooses the language, fills the page, and draws `<header id="frame">`. Called once, first. */
export function start({ page, strings: own = {} }) {
  strings = own;
  document.getElementById('frame').replaceChildren(mark(), navigation(page), switcher);
  setLanguage(choose());
}

// ---- The connection ----

const FINAL = { closed_4001: 'taken', closed_4003: 'thrown' };
const BUTTONS = { open: 'disconnect', waiting: 'retry', closed: 'connect' };

/** Shows in the header how this client is connected, with a button to connect or disconnect. */
export function connection(duplex) {
  // The countdown stands outside the live region: read aloud once a second it would drown everything else.
  const status = element('span'), countdown = element('span'), toggle = element('button'), dot = element('i', 'dot');
  const box = element('div', '', dot, element('p', '', status, ' ', countdown), toggle);
  Object.assign(status, { id: 'status', role: 'status' });
  Object.assign(countdown, { id: 'countdown' });
  Object.assign(toggle, { id: 'toggle', type: 'button', hidden: true });
  box.id = 'connection';
  dot.setAttribute('aria-hidden', 'true');
  let ticking, final;

  const tick = () => say(countdown, 'next', { seconds: Math.max(1, Math.ceil((duplex.retryIn ?? 0) / 1000)) });
  const show = () => {
    const { state, transport } = duplex;
    // Between two tries neither words nor button change: they would be read aloud each time, and take the focus along.
    const isAgain = state === 'connecting' && box.dataset.state === 'waiting';
    clearInterval(ticking);
    if (isAgain) return void say(countdown, 'now');
    box.dataset.state = state;
    if (state === 'waiting') {
      tick();
      ticking = setInterval(tick, 250);
    } else {
      countdown.textContent = '';
      delete countdown.dataset.text;
    }
    if (state === 'open') final = undefined;
    say(status, state === 'open' ? `open_${transport}` : state === 'closed' && final || state);
    if (!BUTTONS[state]) return;
    toggle.hidden = false;
    say(toggle, BUTTONS[state]);
  };
  toggle.onclick = () => { if (duplex.state === 'open') duplex.close(); else duplex.retryNow(); };
  duplex.addEventListener('error', ({ code }) => { final = FINAL[code] ?? final; });
  duplex.addEventListener('statechange', show);
  duplex.addEventListener('transportchange', ({ transport }) => { if (transport) show(); });
  switcher.before(box);
  show();
}
