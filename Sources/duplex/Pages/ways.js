// The page /ways: one room, read in four ways at once, with what each costs. What is counted and how is in its texts below.
// `Reader` is one of the ways; `counters` asks the server; `measure` lets the ways take turns for the CPU time.

import { Duplex } from '/duplex.js';
import { start, text, say, format, element, onLanguage } from '/frame.js';

const WAYS = ['websocket', 'streaming', 'longpolling', 'polling'];
const ROOM = 'ways';
/** Seconds. */
const TURN = 4;
/** Milliseconds. */
const TICK = 1000, DRAWN = 10_000, SETTLE = 500, FIRST_MEASURE = 10_000, REST_LIMIT = 15_000, TIMEOUT = 5000, ASLEEP = 10_000;
/** How many delays the median is of, and how few messages are too few for a CPU time. */
const MOST_DELAYS = 4000, FEWEST = 20;

const STRINGS = {
  en: {
    title: 'Duplex: four ways', heading: 'Four ways to get the same messages',
    lead: 'This server publishes some twenty small messages a second into one room. This page reads that room four times at once, each time in a different way, and counts what each way costs.',
    waiting: 'Waiting for the first messages…', off: 'Nothing is published here: this server was started with --scenes off.',
    sum: 'For the same {messages}, WebSocket made {w} and moved {wb}, with a median delay of {wd}. Long polling is prompt, too, but asks again after each answer: {l}, {lb}, {ld}. Polling made {p} and moved {pb} (what waited together is packed together), with a median delay of {pd}: it is late by half of its interval on average, and the shorter the interval, the more it costs.',
    nMessages: { one: '{count} message', other: '{count} messages' }, nRequests: { one: '{count} request', other: '{count} requests' },
    interval: 'Polling asks every', measure: 'Measure CPU time again', table: 'What each way costs', noscript: 'This page needs JavaScript: it is what reads the messages.',
    reading: 'reading', resting: 'resting', connecting: 'connecting…', lost: 'no connection', what: 'Number',
    drawing: 'Delay of each message', drawingBrief: 'Each dot is a message, the latest on the right.',
    drawingMore: 'From left to right: the last ten seconds. The higher a dot, the longer the message was on its way, from 1 ms at the bottom to 10 s at the top. When polling, the messages of one answer lie on a falling line: the first of them has waited for nearly the whole interval, the last for hardly any time.',
    drawn: 'Delays of the last ten seconds: from {least} to {most}', drawnNone: 'No message in the last ten seconds',
    messages: 'Messages', messagesBrief: 'How many have arrived.',
    messagesMore: 'All four read the same messages, so these numbers are about equal; polling is up to one interval behind. Each message has a number in the room’s log, by which the page knows that none is missing, doubled or out of order.',
    missing: '{n} missing',
    requests: 'Requests', requestsBrief: 'How often the browser has asked.',
    requestsMore: 'Each request costs a round trip, its header fields, and work at both ends. A WebSocket is one request that becomes a connection for both directions. Streaming is one request with an answer that does not end. Long polling asks again after each answer, and the server holds the answer back until there is something. Polling asks at fixed times, whether there is something or not.',
    up: 'Bytes up', upBrief: 'From the browser to the server.',
    upMore: 'Request lines and header fields, each time: Chromium sends 620 to 680 bytes with every request, even if there is nothing new; other browsers send about as much. Over a WebSocket that happens once.',
    down: 'Bytes down', downBrief: 'From the server to the browser.',
    downMore: 'The messages, and what stands around them. Over a WebSocket and in a stream each message says its type and room (31 bytes) and has 2 to 6 bytes of framing. An answer to a request has some 240 bytes of header fields and some 90 around its messages, however few they are. Answers with many messages are compressed with gzip, which is why polling can be smaller than a WebSocket here: it packs what it was late with.',
    each: 'Bytes per message', eachBrief: 'Up and down, divided by the messages.',
    eachMore: 'What one message has cost on the wire. Polling trades bytes for time: messages that have waited together share one answer and are compressed together, so it can move fewer bytes than a WebSocket, and the shorter the interval, the more it moves. Try 0.5 s and 5 s. To be on time by asking takes a request for nearly each message: that is long polling, with some 1,000 bytes for a request and its answer.',
    median: 'Median delay', medianBrief: 'Half of the messages came sooner.',
    medianMore: 'From a message being stored by the server until this page has it; of the last 4,000 messages that each way has read. When polling it is about half of the interval: on average a message waits that long for the next question.',
    worst: 'Worst delay', worstBrief: 'The latest of all.',
    worstMore: 'The longest that any message took since the numbers began. When polling it is a little more than the interval. Long polling is slow where a message comes just after an answer: it waits for the next request. A busy browser or server makes all four worse.',
    cpu: 'CPU time per message', cpuBrief: 'Server CPU time spent on one message.',
    cpuMore: 'One after the other, each way reads alone for some seconds while the others rest. The server says what its process has used of the processor in that time; what it uses when nobody reads (publishing goes on) is taken off, and the rest divided by the messages that came. Other visitors of this server count as well, so if there are any, take it for a rough number. How much the single seconds vary tells how wrong it may be (±); what is not more than that is told as a bound (<). With each measurement the average of all gets steadier.',
    notMeasured: 'not yet', tooFew: 'too few messages', under: '< {n}', ofMessages: 'of {count}', ofMessagesAbout: '± {error}, of {count}', us: '{n} µs',
    measuringNobody: 'Measuring: nobody reads', measuringWay: 'Measuring: {way} alone', measured: 'Measured.', failed: 'The measurement was interrupted: a way did not come back, or the server was started anew.',
    notNow: 'Not measured: {way} is not connected. Try again when it is.',
    left: '{n} s', othersReading: { one: '{count} other page was open as well.', other: '{count} other pages were open as well.' },
    notesHeading: 'What is counted, and what is not',
    notesBytes: 'Bytes are counted by the server as HTTP/1.1 and WebSocket write them: request lines, header fields, bodies, chunk and frame headers. TCP, IP and TLS come on top, for each way. Over HTTP/2 header fields are compressed, and so smaller than counted here.',
    notesTime: 'A delay is the time from a message being stored by the server until this page has it. The two clocks are compared as NTP does it, by the request with the shortest round trip, which is right to within half of it. A shorter delay than that, or than 1 ms, is told as a bound (<). What was published while a way had no connection, or this machine slept, has no delay here.',
    notesTurns: 'While the CPU time is measured the ways take turns, and the others rest. What comes in that time is left out of all other numbers here. Nothing is lost: afterwards each way goes on behind the last message that it had.',
    clock: 'The shortest round trip was {trip}; this page’s clock and the server’s differ by {offset}. Requests speak HTTP/{http}.',
  },
  zh: {
    title: 'Duplex：四种方式', heading: '同样的消息，四种取法',
    lead: '服务器每秒向一个房间发布约二十条短消息。本页用四种方式同时读取这个房间，并逐项统计每种方式的开销。',
    waiting: '正在等待第一批消息…', off: '这里没有消息：服务器启动时使用了 --scenes off。',
    sum: '同样是 {messages}：WebSocket 用了 {w}，共传输 {wb}，延迟中位数为 {wd}。长轮询也算及时，但每收到一次响应就要重新询问：{l}，{lb}，{ld}。轮询用了 {p}，共传输 {pb}（一起等待的消息会一起压缩），延迟中位数为 {pd}：平均要晚半个间隔，而间隔越短，开销越大。',
    nMessages: '{count} 条消息', nRequests: '{count} 次请求',
    interval: '轮询间隔', measure: '重新测量 CPU 时间', table: '各种方式的开销', noscript: '本页需要 JavaScript 才能读取消息。',
    reading: '读取中', resting: '暂停', connecting: '正在连接…', lost: '连接已断开', what: '指标',
    drawing: '每条消息的延迟', drawingBrief: '每个点是一条消息，最新的在最右边。',
    drawingMore: '横轴是最近十秒。点越高，消息在路上的时间越长：底部为 1 毫秒，顶部为 10 秒。轮询时，同一次响应里的消息排成一条下降的线：第一条几乎等了整个间隔，最后一条几乎没有等。',
    drawn: '最近十秒的延迟：{least} 至 {most}', drawnNone: '最近十秒没有消息',
    messages: '消息', messagesBrief: '已收到的条数。',
    messagesMore: '四种方式读的是同样的消息，所以这些数字大致相同；轮询最多落后一个间隔。每条消息在房间日志里都有编号，页面据此确认没有遗漏、重复或乱序。',
    missing: '缺少 {n} 条',
    requests: '请求', requestsBrief: '浏览器询问的次数。',
    requestsMore: '每次请求都要往返一趟，带上头字段，两端也都要处理。WebSocket 只用一次请求，随后变成双向连接。流式传输是一次请求，响应一直不结束。长轮询每收到一次响应就再问一次，服务器等到有消息才响应。轮询按固定间隔询问，不管有没有新消息。',
    up: '上行字节', upBrief: '从浏览器到服务器。',
    upMore: '每次都有请求行和头字段：哪怕没有任何新内容，Chromium 每次请求也要发送 620 到 680 字节，其他浏览器也差不多。用 WebSocket 时只发送一次。',
    down: '下行字节', downBrief: '从服务器到浏览器。',
    downMore: '消息以及包在外面的部分。WebSocket 和流式传输的每条消息都带有类型和房间名（31 字节），外加 2 到 6 字节的帧或分块头。一次请求的响应有约 240 字节的头字段，消息外层还有约 90 字节，不论其中有几条消息。含有多条消息的响应会用 gzip 压缩，所以轮询在这里可能比 WebSocket 还小：它把迟到的消息打成了一包。',
    each: '每条消息的字节数', eachBrief: '上下行之和除以消息数。',
    eachMore: '一条消息在线路上的成本。轮询是用时间换流量：一起等待的消息共用一个响应，并一起压缩。轮询间隔越长，每条消息越省流量，可能比 WebSocket 还少；间隔越短，流量越大。可以试试 0.5 秒和 5 秒。若要靠询问做到及时，几乎每条消息都得请求一次：这就是长轮询，一问一答约 1000 字节。',
    median: '延迟中位数', medianBrief: '一半的消息比这更快。',
    medianMore: '从服务器存下消息到本页收到为止，按每种方式最近读到的 4000 条消息计算。轮询时约为间隔的一半：平均来说，一条消息要等这么久才轮到下一次询问。',
    worst: '最大延迟', worstBrief: '最慢的一条。',
    worstMore: '统计开始以来耗时最长的一条消息。轮询时略大于间隔。长轮询慢在：消息恰好在响应之后产生时，得等下一次请求。浏览器或服务器繁忙时，四种方式都会变慢。',
    cpu: '每条消息的 CPU 时间', cpuBrief: '服务器处理器为一条消息花的时间。',
    cpuMore: '各种方式轮流单独读取几秒，其余暂停。服务器报告其进程这段时间用了多少处理器时间；减去无人读取时的用量（发布仍在继续），再除以收到的消息数。本服务器的其他访客也会算进来，有别人在时请只当作粗略数字。各秒用量的波动就是可能的误差（±）；不超过误差的结果只给出上限（<）。多次测量取平均，会越来越稳定。',
    notMeasured: '尚未测量', tooFew: '消息太少', under: '< {n}', ofMessages: '基于 {count}', ofMessagesAbout: '± {error}，基于 {count}', us: '{n} µs',
    measuringNobody: '测量中：无人读取', measuringWay: '测量中：仅 {way}', measured: '测量完成。', failed: '测量中断：有一种方式没有恢复，或服务器已重新启动。',
    notNow: '未测量：{way} 尚未连接，请等它恢复后再试。',
    left: '{n} 秒', othersReading: '同时还有 {count} 个页面打开着。',
    notesHeading: '统计了什么，没有统计什么',
    notesBytes: '字节数由服务器按 HTTP/1.1 和 WebSocket 的写法统计：请求行、头字段、正文、分块和帧的头部。TCP、IP 和 TLS 的部分另算，每种方式都有。在 HTTP/2 上头字段会被压缩，实际比这里统计的小。',
    notesTime: '延迟是从服务器存下消息到本页收到为止的时间。两边的时钟按 NTP 的办法对照，取往返最短的那次请求，误差不超过其往返时间的一半。小于该误差或小于 1 毫秒的延迟只给出上限（<）。连接断开或本机休眠期间发布的消息不计延迟。',
    notesTurns: '测量 CPU 时间时各种方式轮流进行，其余暂停。这段时间收到的内容不计入其他数字。不会丢失任何消息：之后每种方式都从各自的最后一条消息接着读。',
    clock: '最短往返时间为 {trip}；本页与服务器的时钟相差 {offset}。请求使用 HTTP/{http}。',
  },
};

