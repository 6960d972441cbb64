// The page as it will look, beside its text and in step with the cursor.
//
// The server renders; what it returns is safe to show. An older question is dropped as soon as there
// is a newer one, and the last preview stays until the next one is there.

import { address, afterRest, element, oncePerFrame } from "./dom.js";

const DELAY = 200;
/** So long after the last key the cursor is followed. */
const PAUSE = 120;
/** How many times the time that the last preview took must pass without typing. */
const REST = 3;
/** Longer texts are shown on request only. */
const LONGEST = 400_000;

export class Preview {
  #pane;
  #note;
  #path;
  #field;
  #backdrop;
  #renderLater = afterRest(() => this.#render());
  #typing = false;
  #asked = null;
  #shownText = null;
  /** How long the last preview took to make and to show. */
  #took = 0;
  /** Where the caret was when it was followed last. */
  #caret = -1;
  /** The blocks that know their lines. */
  #blocks = [];
  /** The line that was followed last, and where on the screen it was. */
  #followed = { line: 0, distance: 0 };

  constructor(section, path, field, backdrop) {
    this.#pane = section.querySelector(".prose");
    this.#note = section.querySelector(".pane-label .fine");
    this.#note.setAttribute("role", "status");
    this.#path = path;
    this.#field = field;
    this.#backdrop = backdrop;
    const text = field.element;
    text.addEventListener("scroll", oncePerFrame(() => this.#followScroll()), { passive: true });
    const followCaret = oncePerFrame(() => this.followCaret());
    // Typing moves the caret, too: it is followed once the keys rest.
    const rested = afterRest(() => {
      this.#typing = false;
      followCaret();
    });
    field.watch(() => {
      this.#typing = true;
      rested(PAUSE);
    });
    document.addEventListener("selectionchange", () => {
      if (!this.#typing && document.activeElement === text && field.start !== this.#caret) followCaret();
    });
    // Following a link must not lose the text.
    this.#pane.addEventListener("click", (event) => {
      const link = event.target.closest("a[href]");
      if (link && !link.getAttribute("href").startsWith("#")) link.target = "_blank";
    });
  }

  get #visible() {
    return this.#pane.offsetParent !== null;
  }

  /** Shows the text as it is now, soon. */
  update(delay = Math.max(DELAY, REST * this.#took)) {
    this.#renderLater(delay);
  }

  /** Returns true if the text is too long to be shown while it is being written. */
  get #onRequest() {
    return this.#field.sections.length > LONGEST && this.#field.element.offsetParent !== null;
  }

  async #render() {
    if (!this.#visible) return;
    if (this.#onRequest) return this.#say("This page is too long to follow your typing. Choose “Preview” to see it.");
    const { text } = this.#field;
    if (text === this.#shownText) return;
    this.#asked?.abort();
    const began = performance.now();
    const asked = (this.#asked = new AbortController());
    try {
      const body = new URLSearchParams({ path: this.#path, content: text });
      const answer = await fetch(address("/-/api/v1/preview"), { method: "POST", body, signal: asked.signal });
      const result = await answer.json();
      if (!answer.ok) return this.#say(result.message);
      this.#shownText = text;
      this.#show(result.html);
      this.#took = performance.now() - began;
      this.#say(result.problem ? `The front matter cannot be read: ${result.problem}` : "follows the cursor");
      this.#follow();
    } catch (error) {
      if (error.name !== "AbortError") this.#say("The server cannot be reached; this is the last preview.");
    }
  }

  #say(words) {
    if (this.#note.textContent !== words) this.#note.textContent = words;
  }

  /** Replaces only the blocks that changed: pictures do not flicker, open details stay open. */
  #show(html) {
    const made = element("template");
    made.innerHTML = html;
    const fresh = [...made.content.children];
    const old = [...this.#pane.children];
    const same = (a, b) => withoutLines(a) === withoutLines(b);
    const shorter = Math.min(old.length, fresh.length);
    let before = 0;
    while (before < shorter && same(old[before], fresh[before])) keepLines(old[before], fresh[before++]);
    let after = 0;
    while (after < shorter - before && same(old.at(-1 - after), fresh.at(-1 - after))) {
      keepLines(old.at(-1 - after), fresh.at(-1 - after));
      after++;
    }
    old.slice(before, old.length - after).forEach((block) => block.remove());
    const next = old[old.length - after] ?? null;
    for (const block of fresh.slice(before, fresh.length - after)) this.#pane.insertBefore(block, next);
    this.#blocks = [...this.#pane.querySelectorAll("[data-line]")];
  }

  /** Brings the block that the cursor is in beside the cursor. */
  followCaret() {
    if (!this.#visible) return;
    const { element: text } = this.#field;
    this.#caret = this.#field.start;
    const line = this.#field.sections.lineOf(this.#caret);
    const top = this.#backdrop.shown ? this.#backdrop.top(line) : text.scrollTop + text.clientHeight / 3;
    if (top === null) return;
    const distance = top - text.scrollTop;
    if (distance < 0 || distance > text.clientHeight) return;
    this.#followed = { line, distance };
    this.#follow();
  }

  #followScroll() {
    if (!this.#visible) return;
    const { element: text } = this.#field;
    const most = Math.max(1, text.scrollHeight - text.clientHeight);
    if (!this.#backdrop.shown) {
      const share = text.scrollTop / most;
      this.#pane.scrollTop = share * (this.#pane.scrollHeight - this.#pane.clientHeight);
      return;
    }
    // At both ends both panes are at their ends; between them the same line is at the same height.
    const distance = (text.scrollTop / most) * text.clientHeight;
    this.#followed = { line: this.#backdrop.lineAt(text.scrollTop + distance), distance };
    this.#follow();
  }

  #follow() {
    const { line, distance } = this.#followed;
    const blocks = this.#blocks;
    const wanted = line + 1;
    let [low, high] = [-1, blocks.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (Number(blocks[middle].dataset.line) <= wanted) low = middle;
      else high = middle - 1;
    }
    const block = blocks[low];
    if (!block) return void (this.#pane.scrollTop = 0);
    let after = low + 1;
    while (after < blocks.length && block.contains(blocks[after])) after++;
    const next = blocks[after];
    const [from, to] = [Number(block.dataset.line), Number(next?.dataset.line ?? wanted + 1)];
    const [top, bottom] = [this.#topOf(block), next ? this.#topOf(next) : this.#topOf(block) + block.offsetHeight];
    const share = to > from ? (wanted - from) / (to - from) : 0;
    this.#pane.scrollTop = top + share * (bottom - top) - distance;
  }

  #topOf(block) {
    return block.getBoundingClientRect().top - this.#pane.getBoundingClientRect().top + this.#pane.scrollTop;
  }
}

function withoutLines(block) {
  return block.outerHTML.replace(/ data-line="\d+"/g, "");
}

function keepLines(old, fresh) {
  const lined = (block) => [block, ...block.querySelectorAll("[data-line]")].filter((b) => b.dataset.line);
  const numbers = lined(fresh);
  lined(old).forEach((block, i) => (block.dataset.line = numbers[i]?.dataset.line));
}
