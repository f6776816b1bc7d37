// The page of the couriers: a map that the server has drawn, where they are on it, and what a slow reader gets of that.

import { Duplex } from '/duplex.js';
import { start, connection, text, say, format, onLanguage, element } from '/frame.js';
import { scenes, late, serverTime, delayText, pollingReader, median } from '/scene.js';

/** Milliseconds between two looks of the slow reader, and between two changes of the numbers and of the table. */
const SLOW = 3000, REFRESH = 1000;
/** Enough to have each courier once. */
const HISTORY = 48;
/** Points per second are of so many seconds: of two looks of the slow reader. */
const WINDOW = 6;
const MAX_AGES = 1000;

const strings = {
  en: {
    pageTitle: 'Live locations · Duplex', heading: 'Live locations',
    lead: '24 couriers in a made-up town. Each reports its position five times a second.',
    off: 'The simulated couriers are switched off on this server (--scenes off).', unreachable: 'The server does not answer. This page tries again.',
    mapTitle: 'Map of a town with {count} couriers; the table below lists what each courier is doing',
    readers: 'What the readers get', here: 'This page', slow: 'Slow reader',
    rate: 'Points per second', received: 'Points received', skipped: 'Points left out', age: 'Age on arrival', under: '<\u00a0{late}',
    switch: 'Add a slow reader',
    slowHow: 'A second reader that looks only every 3 seconds. The points it missed are not sent later: it gets the newest point of each courier, and is up to date at once. The dashed rings are where it last saw them.',
    slowLast: 'Its last look: {points} new points, {skipped} older ones left out, the newest {age} old; up to 3 s older until the next look.', slowWaits: 'Looking…',
    couriers: 'Couriers', courier: 'Courier', state: 'State', speed: 'Speed', order: 'Order', show: 'Show courier {number} on the map',
    waiting: 'Waiting', 'to-kitchen': 'To kitchen', 'picking-up': 'Picking up', 'to-customer': 'To customer', 'handing-over': 'At the door',
    kmh: '{n} km/h',
  },
  zh: {
    pageTitle: '实时位置 · Duplex', heading: '实时位置',
    lead: '虚构小城里的 24 名骑手，每人每秒上报五次位置。',
    off: '这台服务器没有开启模拟骑手（--scenes off）。', unreachable: '服务器没有响应，页面会继续重试。',
    mapTitle: '小城地图，图上有 {count} 名骑手；下方表格列出了每名骑手的状态',
    readers: '两个客户端各收到什么', here: '本页', slow: '慢速客户端',
    rate: '每秒位置数', received: '已收到的点', skipped: '略过的点', age: '到达时的延迟', under: '<\u00a0{late}',
    switch: '加入一个慢速客户端',
    slowHow: '第二个客户端每 3 秒才看一次。错过的旧位置不再补发：它只拿到每名骑手的最新位置，一次就能跟上。虚线圆圈是它最后一次看到骑手的位置。',
    slowLast: '最近一次：收到 {points} 个新点，略过 {skipped} 个旧点，最新的点是 {age}前的，到下次查看前最多再旧 3 秒。', slowWaits: '正在查看…',
    couriers: '骑手', courier: '骑手', state: '状态', speed: '速度', order: '订单', show: '在地图上标出 {number} 号骑手',
    waiting: '待命', 'to-kitchen': '前往取餐', 'picking-up': '取餐中', 'to-customer': '送餐中', 'handing-over': '交付中',
    kmh: '{n} 公里/时',
  },
};

const $ = id => document.getElementById(id);
const still = matchMedia('(prefers-reduced-motion: reduce)');
const numberOf = key => +key.slice('courier-'.length);

// ---- Drawing ----

