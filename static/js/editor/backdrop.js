// The coloured text behind the real one.
//
// Idea: the textarea stays what the visitor types into, with its own caret, undo, spelling and input
// methods; only its letters are transparent. Behind it lies a copy of the same metrics, which holds
// only the sections that can be seen and a few around them; the rest are two gaps as high as they are.
// How high a section is, the browser says once, by laying out its bare text. So a letter costs the same
// in a text of 10 kB and in one of 2 MB. The copy also knows where a line is on the screen, which a
// textarea does not tell.

import { oncePerFrame } from "./dom.js";

/** A text with a longer line (or a section of that size) is shown plain. */
const LONGEST = 60_000;
/** So many letters may go before it is looked at what came into sight from below; a line end counts as a line. */
const FEW = 100;
const LINE = 60;
/** How many sections are measured at once, at most. */
const BATCH = 200;

export class Backdrop {
  #textarea;
  #sections;
  #element = document.createElement("div");
  #above = document.createElement("div");
  #below = document.createElement("div");
  #measure = document.createElement("div");
  #width = 0;
  #height = 0;
  /** The sections that are shown, from the first to before the last. */
  #shown = [];
  /** How much text they held when they were chosen. */
  #extent = 0;

  /** Something other than the text may have changed: what is in sight is worked out before the next picture. */
  #look = oncePerFrame(() => this.#refresh());

  constructor(field) {
    this.#textarea = field.element;
    this.#sections = field.sections;
    const element = this.#element;
    element.className = "editor-backdrop";
    element.setAttribute("aria-hidden", "true");
    // Neither a stop for Tab nor found by the browser's search, which finds the text itself.
    element.inert = true;
    this.#measure.className = "editor-measure";
    element.append(this.#measure, this.#above, this.#below);
    this.#textarea.addEventListener("scroll", this.#look, { passive: true });
    new ResizeObserver(this.#look).observe(this.#textarea);
    // A letter is put into the rows that are there at once; asking where they are would cost a layout more.
    field.watch(() => this.#keepUp() || this.#look());
    this.#refresh();
  }

  /** Returns true if the text is shown in colours. */
  get shown() {
    return this.#element.isConnected;
  }

  /** Returns the distance of a line (from 0) from the top of the whole text; `null` if it is not shown. */
  top(line) {
    let first = this.#lineOfFirst();
    for (const { view } of this.#shown) {
      const row = view.rows[line - first];
      if (row) return row.element.getBoundingClientRect().top - this.#origin();
      first += view.rows.length;
    }
    return null;
  }

  /** Returns the line (from 0) at a distance from the top of the whole text. */
  lineAt(distance) {
    const rows = this.#shown.flatMap(({ view }) => view.rows);
    const origin = this.#origin();
    let [low, high] = [0, rows.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (rows[middle].element.getBoundingClientRect().top - origin <= distance) low = middle;
      else high = middle - 1;
    }
    return this.#lineOfFirst() + Math.max(low, 0);
  }

  /** Returns the distance of the line of a place from the top of the whole text; `null` if it is not shown. */
  topAt(offset) {
    if (!this.shown) return null;
    this.#refresh();
    return this.top(this.#sections.lineOf(offset));
  }

  /** Returns where on the screen a place in the text is; `null` if it is not shown. */
  place(offset) {
    if (!this.shown) return null;
    this.#refresh();
    const { index, at } = this.#sections.find(offset);
    const { view } = this.#sections.list[index];
    if (!view) return null;
    let line = 0;
    let rest = offset - at;
    while (line < view.rows.length - 1 && rest > view.rows[line].line.text.length) rest -= view.rows[line++].line.text.length + 1;
    const row = view.rows[line].element;
    const range = document.createRange();
    const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (rest < node.length) {
        range.setStart(node, rest);
        range.setEnd(node, rest);
        return range.getBoundingClientRect();
      }
      rest -= node.length;
    }
    return row.getBoundingClientRect();
  }

  #origin() {
    return this.#element.getBoundingClientRect().top - this.#element.scrollTop;
  }

  #lineOfFirst() {
    const before = this.#sections.list.indexOf(this.#shown[0]);
    return this.#sections.list.slice(0, Math.max(0, before)).reduce((sum, { count }) => sum + count, 0);
  }

  /** Brings the rows that are shown up to the text; returns false if that is not enough. */
  #keepUp() {
    const { list, longest } = this.#sections;
    const first = list.indexOf(this.#shown[0]);
    if (!this.shown || longest > LONGEST || this.#shown.some((section, i) => list[first + i] !== section)) return false;
    // Something above changed its height, as others' words do.
    for (let i = 0; i < first; i++) if (list[i].height === null) return false;
    this.#shown.forEach((section, i) => this.#fill(section, first + i));
    return this.#shows() > this.#extent - FEW;
  }

  /** Returns how much text is shown, in letters. */
  #shows() {
    return this.#shown.reduce((sum, { text, count }) => sum + text.length + LINE * count, 0);
  }

  #refresh() {
    const { list, longest } = this.#sections;
    const textarea = this.#textarea;
    if (longest > LONGEST) return this.#hide();
    if (!this.shown) this.#appear();
    for (const section of this.#shown) {
      const index = section.stale ? list.indexOf(section) : -1;
      if (index >= 0) this.#fill(section, index);
    }
    const { scrollTop, clientWidth, clientHeight } = textarea;
    // Not shown: there is nothing to measure.
    if (!clientWidth) return;
    if (clientWidth !== this.#width) {
      this.#width = clientWidth;
      for (const section of list) section.height = null;
    }
    for (const section of this.#shown) {
      if (section.view) section.height = section.view.element.getBoundingClientRect().height;
    }
    const margin = clientHeight / 2;
    const [first, above] = this.#walk(0, 0, scrollTop - margin);
    const [end] = this.#walk(first, above, scrollTop + clientHeight + margin);
    this.#show(list.slice(first, end + 1), first, above);
    if (this.#element.scrollTop !== scrollTop) this.#element.scrollTop = scrollTop;
  }

  // A class, because a style that asks for what an element holds is worked out anew at every key.
  #appear() {
    this.#textarea.before(this.#element);
    this.#textarea.parentNode.classList.add("is-coloured");
  }

