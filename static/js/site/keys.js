// Single keys, and pairs such as `g` then `r`.
//
// They rest while somebody types, while a dialog is open, and with every modifier, so that nothing
// that a browser, an input method or a screen reader does with a key is taken away.

/** How long the first key of a pair is remembered, in milliseconds. */
const PAIR = 1500;

/** Inputs that take no text: single keys work while one of these has the focus. */
const WITHOUT_TEXT = new Set(["radio", "checkbox", "button", "submit", "reset", "image", "file", "range", "color"]);

/** Returns true if keys that are pressed in an element are text to it. */
export function takesText(element) {
  if (!element) return false;
  if (element.isContentEditable) return true;
  switch (element.tagName) {
    case "TEXTAREA":
    case "SELECT":
    case "IFRAME":
      return true;
    case "INPUT":
      return !WITHOUT_TEXT.has(element.type);
    default:
      return false;
  }
}

/** Returns true if a key press may be a command at all. */
export function mayCommand(event) {
  const busy = event.defaultPrevented || event.isComposing || event.keyCode === 229 || event.repeat;
  // Shift is part of the sign, as in `?`.
  const modified = event.ctrlKey || event.metaKey || event.altKey;
  return !busy && !modified && event.key?.length === 1 && !takesText(event.target);
}

/**
 * Makes a reader of key presses: `read(key, time)` gives the name of what was pressed, as `e` or
 * `g r`, where `has(name)` knows it, and nothing where it is unknown or the first of a pair.
 */
export function keyReader(has, firsts = ["g"]) {
  let first = null;
  return (key, time) => {
    const pair = first && time - first.time <= PAIR ? `${first.key} ${key}` : null;
    first = null;
    if (pair && has(pair)) return pair;
    if (firsts.includes(key)) {
      first = { key, time };
      return null;
    }
    return has(key) ? key : null;
  };
}

/** Finds the visible link or button that carries a key: `<a data-key="e">`. */
function carrier(key) {
  const found = document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`);
  return [...found].find((element) => element.checkVisibility?.() ?? true);
}

const commands = new Map();

/** Adds commands: names of keys to functions. What the page itself carries comes first. */
export function addKeys(added) {
  for (const [key, run] of Object.entries(added)) commands.set(key, run);
}

/** Begins to listen. */
export function startKeys() {
  const read = keyReader((name) => commands.has(name) || Boolean(carrier(name)));
  document.addEventListener("keydown", (event) => {
    if (!mayCommand(event) || document.querySelector("dialog[open]")) return;
    const name = read(event.key, event.timeStamp);
    if (!name) return;
    event.preventDefault();
    const element = carrier(name);
    if (element) element.click();
    else commands.get(name)(event);
  });
}