function shape(tag, attributes = {}, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const line = points => `M${points.map(point => point.join(' ')).join('L')}`;

function drawTown({ width, height, streets, river, parks }) {
  const map = $('map');
  map.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const draw = kind => streets.filter(street => street.kind === kind).map(({ points }) => line(points)).join('');
  // The river under the streets, which so have bridges.
  map.append(
    ...parks.map(points => shape('path', { class: 'park', d: `${line(points)}Z` })), shape('path', { class: 'river', d: line(river) }),
    ...['street', 'avenue'].flatMap(kind => [shape('path', { class: `${kind} edge`, d: draw(kind) }), shape('path', { class: kind, d: draw(kind) })]),
    believed, layer);
}

/** What a courier does is told by its shape, not by its colour alone. */
const SHAPES = {
  'to-customer': 'M0-11 8 9 0 5-8 9Z', 'to-kitchen': 'M0-11 8 9 0 5-8 9Z',
  'picking-up': 'M-7-7H7V7H-7Z', 'handing-over': 'M0-9 9 0 0 9-9 0Z', waiting: 'M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0Z',
};
const isMoving = state => state.startsWith('to-');
const layer = shape('g'), believed = shape('g', { class: 'believed' });

function drawLegend() {
  $('legend').replaceChildren(...Object.entries(SHAPES).map(([state, d]) => {
    const picture = shape('svg', { viewBox: '-14 -14 28 28', 'aria-hidden': 'true' }, shape('path', { class: `courier ${state}`, d }));
    return element('li', '', picture, say(element('span'), state));
  }));
}

class Courier {
  #from; #to; #at; #begun = 0; #duration = 200; #last; #body; #sign; #label; #row; #state;

  constructor(key) {
    this.number = numberOf(key);
    this.#sign = shape('path');
    this.#label = shape('text', { y: -14 }, `${this.number}`);
    this.#body = shape('g', {}, this.#sign, this.#label);
    layer.append(this.#body);
    const button = element('button', '', `${this.number}`);
    button.type = 'button';
    button.setAttribute('aria-pressed', 'false');
    button.onclick = () => {
      const isOn = button.getAttribute('aria-pressed') === 'false';
      button.setAttribute('aria-pressed', `${isOn}`);
      this.#body.classList.toggle('shown', isOn);
    };
    this.button = button;
    const head = element('th', '', button);
    head.scope = 'row';
    this.#row = element('tr', '', head, element('td'), element('td'), element('td'));
    const body = $('couriers').tBodies[0];
    body.insertBefore(this.#row, [...body.rows].find(row => +row.cells[0].textContent > this.number) ?? null);
  }

  /** A new point: it goes there in the time that points are apart. */
  move(point, now) {
    if (this.#to) this.#duration = Math.min(1000, Math.max(100, 0.8 * this.#duration + 0.2 * (now - this.#last)));
    const isFirst = !this.#to;
    this.#last = now;
    this.#from = isFirst ? point : this.#place(now);
    this.#to = point;
    this.#begun = now;
    if (isFirst) this.list();
    if (point.state !== this.#state) {
      this.#state = point.state;
      this.#sign.setAttribute('d', SHAPES[point.state] ?? SHAPES.waiting);
      this.#sign.setAttribute('class', `courier ${point.state}`);
    }
  }

  #place(now) {
    const part = Math.min(1, (now - this.#begun) / this.#duration), { x, y } = this.#to;
    return { x: this.#from.x + (x - this.#from.x) * part, y: this.#from.y + (y - this.#from.y) * part };
  }

  /** @param now Nothing to go at once to where it was seen last. */
  draw(now) {
    const { x, y } = now === undefined ? this.#to : this.#place(now), place = `translate(${x.toFixed(1)} ${y.toFixed(1)})`;
    if (place !== this.#at) this.#body.setAttribute('transform', this.#at = place);
    const turn = isMoving(this.#state) ? `rotate(${this.#to.heading})` : 'rotate(0)';
    if (this.#sign.getAttribute('transform') !== turn) this.#sign.setAttribute('transform', turn);
  }

  list() {
    const { state, speed, order } = this.#to, cells = this.#row.cells;
    [text(state), text('kmh', { n: Math.round(speed * 3.6) }), order ? format.number(order) : '–'].forEach((now, index) => {
      if (cells[1 + index].textContent !== now) cells[1 + index].textContent = now;
    });
    const label = text('show', { number: this.number });
    if (this.button.getAttribute('aria-label') !== label) this.button.setAttribute('aria-label', label);
  }
}

// ---- What a reader gets ----

class Reader {
  received = 0; skipped = 0; #last; #ages = []; #times = [];

  /** Counts a message of a room; what was there before does not count. */
  take({ epoch, offset, time }, begun) {
    const last = this.#last;
    this.#last = { epoch, offset };
    if (time < begun) return false;
    this.received++;
    if (last?.epoch === epoch) this.skipped += offset - last.offset - 1;
    this.#times.push(performance.now());
    this.#ages.push(late(time));
    if (this.#ages.length > MAX_AGES) this.#ages.shift();
    return true;
  }

  get rate() {
    const since = performance.now() - WINDOW * 1000;
    while (this.#times[0] < since) this.#times.shift();
    return this.#times.length / WINDOW;
  }

  get cells() {
    return [format.number(Math.round(this.rate)), format.number(this.received), format.number(this.skipped),
      this.#ages.length ? delayText(median(this.#ages)) : '–'];
  }
}

// ---- This page ----

start({ page: 'locations', strings });
const duplex = new Duplex('/'), couriers = new Map();
connection(duplex);
drawLegend();
let reader = new Reader(), begun = Infinity;

function read(room) {
  room.addEventListener('message', ({ epoch, offset, time, key, data }) => {
    reader.take({ epoch, offset, time }, begun);
    let courier = couriers.get(key);
    if (!courier) couriers.set(key, courier = new Courier(key));
    courier.move(data, performance.now());
  });
}

function frame(now) {
  if (!still.matches) for (const courier of couriers.values()) courier.draw(now);
  requestAnimationFrame(frame);
}

function refresh() {
  for (const courier of couriers.values()) {
    courier.list();
    if (still.matches) courier.draw();
  }
  const title = text('mapTitle', { count: couriers.size });
  if ($('mapTitle').textContent !== title) $('mapTitle').textContent = title;
  [reader, slow?.reader].forEach((each, column) => {
    const cells = each?.cells ?? ['–', '–', '–', '–'];
    [...$('numbers').tBodies[0].rows].forEach((row, index) => { row.cells[1 + column].textContent = cells[index]; });
  });
}

// ---- The slow reader ----

let slow;

function startSlow() {
  const duplex = pollingReader('slow', SLOW), reader = new Reader(), rings = new Map(), since = serverTime();
  let look;
  slow = { duplex, reader };
  say($('slowLast'), 'slowWaits');
  duplex.room('locations', { history: HISTORY, latest: true }).addEventListener('message', message => {
    const before = reader.skipped, counts = reader.take(message, since), { key, time, data } = message;
    let ring = rings.get(key);
    if (!ring) {
      rings.set(key, ring = shape('circle', { r: 13 }));
      believed.append(ring);
    }
    ring.setAttribute('cx', data.x);
    ring.setAttribute('cy', data.y);
    if (!counts) return;
    // All messages of one look come in one go.
    if (!look) {
      look = { points: 0, skipped: 0 };
      queueMicrotask(() => { showLook(look); look = undefined; });
    }
    look.points++;
    look.skipped += reader.skipped - before;
    look.age = late(time);
  });
}

function showLook({ points, skipped, age }) {
  if (slow) say($('slowLast'), 'slowLast', { points, skipped, age: delayText(age) });
}

function stopSlow() {
  slow.duplex.close();
  slow = undefined;
  believed.replaceChildren();
  delete $('slowLast').dataset.text;
  $('slowLast').textContent = '';
}

$('switch').onclick = () => {
  const isOn = $('switch').getAttribute('aria-checked') === 'false';
  $('switch').setAttribute('aria-checked', `${isOn}`);
  if (isOn) startSlow(); else stopSlow();
  refresh();
};

onLanguage(refresh);

async function begin() {
  let isOn;
  try {
    isOn = await scenes();
    if (isOn && !layer.isConnected) drawTown(await (await fetch('/locations/map.json')).json());
  } catch {
    $('off').hidden = false;
    say($('off'), 'unreachable');
    return setTimeout(begin, 3000);
  }
  $('off').hidden = isOn;
  if (!isOn) {
    say($('off'), 'off');
    $('scene').hidden = true;
    return;
  }
  begun = serverTime();
  read(duplex.room('locations', { history: HISTORY, latest: true }));
  refresh();
  setInterval(refresh, REFRESH);
  requestAnimationFrame(frame);
}
begin();