const $ = id => document.getElementById(id);
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
/** Milliseconds since 1970, finer than Date.now(), and without its steps. */
const clock = () => performance.timeOrigin + performance.now();
const sorted = numbers => Float64Array.from(numbers).sort();

// ---- The server's counters, and its clock ----

const id = [...crypto.getRandomValues(new Uint32Array(3))].map(each => each.toString(36).padStart(7, '0')).join('');
const samples = [];
let offset = null, trip = null, http = '1.1', others = 0;

/** What the server has counted. Each answer also tells its clock: the quickest of the last minute counts. */
async function counters() {
  const before = performance.now(), at = clock();
  const response = await fetch(`/ways/counters?id=${id}`, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT) });
  const report = await response.json(), took = performance.now() - before;
  if (!response.ok) throw new Error(report.error?.message ?? response.status);
  const sample = { took, offset: report.time - (at + took / 2) };
  // More than both may be wrong by: one of the clocks was set, or stood still.
  if (offset !== null && Math.abs(sample.offset - offset) > (took + trip) / 2 + 5) samples.length = 0;
  samples.push(sample);
  if (samples.length > 60) samples.shift();
  ({ took: trip, offset } = samples.reduce((best, each) => each.took < best.took ? each : best));
  http = report.http;
  others = report.pages - 1;
  return report;
}

