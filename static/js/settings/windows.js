// One setting in all windows of a browser: kept in its storage, told to the others at once.
import { Synchronized } from "../synchronized.js";

/** What the names of settings begin with in the browser's storage. */
export const PREFIX = "everpage-setting:";

/** Reads a setting as it was kept; null where it was not, or by something else. */
export function kept(storage, name) {
  try {
    const { number, nonce, value } = JSON.parse(storage.getItem(PREFIX + name));
    return typeof value === "string" ? { number, nonce, value } : null;
  } catch {
    return null;
  }
}

/**
 * The settings of this browser, each a `Synchronized`. Those of other windows and devices come in
 * through `take`; what was chosen in this window is told to all windows, and to who asked for it.
 */
export class Settings {
  #storage;
  #channel;
  #settings = new Map();
  #changed = new Set();

  constructor({ storage, channel }) {
    this.#storage = storage;
    this.#channel = channel;
    channel?.addEventListener("message", ({ data }) => {
      if (typeof data?.name === "string" && this.#settings.has(data.name)) this.take(data.name, data, false);
    });
  }

  /** Returns a setting; `value` is what holds while nobody has chosen. */
  open(name, value) {
    let setting = this.#settings.get(name);
    if (!setting) {
      const onAssign = (state) => {
        this.#tell(name, state);
        for (const listener of this.#changed) listener(name);
      };
      setting = new Synchronized(value, { onAssign });
      this.#settings.set(name, setting);
      const state = kept(this.#storage, name);
      if (state) setting.remote(state.number, state.nonce, state.value);
    }
    return setting;
  }

  /** Takes what another device has, or with `tell` off what another window has. */
  take(name, { number, nonce, value }, tell = true) {
    if (typeof value !== "string" || !this.open(name, "").remote(number, nonce, value)) return false;
    if (tell) this.#tell(name, { number, nonce, value });
    else this.#keep(name, { number, nonce, value });
    return true;
  }

  /** Reads again what is kept: a window that slept has missed messages. */
  catchUp() {
    for (const name of this.#settings.keys()) {
      const state = kept(this.#storage, name);
      if (state) this.take(name, state, false);
    }
  }

  /** Returns what was ever chosen, by name. */
  get states() {
    const chosen = [...this.#settings].filter(([, setting]) => setting.number > 0);
    return Object.fromEntries(chosen.map(([name, setting]) => [name, setting.state]));
  }

  /** Adds a listener that hears the name of what was assigned in this window. */
  onAssign(listener) {
    this.#changed.add(listener);
  }

  #tell(name, state) {
    this.#keep(name, state);
    this.#channel?.postMessage({ name, ...state });
  }

  #keep(name, state) {
    // Another window may have kept something higher meanwhile; it would be lost for the next one.
    const there = kept(this.#storage, name);
    const lower = there && (there.number > state.number || (there.number === state.number && there.nonce > state.nonce));
    if (lower) return;
    try {
      this.#storage.setItem(PREFIX + name, JSON.stringify(state));
    } catch {
      // Without storage the choice holds as long as a window is open.
    }
  }
}
