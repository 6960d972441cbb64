// Keeps the text of one editor window as it is typed, and says so.

import { afterRest, clock } from "./dom.js";
import { getDraft, newId, putDraft, removeDraft } from "./draft-store.js";

const PAUSE = 300;
const AT_LATEST = 2000;
/** Long texts are kept less often: a second more for so many letters. */
const LETTERS = 500_000;

export class DraftKeeper {
  #form;
  #state;
  #id = newId();
  /** What the server has of it. */
  #known;
  #keepLater = afterRest(() => this.keep());
  #waitingSince = 0;
  #sent = [];
  #length = 0;
  #written = Promise.resolve(true);
  #isKept = false;

  constructor(form, state) {
    this.#form = form;
    this.#state = state;
    const { content, summary } = form.elements;
    // What was typed before the script ran counts as typed. A form that came back was never saved.
    this.#known = "unsaved" in form.dataset ? null : content.defaultValue + summary.defaultValue;
    this.#length = content.defaultValue.length;
    this.path = form.dataset.path;
    form.addEventListener("input", () => this.changed());
    addEventListener("pagehide", () => this.keep());
    document.addEventListener("visibilitychange", () => document.hidden && this.keep());
    // Browsers put back typed text late, some at the load event.
    addEventListener("pageshow", () => this.#current !== this.#known && this.changed());
  }

  get id() {
    return this.#id;
  }

  get #current() {
    const { content, summary } = this.#form.elements;
    return content.value + summary.value;
  }

  /** There is text that the server does not have. */
  get dirty() {
    return this.#current !== this.#known;
  }

  get base() {
    return this.#form.elements.base.value;
  }

  /** The text differs from what was kept last. */
  changed() {
    this.#isKept = false;
    this.#sent = [];
    const now = Date.now();
    this.#waitingSince ||= now;
    // Nothing here looks at the text: that takes the longer the longer it is.
    const more = (1000 * this.#length) / LETTERS;
    this.#keepLater(Math.min(PAUSE + more, Math.max(0, this.#waitingSince + AT_LATEST + 2 * more - now)));
    // Once it was said that a draft is saved, a moment of typing is no news.
    if (!this.#state.textContent) this.#say("Unsaved");
  }

  /** Writes the draft now, if there is anything new in it. Returns whether it is kept. */
  keep() {
    if (this.#waitingSince && !this.#isKept) this.#write();
    return this.#written;
  }

  /** Writes the draft, and that just this text is being sent under this nonce. */
  send(nonce) {
    this.#sent = [...this.#sent, nonce];
    // The merge screen, which may follow in this window, goes on with it.
    sessionStorage.setItem("everpage-draft", this.#id);
    this.#write();
    return this.#written;
  }

  /** Goes on with a draft: its base is that of the form from now on. */
  async takeOver(draft) {
    this.#form.elements.base.value = draft.base;
    this.#form.dispatchEvent(new CustomEvent("everpage:base"));
    this.changed();
    if ((await this.keep()) && draft.id !== this.#id) await removeDraft(draft.id);
  }

  /** Goes on with another base, whose text `change` puts into the form. */
  takeIn(base, change) {
    const { dirty } = this;
    this.#form.elements.base.value = base;
    change();
    // Where nothing had been typed, the text is the page's now. Otherwise it is neither's.
    this.#known = dirty ? null : this.#current;
    // The draft has to name the new base, also where the text stayed the same.
    this.changed();
    if (!dirty) this.#say("");
  }

  /** Goes back to a base whose text the form has again, of which the server had `known`. */
  goBack({ base, known }) {
    this.#known = known;
    this.#form.elements.base.value = base;
    this.#form.dispatchEvent(new CustomEvent("everpage:base"));
    this.changed();
  }

  /** Returns the base, and what the server has of the text. */
  get standing() {
    return { base: this.base, known: this.#known };
  }

  /** Leaves what is kept so far as a draft of its own, and begins another. */
  async split() {
    await this.keep();
    this.#id = newId();
  }

  /** Continues the record of a form that came back from the server. */
  async resume(id) {
    if (await getDraft(id)) this.#id = id;
    this.changed();
  }

  #write() {
    this.#keepLater.cancel();
    this.#waitingSince = 0;
    this.#isKept = true;
    const draft = this.dirty && this.#snapshot();
    const done = draft ? putDraft(draft) : removeDraft(this.#id);
    this.#written = done.then(
      () => {
        this.#say(draft ? `Draft saved ${clock(draft.kept)}` : "");
        return true;
      },
      () => {
        this.#isKept = false;
        this.#say(draft ? "Unsaved; this browser cannot save drafts" : "");
        return false;
      },
    );
  }

  #snapshot() {
    const { content, summary, author } = this.#form.elements;
    const text = content.value;
    this.#length = text.length;
    return {
      id: this.#id, path: this.path, base: this.base, text, summary: summary.value,
      author: author.value, kept: Date.now(), sent: this.#sent,
    };
  }

  #say(words) {
    this.#state.classList.toggle("state-dirty", words !== "");
    if (this.#state.textContent !== words) this.#state.textContent = words;
  }
}