// ---- One way of reading ----

const NOTHING = { requests: 0, up: 0, down: 0 };
const NO_CPU = { micros: 0, messages: 0, variance: 0, turns: 0 };

class Reader {
  received = 0; missing = 0; delays = []; worst = null; recent = [];
  /** What the server says, what it had said before it began anew from zero, and both together, which never becomes less. */
  raw = { ...NOTHING }; carried = { ...NOTHING }; counted = { ...NOTHING };
  /** What is not shown: what there was before the numbers began, and what came in turns. */
  base = { messages: 0, requests: 0, up: 0, down: 0 };
  cpu = { ...NO_CPU };
  /** Messages that are older than this have waited while we rested, slept, or had no connection. */
  liveFrom = Infinity;

  /** All begin behind the same message, so that they read the same ones. */
  constructor(way, position) {
    this.way = way;
    this.position = position;
    this.open();
  }

  open(pollInterval = 2000) {
    this.pollInterval = pollInterval;
    // A base of its own, so that no other page of this tab takes the way that worked here for its first one.
    this.duplex = new Duplex('/?ways', { transports: [this.way], pollInterval, query: { as: `ways-${id}-${this.way}` } });
    this.go();
    this.duplex.addEventListener('statechange', ({ state }) => {
      if (state === 'open') this.live(); else this.liveFrom = Infinity;
      showStates();
    });
    this.duplex.addEventListener('transportchange', () => showStates());
  }