  #hide() {
    this.#element.remove();
    this.#textarea.parentNode.classList.remove("is-coloured");
  }

  /** Returns the section that a distance from the top is in, from a known one on, and its own distance. */
  #walk(index, top, distance) {
    const { list } = this.#sections;
    let batch = 1;
    for (; index < list.length - 1; index++) {
      if (list[index].height === null) {
        this.#weigh(index, (batch = Math.min(BATCH, 2 * batch)));
      }
      if (top + list[index].height > distance) break;
      top += list[index].height;
    }
    return [index, top];
  }

  /** Lets the browser say how high sections are. */
  #weigh(from, count) {
    const { list } = this.#sections;
    const unknown = list.slice(from, from + count).filter((section) => section.height === null);
    const rows = unknown.map((section) => {
      const row = document.createElement("div");
      row.textContent = section === list.at(-1) ? `${section.text}\n` : section.text;
      return row;
    });
    this.#measure.replaceChildren(...rows);
    const heights = rows.map((row) => row.getBoundingClientRect().height);
    this.#measure.replaceChildren();
    unknown.forEach((section, i) => (section.height = heights[i]));
  }

  #show(wanted, first, above) {
    const { list } = this.#sections;
    const kept = new Set(wanted);
    for (const section of this.#shown) {
      // A section that the text no longer has may have given its element to nobody.
      if (kept.has(section)) continue;
      section.view.element.remove();
      section.view = null;
      for (const line of section.lines ?? []) line.tokens = null;
    }
    let next = this.#below;
    for (let i = wanted.length - 1; i >= 0; i--) {
      const section = wanted[i];
      section.view ??= { element: document.createElement("div"), rows: [] };
      const { element } = section.view;
      if (element.nextSibling !== next) this.#element.insertBefore(element, next);
      this.#fill(section, first + i);
      next = element;
    }
    this.#shown = wanted;
    this.#extent = this.#shows();
    this.#gap(this.#above, above);
    // What is not measured yet only has to be there; the height is right once it is scrolled to.
    const rest = list.slice(first + wanted.length).reduce((sum, s) => sum + (s.height ?? s.count), 0);
    this.#gap(this.#below, rest);
  }

  #gap(element, height) {
    const size = `${height}px`;
    if (element.style.blockSize !== size) element.style.blockSize = size;
  }

  /** Brings the rows of a section up to its text; a row that looks as it should stays. */
  #fill(section, index) {
    const entry = this.#sections.entry(index);
    const { view } = section;
    if (!section.stale && view.entry === entry && view.rows.length) return;
    const lines = this.#sections.scanned(index);
    const { rows } = view;
    // Rows come and go where the text changed. The others keep their elements, also with another text: a
    // letter is then one text node with new words.
    if (rows.length !== lines.length) {
      let head = 0;
      while (head < rows.length && rows[head].line === lines[head]) head++;
      for (const row of rows.splice(head, Math.max(0, rows.length - lines.length))) row.element.remove();
      const more = Array.from({ length: lines.length - rows.length }, () => ({ line: null, tokens: [], element: document.createElement("div") }));
      const next = rows[head]?.element ?? null;
      for (const row of more) view.element.insertBefore(row.element, next);
      rows.splice(head, 0, ...more);
    }
    lines.forEach((line, i) => {
      const row = rows[i];
      row.line = line;
      if (row.tokens !== line.tokens) paint(row, line.tokens);
    });
    view.entry = entry;
    section.stale = false;
  }
}

/** Shows the tokens of a line in its row, with as little as possible made anew. */
function paint(row, tokens) {
  const { element, tokens: old } = row;
  row.tokens = tokens;
  if (old.length === tokens.length && old.length > 0 && tokens.every(([kind], i) => kind === old[i][0])) {
    tokens.forEach(([, text], i) => {
      if (text === old[i][1]) return;
      const node = element.childNodes[i];
      const words = node.nodeType === Node.TEXT_NODE ? node : node.firstChild;
      if (words) words.data = text;
      else node.textContent = text;
    });
    return;
  }
  const parts = tokens.map(([kind, text]) => {
    if (!kind) return document.createTextNode(text);
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = text;
    return span;
  });
  // The line end gives an empty line its height.
  element.replaceChildren(...parts, "\n");
}
