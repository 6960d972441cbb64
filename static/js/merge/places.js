// The places in dispute on the screen: reading and setting their choices, and moving among them.
import { say } from "../site/say.js";
import { neighbour } from "./choices.js";

/** One place: a fieldset with its buttons. */
class Place {
  constructor(element) {
    this.element = element;
    this.number = Number(element.id.split(".").at(-1));
    this.radios = [...element.querySelectorAll("input[type=radio]")];
    this.field = element.querySelector(".place-edit textarea");
  }

  get chosen() {
    return this.radios.find((radio) => radio.checked) ?? null;
  }

  get pick() {
    return this.chosen?.value ?? null;
  }

  /** The radio that a key chooses: `1`, `2`, … or `s` for what is suggested. */
  byKey(key) {
    return this.radios.find((radio) => radio.dataset.keyName === key) ?? null;
  }

  /** What a choice is called. */
  label(radio) {
    const label = radio.closest("label");
    return (label.querySelector(".option-who") ?? label.querySelector("span"))?.textContent.trim() ?? "";
  }

  refresh() {
    this.element.classList.toggle("is-decided", Boolean(this.pick));
    if (this.pick) this.element.classList.remove("is-missed");
  }
}

/** All places of the screen that need a choice. */
export class Places {
  constructor(form) {
    this.all = [...form.querySelectorAll(".place-open, .files")].map((element) => new Place(element));
    this.byElement = new Map(this.all.map((place) => [place.element, place]));
    this.mark(this.all.find((place) => !place.pick) ?? this.all[0] ?? null);
  }

  /** Returns the place that an element belongs to. */
  of(element) {
    return this.byElement.get(element?.closest?.(".place-open, .files")) ?? null;
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
  go(place) {
    if (!place) return;
    this.mark(place);
    (place.chosen ?? place.radios[0]).focus({ preventScroll: true });
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const tall = place.element.offsetHeight > innerHeight * 0.7;
    place.element.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: tall ? "start" : "center" });
    const where = place.element.querySelector(".place-where")?.textContent.trim();
    const state = place.chosen ? `chosen: ${place.label(place.chosen)}` : "not chosen yet";
    say(`Choice ${place.number} of ${this.all.length}${where ? `, ${where}` : ""}: ${state}`);
  }

  /** Goes a number of places on or back. */
  step(by) {
    const standing = this.of(document.activeElement);
    // The first press goes to the place that is marked, not past it.
    const next = standing ? neighbour(this.all, this.current?.number ?? 0, by) : this.current;
    if (standing && next === this.current) say(by > 0 ? "This is the last choice" : "This is the first choice");
    this.go(next);
  }
}
