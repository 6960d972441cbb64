// What is open and what is folded: `<details data-remember="name">` is so everywhere alike. Many of a
// kind share one setting; each says in `data-item` which of them it is.

/** The server takes no longer values of a setting (in bytes). */
const ROOM = 4000;

/** Reads which items were opened (`true`) or folded, the latest last; empty where it cannot be read. */
export function readFolds(text) {
  try {
    return new Map(Object.entries(JSON.parse(text)).filter(([, open]) => typeof open === "boolean"));
  } catch {
    return new Map();
  }
}

/** Writes them; those chosen long ago are forgotten where there is no room. */
export function writeFolds(folds) {
  const kept = [...folds];
  const written = () => JSON.stringify(Object.fromEntries(kept));
  while (new TextEncoder().encode(written()).length > ROOM) kept.shift();
  return written();
}

const item = (details) => details.dataset.item ?? "";

/** Begins to fold and to open what was, and to remember it. */
export function followFolds(settings) {
  /** How each element came from the server: being so is no choice. */
  const served = new WeakMap();
  const opened = new Map();

  const show = (name) => {
    const folds = readFolds(opened.get(name).value);
    for (const details of document.querySelectorAll(`details[data-remember="${CSS.escape(name)}"]`)) {
      if (!served.has(details)) served.set(details, details.open);
      details.open = folds.get(item(details)) ?? served.get(details);
    }
  };
  const showAll = () => {
    for (const { dataset: { remember: name } } of document.querySelectorAll("details[data-remember]")) {
      if (opened.has(name)) continue;
      opened.set(name, settings.open(`open:${name}`, ""));
      opened.get(name).subscribe(() => show(name));
    }
    for (const name of opened.keys()) show(name);
  };

  showAll();
  document.addEventListener("everpage:shown", showAll);
  // This event does not bubble.
  document.addEventListener("toggle", ({ target }) => {
    const setting = opened.get(target.dataset?.remember);
    if (!setting || !served.has(target)) return;
    const folds = readFolds(setting.value);
    if ((folds.get(item(target)) ?? served.get(target)) === target.open) return;
    folds.delete(item(target));
    setting.value = writeFolds(folds.set(item(target), target.open));
  }, true);
}
