// The match page: one room read twice, by the page's own reader and by one that polls every five seconds, and how late each knows.

import { Duplex } from '/duplex.js';
import { start, connection, text, say, format, language, onLanguage, element } from '/frame.js';
import { scenes, late, serverTime, isUnder, delayText, pollingReader, requests, median } from '/scene.js';

/** Milliseconds between two polls. */
const INTERVAL = 5000;
/** A match has some 160 messages. */
const HISTORY = 300;
/** The last so many delays count. */
const MAX_DELAYS = 500;
/** Milliseconds without a sign of life. */
const ASLEEP = 10_000;

const strings = {
  en: {
    pageTitle: 'Live match · Duplex', heading: 'Live match',
    lead: 'A simulated football match, published by this server. The first board is updated the moment something happens; the second asks every 5 seconds, as pages did before there was anything better. Both are real connections.',
    off: 'The simulated match is switched off on this server (--scenes off).', unreachable: 'The server does not answer. This page tries again.',
    live: 'Live', liveHow: 'as it happens', polled: 'By polling', polledHow: 'every 5 seconds',
    waitingFor: 'Waiting for the first news…',
    'first-half': 'First half', 'half-time': 'Half-time', 'second-half': 'Second half', 'full-time': 'Full time',
    minuteOf: '{minute}′', minuteAdded: '{minute}+{added}′',
    counts: 'Corners {corners} · yellow cards {yellow} · red cards {red}', pair: '{a}–{b}',
    liveAge: 'The latest update arrived {late} late', polledAge: 'Shows what was {age} ago', liveAgeNone: 'No news yet',
    events: 'Timeline', minute: 'Minute', event: 'Event', liveSeen: 'Live', polledSeen: 'Polling', empty: 'Nothing has happened yet.',
    notYet: 'not yet', before: 'earlier', later: '+{late}', under: '<\u00a0{late}',
    'kick-off': 'Kick-off', goal: 'Goal', save: 'Shot saved', wide: 'Shot wide', corner: 'Corner', foul: 'Foul', offside: 'Offside',
    yellow: 'Yellow card', 'second-yellow': 'Second yellow card, sent off',
    eventTeam: '{event}, {team}', eventPlayer: '{event}, {team} no. {player}',
    numbers: 'In numbers', goalsSeen: 'Goals seen', goalMedian: 'Delay of goals, median', goalWorst: 'Delay of goals, worst',
    allMedian: 'Delay of all news, median', requests: 'Requests made',
    explain: 'The delay is from the moment when the server stored a message until this page had it, by the server’s clock. Polling is late by 2.5 seconds on average, and each page asks 720 times an hour, whether something has happened or not. Live needs only one.',
    announceGoal: 'Goal for {team}, minute {minute}. {home} {a}, {guest} {b}.',
    'Harbour Town': 'Harbour Town', Northgate: 'Northgate', 'Old Mill': 'Old Mill', 'Red Lantern': 'Red Lantern',
    Riverside: 'Riverside', 'Silver Lake': 'Silver Lake', Stonebridge: 'Stonebridge', 'Westfield Star': 'Westfield Star',
  },
  zh: {
    pageTitle: '比赛直播 · Duplex', heading: '比赛直播',
    lead: '一场由本服务器模拟并推送的足球比赛。左边的记分牌随赛况即时更新；右边的每 5 秒询问一次服务器，就像从前的网页那样。两边都是真实的连接。',
    off: '这台服务器没有开启模拟比赛（--scenes off）。', unreachable: '服务器没有响应，页面会继续重试。',
    live: '实时', liveHow: '有消息立即推送', polled: '轮询', polledHow: '每 5 秒询问一次',
    waitingFor: '正在等待第一条消息…',
    'first-half': '上半场', 'half-time': '中场休息', 'second-half': '下半场', 'full-time': '全场结束',
    minuteOf: '{minute}′', minuteAdded: '{minute}+{added}′',
    counts: '角球 {corners} · 黄牌 {yellow} · 红牌 {red}', pair: '{a}–{b}',
    liveAge: '最近一条消息延迟 {late}', polledAge: '显示的是 {age}前的赛况', liveAgeNone: '暂无消息',
    events: '赛况', minute: '时间', event: '事件', liveSeen: '实时', polledSeen: '轮询', empty: '暂无事件。',
    notYet: '尚未收到', before: '此前', later: '+{late}', under: '<\u00a0{late}',
    'kick-off': '比赛开始', goal: '进球', save: '射门被扑出', wide: '射门偏出', corner: '角球', foul: '犯规', offside: '越位',
    yellow: '黄牌', 'second-yellow': '两黄变一红，罚下',
    eventTeam: '{event}（{team}）', eventPlayer: '{event}（{team} {player} 号）',
    numbers: '数据对比', goalsSeen: '看到的进球', goalMedian: '进球延迟（中位数）', goalWorst: '进球延迟（最大）',
    allMedian: '全部消息延迟（中位数）', requests: '发出的请求',
    explain: '延迟指从服务器存下消息到本页收到它所用的时间，以服务器时钟为准。轮询平均要晚 2.5 秒，而且不论有没有新消息，每个页面每小时都要询问 720 次；实时方式只需要一次请求。',
    announceGoal: '第 {minute} 分钟，{team}进球！{home} {a} 比 {b} {guest}。',
    'Harbour Town': '港湾城', Northgate: '北门', 'Old Mill': '老磨坊', 'Red Lantern': '红灯笼',
    Riverside: '河畔', 'Silver Lake': '银湖', Stonebridge: '石桥', 'Westfield Star': '西野之星',
  },
};

