// Changing the text of a textarea so that the browser's own undo takes it back.

/** Browsers take seconds to insert more than this as if it were typed; their undo does without it. */
const MAX_TYPED = 20_000;

export class Field {
  #composing = null;

  constructor(textarea) {
    this.element = textarea;
    textarea.addEventListener("compositionstart", () => {
      this.#composing = new Promise((done) => textarea.addEventListener("compositionend", done, { once: true }));
    });
    textarea.addEventListener("compositionend", () => (this.#composing = null));
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