  reopen(pollInterval) {
    this.position = this.room.position ?? this.position;
    this.duplex.close();
    this.open(pollInterval);
  }

  get state() {
    if (!this.room) return 'resting';
    return { open: 'reading', connecting: 'connecting' }[this.duplex.state] ?? 'lost';
  }

  /** Reads on behind the last message. */
  go() {
    this.liveFrom = Infinity;
    const room = this.room = this.duplex.room(ROOM, { after: this.position });
    room.addEventListener('message', message => this.take(message));
    // Another epoch counts anew: how many are missing between the two nobody knows.
    room.addEventListener('gap', ({ before, epoch, offset }) => {
      if (epoch === before.epoch) this.missing += Math.max(0, offset - before.offset);
      this.at = null;
    });
    if (this.duplex.state === 'open') this.live();
  }

  /** From now on it is live again: what was published before has waited for us. */
  live() {
    this.liveFrom = Infinity;
    const { room } = this, isStill = () => this.room === room && this.duplex.state === 'open';
    counters().then(({ time }) => time, () => clock() + offset).then(time => { if (isStill()) this.liveFrom = time; });
  }

  rest() {
    if (!this.room) return;
    this.position = this.room.position ?? this.position;
    this.room.leave();
    this.room = null;
  }

  take({ epoch, offset: number, time }) {
    wake();
    if (this.at?.epoch === epoch && number !== this.at.number + 1) this.missing += Math.abs(number - this.at.number - 1);
    this.at = { epoch, number };
    this.first ??= number;
    this.received++;
    this.lastTime = time;
    if (this.way === 'polling' && !isAnswer) {
      isAnswer = true;
      queueMicrotask(answered);
    }
    if (offset === null || time < this.liveFrom) return;
    const delay = Math.max(0, clock() + offset - time);
    this.recent.push({ at: time - offset, delay });
    if (turns) return;
    this.delays.push(delay);
    if (this.delays.length > MOST_DELAYS) this.delays.shift();
    this.worst = Math.max(this.worst ?? 0, delay);
  }

