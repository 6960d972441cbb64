// What others saved, put into the text while somebody writes.
//
// The text then has another base: the revision that it holds now. The browser's own undo takes the
// words out again, and the base has to follow it: otherwise saving would take them off the page, too.

import { asOne } from "../live/text.js";

/** How many times back undo is followed. */
const MOST = 20;

export class TakenIn {
  #field;
  #backdrop;
  #keeper;
  /** The text and where it stood, before and after each time. */
  #steps = [];
  #typed = ({ inputType }) => this.#follow(inputType);

  constructor(field, backdrop, keeper) {
    this.#field = field;
    this.#backdrop = backdrop;
    this.#keeper = keeper;
  }

  /** Makes edits of the text, which then has another base; the line with the caret stays where it is. */
  add(base, edits) {
    const field = this.#field;
    const { element } = field;
    const state = () => ({ text: field.text, ...this.#keeper.standing });
    const before = state();
    const line = () => this.#backdrop.topAt(field.start);
    const { scrollTop } = element;
    const top = line();
    this.#keeper.takeIn(base, () => field.apply(asOne(least(edits, field.text), field.text, field.start, field.end)));
    const now = line();
    element.scrollTop = top === null || now === null ? scrollTop : scrollTop + now - top;
    this.#steps.push({ before, after: state() });
    element.addEventListener("input", this.#typed);
    if (this.#steps.length > MOST) this.#steps.shift();
  }

  #follow(inputType) {
    const side = { historyUndo: "before", historyRedo: "after" }[inputType];
    if (!side || this.#steps.length === 0) return;
    const { text } = this.#field;
    const step = this.#steps.findLast((step) => step[side].text === text);
    if (step && step[side].base !== this.#keeper.base) this.#keeper.goBack(step[side]);
  }
}

/** Leaves out of edits what they do not change: the cursor and the browser's undo do better with few words. */
function least(edits, text) {
  return edits.flatMap((edit) => lineEnd(edit, text)).map(([start, end, words]) => {
    const most = Math.min(end - start, words.length);
    let head = 0;
    while (head < most && text[start + head] === words[head]) head++;
    let tail = 0;
    while (tail < most - head && text[end - 1 - tail] === words[words.length - 1 - tail]) tail++;
    return [start + head, end - tail, words.slice(head, words.length - tail)];
  });
}

/** A line end that the last line gets is an edit of its own: a cursor at the end stays on its line. */
function lineEnd([start, end, words], text) {
  const got = end === text.length && !text.endsWith("\n") && words.endsWith("\n");
  return got ? [[start, end, words.slice(0, -1)], [end, end, "\n"]] : [[start, end, words]];
}
