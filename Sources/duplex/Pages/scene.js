// What the pages of the scenes share: whether the server plays them, its clock, and a reader of their own.

import { Duplex } from '/duplex.js';

/** What has to be added to this machine's clock to have the server's, in milliseconds. */
let offset = 0;

/** How many milliseconds ago the server stored what has this `time`. Never negative: clocks are only known to within a request. */
export const late = time => Math.max(0, Date.now() + offset - time);

/** The server's time, in milliseconds since 1970. */
export const serverTime = () => Date.now() + offset;

/** Asks whether there are scenes, and what time it is there: three times, since the shortest way tells it best.
 *  Resolves to false where they are switched off. */
export async function scenes() {
  let best = Infinity;
  for (let round = 0; round < 3; round++) {
    const begun = performance.now();
    const { scenes, time } = await (await fetch('/scenes.json', { cache: 'no-store' })).json();
    if (!scenes) return false;
    const took = performance.now() - begun;
    if (took >= best) continue;
    best = took;
    offset = time + took / 2 - Date.now();
  }
  return true;
}

/** A reader beside the page's own, by polling. It has a base of its own, so that its way is not taken for the page's. */
export const pollingReader = (name, pollInterval) =>
  new Duplex(`/?${name}`, { transports: ['polling'], pollInterval, query: { as: `${name}-${Math.random().toString(36).slice(2, 10)}`, reader: name } });

/** Calls `listener` after each request that this reader, or the page's own (`null`), has made by HTTP. */
export function requests(room, reader, listener) {
  const path = `/rooms/${room}/`;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
      const url = new URL(entry.name);
      if (url.pathname.startsWith(path) && url.searchParams.get('reader') === reader) listener(entry);
    }
  }).observe({ type: 'resource', buffered: true });
}

export const median = numbers => {
  const sorted = [...numbers].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