  totals() { return { messages: this.received, ...this.counted }; }

  get shown() {
    const all = this.totals(), { base } = this;
    return Object.fromEntries(Object.keys(all).map(key => [key, all[key] - base[key]]));
  }

  /** Leaves out what it has cost since `from`, and so many messages. */
  leaveOut(from, messages) {
    for (const [key, now] of Object.entries(this.counted)) this.base[key] += now - from[key];
    this.base.messages += messages;
  }

  reset() {
    this.base = this.totals();
    this.delays = [];
    this.worst = null;
  }

  get median() {
    return this.delays.length ? sorted(this.delays)[this.delays.length >> 1] : null;
  }
}

/** When polling has taken an answer's last message all four have the same. */
let isAnswer = false, snapshot = null;
const waiting = [];

function answered() {
  isAnswer = false;
  snapshot = readers.map(({ at, shown, median }) => ({ number: at?.number ?? 0, messages: shown.messages, median }));
  for (const each of waiting.splice(0)) each();
  if (!turns) soon ??= setTimeout(tick);
}

const even = () => new Promise((resolve, reject) => {
  waiting.push(resolve);
  setTimeout(() => reject(new Error('silent')), REST_LIMIT);
});

// ---- The table ----

const ROWS = ['drawing', 'messages', 'requests', 'up', 'down', 'each', 'median', 'worst', 'cpu'];
/** What a row's number is of a reader; null while there is none. */
const VALUES = {
  messages: reader => reader.shown.messages,
  requests: reader => reader.shown.requests,
  up: reader => reader.shown.up,
  down: reader => reader.shown.down,
  each: ({ shown }) => shown.messages > 0 ? (shown.up + shown.down) / shown.messages : null,
  median: reader => reader.median,
  worst: reader => reader.worst,
  cpu: ({ cpu }) => cpu.messages >= FEWEST ? Math.max(cpu.micros, error(cpu)) / cpu.messages : null,
};
/** By how much a CPU time may be wrong, all messages together. */
const error = cpu => Math.sqrt(cpu.variance);
const isNoise = cpu => cpu.micros <= error(cpu);
const micros = value => value < 1 ? text('under', { n: text('us', { n: 1 }) })
  : value < 1000 ? text('us', { n: format.number(value, { maximumFractionDigits: value < 10 ? 1 : 0 }) }) : format.duration(value / 1000);
/** The server's times are whole milliseconds, and the clocks are known to within half of a round trip: less than that is not told. */
const delayText = ms => {
  const least = Math.max(1, (trip ?? 0) / 2);
  return ms < least ? text('under', { n: format.duration(least) }) : format.duration(ms);
};
const FORMATS = {
  messages: format.number, requests: format.number, up: format.bytes, down: format.bytes, each: format.bytes,
  median: delayText, worst: delayText, cpu: micros,
};
/** What is not more than its error is told as a bound. */
const showing = (row, value, { cpu }) => row === 'cpu' && isNoise(cpu) && value >= 1 ? text('under', { n: micros(value) }) : FORMATS[row](value);
const aboutCPU = cpu => text(isNoise(cpu) ? 'ofMessages' : 'ofMessagesAbout',
  { count: text('nMessages', { count: cpu.messages }), error: micros(error(cpu) / cpu.messages) });
const cells = {}, heads = {}, canvases = {};

