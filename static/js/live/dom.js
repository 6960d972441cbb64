// Small helpers to build what is shown.

/** The prefix of all addresses of this wiki; empty at the root. */
export const base = () => document.body.dataset.base ?? "";

/** Makes an element: `make("p", { class: "fine", onclick }, "text", other)`. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

/** Makes an icon of the sprite. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

/** Makes a notice: a sign, words, and what can be done. */
export function notice(tone, sign, body, actions = []) {
  return make("div", { class: `notice notice-${tone}` }, icon(sign),
    make("div", { class: "notice-body" }, ...body),
    actions.length > 0 && make("div", { class: "notice-actions" }, ...actions));
}

/** Makes a small button. */
export function button(text, onclick, kind = "") {
  return make("button", { type: "button", class: `button button-small ${kind}`.trim(), onclick }, text);
}

/** Returns who wrote a revision, in a sentence. */
export const author = (revision) => revision.author || "somebody";

/** Returns a word with a capital, as at the begin of a sentence. */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

let polite;

/**
 * Returns a place above the content whose notices are read out when there is a pause. It must be
 * there before its first notice, or that one is not read.
 */
export function politePlace() {
  if (!polite?.isConnected) {
    polite = make("div", { class: "live-bars", "aria-live": "polite" });
    document.getElementById("main").prepend(polite);
  }
  return polite;
}
