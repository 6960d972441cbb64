// The merge screen: keys, a result that follows, and nothing chosen lost by a slip.
//
// The form alone does everything; this follows it. The buttons of the form are the state, so what
// is sent is what is seen.
import { addKeys } from "./site/keys.js";
import { make } from "./site/page.js";
import { say } from "./site/say.js";
import { nextOpen, progress, progressWords } from "./merge/choices.js";
import { Keeper } from "./merge/keep.js";
import { LiveResult } from "./merge/live.js";
import { Places } from "./merge/places.js";

const form = document.querySelector("form.merge");
// A site that takes no edits shows the versions and has nothing to press.
if (form?.querySelector(".action-bar")) start();

function start() {
  const places = new Places(form);
  const keeper = new Keeper(form);
  const shown = document.getElementById("result");
  const result = shown && new LiveResult(form, shown);
  const bar = form.querySelector(".progress");
  const next = form.querySelector("[data-next]");
  const save = form.querySelector(".button-primary");

  function refresh() {
    places.refresh();
    for (const place of form.querySelectorAll(".place-included")) {
      place.classList.toggle("is-out", Boolean(place.querySelector(":checked")));
    }
    for (const place of form.querySelectorAll(".place-joined")) {
      const radios = [...place.querySelectorAll("input[type=radio]")];
      place.classList.toggle("is-changed", radios.some((r) => r.checked && r.value !== radios[0].value));
    }
    const now = progress(places.all);
    if (bar) {
      bar.querySelector("progress").value = now.made;
      const words = bar.querySelector("progress + span");
      if (words.textContent !== progressWords(now)) words.textContent = progressWords(now);
    }
    if (next) next.hidden = now.open.length === 0;
    return now;
  }

  function changed() {
    keeper.save();
    result?.later();
    return refresh();
  }

  /** Chooses what a key stands for at the current place. */
  function choose(key) {
    const place = places.current;
    const radio = place?.byKey(key);
    if (!radio) return;
    if (places.of(document.activeElement) !== place) places.go(place);
    radio.checked = true;
    radio.focus({ preventScroll: true });
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    const { open } = progress(places.all);
    const onward = open.length > 0 ? "Press n for the next undecided place" : "All is chosen; Control S saves";
    say(`Choice ${place.number}: ${place.label(radio)}. ${onward}`);
  }

  const goOn = () => {
    const open = nextOpen(places.all, places.current?.pick ? places.current.number : 0);
    if (open) places.go(open);
    else save.focus();
  };

  form.addEventListener("change", (event) => {
    const { target } = event;
    const place = places.of(target);
    if (place) places.mark(place);
    if (target.type === "radio" && target.value === "text") {
      const field = target.closest("fieldset").querySelector(".place-edit textarea");
      begin(field, target);
      field.focus();
    }
    if (target.type === "radio" && target.value !== "text") remember(target);
    changed();
  });
  form.addEventListener("input", ({ target }) => {
    if (target.tagName === "TEXTAREA") changed();
  });
  form.addEventListener("focusin", ({ target }) => {
    const place = places.of(target);
    if (place) places.mark(place);
  });
  next?.addEventListener("click", goOn);
  // Enter takes what is suggested, and never saves half of the choices by a slip.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.target.type !== "radio") return;
    const place = places.of(event.target);
    if (place && !place.pick && place.byKey("s")) {
      event.preventDefault();
      choose("s");
    } else if (progress(places.all).open.length > 0) {
      event.preventDefault();
      goOn();
    }
  });
  document.addEventListener("keydown", (event) => {
    const wanted = (event.ctrlKey || event.metaKey) && !event.altKey && (event.key === "s" || event.key === "Enter");
    if (!wanted || event.isComposing) return;
    event.preventDefault();
    save.click();
  });
  const digits = Object.fromEntries([...Array(9).keys()].map((i) => [String(i + 1), () => choose(String(i + 1))]));
  addKeys({ j: () => places.step(1), k: () => places.step(-1), n: goOn, s: () => choose("s"), ...digits });

  form.addEventListener("submit", (event) => {
    const action = event.submitter?.value;
    const { open } = progress(places.all);
    if (action === "save" && open.length > 0) {
      // The server would say the same, a moment later.
      event.preventDefault();
      for (const place of places.all) place.element.classList.toggle("is-missed", !place.pick);
      places.go(places.all.find((place) => !place.pick));
      say(`Not saved yet: ${open.length === 1 ? "one choice is" : `${open.length} choices are`} still to be made`);
      return;
    }
    if (!["show", "edit"].includes(action)) keeper.forget();
  });
  for (const link of document.querySelectorAll('main a[href="#history"]')) {
    link.addEventListener("click", () => {
      document.getElementById("history").open = true;
      link.closest("details")?.removeAttribute("open");
    });
  }
  // The browser's own way back brings the form with it.
  addEventListener("pageshow", refresh);
  followSaves(form);

  keeper.tidy();
  if (keeper.restore()) {
    result?.later();
    say("Your earlier choices are back");
  }
  refresh();
}

/** What a wording by hand begins with: what was chosen last at the place. */
const last = new WeakMap();
const filled = new WeakMap();

function remember(radio) {
  last.set(radio.closest("fieldset"), radio.dataset.text);
}

function begin(field, radio) {
  const text = last.get(radio.closest("fieldset"));
  // Typed words are never replaced.
  const untouched = field.value === field.defaultValue || field.value === filled.get(field);
  if (text === undefined || !untouched) return;
  field.value = text;
  filled.set(field, text);
}

/** Says quietly that another version has arrived, and offers to show it; the choices stay. */
function followSaves(merge) {
  // Above the buttons, which stay where they are: what one is about to click never moves.
  const place = make("div", { class: "merge-news", role: "status" });
  merge.querySelector(".action-bar-main").before(place);
  const known = new Set([...merge.querySelectorAll("[name=winner], [name=with]")].map((field) => field.value));
  const show = make("button", { class: "button button-small", type: "button" }, "Show it");
  show.addEventListener("click", () => {
    const submit = make("button", { hidden: true, name: "action", value: "show" });
    merge.append(submit);
    submit.click();
  });
  document.addEventListener("everpage:page", ({ detail: { revision, conflicts } }) => {
    const isNew = revision && !known.has(revision.id);
    if (!isNew && conflicts === Number(merge.dataset.waiting)) return place.replaceChildren();
    if (!revision) return undefined;
    const moreWait = conflicts > Number(merge.dataset.waiting);
    const others = moreWait ? "Another version was saved" : "Some of these versions have been merged";
    const who = isNew ? `${revision.author || "An unnamed editor"} saved this page` : others;
    return place.replaceChildren(make("div", { class: "notice notice-info" },
      make("div", { class: "notice-body" }, `${who}. Your choices stay.`), make("div", { class: "notice-actions" }, show)));
  });
}
