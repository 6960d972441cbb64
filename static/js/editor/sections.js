// The text as the editor knows it without asking the textarea, which copies all of it for an answer.
//
// Idea: the text is cut into sections of whole lines. A change touches one of them, so that what it
// costs does not depend on how long the text is. Whatever is worked out from the text (its lines, the
// state of the colours) is kept with its section and worked out again only for those that changed and
// are looked at. A letter changes one line of its section: the others are neither cut out of the text
// nor scanned again. Pure.

import { START, scanLine } from "./markdown.js";

/**
 * A section ends with the first line that goes beyond this; twice as much is cut. For a letter the browser
 * lays out and paints all lines of its section, so there are few in one.
 */
const SIZE = 300;

export class Sections {
  /** All but the last end with a line end. `entry` and `exit` are states of the colours. */
  list = cut("");
  /** Sections before this one follow the one before them in their states. */
  #valid = 0;

  get length() {
    return this.list.reduce((sum, section) => sum + section.text.length, 0);
  }

  get empty() {
    return this.list.length === 1 && this.list[0].text === "";
  }

  /** Returns the length of the longest section. */
  get longest() {
    return this.list.reduce((most, section) => Math.max(most, section.text.length), 0);
  }

  /** Returns the section that a place is in: its index, and where and at which line it begins. */
  find(offset) {
    let [at, line, index] = [0, 0, 0];
    while (index < this.list.length - 1 && offset >= at + this.list[index].text.length) {
      at += this.list[index].text.length;
      line += this.list[index++].count;
    }
    return { index, at, line };
  }

  /** Returns the line (from 0) that a place is in. */
  lineOf(offset) {
    const { index, at, line } = this.find(offset);
    return line + countLineEnds(this.list[index].text, offset - at);
  }

  /** Returns a part of the text. */
  slice(from, to) {
    const { index, at } = this.find(from);
    let text = "";
    for (let i = index; i < this.list.length && text.length < to - at; i++) text += this.list[i].text;
    return text.slice(from - at, to - at);
  }

  /** Returns the sections around a stretch, with a few before, as `{text, from}`. */
  around(start, end, before = 2) {
    const first = Math.max(0, this.find(start).index - before);
    const last = this.find(end).index;
    const from = this.list.slice(0, first).reduce((sum, section) => sum + section.text.length, 0);
    const text = this.list.slice(first, last + 2).map((section) => section.text).join("");
    return { text, from };
  }

