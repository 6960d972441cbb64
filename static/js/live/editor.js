// The editor: who else is editing, and what they have saved meanwhile.
//
// Everything is said in the line below the text, which is always there and always as high: whatever
// arrives, the text that somebody is writing stays where it is.
import { author, base, button, capital, icon, make } from "./dom.js";
import { changesList } from "./changes.js";
import { beThere } from "./presence.js";

const IS_MAC = /Mac|iP(?:hone|ad)/.test(navigator.platform);

/** Follows the page that a form edits. */
export function followEditor(live, form) {
  const path = form.dataset.path;
  const line = new Line(form);
  beThere(live, path, form.elements.author, (words) => line.others(words));

  let latest;
  /** What was told last, so that it is told once. */
  let told = null;
  const compare = async () => {
    const id = latest?.id ?? "";
    if (!latest || id === told) return;
    told = id;
    if (id === form.elements.base.value) return line.clear();
    const news = await whatChanged(form, path, latest);
    if (told === id && id !== form.elements.base.value) line.tell(news, () => takeIn(form, line, path, news));
  };
  live.addEventListener("page", ({ detail: { path: changed, revision } }) => {
    if (changed !== path) return;
    latest = revision;
    compare();
  });
  // The text has another base: a draft that was taken up, or an undo of what was taken in.
  form.addEventListener("everpage:base", () => {
    told = null;
    line.clear();
    compare();
  });
}

/** The line below the text: a hint, who else is there, or news. */
class Line {
  #form;
  #line;
  #here;
  #words;
  #actions;
  #add = null;

  constructor(form) {
    this.#form = form;
    this.#line = form.querySelector(".editor-line");
    this.#here = this.#line.querySelector(".editors-here");
    this.#words = this.#line.querySelector(".editor-news");
    this.#actions = this.#line.querySelector(".editor-news-actions");
  }

  /** Listens only while there is something to add. */
  #pressed = (event) => {
    const modified = event.ctrlKey || event.metaKey || event.shiftKey;
    if (event.key !== "Enter" || !event.altKey || modified || event.isComposing) return;
    event.preventDefault();
    if (!event.repeat) this.#add();
  };

  /** Says who else is editing; nothing if nobody is. */
  others(words) {
    if (this.#here.textContent.trim() === words) return;
    this.#here.replaceChildren(...(words ? [icon("user"), make("span", { title: words }, words)] : []));
    this.#shows();
  }

  /** Says that somebody saved the page, and offers to add it to the text with `add`. */
  tell({ revision, words, rows }, add) {
    if (revision.deleted) return this.say("trash", words);
    const keys = IS_MAC ? "Option+Enter" : "Alt+Enter";
    const offer = button("", add, "button-primary");
    offer.append(
      make("span", {}, "Add", make("span", { class: "wide-only" }, " to my text")),
      " ",
      make("kbd", { class: "key-hint" }, keys),
    );
    offer.setAttribute("aria-keyshortcuts", "Alt+Enter");
    const spoken = make("span", { class: "visually-hidden" }, ` ${keys} adds it to your text.`);
    this.#say("merge", [words, spoken], [offer, rows && this.#see(rows)]);
    this.#add = add;
    this.#form.addEventListener("keydown", this.#pressed);
    this.#words.dataset.revision = revision.id;
  }

  /** Says something, with a button that closes it. */
  say(sign, words) {
    this.#say(sign, [words], []);
  }

  /** Says nothing more. */
  clear() {
    this.#words.replaceChildren();
    this.#actions.replaceChildren();
    this.#add = null;
    this.#form.removeEventListener("keydown", this.#pressed);
    delete this.#words.dataset.revision;
    this.#shows();
  }

  #say(sign, words, actions) {
    this.clear();
    const close = button("", () => {
      this.clear();
      this.#form.elements.content.focus({ preventScroll: true });
    }, "button-quiet icon-button");
    close.append(icon("close"));
    close.setAttribute("aria-label", "Close");
    close.title = "Close";
    this.#words.replaceChildren(icon(sign), make("span", { title: words[0] }, ...words));
    this.#actions.replaceChildren(...actions.filter(Boolean), close);
    this.#shows();
  }

  /** A button that shows what changed, over the page and not within it. */
  #see(rows) {
    const panel = make("div", { class: "editor-changes", popover: "auto" }, changesList(rows));
    const see = button("", () => {
      const { top } = this.#line.getBoundingClientRect();
      panel.style.insetBlockEnd = `${Math.max(0, innerHeight - top)}px`;
      panel.togglePopover();
    }, "button-quiet");
    see.append(icon("eye"), make("span", { class: "wide-only" }, "See it"));
    return make("span", {}, see, panel);
  }

  #shows() {
    this.#line.dataset.shows = this.#words.firstChild ? "news" : this.#here.firstChild ? "others" : "";
    // On a narrow screen the news takes the place of the tools.
    this.#line.parentElement.classList.toggle("has-news", this.#words.firstChild !== null);
  }
}

/** Asks the server who changed what since the text was begun. */
async function whatChanged(form, path, revision) {
  const query = new URLSearchParams({ path, from: form.elements.base.value });
  let told = {};
  try {
    const answer = await fetch(`${base()}/-/api/v1/changes?${query}`);
    if (answer.ok) told = await answer.json();
  } catch {
    // Without the details the news still says what matters.
  }
  const mine = told.mine ?? false;
  const who = mine ? "You" : (told.who ?? capital(author(revision)));
  const where = mine ? " in another window" : "";
  const words = revision.deleted
    ? `${who} deleted this page${where}. If you save, you choose whether it comes back.`
    : `${who} changed ${told.what ?? "this page"}${where}.`;
  return { revision, words, who, rows: revision.deleted ? null : told.rows };
}

/** Puts what was saved into the text, as far as nobody has to decide. */
async function takeIn(form, line, path, news) {
  const field = form.elements.content;
  const text = field.value;
  const body = new URLSearchParams({ path, base: form.elements.base.value, text });
  for (const { value } of form.querySelectorAll("input[name=also]")) body.append("also", value);
  let merged;
  try {
    const answer = await fetch(`${base()}/-/api/v1/rebase`, { method: "POST", body });
    if (!answer.ok) throw new Error(answer.statusText);
    merged = await answer.json();
  } catch {
    line.tell({ ...news, words: "The server cannot be reached. Your text is as it was." }, () => takeIn(form, line, path, news));
    return;
  }
  // Typing went on while the server was asked: ask again with what is there now.
  if (field.value !== text) return takeIn(form, line, path, news);
  const { left } = merged;
  // The editor knows what follows its text: colours, preview, the draft and its base.
  if (merged.clean || merged.edits.length > 0) {
    form.dispatchEvent(new CustomEvent("everpage:take-in", { detail: merged }));
  }
  field.focus({ preventScroll: true });
  line.say(left === 0 ? "check" : "merge", result(news.who, merged.edits.length > 0, left));
  // Good news need not stay in sight once the writing goes on.
  if (left === 0) field.addEventListener("input", () => line.clear(), { once: true });
}

/** Says what became of the changes by somebody, of which `left` places wait for a choice. */
function result(who, added, left) {
  if (left === 0) return "Added to your text. Nothing is saved yet.";
  const you = who === "You" ? "You changed" : `You and ${who} both changed`;
  const these = left === 1 ? "1 place" : `${left} places`;
  const choose = "You choose when you save.";
  return added ? `Added the rest. ${you} ${these}: ${choose.replace("You", "you")}` : `${you} ${these}. ${choose}`;
}