function build() {
  const withRole = (node, role, scope) => { node.setAttribute('role', role); if (scope) node.scope = scope; return node; };
  const corner = withRole(element('th', '', say(element('span', 'unseen'), 'what')), 'columnheader', 'col');
  const columns = WAYS.map(way => {
    const state = element('span', 'state'), head = withRole(element('th', '', say(element('span'), way), state), 'columnheader', 'col');
    head.dataset.way = way;
    heads[way] = { head, state };
    return head;
  });
  const rows = ROWS.map(row => {
    const title = say(element('span'), row), summary = element('summary', '', title, ' ', say(element('span', 'brief'), `${row}Brief`));
    const name = withRole(element('th', '', element('details', '', summary, say(element('p'), `${row}More`))), 'rowheader', 'row');
    // Without this an open explanation would be read as the name of each cell.
    title.id = `name-${row}`;
    name.setAttribute('aria-labelledby', title.id);
    const line = withRole(element('tr', '', name, ...WAYS.map(way => cell(row, way, withRole))), 'row');
    line.dataset.row = row;
    return line;
  });
  const head = withRole(element('thead', '', withRole(element('tr', '', corner, ...columns), 'row')), 'rowgroup');
  $('table').append(head, withRole(element('tbody', '', ...rows), 'rowgroup'));
}

function cell(row, way, withRole) {
  const node = withRole(element('td', row === 'drawing' ? 'drawing' : ''), 'cell');
  node.dataset.way = way;
  if (row === 'drawing') {
    const canvas = canvases[way] = element('canvas');
    canvas.setAttribute('role', 'img');
    node.append(canvas);
    return node;
  }
  const number = element('span', 'number', '–'), aside = element('span', 'aside'), fill = element('i'), bar = element('span', 'bar', fill);
  bar.setAttribute('aria-hidden', 'true');
  fill.style.inlineSize = '0';
  node.append(number, ...['messages', 'cpu'].includes(row) ? [aside] : [], bar);
  (cells[row] ??= {})[way] = { node, number, aside, fill };
  return node;
}

const setText = (node, string) => { if (node.textContent !== string) node.textContent = string; };

function showStates() {
  for (const reader of readers) {
    const { state, head } = heads[reader.way];
    state.dataset.state = reader.state;
    say(state, reader.state);
    Object.assign(head.dataset, { received: reader.received, missing: reader.missing, first: reader.first ?? '', last: reader.at?.number ?? '' });
  }
}

function show() {
  showStates();
  for (const [row, value] of Object.entries(VALUES)) {
    const values = readers.map(value), most = Math.max(...values.map(each => each ?? 0));
    readers.forEach((reader, index) => {
      const { node, number, aside, fill } = cells[row][reader.way], each = values[index];
      node.dataset.value = each ?? '';
      setText(number, each === null ? row === 'cpu' ? text(reader.cpu.turns ? 'tooFew' : 'notMeasured') : '–' : showing(row, each, reader));
      number.classList.toggle('none', each === null);
      fill.style.inlineSize = most > 0 && each > 0 ? `${100 * each / most}%` : '0';
      if (row === 'messages') setText(aside, reader.missing ? text('missing', { n: reader.missing }) : '');
      if (row === 'cpu') setText(aside, each === null ? '' : aboutCPU(reader.cpu));
    });
  }
  if (trip !== null) {
    say($('clock'), 'clock', { trip: format.duration(trip), offset: delayText(Math.abs(offset)), http });
  }
}

/** In words, for what all had when polling had its last answer. */
function sumUp() {
  const shot = snapshot, numbers = shot?.map(({ number }) => number);
  snapshot = null;
  if (!shot || Math.max(...numbers) - Math.min(...numbers) > 2 || shot[3].messages < FEWEST) return;
  const now = [0, 2, 3].map(index => ({ ...readers[index].shown, ...shot[index] }));
  if (now.some(({ median }) => median === null)) return;
  sum = () => {
    const values = { messages: text('nMessages', { count: now[2].messages }) };
    ['w', 'l', 'p'].forEach((name, index) => {
      const { requests, up, down, median } = now[index];
      Object.assign(values, { [name]: text('nRequests', { count: requests }), [`${name}b`]: format.bytes(up + down), [`${name}d`]: delayText(median) });
    });
    return values;
  };
  say($('sum'), 'sum', sum());
}
let sum = null;

// ---- The drawing ----

const LEAST = 1, MOST = 10_000, LINES = [1, 10, 100, 1000, 10_000];
let colours = new Map();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { colours = new Map(); });

