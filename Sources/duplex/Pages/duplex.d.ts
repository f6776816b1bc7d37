// Types of duplex.js, the browser client of the rooms in docs/protocol.md.
//
//   import { Duplex } from '/duplex.js';
//   const duplex = new Duplex('/'), room = duplex.room<{ text: string }>('chat', { history: 50 });
//   room.addEventListener('message', ({ data, from }) => show(from, data.text));
//   room.addEventListener('gap', () => show('something is missing here'));
//   await room.publish({ text: 'hello' });   // resolved: stored
//
// Within what the server's history reaches, nothing is lost, doubled or out of order, whatever way is taken and however often
// that changes. What is missing beyond is told by `gap`, before what follows.

export type Transport = 'websocket' | 'streaming' | 'longpolling' | 'polling';

/** `connecting`: a way is being tried. `open`: one works. `waiting`: none does, `retryIn` says when it goes on. `closed`: by
 *  `close()`, or by the server for good (4001, 4003); only `retryNow()` leads out of it. */
export type State = 'connecting' | 'open' | 'waiting' | 'closed';

/** Behind which message one is. Keep it to continue there later (`after`), and do not count by yourself. */
export interface Position { readonly epoch: string; readonly offset: number }

export interface Options {
  /** Which ways, the best one first. All four, as in `Transport`, are the default. */
  transports?: Transport[];
  /** Who we are for the others in rooms with `presence`: `name` is short for `info: { name }`. */
  name?: string;
  info?: object;
  /** Added to each request but the WebSocket's handshake, for which browsers take none: what must be known there, too, has to
   *  be in a cookie or in `query`. A function is asked each time. */
  headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);
  /** In the address of each request, the WebSocket's, too: what the application knows us by. Message ids count for each member, so it
   *  has to be the same on all ways. The default is a random `as: 'guest-…'`, which `duplex serve` takes for our name. */
  query?: Record<string, string> | (() => Record<string, string>);
  /** As for `fetch`; `same-origin` is the default. */
  credentials?: RequestCredentials;
  /** Messages without an answer, whether there is a connection or not: more are refused with `queue_full`. 1000 are the default. */
  maxQueued?: number;
  /** The same in bytes of JSON. 1 MiB is the default. */
  maxQueuedBytes?: number;
  /** Milliseconds between two requests when polling. 2000 are the default. */
  pollInterval?: number;
  /** Milliseconds. The pauses before the next attempt are random up to `first`, then up to twice as long, up to `cap`: 500 and
   *  30 000 are the default. What the server asks for (`Retry-After`, `reconnect after N ms`) comes on top. */
  backoff?: { first?: number; cap?: number };
  /** Other limits in milliseconds, for tests: see `TIMES` in duplex.js. */
  times?: Partial<Record<string, number>>;
}

export interface RoomOptions {
  /** How many of the newest messages one wants first. None are the default. */
  history?: number;
  /** Where to continue, instead of `history`. */
  after?: Position;
  /** Whether to be a member that others see, and to see them. By polling one sees, every ten seconds, but is not seen. */
  presence?: boolean;
  /** Instead of the client's `info`. */
  info?: object;
  /** Only the newest message of each key counts: what a room that keeps only those for slow readers leaves out is not asked for, and
   *  by (long) polling only the newest ones are. */
  latest?: boolean;
}

export class DuplexError extends Error {
  /** A code of docs/protocol.md; or `queue_full`; `closed`; `unconfirmed`: no answer came for so long that trying again might
   *  double the message, which may be stored or not. */
  readonly code: string;
  /** When it may be tried again, in milliseconds, where the server says so. */
  readonly after?: number;
}

export interface RoomMessage<Data> extends Event, Position {
  readonly data: Data;
  /** Milliseconds since 1970 at the server. */
  readonly time: number;
  readonly from?: string;
  readonly key?: string;
}

/** Something is missing between `before`, where we were, and this position, behind which it continues. */
export interface GapEvent extends Event, Position { readonly before: Position }

export interface Member { readonly id: string; readonly info: any }

/** The list is new as a whole. */
export interface PresenceEvent extends Event { readonly members: Member[]; readonly count: number }
export interface MemberEvent extends Event { readonly change: 'joined' | 'updated' | 'left'; readonly member: Member; readonly count: number }

/** A way failed (`transport`), or the server refused something (`room`). Only for the curious: the client goes on by itself. */
export interface DuplexErrorEvent extends Event { readonly code: string; readonly message: string; readonly transport?: Transport; readonly room?: Room }

export interface RoomEvents<Data> {
  message: RoomMessage<Data>;
  gap: GapEvent;
  presence: PresenceEvent;
  member: MemberEvent;
  /** The room was refused; with a code that passes it is tried again. */
  error: DuplexErrorEvent;
  /** It was left, or the client was closed. */
  end: Event;
}

export interface DuplexEvents {
  statechange: Event & { readonly state: State };
  transportchange: Event & { readonly transport: Transport | null };
  error: DuplexErrorEvent;
}

/** Made by `Duplex.room`. */
export class Room<Data = any> extends EventTarget implements AsyncIterable<RoomMessage<Data>> {
  private constructor();
  readonly name: string;
  readonly info: object | undefined;
  /** Undefined until the server has first said it. */
  readonly position: Position | undefined;
  /** At most 1,000 of them; `count` is how many there are. */
  readonly members: Member[];
  readonly count: number;
  /** Whether it was left. */
  readonly isOver: boolean;
  /** Resolves with the position when the message is stored, however often it had to be sent; rejects with a `DuplexError`. In the
   *  order of the calls. `key` is what it is about: a reader that is too slow may get only the newest of each key. */
  publish(data: Data, options?: { key?: string }): Promise<Position>;
  /** Changes what the other members see. */
  setInfo(info: object): void;
  leave(): void;
  /** The messages from now on, until the room is left or the client closed. What is not taken is kept without a bound. */
  [Symbol.asyncIterator](): AsyncIterableIterator<RoomMessage<Data>>;
  addEventListener<K extends keyof RoomEvents<Data>>(type: K, listener: (event: RoomEvents<Data>[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof RoomEvents<Data>>(type: K, listener: (event: RoomEvents<Data>[K]) => void, options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}

export class Duplex extends EventTarget {
  /** `url` is the base: `/`, `https://host/base/`, `ws://host/`. It connects at once; rooms that are named in the same turn are
   *  joined before it is `open`. */
  constructor(url?: string | URL, options?: Options);
  readonly state: State;
  /** The way that is taken; null while there is none. */
  readonly transport: Transport | null;
  /** Milliseconds until the next attempt; null if none is planned. */
  readonly retryIn: number | null;
  /** Joins a room. One that is joined already is returned as it is. */
  room<Data = any>(name: string, options?: RoomOptions): Room<Data>;
  /** Does not wait any longer; opens a closed one again, with its rooms. */
  retryNow(): void;
  /** Publications without an answer are refused with `closed`. */
  close(): void;
  addEventListener<K extends keyof DuplexEvents>(type: K, listener: (event: DuplexEvents[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof DuplexEvents>(type: K, listener: (event: DuplexEvents[K]) => void, options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}
