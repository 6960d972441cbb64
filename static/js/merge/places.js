// The places in dispute on the screen: reading and setting their choices, and moving among them.
import { say } from "../site/say.js";
import { neighbour } from "./choices.js";

/** What the words of the form are called. */
const CALLED = { theirs: "the page now", yours: "the other text", both: "both, page first",
  "both-reversed": "both, the other first", base: "as it was before", edit: "your own wording" };

/** One place: a fieldset with its buttons. */
class Place {
  constructor(element) {
    this.element = element;
    this.number = Number(element.id.split(".").at(-1));
    this.radios = [...element.querySelectorAll("input[type=radio]")];
    this.chip = element.querySelector(".hunk-title .chip");
    this.field = element.querySelector(".hunk-edit textarea");
    this.sides = { theirs: element.dataset.theirs, yours: element.dataset.yours, base: element.dataset.base };
    this.shown = undefined;
  }

  get pick() {
    return this.radios.find((radio) => radio.checked)?.value ?? null;
  }

  /** Chooses; null opens the place again. Nothing is announced. */
  set pick(word) {
    for (const radio of this.radios) radio.checked = radio.value === word;
  }

  /** Brings the chip in line with the choice. */
  refresh() {
    const pick = this.pick;
    if (this.shown === pick) return;
    this.shown = pick;
    this.chip.className = pick ? "chip chip-easy" : "chip chip-conflict";
    this.chip.textContent = pick ? "chosen" : "to choose";
  }
}

/** All places of the screen. */
export class Places {
  constructor(form) {
    this.all = [...form.querySelectorAll(".hunk-conflict")].map((element) => new Place(element));
    this.byElement = new Map(this.all.map((place) => [place.element, place]));
    const marked = this.all.find((place) => place.element.classList.contains("is-current"));
    this.current = marked ?? this.all[0] ?? null;
  }

  /** Returns the place that an element belongs to. */
  of(element) {
    return this.byElement.get(element?.closest?.(".hunk-conflict")) ?? null;
  }

  refresh() {
    for (const place of this.all) place.refresh();
  }

  /** Makes a place the one that keys act on. */
  mark(place) {
    this.current?.element.classList.remove("is-current");
    place?.element.classList.add("is-current");
    this.current = place;
  }

  /** Goes to a place: marks it, brings it into view, focuses it, and says where that is. */
  go(place, how = "smooth") {
    if (!place) return;
    this.mark(place);
    const radio = place.radios.find((r) => r.checked) ?? place.radios[0];
    radio.focus({ preventScroll: true });
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const tall = place.element.offsetHeight > innerHeight * 0.7;
    place.element.scrollIntoView({ behavior: calm ? "auto" : how, block: tall ? "start" : "center" });
    const where = place.element.querySelector(".hunk-place")?.textContent.trim();
    const state = place.pick ? `chosen: ${CALLED[place.pick]}` : "to choose";
    say(`Choice ${place.number} of ${this.all.length}${where ? `, ${where}` : ""}: ${state}`);
  }

  /** Goes a number of places on or back. */
  step(by) {
    const standing = this.of(document.activeElement);
    // The first press goes to the place that is marked, not past it.
    const next = standing ? neighbour(this.all, this.current?.number ?? 0, by) : this.current;
    if (standing && next === this.current) say(by > 0 ? "This is the last place" : "This is the first place");
    this.go(next);
  }
}