/** From 1 ms below to 10 s above, by powers of ten; the last ten seconds. */
function draw(reader) {
  const canvas = canvases[reader.way], { clientWidth: width, clientHeight: height } = canvas, scale = devicePixelRatio;
  if (!width) return;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  if (!colours.has(reader.way)) {
    const style = getComputedStyle(canvas);
    colours.set(reader.way, ['--way', '--line', '--muted', '--surface'].map(name => style.getPropertyValue(name).trim()));
  }
  const [dot, line, muted, surface] = colours.get(reader.way), context = canvas.getContext('2d');
  const top = 10, bottom = height - 8;
  const y = delay => bottom - (bottom - top) * Math.log(Math.max(delay, LEAST) / LEAST) / Math.log(MOST / LEAST);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = '10px system-ui, sans-serif';
  for (const each of LINES) {
    const at = Math.round(y(each)) + 0.5;
    context.strokeStyle = line;
    context.beginPath();
    context.moveTo(0, at);
    context.lineTo(width, at);
    context.stroke();
  }
  context.fillStyle = dot;
  const now = clock();
  reader.recent = reader.recent.filter(({ at }) => now - at < DRAWN);
  for (const { at, delay } of reader.recent) {
    context.beginPath();
    context.arc(width - 4 - (width - 4) * (now - at) / DRAWN, y(delay), 2, 0, 7);
    context.fill();
  }
  // Over the dots, on a ground of their own.
  Object.assign(context, { strokeStyle: surface, lineWidth: 4, lineJoin: 'round', fillStyle: muted });
  for (const each of [LEAST, 100, MOST]) {
    const at = each === MOST ? y(each) + 10 : y(each) - 4;
    context.strokeText(format.duration(each), 4, at);
    context.fillText(format.duration(each), 4, at);
  }
  context.lineWidth = 1;
}

function describe({ way, recent }) {
  const delays = recent.map(({ delay }) => delay);
  const values = { least: delayText(Math.min(...delays)), most: delayText(Math.max(...delays)) };
  canvases[way].setAttribute('aria-label', delays.length ? text('drawn', values) : text('drawnNone'));
}

// ---- Each second, and when polling has caught up ----

let soon, isTicking = false;

/** When this page did something: nothing for long is a machine that slept. Then what comes has waited, and the clock stood still. */
let awake = Date.now();

function wake() {
  const now = Date.now(), slept = now - awake > ASLEEP;
  awake = now;
  if (!slept) return;
  samples.length = 0;
  for (const reader of readers) if (reader.room && reader.duplex.state === 'open') reader.live();
}

async function tick() {
  wake();
  clearTimeout(soon);
  soon = undefined;
  if (turns) return;
  if (isTicking) return void (soon ??= setTimeout(tick, 20));
  isTicking = true;
  try { keep(await counters()); } catch { /* The server is away: the readers say so. */ }
  isTicking = false;
  if (turns) return;
  show();
  sumUp();
}

function keep({ ways }) {
  for (const reader of readers) {
    const { requests = 0, received = 0, sent = 0 } = ways[reader.way] ?? {}, { raw: had, carried } = reader;
    const raw = { requests, up: received, down: sent }, keys = Object.keys(raw);
    // A server that was started anew, or has forgotten us, counts from zero.
    if (keys.some(key => raw[key] < had[key])) for (const key of keys) carried[key] += had[key];
    reader.raw = raw;
    reader.counted = Object.fromEntries(keys.map(key => [key, carried[key] + raw[key]]));
  }
}

// ---- CPU time, in turns ----

/** Whether the ways are taking turns. */
let turns = false;

/** What the process used in each of so many seconds, in microseconds, and how many messages came to `reader`. */
async function turn(reader, seconds, name) {
  say($('turn'), name, reader ? { way: text(reader.way) } : undefined);
  let report = await counters();
  const begin = report, had = reader?.received ?? 0, used = [];
  for (let left = seconds; left > 0; left--) {
    setText($('seconds'), text('left', { n: left }));
    await sleep(1000);
    const next = await counters();
    if (next.cpu < report.cpu) throw new Error('another process');
    used.push(1000 * (next.cpu - report.cpu) / (next.time - report.time));
    report = next;
  }
  setText($('seconds'), '');
  return { used, micros: report.cpu - begin.cpu, seconds: (report.time - begin.time) / 1000, messages: (reader?.received ?? 0) - had };
}

const mean = numbers => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
const variance = numbers => mean(numbers.map(each => (each - mean(numbers)) ** 2)) * numbers.length / (numbers.length - 1);

/** Waits until a reader has what there was when this was called. */
async function caughtUp(reader, time) {
  for (let waited = 0; !(reader.lastTime >= time); waited += 50) {
    if (waited > REST_LIMIT) throw new Error('silent');
    await sleep(50);
  }
}

