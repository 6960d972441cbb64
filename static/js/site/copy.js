// Buttons that copy: `<button data-copy="id">`, or a selector such as `#mine` or `.command`.
import { say } from "./say.js";

/** How long a button says what it did, in milliseconds. */
const SHOWN = 2000;

function target(where) {
  return document.getElementById(where) ?? document.querySelector(where);
}

/** Selects an element's text, for people to copy by themselves. */
function select(element) {
  element.closest("details")?.setAttribute("open", "");
  if ("select" in element) {
    element.focus();
    element.select();
  } else {
    getSelection().selectAllChildren(element);
  }
}

/** Copies the text of an element; tells whether that worked. */
export async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.value ?? element.textContent);
    return true;
  } catch {
    // No permission, or no secure connection: the old way may still be allowed.
    select(element);
    return document.execCommand?.("copy") ?? false;
  }
}

async function pressed(button) {
  let element = null;
  try {
    element = target(button.dataset.copy);
  } catch {
    // Not a selector.
  }
  if (!element) return;
  const worked = await copy(element);
  const words = worked ? "Copied" : "Selected: press Ctrl+C";
  say(worked ? "Copied" : "The text is selected. Copy it with Ctrl+C.");
  const label = [...button.childNodes].findLast((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  if (!label || button.dataset.copied) return;
  const before = label.data;
  button.dataset.copied = "";
  label.data = words;
  setTimeout(() => {
    label.data = before;
    delete button.dataset.copied;
  }, SHOWN);
}

/** Begins to listen. */
export function startCopying() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) pressed(button);
  });
}
