// What the pages of the scenes share: whether the server plays them, its clock, and a reader of their own.

import { Duplex } from '/duplex.js';
import { text, format } from '/frame.js';

/** What has to be added to this machine's clock to have the server's, in milliseconds. */
let offset = 0;

/** By how much that may be wrong, in milliseconds: half of the shortest round trip. The server's times are whole milliseconds. */
let precision = 1;

/** Milliseconds: a clock may be set, or run wrong, and a machine may sleep. Soon, since a page that loads is slow to answer. */
const SOON = 5000, AGAIN = 60_000, TIMEOUT = 5000;
/** The quickest of the last so many tells the time. */
const MOST_SAMPLES = 15, samples = [];

/** How many milliseconds ago the server stored what has this `time`. Never negative: clocks are only known to within a request. */
export const late = time => Math.max(0, Date.now() + offset - time);

/** The server's time, in milliseconds since 1970. */
export const serverTime = () => Date.now() + offset;

/** Whether so short a delay could as well be none. */
export const isUnder = ms => ms < precision;

/** What is less than the clocks are known to is told as a bound. */
export const delayText = ms => isUnder(ms) ? text('under', { late: format.duration(precision) })
  : format.duration(ms < 1000 ? Math.round(ms) : ms);

/** Asks three times what time it is there, since the shortest round trip tells it best. Resolves to whether there are scenes. */
async function compare() {
  for (let round = 0; round < 3; round++) {
    const begun = performance.now();
    const { scenes, time } = await (await fetch('/scenes.json', { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT) })).json();
    if (!scenes) return false;
    const took = performance.now() - begun, sample = { took, offset: time + took / 2 - Date.now() };
    // More than both may be wrong by: one of the clocks was set.
    if (samples.length && Math.abs(sample.offset - offset) > took / 2 + precision + 5) samples.length = 0;
    samples.push(sample);
    if (samples.length > MOST_SAMPLES) samples.shift();
    const best = samples.reduce((best, each) => each.took < best.took ? each : best);
    offset = best.offset;
    precision = Math.max(1, best.took / 2);
  }
  return true;
}

/** Asks whether there are scenes, and what time it is there: now, each minute, and when the page is looked at again.
 *  Resolves to false where they are switched off. */
export async function scenes() {
  const isOn = await compare();
  if (!isOn) return false;
  const again = () => { if (!document.hidden) compare().catch(() => {}); };
  setTimeout(again, SOON);
  setInterval(again, AGAIN);
  document.addEventListener('visibilitychange', again);
  return true;
}

/** A reader beside the page's own, by polling. It has a base of its own, so that its way is not taken for the page's. */
export const pollingReader = (name, pollInterval) =>
  new Duplex(`/?${name}`, { transports: ['polling'], pollInterval, query: { as: `${name}-${Math.random().toString(36).slice(2, 10)}`, reader: name } });

/** Calls `listener` after each request that this reader, or the page's own (`null`), has made by HTTP and got an answer to.
 *  A stream is not among them: it would be told of only at its end. */
export function requests(room, reader, listener) {
  const path = `/rooms/${room}/`;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
      const url = new URL(entry.name), isOurs = url.pathname.startsWith(path) && url.searchParams.get('reader') === reader;
      // Not every browser tells the status; 0 is no answer at all.
      if (isOurs && !url.pathname.endsWith('/stream') && [undefined, 200, 304].includes(entry.responseStatus)) listener(entry);
    }
  }).observe({ type: 'resource', buffered: true });
}

export const median = numbers => {
  const sorted = [...numbers].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