/** How many messages a reader had when it was where polling is: one or two may have come since, and belong to what follows. */
function level({ received, at }) {
  const { at: polling } = readers.at(-1);
  return received - (at && polling && at.epoch === polling.epoch ? at.number - polling.number : 0);
}

async function measure() {
  if (turns) return;
  const away = readers.find(reader => reader.state !== 'reading');
  if (away) return void say($('turn'), 'notNow', { way: text(away.way) });
  turns = true;
  $('measure').setAttribute('aria-disabled', 'true');
  let from, had, ended = 'measured';
  try {
    await even();
    had = readers.map(level);
    for (const reader of readers) reader.rest();
    showStates();
    await sleep(SETTLE);
    keep(await counters());
    from = readers.map(reader => reader.counted);
    const { used: idle } = await turn(null, TURN, 'measuringNobody'), noise = variance(idle);
    for (const reader of readers) {
      const { time } = await counters();
      reader.go();
      showStates();
      await caughtUp(reader, time);
      // Two polls at least.
      const long = reader.way === 'polling' ? Math.max(TURN, Math.ceil(2 * reader.pollInterval / 1000)) : TURN, { cpu } = reader;
      const { used, micros, seconds, messages } = await turn(reader, long, 'measuringWay');
      cpu.micros += micros - mean(idle) * seconds;
      cpu.messages += messages;
      // Of the sum of these seconds, and of what is taken off for each.
      cpu.variance += variance(used) * seconds + noise * seconds ** 2 / idle.length;
      cpu.turns++;
      reader.rest();
      show();
    }
  } catch { ended = 'failed'; }
  for (const reader of readers) if (!reader.room) reader.go();
  try {
    const { time } = await counters();
    await Promise.all(readers.map(reader => caughtUp(reader, time)));
    await even();
  } catch { ended = 'failed'; }
  const has = readers.map(level);
  try { keep(await counters()); } catch {}
  if (from) readers.forEach((reader, index) => reader.leaveOut(from[index], has[index] - had[index]));
  turns = false;
  $('measure').removeAttribute('aria-disabled');
  setText($('seconds'), ended === 'measured' && others > 0 ? text('othersReading', { count: others }) : '');
  say($('turn'), ended);
  show();
  takeInterval();
}

/** Numbers of two intervals would be of neither: all begin anew. During a measurement it waits for the end. */
async function takeInterval() {
  const polling = readers.at(-1), wanted = +$('interval').value;
  if (turns || polling.pollInterval === wanted) return;
  polling.reopen(wanted);
  polling.cpu = { ...NO_CPU };
  say($('sum'), 'waiting');
  sum = null;
  await even().catch(() => {});
  try { keep(await counters()); } catch {}
  for (const reader of readers) reader.reset();
  show();
}

// ---- Beginning ----

start({ page: 'ways', strings: STRINGS });
build();
await counters().catch(() => {});
const newest = await fetch(`/rooms/${ROOM}/messages?limit=1`, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT) }).then(response => response.json()).catch(() => null);
const readers = WAYS.map(way => new Reader(way, newest?.epoch ? { epoch: newest.epoch, offset: newest.offset } : undefined));
showStates();

$('measure').onclick = () => void measure();
$('controls').onsubmit = event => event.preventDefault();
$('interval').onchange = () => void takeInterval();
const nameIntervals = () => {
  for (const option of $('interval').options) option.textContent = text('s', { n: format.number(option.value / 1000) });
};
nameIntervals();
onLanguage(() => {
  nameIntervals();
  show();
  if (sum) say($('sum'), 'sum', sum());
  setText($('seconds'), '');
  readers.forEach(describe);
});

const first = setTimeout(measure, FIRST_MEASURE);
fetch('/scenes.json').then(response => response.json()).then(({ scenes }) => {
  if (scenes) return;
  say($('sum'), 'off');
  $('controls').hidden = true;
  clearTimeout(first);
}).catch(() => {});
setInterval(tick, TICK);
const still = matchMedia('(prefers-reduced-motion: reduce)');
let drawnAt = 0;
setInterval(() => {
  if (still.matches && clock() - drawnAt < 1000) return;
  drawnAt = clock();
  readers.forEach(draw);
}, 100);
setInterval(() => readers.forEach(describe), 5000);
