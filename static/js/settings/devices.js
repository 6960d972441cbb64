// The same settings on all devices of a reader, who is whoever has a random key.

const KEY = "everpage-reader";
const SHAPE = /^[0-9A-Za-z-]{32,64}$/;
/** How long choices are gathered before they are sent. */
const GATHER = 300;

/** Draws a key: 160 random bits. */
const drawKey = () => Array.from(crypto.getRandomValues(new Uint8Array(20)), (n) => n.toString(16).padStart(2, "0")).join("");

export class Devices extends EventTarget {
  #address;
  #settings;
  #storage;
  #timer = 0;

  constructor(base, settings, storage) {
    super();
    this.#address = `${base}/-/api/v1/settings`;
    this.#settings = settings;
    this.#storage = storage;
    settings.onAssign(() => this.#sendSoon());
  }

  /** The reader's key; null while this browser keeps its choices to itself. */
  get key() {
    try {
      const key = this.#storage.getItem(KEY);
      return key && SHAPE.test(key) ? key : null;
    } catch {
      return null;
    }
  }

  /** Begins to share, with a key from another device or a new one. Returns whether it can. */
  async share(key = drawKey()) {
    if (!SHAPE.test(key)) return false;
    try {
      this.#storage.setItem(KEY, key);
    } catch {
      return false;
    }
    return this.exchange();
  }

  /** Stops sharing in this browser; what was chosen stays. */
  unshare() {
    try {
      this.#storage.removeItem(KEY);
    } catch {
      // Then there was nothing to remove.
    }
  }

  /** Hands in what was chosen here and takes what won. Returns whether the server answered. */
  async exchange() {
    const key = this.key;
    if (!key) return false;
    try {
      const answer = await fetch(this.#address, {
        method: "PUT",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(this.#settings.states),
        keepalive: true,
      });
      if (!answer.ok) return false;
      for (const [name, state] of Object.entries(await answer.json())) this.#settings.take(name, state);
      return true;
    } catch {
      // The next page tries again.
      return false;
    }
  }

  #sendSoon() {
    if (!this.key) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.exchange(), GATHER);
  }
}