  /** Makes a change of the text. */
  apply({ from, to, insert }) {
    const first = this.find(from);
    if (this.#withinLine(first, from - first.at, to - first.at, insert)) return;
    const last = this.find(to);
    const head = this.list[first.index].text.slice(0, from - first.at);
    const tail = this.list[last.index].text.slice(to - last.at);
    this.#replace(first.index, last.index + 1, head + insert + tail);
  }

  /** Brings the sections up to a text, of which any part may be another one. Returns whether one was. */
  sync(text) {
    let [first, at] = [0, 0];
    const { list } = this;
    while (first < list.length && text.startsWith(list[first].text, at)) at += list[first++].text.length;
    if (first === list.length && at === text.length) return false;
    // The last section has no line end: what follows it belongs to it.
    if (first === list.length) at -= list[--first].text.length;
    let [last, end] = [list.length, text.length];
    while (last > first + 1 && end - list[last - 1].text.length >= at && text.endsWith(list[last - 1].text, end)) {
      end -= list[--last].text.length;
    }
    this.#replace(first, last, text.slice(at, end));
    return true;
  }

  /** Returns the lines of a section; one that changed is another object. */
  lines(index) {
    const section = this.list[index];
    if (!section.lines) {
      const { text } = section;
      const texts = (index < this.list.length - 1 ? text.slice(0, -1) : text).split("\n");
      section.lines = linesOf(texts, section.former);
      section.former = null;
    }
    return section.lines;
  }

  /** Returns the lines of a section with their tokens, which are other objects if they changed. */
  scanned(index) {
    let state = this.entry(index);
    const lines = this.lines(index);
    for (const line of lines) state = scan(line, state, true);
    return lines;
  }

  /** Works out the states up to a section, and returns the one before its first line. */
  entry(index) {
    for (let i = this.#valid; i <= index; i++) {
      const entry = i ? this.list[i - 1].exit : START;
      if (this.list[i].entry !== entry) this.#scan(i, entry);
    }
    this.#valid = Math.max(this.#valid, index + 1);
    return this.list[index].entry;
  }

  /** Returns the state before the line that a place is in. */
  stateBefore(offset) {
    const { index, at } = this.find(offset);
    const state = this.entry(index);
    const above = countLineEnds(this.list[index].text, offset - at);
    return this.lines(index).slice(0, above).reduce((state, line) => scan(line, state), state);
  }

  /** Returns true if a place is in a fenced block of code. */
  inCode(offset) {
    return /^[`~]/.test(this.stateBefore(offset));
  }

  #scan(index, entry) {
    const section = this.list[index];
    section.entry = entry;
    section.exit = this.lines(index).reduce((state, line) => scan(line, state, section.view !== null), entry);
  }

  /** Makes a change that leaves every line end where it is; returns false if it is another one. */
  #withinLine({ index }, start, end, insert) {
    const section = this.list[index];
    const { text, lines } = section;
    if (!lines || end > text.length || insert.includes("\n") || text.slice(start, end).includes("\n")) return false;
    const fresh = text.slice(0, start) + insert + text.slice(end);
    if (cutAt(fresh, 0) > 0) return false;
    const begin = start && text.lastIndexOf("\n", start - 1) + 1;
    const at = countLineEnds(text, start);
    const old = lines[at].text;
    lines[at] = line(old.slice(0, start - begin) + insert + old.slice(end - begin));
    Object.assign(section, { text: fresh, entry: null, height: null, stale: true });
    this.#valid = Math.min(this.#valid, index);
    return true;
  }

  #replace(first, last, text) {
    // A section whose line end is gone goes on with the next one.
    while (last < this.list.length && !text.endsWith("\n")) text += this.list[last++].text;
    const isLast = last === this.list.length;
    const old = this.list[first];
    const fresh = cut(detached(text), isLast);
    if (last === first + 1 && fresh.length === 1) {
      // The same section, as far as whoever shows it is concerned.
      Object.assign(old, fresh[0], { view: old.view, former: old.lines ?? old.former });
    } else this.list.splice(first, last - first, ...fresh);
    this.#valid = Math.min(this.#valid, first);
  }
}

/** Cuts a text into sections; the last one of the whole text has no line end. */
function cut(text, isLast = true) {
  const made = [];
  let at = 0;
  for (let end; (end = cutAt(text, at)) > 0; at = end) made.push(section(text.slice(at, end)));
  if (isLast || at < text.length) made.push(section(text.slice(at)));
  return made;
}

/** Returns where a text is cut after a place; 0 if what follows is one section. */
function cutAt(text, from) {
  if (text.length - from <= 2 * SIZE) return 0;
  const end = text.indexOf("\n", from + SIZE) + 1;
  return end < text.length ? end : 0;
}

function section(text) {
  const count = countLineEnds(text, text.length);
  return { text, count, lines: null, former: null, entry: null, exit: null, height: null, stale: true, view: null };
}

/** A line, and what was found in it for the state before it; `tokens` only where they are shown. */
function line(text) {
  return { text, entry: null, exit: null, tokens: null };
}

/** Makes lines of texts; those that were there at the beginning and the end stay. */
function linesOf(texts, former) {
  const lines = texts.map(line);
  const shorter = former ? Math.min(former.length, lines.length) : 0;
  let head = 0;
  while (head < shorter && former[head].text === texts[head]) lines[head] = former[head++];
  for (let tail = 1; tail <= shorter - head && former.at(-tail).text === texts.at(-tail); tail++) {
    lines[lines.length - tail] = former.at(-tail);
  }
  return lines;
}

/** Scans a line unless that was done, and returns the state after it. */
function scan(line, entry, keep = false) {
  if (line.entry !== entry || (keep && !line.tokens)) {
    const { tokens, state } = scanLine(line.text, entry);
    Object.assign(line, { entry, exit: state, tokens: keep ? tokens : null });
  }
  return line.exit;
}

function countLineEnds(text, end) {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/** A part of a string keeps the whole one in memory; this one does not. */
function detached(text) {
  return ` ${text}`.slice(1);
}
