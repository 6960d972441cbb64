// Wordings by hand: a field opens with the text that was chosen, and grows with what is typed.
import { asField, textOf } from "./choices.js";

/** Lets a field be as high as its text. */
export function grow(field) {
  // The browser does it where it can; see `field-sizing` in the styles.
  if (CSS.supports("field-sizing", "content")) return;
  field.style.blockSize = "auto";
  field.style.blockSize = `${field.scrollHeight + 2}px`;
}

/** Remembers what is chosen, for a field that opens later to begin with. */
export class Edits {
  constructor(places) {
    this.places = places;
    /** What a field was filled with; typed words are never replaced. */
    this.filled = new Map(places.all.map((place) => [place, place.field.defaultValue]));
    this.before = new Map(places.all.map((place) => [place, place.pick]));
  }

  /** Follows a new choice. */
  chosen(place) {
    const before = this.before.get(place);
    this.before.set(place, place.pick);
    if (place.pick !== "edit") return;
    if (before && before !== "edit" && place.field.value === this.filled.get(place)) {
      place.field.value = asField(textOf(before, place.sides));
      this.filled.set(place, place.field.value);
    }
    grow(place.field);
  }

  /** Takes up the choices as they are, after all of them were changed. */
  reset() {
    for (const place of this.places.all) this.before.set(place, place.pick);
  }
}
