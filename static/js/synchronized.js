/**
 * A value that all windows and devices come to agree on, where nobody cares what lost.
 *
 * Every assignment gets a number, one higher than any seen here, and a nonce of 122 random bits;
 * the highest (number, nonce) is supreme and the losers are dropped. Messages may be lost, doubled
 * and reordered: as long as the highest one arrives everywhere, everywhere has its value. The rule
 * and its tests (tests/vectors/synchronized.json) are those of the server's `Synchronized<T>`.
 *
 * Nothing is sent from here: `onAssign` is told what the others must hear, and whatever comes from
 * them goes to `remote`.
 *
 *     const theme = new Synchronized("system");
 *     theme.subscribe((value) => paint(value));
 *     theme.value = "dark";
 *     theme.remote(7, "f47ac10b-58cc-4372-a567-0e02b2c3d479", "light");
 */

/** The highest number that a revision may have. */
export const MAX_NUMBER = Number.MAX_SAFE_INTEGER;

const NONCE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Draws a nonce: a UUID v4 in lower case, also where `crypto.randomUUID` is kept from plain HTTP. */
export function drawNonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class Synchronized {
  #value;
  #number = 0;
  #nonce = null;
  #listeners = new Set();
  #draw;
  #onAssign;

  /** Makes a value that nobody has assigned yet: it loses to every one that was. */
  constructor(value, { draw = drawNonce, onAssign = () => {} } = {}) {
    this.#value = value;
    this.#draw = draw;
    this.#onAssign = onAssign;
  }

  get value() {
    return this.#value;
  }

  /** Assigns a value here. Throws a RangeError where the numbers are used up. */
  set value(value) {
    if (this.#number >= MAX_NUMBER) throw new RangeError("the numbers are used up");
    this.#take(this.#number + 1, this.#draw(), value);
    this.#onAssign(this.state);
  }

  /** How many assignments led to the value; 0 as long as there was none. */
  get number() {
    return this.#number;
  }

  get nonce() {
    return this.#nonce;
  }

  /** What others must hear of. */
  get state() {
    return { number: this.#number, nonce: this.#nonce, value: this.#value };
  }

  /**
   * Takes a value that was assigned elsewhere if its (number, nonce) is higher, and tells whether
   * it was taken. A duplicate does nothing; a number or nonce that cannot be is refused.
   */
  remote(number, nonce, value) {
    if (!Number.isSafeInteger(number) || number < 1 || !NONCE.test(nonce)) return false;
    // Nonces of one length in lower case: the order of their text is that of the integers.
    const higher = number > this.#number || (number === this.#number && nonce > this.#nonce);
    if (higher) this.#take(number, nonce, value);
    return higher;
  }

  /** Adds a listener, which hears every new value from now on; returns what removes it. */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #take(number, nonce, value) {
    this.#number = number;
    this.#nonce = nonce;
    if (value === this.#value) return;
    this.#value = value;
    for (const listener of this.#listeners) listener(value);
  }
}
