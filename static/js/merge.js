// The merge screen: keys, a live result, taking all, and nothing chosen lost by a slip.
//
// The form alone does everything; this follows it. The buttons of the form are the state, so what
// is sent is what is seen.
import { make } from "./site/page.js";
import { addKeys } from "./site/keys.js";
import { say } from "./site/say.js";
import { nextOpen, progress, progressWords } from "./merge/choices.js";
import { Edits, grow } from "./merge/edits.js";
import { Keeper } from "./merge/keep.js";
import { LiveResult } from "./merge/live.js";
import { Places } from "./merge/places.js";

const form = document.querySelector("form.merge");
// A site that takes no edits shows the versions and has nothing to press.
if (form?.querySelector(".action-bar")) start();

function start() {
  const places = new Places(form);
  const edits = new Edits(places);
  const keeper = new Keeper(form);
  const result = new LiveResult(form, document.getElementById("result"));
  const bar = form.querySelector(".progress");
  const next = form.querySelector("[data-next]");
  let dirty = false;
  let sent = false;

  function refresh() {
    places.refresh();
    const now = progress(places.all);
    if (now.total > 0 && bar) {
      bar.querySelector("progress").value = now.made;
      const words = bar.querySelector("progress + span");
      if (words.textContent !== progressWords(now)) words.textContent = progressWords(now);
    }
    if (next) next.hidden = now.open.length === 0;
    return now;
  }

  /** Follows a change of the form. */
  function changed() {
    dirty = true;
    keeper.save();
    result.later();
    return refresh();
  }

  function choose(word) {
    const place = places.current;
    const radio = place?.radios.find((r) => r.value === word);
    if (!radio) return;
    if (places.of(document.activeElement) !== place) places.go(place);
    radio.checked = true;
    radio.focus({ preventScroll: true });
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    const { made, total } = progress(places.all);
    const onward = made < total ? "Press n for the next open place" : "All choices are made: the page can be saved";
    say(`Choice ${place.number}: ${radio.labels[0]?.querySelector("span")?.textContent ?? word}. ${onward}`);
  }

  const goOn = () => {
    const open = nextOpen(places.all, places.current?.pick ? places.current.number : 0);
    if (open) places.go(open);
    else form.querySelector(".button-primary")?.focus();
  };

  form.addEventListener("change", (event) => {
    const place = places.of(event.target);
    if (place) {
      places.mark(place);
      if (event.target.type === "radio") edits.chosen(place);
      if (event.target.value === "edit" && event.target.type === "radio") place.field.focus();
    }
    changed();
  });
  form.addEventListener("input", (event) => {
    if (event.target.tagName !== "TEXTAREA" && event.target.type !== "text") return;
    if (event.target.tagName === "TEXTAREA") grow(event.target);
    changed();
  });
  form.addEventListener("focusin", (event) => {
    const place = places.of(event.target);
    if (place) places.mark(place);
  });
  next?.addEventListener("click", goOn);
  result.element.addEventListener("toggle", () => result.element.open && dirty && result.later());

  startTakingAll(places, edits, changed);
  addKeys({
    j: () => places.step(1), k: () => places.step(-1), n: goOn,
    1: () => choose("theirs"), 2: () => choose("yours"), 3: () => choose("both"),
  });

  if (keeper.restore()) {
    dirty = true;
    edits.reset();
    result.later();
    say("Your earlier choices are back");
  }
  // A text that is saved nowhere yet is asked for also before the first choice.
  const unsaved = form.querySelector("#mine") !== null;
  addEventListener("beforeunload", (event) => {
    if (!sent && (dirty || unsaved)) event.preventDefault();
  });
  form.addEventListener("submit", () => {
    sent = true;
  });
  // The browser's own way back brings the form with it.
  addEventListener("pageshow", () => {
    sent = false;
    refresh();
  });
  refresh();
}

/** Lets one press choose a side everywhere, and one more take that back. */
function startTakingAll(places, edits, changed) {
  const legend = document.querySelector(".merge-legend");
  let taken = null;
  let before = null;
  const undo = make("button", { class: "button button-small", type: "button" }, "Undo");
  const words = make("span");
  const line = make("p", { class: "row merge-undo", hidden: true }, words, undo);
  legend?.after(line);

  function takeBack() {
    if (!before) return;
    for (const [place, pick] of before) {
      // What was chosen since is not undone.
      if (place.pick === taken) place.pick = pick;
    }
    before = null;
    line.hidden = true;
    edits.reset();
    changed();
    say("The choices are as they were before");
  }

  for (const button of document.querySelectorAll("[data-all]")) {
    button.addEventListener("click", () => {
      before ??= new Map(places.all.map((place) => [place, place.pick]));
      taken = button.dataset.all;
      for (const place of places.all) place.pick = taken;
      const side = button.closest(".side").querySelector("strong").textContent;
      words.textContent = `“${side}” is taken for all ${places.all.length} choices.`;
      line.hidden = false;
      edits.reset();
      changed();
      say(`${words.textContent} Press u to undo`);
    });
  }
  undo.addEventListener("click", () => {
    takeBack();
    legend.querySelector("[data-all]")?.focus();
  });
  addKeys({ u: takeBack });
}
