// The textarea: what it holds, and changing it so that the browser's own undo takes the change back.

import { afterRest } from "./dom.js";
import { editOf } from "./edits.js";
import { Sections } from "./sections.js";

/** Browsers take seconds to insert more than this as if it were typed; their undo does without it. */
const MAX_TYPED = 20_000;

/** After so long without typing, what is known of the text is compared with it. */
const PAUSE = 400;

export class Field {
  #composing = null;
  #watchers = [];
  #syncLater = afterRest(() => this.sync());
  /** What an empty field says. */
  #hint;
  #empty = null;
  /** What is known of the text without asking the textarea, which costs more the longer it is. */
  sections = new Sections();

  constructor(textarea) {
    this.element = textarea;
    this.#hint = textarea.placeholder;
    textarea.addEventListener("compositionstart", () => {
      this.#composing = new Promise((done) => textarea.addEventListener("compositionend", done, { once: true }));
    });
    textarea.addEventListener("compositionend", () => (this.#composing = null));
    let before = null;
    textarea.addEventListener("beforeinput", () => (before = [this.start, this.end]));
    textarea.addEventListener("input", (event) => {
      const edit = editOf(event, before, this.end);
      before = null;
      if (!edit) return this.sync();
      this.sections.apply(edit);
      this.#tell();
      this.#syncLater(PAUSE);
    });
    // Text that the browser puts back late comes without an input event.
    addEventListener("pageshow", () => this.sync());
    this.sync();
  }

  /** Calls a function after every change of the text. */
  watch(watcher) {
    this.#watchers.push(watcher);
  }

  /** Learns the whole text anew: for changes that no event describes. */
  sync() {
    this.#syncLater.cancel();
    if (this.sections.sync(this.text)) this.#tell();
  }

  #tell() {
    // A placeholder that is not seen makes the browser work out its style at every key all the same.
    const { empty } = this.sections;
    if (empty !== this.#empty) {
      this.#empty = empty;
      if (empty) this.element.placeholder = this.#hint;
      else this.element.removeAttribute("placeholder");
    }
    for (const watcher of this.#watchers) watcher();
  }

  get text() {
    return this.element.value;
  }

  get start() {
    return this.element.selectionStart;
  }

  get end() {
    return this.element.selectionEnd;
  }

  get selected() {
    return this.text.slice(this.start, this.end);
  }

  /**
   * Makes a change and selects what it says.
   * @param {{from: number, to: number, insert: string, select?: [number, number]} | null} edit
   */
  apply(edit) {
    if (!edit) return;
    const { from, to, insert } = edit;
    this.element.focus({ preventScroll: true });
    this.element.setSelectionRange(from, to);
    if (from !== to || insert) {
      const command = insert ? "insertText" : "delete";
      const typed = insert.length <= MAX_TYPED && document.execCommand(command, false, insert);
      if (!typed) {
        this.element.setRangeText(insert, from, to, "end");
        this.element.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
    const [start, end] = edit.select ?? [from + insert.length, from + insert.length];
    this.element.setSelectionRange(start, end);
  }

  /** Replaces a text that is somewhere in the field, and leaves focus and selection where they are. */
  async swap(old, text) {
    // A word that an input method is composing must not be torn.
    await this.#composing;
    const from = this.text.indexOf(old);
    if (from < 0) return false;
    const focused = document.activeElement;
    const to = from + old.length;
    const move = (at) => (at >= to ? at + text.length - old.length : Math.min(at, from + text.length));
    const select = [this.start, this.end].map((at) => (at <= from ? at : move(at)));
    this.apply({ from, to, insert: text, select });
    if (focused && focused !== this.element) focused.focus({ preventScroll: true });
    return true;
  }
}
