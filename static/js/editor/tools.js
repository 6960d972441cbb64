// The buttons above the text, and its keys.

import { command, linkTo } from "./commands.js";
import { enter, indent, outdent } from "./lists.js";

const KEYS = { b: "bold", i: "italic", k: "link" };
const IS_MAC = /Mac|iP(?:hone|ad)/.test(navigator.platform);

/** Makes the toolbar one stop for Tab; arrow keys move within it. */
export function toolbar(bar, act) {
  const tools = [...bar.querySelectorAll("[data-tool]")];
  const stop = (chosen) => tools.forEach((tool) => (tool.tabIndex = tool === chosen ? 0 : -1));
  stop(tools[0]);
  if (IS_MAC) {
    for (const tool of tools) {
      tool.title = tool.title.replace("Ctrl+", "⌘");
      tool.setAttribute("aria-label", tool.title);
    }
  }
  bar.addEventListener("focusin", (event) => tools.includes(event.target) && stop(event.target));
  bar.addEventListener("keydown", (event) => {
    const at = tools.indexOf(document.activeElement);
    const forward = getComputedStyle(bar).direction === "rtl" ? -1 : 1;
    const to = {
      ArrowRight: at + forward, ArrowLeft: at - forward, Home: 0, End: tools.length - 1,
    }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    tools[(to + tools.length) % tools.length].focus();
  });
  // On a phone the keyboard stays up.
  bar.addEventListener("pointerdown", (event) => event.target.closest("[data-tool]") && event.preventDefault());
  bar.addEventListener("click", (event) => {
    const tool = event.target.closest("[data-tool]");
    if (tool) act(tool.dataset.tool);
  });
}

/** Changes the text as a button says. */
export function use(field, name) {
  field.apply(command(name, field.text, field.start, field.end));
}

/**
 * Listens to the keys of the field.
 * @param {(event: KeyboardEvent) => boolean} first takes a key before all others do
 */
export function listen(field, first, save) {
  const text = field.element;
  text.setAttribute("aria-describedby", "TextHint");
  let leaving = false;
  text.addEventListener("keydown", (event) => {
    // While an input method composes, keys are its own.
    if (event.isComposing || first(event)) return;
    const { key } = event;
    const letsGo = leaving;
    leaving = key === "Escape" || (leaving && key === "Shift");
    const combined = (event.ctrlKey || event.metaKey) && !event.altKey;
    if (key.length === 1 && !combined) return;
    if (combined && !event.shiftKey && KEYS[key.toLowerCase()]) {
      event.preventDefault();
      use(field, KEYS[key.toLowerCase()]);
    } else if (key === "Enter" && !combined && !event.shiftKey && !event.altKey) {
      attempt(event, field, enter);
    } else if (key === "Tab" && !combined && !event.altKey && !letsGo) {
      // Outside lists and code, and after Escape, Tab leaves the field as everywhere.
      attempt(event, field, event.shiftKey ? outdent : indent);
    }
  });
  text.addEventListener("paste", (event) => {
    const address = event.clipboardData.getData("text/plain").trim();
    if (field.start === field.end) return;
    attempt(event, field, (whole, start, end) => (start === end ? null : linkTo(address, whole, start, end)));
  });
  text.form.addEventListener("keydown", (event) => {
    const combined = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (!combined || !(event.key.toLowerCase() === "s" || event.key === "Enter")) return;
    event.preventDefault();
    if (!event.repeat) save();
  });
}

/** Makes a change that looks only at what is near the selection: all of it would cost too much. */
function attempt(event, field, change) {
  const { start, end, sections } = field;
  const { text, from } = sections.around(start, end);
  const edit = change(text, start - from, end - from, sections.inCode(start));
  if (!edit) return;
  event.preventDefault();
  const select = edit.select?.map((at) => at + from);
  field.apply({ from: edit.from + from, to: edit.to + from, insert: edit.insert, select });
}
