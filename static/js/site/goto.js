// The go-to-page box: type a few letters of a name, and Enter opens the page.
//
// A dialog with a combobox as the ARIA practices describe it: the focus stays in the field, the
// arrows move through the list. The server finds the names; the last answer stays until the next.
import { marked, rows } from "./goto-rows.js";
import { base, icon, make, mayEdit } from "./page.js";
import { say } from "./say.js";

/** How long typing rests before the server is asked, in milliseconds. */
const REST = 80;
const ICONS = { page: "file", search: "search", create: "plus" };

let box;

/** Opens the box. */
export function openGoto() {
  box ??= new Box();
  box.open();
}

/** Lets the button in the header open the box. */
export function startGoto() {
  for (const button of document.querySelectorAll(".goto-open")) button.addEventListener("click", openGoto);
}

class Box {
  constructor() {
    this.input = make("input", {
      type: "text", placeholder: "Go to page", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
      role: "combobox", "aria-label": "Go to page", "aria-controls": "goto.list", "aria-expanded": "false",
      "aria-autocomplete": "list",
    });
    this.list = make("div", { class: "goto-list", id: "goto.list", role: "listbox", "aria-label": "Pages" });
    this.note = make("p", { class: "goto-note fine", hidden: true });
    const hints = [["↑ ↓", "choose"], ["Enter", "open"], ["Esc", "close"]];
    const foot = make("div", { class: "goto-foot", "aria-hidden": "true" },
      ...hints.map(([key, what]) => make("span", {}, make("kbd", {}, key), ` ${what}`)));
    const form = make("form", { method: "dialog" }, icon("goto"), this.input);
    this.dialog = make("dialog", { class: "goto", "aria-label": "Go to page" }, form, this.list, this.note, foot);
    this.pages = [];
    this.shown = [];
    this.chosen = 0;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.go(false);
    });
    this.input.addEventListener("input", () => this.later());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    this.dialog.addEventListener("close", () => {
      clearTimeout(this.timer);
      this.asked?.abort();
    });
    document.body.append(this.dialog);
  }

  open() {
    if (this.dialog.open) return;
    this.input.value = "";
    this.pages = [];
    this.stale = true;
    this.dialog.showModal();
    this.show();
    this.ask();
  }

  later() {
    clearTimeout(this.timer);
    this.stale = true;
    // The rows that need no server follow at once.
    this.show();
    this.timer = setTimeout(() => this.ask(), REST);
  }

  async ask() {
    clearTimeout(this.timer);
    this.asked?.abort();
    const asked = new AbortController();
    this.asked = asked;
    const address = `${base()}/-/api/v1/goto?q=${encodeURIComponent(this.input.value.trim())}`;
    try {
      const answer = await fetch(address, { signal: asked.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      this.pages = (await answer.json()).pages;
      this.note.hidden = true;
    } catch {
      if (asked.signal.aborted) return;
      this.pages = [];
      this.note.textContent = "Page names cannot be looked up at the moment. Search may still work.";
      this.note.hidden = false;
    }
    this.stale = false;
    this.chosen = 0;
    this.show();
    const count = this.pages.length;
    say(count === 0 ? "No page with that name" : `${count} ${count === 1 ? "page" : "pages"}`);
  }

  show() {
    const query = this.input.value;
    this.shown = rows(query, this.pages, { base: base(), mayCreate: mayEdit() });
    this.chosen = Math.min(this.chosen, Math.max(0, this.shown.length - 1));
    this.list.replaceChildren(...this.shown.map((row, i) => this.row(row, i, query)));
    this.input.setAttribute("aria-expanded", String(this.shown.length > 0));
    this.choose(this.chosen);
  }

  row(row, i, query) {
    const title = make("span", { class: "goto-title", dir: "auto" });
    const pieces = row.kind === "page" ? marked(row.title, query) : [{ text: row.title, hit: false }];
    for (const piece of pieces) title.append(piece.hit ? make("mark", {}, piece.text) : piece.text);
    const element = make("div", { role: "option", id: `goto.${i}`, "aria-selected": "false" });
    element.append(icon(ICONS[row.kind]), title);
    if (row.folder) element.append(make("span", { class: "fine", dir: "auto" }, row.folder));
    element.addEventListener("click", (event) => {
      this.chosen = i;
      this.go(event.ctrlKey || event.metaKey);
    });
    return element;
  }

  choose(i) {
    const options = this.list.children;
    options[this.chosen]?.setAttribute("aria-selected", "false");
    this.chosen = i;
    const option = options[i];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (event.isComposing) return;
    const last = this.shown.length - 1;
    const moves = {
      ArrowDown: this.chosen >= last ? 0 : this.chosen + 1,
      ArrowUp: this.chosen <= 0 ? last : this.chosen - 1,
    };
    if (event.key in moves && last >= 0) {
      event.preventDefault();
      this.choose(moves[event.key]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.go(event.ctrlKey || event.metaKey);
    }
  }

  async go(inNewTab) {
    // Who types a name and presses Enter at once means the answer to what was typed.
    if (this.stale) await this.ask();
    if (this.stale) return;
    const row = this.shown[this.chosen];
    if (!row) return;
    if (inNewTab) window.open(row.href, "_blank", "noopener");
    else location.assign(row.href);
    this.dialog.close();
  }
}
