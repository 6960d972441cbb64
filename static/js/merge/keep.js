// Choices survive a reload: they are kept as long as this window, and come back only to the very
// same merge.
import { shortHash } from "./choices.js";

const PREFIX = "merge:";

/** Names a merge by its page and what is put together; the choices of another do not fit it. */
function nameOf(form) {
  const value = (name) => form.elements.namedItem(name)?.value ?? "";
  const typed = form.elements.namedItem("content");
  const text = typed ? shortHash(typed.value) : "";
  return `${PREFIX}${form.getAttribute("action")}|${value("theirs")}|${value("with")}|${value("base")}|${text}`;
}

/** The fields that are kept. */
function fields(form) {
  return [...form.elements].filter((field) => field.name?.startsWith("hunk-") || field.name === "summary");
}

/** Reads what is chosen and typed as one object, by the names of the form. */
export function snapshot(form) {
  const kept = {};
  for (const field of fields(form)) {
    const given = field.type === "radio" ? field.checked && !field.defaultChecked : field.value !== field.defaultValue;
    if (given) kept[field.name] = field.value;
  }
  return kept;
}

export class Keeper {
  constructor(form) {
    this.form = form;
    this.name = nameOf(form);
  }

  save() {
    const kept = snapshot(this.form);
    try {
      if (Object.keys(kept).length === 0) sessionStorage.removeItem(this.name);
      else sessionStorage.setItem(this.name, JSON.stringify(kept));
    } catch {
      // A full or forbidden storage: the form itself still has it all.
    }
  }

  /** Puts back what was kept; tells whether anything changed by it. */
  restore() {
    let kept = {};
    try {
      kept = JSON.parse(sessionStorage.getItem(this.name)) ?? {};
    } catch {
      return false;
    }
    let changed = false;
    for (const field of fields(this.form)) {
      if (!Object.hasOwn(kept, field.name)) continue;
      if (field.type === "radio") {
        const checked = field.value === kept[field.name];
        changed ||= checked && !field.checked;
        if (checked) field.checked = true;
      } else if (field.value !== kept[field.name]) {
        field.value = kept[field.name];
        changed = true;
      }
    }
    return changed;
  }
}
