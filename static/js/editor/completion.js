// Names of pages after `[[`, and of headings after `[[Page#`.
//
// The field stays a text field: the list beside it belongs to it by aria-controls and
// aria-activedescendant, and is told to screen readers by a line of its own.

import { address, element } from "./dom.js";

const OPEN = /\[\[([^[\]|\n]{0,200})$/;

/** Returns what is being written between the brackets at the end of a text, or `null`. */
export function nameAtEnd(text) {
  return text.match(OPEN)?.[1] ?? null;
}

export class Completion {
  #field;
  #backdrop;
  #path;
  #list = element("ul", { class: "completion", id: "Names", role: "listbox", "aria-label": "Pages", hidden: true });
  #said = element("div", { class: "visually-hidden", role: "status" });
  #asked = null;
  #names = [];
  #open = false;
  #chosen = 0;
  /** The place at which Escape closed the list: it stays closed there. */
  #dismissed = -1;
  /** Listens only while the list is open: each key moves the caret. */
  #moved = () => this.update();

  constructor(field, backdrop, path) {
    this.#field = field;
    this.#backdrop = backdrop;
    this.#path = path;
    const text = field.element;
    text.setAttribute("aria-autocomplete", "list");
    text.setAttribute("aria-haspopup", "listbox");
    text.setAttribute("aria-controls", "Names");
    text.after(this.#list, this.#said);
    text.addEventListener("blur", () => this.#close());
    text.addEventListener("scroll", () => this.#close(), { passive: true });
    // The field keeps the focus.
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#accept([...this.#list.children].indexOf(option));
    });
  }

  /** Offers names for what stands before the caret, if a link is being written there. */
  async update() {
    const at = this.#field.start;
    const name = at === this.#field.end ? this.#nameBefore(at) : null;
    const begin = name === null ? -1 : at - name.length;
    if (begin < 0 || begin === this.#dismissed) return this.#close();
    this.#dismissed = -1;
    // What is offered meanwhile must fit what is written by now: Enter takes it.
    if (this.#open) this.#show(this.#names.filter((offered) => fits(offered, name)), begin);
    this.#asked?.abort();
    const asked = (this.#asked = new AbortController());
    try {
      const query = new URLSearchParams({ q: name, page: this.#path });
      const answer = await fetch(address(`/-/api/v1/names?${query}`), { signal: asked.signal });
      const { names } = await answer.json();
      if (!asked.signal.aborted) this.#show(names ?? [], begin);
    } catch {
      // Without a server there are no names; writing goes on.
      if (!asked.signal.aborted) this.#close();
    }
  }

  #nameBefore(at) {
    return nameAtEnd(this.#field.sections.slice(Math.max(0, at - 210), at));
  }

  /** Takes a key; returns whether it was meant for the list. */
  key(event) {
    if (!this.#open || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move && !event.shiftKey) this.#choose((this.#chosen + move + this.#names.length) % this.#names.length);
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) this.#accept(this.#chosen);
    else if (event.key === "Escape") {
      this.#dismissed = this.#field.start - (this.#nameBefore(this.#field.start) ?? "").length;
      this.#close();
    } else return false;
    event.preventDefault();
    return true;
  }

  #show(names, begin) {
    if (!names.length || document.activeElement !== this.#field.element) return this.#close();
    this.#names = names;
    this.#list.replaceChildren(...names.map(option));
    const first = !this.#open;
    this.#open = true;
    this.#list.hidden = false;
    document.addEventListener("selectionchange", this.#moved);
    this.#place(begin);
    this.#choose(0);
    const words = `${names.length} ${names.length === 1 ? "name" : "names"}`;
    this.#said.textContent = first ? `${words}; arrow keys choose, Enter takes, Escape closes` : words;
  }

  #place(begin) {
    const caret = this.#backdrop.place(begin);
    if (!caret) return;
    const { element: text } = this.#field;
    const field = text.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.#list;
    const below = caret.bottom - field.top + 4;
    const fits = caret.bottom + 4 + height <= Math.min(innerHeight, field.bottom);
    const above = caret.top - field.top - height - 4;
    this.#list.style.top = `${fits || above < 0 ? below : above}px`;
    this.#list.style.left = `${Math.max(8, Math.min(caret.left - field.left, text.clientWidth - width - 8))}px`;
  }

  #choose(index) {
    this.#chosen = index;
    [...this.#list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    this.#list.children[index].scrollIntoView({ block: "nearest" });
    this.#field.element.setAttribute("aria-activedescendant", `Names-${index}`);
  }

  #accept(index) {
    const at = this.#field.start;
    const name = this.#nameBefore(at);
    const link = this.#names[index]?.link;
    this.#close();
    if (name === null || link === undefined) return;
    const closed = this.#field.sections.slice(at, at + 2) === "]]";
    const from = at - name.length;
    const end = from + link.length + 2;
    this.#dismissed = from;
    this.#field.apply({ from, to: closed ? at + 2 : at, insert: `${link}]]`, select: [end, end] });
  }

  #close() {
    this.#asked?.abort();
    if (!this.#open) return;
    this.#open = false;
    this.#list.hidden = true;
    document.removeEventListener("selectionchange", this.#moved);
    this.#said.textContent = "";
    this.#field.element.removeAttribute("aria-activedescendant");
  }
}

function fits({ name, folder, link }, written) {
  return [link, `${folder}/${name}`].some((whole) => whole.toLowerCase().includes(written.toLowerCase()));
}

function option({ name, folder }, i) {
  const place = folder && element("span", { class: "fine" }, folder);
  return element("li", { role: "option", id: `Names-${i}` }, element("span", {}, name), place);
}
