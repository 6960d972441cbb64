// Choices are kept in this browser, by page: they survive a reload, the way back, a closed tab and
// another save meanwhile. What is kept names places and wordings by their content, so it comes back
// only where both are still the same.
import { outdated } from "./choices.js";

const PREFIX = "everpage-merge:";

const isChoice = (field) => /^(pick|text)-/.test(field.name ?? "");

/** Reads what is chosen and typed, by the names of the form. */
export function snapshot(form) {
  const kept = {};
  for (const field of [...form.elements].filter(isChoice)) {
    const button = field.type === "radio" || field.type === "checkbox";
    const given = button ? field.checked && !field.defaultChecked : field.value !== field.defaultValue;
    if (given) kept[field.name] = field.value;
  }
  return kept;
}

/** Puts back what was kept, as far as the form has it; returns true if that changed anything. */
export function putBack(form, kept) {
  let changed = false;
  for (const field of [...form.elements].filter(isChoice)) {
    if (!Object.hasOwn(kept, field.name)) continue;
    if (field.type === "radio" || field.type === "checkbox") {
      if (field.value !== kept[field.name] || field.checked) continue;
      field.checked = true;
      changed = true;
    } else if (field.value !== kept[field.name]) {
      field.value = kept[field.name];
      changed = true;
    }
  }
  return changed;
}

export class Keeper {
  constructor(form) {
    this.form = form;
    this.name = `${PREFIX}${form.getAttribute("action")}`;
  }

  save() {
    const kept = snapshot(this.form);
    this.#quietly(() => {
      if (Object.keys(kept).length === 0) localStorage.removeItem(this.name);
      else localStorage.setItem(this.name, JSON.stringify({ time: Date.now(), kept }));
    });
  }

  restore() {
    const { kept } = this.#read(this.name);
    // After an answer of the server the form has the choices itself, and they are newer.
    if ("sent" in this.form.dataset) {
      this.save();
      return false;
    }
    return kept ? putBack(this.form, kept) : false;
  }

  forget() {
    this.#quietly(() => localStorage.removeItem(this.name));
  }

  /** Throws away what nobody came back to. */
  tidy() {
    this.#quietly(() => {
      const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
      const entries = names.map((name) => [name, this.#read(name).time ?? 0]);
      for (const name of outdated(entries, Date.now())) localStorage.removeItem(name);
    });
  }

  #read(name) {
    try {
      return JSON.parse(localStorage.getItem(name)) ?? {};
    } catch {
      return {};
    }
  }

  #quietly(act) {
    try {
      act();
    } catch {
      // A full or forbidden storage: the form itself still has it all.
    }
  }
}
