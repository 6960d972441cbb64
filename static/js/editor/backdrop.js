// The coloured text behind the real one.
//
// Idea: the textarea stays what the visitor types into, with its own caret, undo, spelling and input
// methods; only its letters are transparent. Behind it lies a copy of the same metrics, one element
// a line, of which only the lines that changed are made anew. Lines lie in sections that the browser
// lays out apart from each other; without them a letter in a text of 200 kB costs it a hundred times as
// much. The copy also knows where a line is on the screen, which a textarea does not tell.

import { oncePerFrame } from "./dom.js";
import { START, scanLine } from "./markdown.js";

/** Larger texts are shown plain: the copy would cost more than the colours are worth. */
export const MAX_LENGTH = 500_000;

/** The lines of a section; twice as many are split. */
const SECTION = 100;

export class Backdrop {
  #textarea;
  #element = document.createElement("div");
  #text = null;
  #lines = [];
  #rows = [];
  /** The state after each line. */
  #states = [];

  #align = oncePerFrame(() => {
    this.#element.scrollTop = this.#textarea.scrollTop;
  });

  constructor(textarea) {
    this.#textarea = textarea;
    this.#element.className = "editor-backdrop";
    this.#element.setAttribute("aria-hidden", "true");
    // What scrolls would be a stop for Tab.
    this.#element.tabIndex = -1;
    textarea.addEventListener("scroll", () => this.#align(), { passive: true });
    this.update();
  }

  /** Tells whether the text is small enough to be shown in colours. */
  get shown() {
    return this.#element.isConnected;
  }

  /** Brings the copy up to the text. */
  update() {
    const text = this.#textarea.value;
    if (text === this.#text) return;
    this.#text = text;
    if (text.length > MAX_LENGTH) {
      this.#element.remove();
      this.#element.replaceChildren();
      this.#lines = this.#rows = this.#states = [];
      return;
    }
    this.#replace(text.split("\n"));
    if (!this.shown) this.#textarea.before(this.#element);
    this.#align();
  }

  /** Returns the distance of a line (from 0) from the top of the whole text. */
  top(line) {
    const row = this.#rows[Math.min(line, this.#rows.length - 1)];
    const { scrollTop } = this.#element;
    return row ? row.getBoundingClientRect().top - this.#element.getBoundingClientRect().top + scrollTop : 0;
  }

  /** Returns the line (from 0) at a distance from the top of the whole text. */
  lineAt(distance) {
    let [low, high] = [0, this.#rows.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.top(middle) <= distance) low = middle;
      else high = middle - 1;
    }
    return Math.max(low, 0);
  }

  /** Returns where on the screen a place in the text is; `null` where there is no copy. */
  place(offset) {
    if (!this.shown) return null;
    let line = 0;
    let rest = offset;
    while (line < this.#lines.length - 1 && rest > this.#lines[line].length) rest -= this.#lines[line++].length + 1;
    const range = document.createRange();
    const walker = document.createTreeWalker(this.#rows[line], NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (rest < node.length) {
        range.setStart(node, rest);
        range.setEnd(node, rest);
        return range.getBoundingClientRect();
      }
      rest -= node.length;
    }
    return this.#rows[line].getBoundingClientRect();
  }

  #replace(lines) {
    const old = this.#lines;
    const shorter = Math.min(old.length, lines.length);
    let before = 0;
    while (before < shorter && old[before] === lines[before]) before++;
    let after = 0;
    while (after < shorter - before && old[old.length - 1 - after] === lines[lines.length - 1 - after]) after++;
    const removed = this.#rows.slice(before, old.length - after);
    const end = lines.length - after;
    let state = before ? this.#states[before - 1] : START;
    const rows = [];
    const states = [];
    for (let i = before; i < end; i++) {
      const scanned = scanLine(lines[i], state);
      state = scanned.state;
      states.push(state);
      rows.push(fill(document.createElement("div"), scanned.tokens));
    }
    this.#exchange(removed, rows, this.#rows[before - 1], this.#rows[old.length - after]);
    this.#rows = [...this.#rows.slice(0, before), ...rows, ...this.#rows.slice(old.length - after)];
    this.#states = [...this.#states.slice(0, before), ...states, ...this.#states.slice(old.length - after)];
    this.#lines = lines;
    // A fence that opens or closes changes what follows, up to where both readings agree again.
    for (let i = end; i < lines.length; i++) {
      const scanned = scanLine(lines[i], state);
      fill(this.#rows[i], scanned.tokens);
      state = scanned.state;
      if (this.#states[i] === state) break;
      this.#states[i] = state;
    }
  }

  /** Puts rows in the place of others, between `leader` and `follower`. */
  #exchange(removed, rows, leader, follower) {
    const sections = new Set(removed.map((row) => row.parentNode));
    for (const row of removed) row.remove();
    let section = (leader ?? follower)?.parentNode;
    if (!section) this.#element.append((section = document.createElement("div")));
    const fragment = document.createDocumentFragment();
    fragment.append(...rows);
    section.insertBefore(fragment, leader ? leader.nextSibling : section.firstChild);
    sections.add(section);
    for (const touched of sections) {
      const all = [...touched.children];
      if (!all.length) touched.remove();
      if (all.length <= 2 * SECTION) continue;
      for (let end = all.length; end > SECTION; end -= SECTION) {
        const part = document.createElement("div");
        part.append(...all.slice(Math.max(SECTION, end - SECTION), end));
        touched.after(part);
      }
    }
  }
}

function fill(row, tokens) {
  const parts = tokens.map(([kind, text]) => {
    if (!kind) return text;
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = text;
    return span;
  });
  // The line end gives an empty line its height.
  row.replaceChildren(...parts, "\n");
  return row;
}
