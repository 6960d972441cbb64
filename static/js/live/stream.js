/**
 * One stream of events for all windows of a browser.
 *
 * Browsers allow few connections to one server, so windows share: each says what it wants to hear,
 * the one that holds a lock (the leader) keeps the only stream and passes on what it hears. Only
 * windows that can be seen take part; one that was hidden, asleep or cut off joins again and is told
 * the state of everything, so nothing is missed. Where there are no locks (plain HTTP to another
 * machine) every visible window has a stream of its own.
 */

/** A leader that hears nothing for so long, not even a beat, has lost its connection. */
const SILENCE = 50_000;
const FIRST_RETRY = 500;
const LAST_RETRY = 30_000;
/** How long changing wishes are gathered before a new stream is opened. */
const GATHER = 30;

const EVENTS = ["page", "presence", "conflicts", "recent", "beat"];

/** Returns the address of a stream for some wishes, after what was heard already. */
export function streamAddress(base, wishes, cursor) {
  const query = new URLSearchParams();
  const pages = new Set(wishes.flatMap((wish) => wish.pages));
  for (const page of [...pages].sort()) query.append("page", page);
  if (wishes.some((wish) => wish.recent)) query.set("recent", "1");
  if (cursor) query.set("cursor", cursor);
  return `${base}/-/events?${query}`;
}

export class Live extends EventTarget {
  #base;
  #wish;
  #window = Math.random().toString(36).slice(2);
  #channel;
  /** The wishes of the other windows, as far as they were heard of. */
  #others = new Map();
  #cursor = null;
  #source = null;
  #release = null;
  #waiting = null;
  #retry = FIRST_RETRY;
  #heard = 0;
  #timers = { gather: 0, retry: 0, silence: 0 };

  /** Begins to follow; `wish` is `{pages: [name], recent: boolean}`. */
  constructor(base, wish) {
    super();
    this.#base = base;
    this.#wish = wish;
    this.#channel = new BroadcastChannel(`everpage-live${base}`);
    this.#channel.addEventListener("message", ({ data }) => this.#hear(data));
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#leave() : this.#join()));
    addEventListener("pagehide", () => this.#leave());
    addEventListener("pageshow", () => document.hidden || this.#join());
    addEventListener("online", () => this.#source && this.#open());
    if (!document.hidden) this.#join();
  }

  /** Begins to take part: waits to become the leader, and asks the present one meanwhile. */
  #join() {
    if (this.#waiting) return;
    this.#waiting = new AbortController();
    this.#say({ type: "want", wish: this.#wish, window: this.#window });
    if (!navigator.locks) return this.#lead();
    const { signal } = this.#waiting;
    navigator.locks.request(`everpage-live${this.#base}`, { signal }, () => {
      if (signal.aborted) return undefined;
      this.#lead();
      return new Promise((release) => (this.#release = release));
    }).catch(() => {
      // Given up before it was this window's turn.
    });
  }

  #leave() {
    this.#waiting?.abort();
    this.#waiting = null;
    this.#say({ type: "leave", window: this.#window });
    this.#close();
    clearInterval(this.#timers.silence);
    this.#others.clear();
    this.#release?.();
    this.#release = null;
  }

  #lead() {
    if (navigator.locks) this.#say({ type: "leader" });
    clearInterval(this.#timers.silence);
    // After sleep a connection may look alive and be dead.
    this.#timers.silence = setInterval(() => {
      if (this.#source && Date.now() - this.#heard > SILENCE) this.#open();
    }, 5000);
    this.#open();
  }

  get #leads() {
    return this.#release !== null || (this.#waiting !== null && !navigator.locks);
  }

  #open() {
    this.#close();
    const wishes = [this.#wish, ...this.#others.values()];
    const source = new EventSource(streamAddress(this.#base, wishes, this.#cursor));
    this.#source = source;
    this.#heard = Date.now();
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        this.#heard = Date.now();
        this.#retry = FIRST_RETRY;
        const message = { type: "event", name, data: JSON.parse(event.data), cursor: event.lastEventId };
        if (navigator.locks) this.#say(message);
        this.#hear(message);
      });
    }
    // A browser's own second try comes late, and none after an error page: tries are made here.
    source.addEventListener("error", () => {
      if (source !== this.#source) return;
      this.#close();
      const wait = this.#retry * (0.5 + Math.random());
      this.#retry = Math.min(this.#retry * 2, LAST_RETRY);
      this.#timers.retry = setTimeout(() => this.#open(), wait);
    });
  }

  #close() {
    clearTimeout(this.#timers.gather);
    clearTimeout(this.#timers.retry);
    this.#source?.close();
    this.#source = null;
  }

  #say(message) {
    this.#channel.postMessage(message);
  }

  #hear(message) {
    switch (message.type) {
      case "want":
        this.#others.set(message.window, message.wish);
        // Opening anew tells the state of everything, to the new window too.
        if (this.#leads) this.#openSoon();
        break;
      case "leave":
        this.#others.delete(message.window);
        break;
      case "leader":
        this.#others.clear();
        if (this.#waiting) this.#say({ type: "want", wish: this.#wish, window: this.#window });
        break;
      case "event":
        if (!this.#waiting) break;
        this.#cursor = message.cursor || this.#cursor;
        this.dispatchEvent(new CustomEvent(message.name, { detail: message.data }));
        break;
    }
  }

  #openSoon() {
    if (!navigator.locks) return;
    clearTimeout(this.#timers.gather);
    this.#timers.gather = setTimeout(() => this.#open(), GATHER);
  }
}