const $ = id => document.getElementById(id);
const team = name => text(name);
const minuteText = ({ minute, added }) => text(added ? 'minuteAdded' : 'minuteOf', { minute: `${minute}`, added: `${added}` });

function eventText({ event, teams }) {
  const key = event.player ? 'eventPlayer' : event.team === undefined ? null : 'eventTeam', what = text(event.kind);
  return key ? text(key, { event: what, team: team(teams[event.team]), player: `${event.player}` }) : what;
}

// ---- The boards ----

/** What one reader knows, and how late it was. */
class Board {
  #node; #name; #state; #latest; #scored; #shown; delays = []; goalDelays = []; goals = 0; requests = 0; known; asked;

  constructor(node) { this.#node = node; }

  #find(selector) { return this.#node.querySelector(selector); }

  /** A message of the match with this name came; `delay` is null for what was there before. */
  take(name, state, time, delay) {
    if (name !== this.#name) this.#latest = undefined;
    this.#name = name;
    if (state.event) this.#latest = state;
    this.#state = state;
    this.known = time;
    if (delay !== null) {
      this.delays.push(delay);
      if (this.delays.length > MAX_DELAYS) this.delays.shift();
      if (state.event?.kind === 'goal') {
        this.goals++;
        this.goalDelays.push(delay);
        this.#scored = { team: state.event.team, until: performance.now() + 6000 };
      }
    }
    this.show();
  }

  show() {
    const state = this.#state, scored = this.#scored && performance.now() < this.#scored.until ? this.#scored.team : null;
    const shown = JSON.stringify([language, scored, this.#latest, state]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (!state) return void (this.#find('.latest').textContent = text('waitingFor'));
    this.#find('.teams').replaceChildren(...state.teams.map((name, index) => {
      const row = element('li', '', element('span', 'name', team(name)), ' ', element('b', 'goals', `${state.score[index]}`));
      if (index === scored) row.dataset.scored = '';
      return row;
    }));
    this.#find('.clock').textContent = minuteText(state);
    this.#find('.phase').textContent = text(state.phase);
    const { corners, yellow, red } = state, pair = ([a, b]) => text('pair', { a, b });
    this.#find('.counts').textContent = text('counts', { corners: pair(corners), yellow: pair(yellow), red: pair(red) });
    const latest = this.#latest;
    this.#find('.latest').textContent = latest ? `${minuteText(latest)} ${eventText(latest)}` : '';
  }

  set age(string) { const node = this.#find('.age'); if (node.textContent !== string) node.textContent = string; }
}

// ---- The time line ----

/** The rows of the present match by their messages' positions, the newest first. */
const rows = new Map();
/** The match whose rows these are, and when it was heard of last. A server that was started anew counts its matches from one: the
 *  epoch belongs to the name. */
let shown = { name: undefined, time: -Infinity };

function rowOf(key, state) {
  let row = rows.get(key);
  if (row) return row;
  const sign = element('i', 'sign'), name = element('span');
  sign.setAttribute('aria-hidden', 'true');
  const node = element('tr', '', element('td'), element('td', '', sign, name), element('td', 'delay'), element('td', 'delay'));
  node.dataset.kind = state.event.kind;
  row = { node, state, name, delays: [undefined, undefined] };
  rows.set(key, row);
  $('events').tBodies[0].prepend(node);
  $('empty').hidden = true;
  return row;
}

function showRow({ node, state, name, delays }) {
  node.cells[0].textContent = minuteText(state);
  name.textContent = eventText(state);
  delays.forEach((delay, index) => {
    const cell = node.cells[2 + index];
    cell.textContent = delay === undefined ? text('notYet') : delay === null ? text('before') : isUnder(delay) ? delayText(delay) : text('later', { late: delayText(delay) });
    cell.toggleAttribute('data-missing', delay === undefined);
  });
}

function clearRows() {
  rows.clear();
  $('events').tBodies[0].replaceChildren();
  $('empty').hidden = false;
}

// ---- The two readers ----

start({ page: 'match', strings });
const boards = [new Board($('live')), new Board($('polled'))];
/** From when on the delays of a reader count, by the server's clock. */
const since = [Infinity, Infinity];
let awake = Date.now();
const duplex = new Duplex('/');
connection(duplex);
duplex.addEventListener('transportchange', ({ transport }) => {
  if (['websocket', 'streaming'].includes(transport)) { boards[0].requests++; showNumbers(); }
});

/** @param reader 0 for live, 1 for the one that polls. */
function read(client, reader) {
  const room = client.room('match', { history: HISTORY });
  // What was published while there was no connection has waited for it: that is not how late this way is.
  since[reader] = serverTime();
  client.addEventListener('statechange', ({ state }) => { since[reader] = state === 'open' ? serverTime() : Infinity; });
  room.addEventListener('message', ({ epoch, offset, time, data: state }) => {
    wake();
    const delay = time < since[reader] ? null : late(time), name = `${epoch} ${state.match}`;
    // Of two matches the later one: who polls may still bring the end of the one before.
    if (name !== shown.name && time > shown.time) {
      shown = { name, time };
      clearRows();
    }
    boards[reader].take(name, state, time, delay);
    if (name === shown.name) shown.time = Math.max(shown.time, time);
    if (state.event && name === shown.name) {
      const row = rowOf(`${epoch}:${offset}`, state);
      row.delays[reader] ??= delay;
      showRow(row);
    }
    if (reader === 0 && delay !== null && state.event?.kind === 'goal') announce(state);
    showNumbers();
  });
}

/** Nothing for long is a machine that slept: what comes now has waited. */
function wake() {
  const now = Date.now(), slept = now - awake > ASLEEP;
  awake = now;
  if (slept) since.forEach((time, reader) => { since[reader] = Math.max(time, serverTime()); });
}

/** Only live: who listens wants to hear of a goal once. */
function announce({ event, teams, score, minute }) {
  $('announcer').textContent = text('announceGoal',
    { team: team(teams[event.team]), minute, home: team(teams[0]), a: score[0], guest: team(teams[1]), b: score[1] });
}

function showNumbers() {
  const duration = (numbers, of) => numbers.length ? delayText(of(numbers)) : '–';
  const lines = [
    board => format.number(board.goals), board => duration(board.goalDelays, median),
    board => duration(board.goalDelays, all => Math.max(...all)), board => duration(board.delays, median),
    board => format.number(board.requests),
  ];
  [...$('numbers').tBodies[0].rows].forEach((row, line) => boards.forEach((board, index) => {
    const now = lines[line](board), cell = row.cells[1 + index];
    if (cell.textContent !== now) cell.textContent = now;
  }));
}

const bar = $('polled').querySelector('progress');

function tick() {
  wake();
  const [live, polled] = boards;
  live.age = live.delays.length ? text('liveAge', { late: delayText(live.delays.at(-1)) }) : text('liveAgeNone');
  const since = polled.asked && performance.now() - polled.asked;
  polled.age = polled.asked ? text('polledAge', { age: text('s', { n: Math.round(since / 1000) }) }) : text('liveAgeNone');
  bar.value = Math.min(INTERVAL, since ?? 0);
  for (const board of boards) board.show();
}

onLanguage(() => {
  for (const row of rows.values()) showRow(row);
  showNumbers();
  tick();
});

async function begin() {
  let isOn;
  try { isOn = await scenes(); } catch {
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
  requests('match', null, () => { boards[0].requests++; showNumbers(); });
  requests('match', 'polled', ({ responseEnd }) => { boards[1].requests++; boards[1].asked = responseEnd; showNumbers(); });
  read(duplex, 0);
  read(pollingReader('polled', INTERVAL), 1);
  tick();
  setInterval(tick, 250);
}
begin();
