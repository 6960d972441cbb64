// Small helpers to build what is shown.

import { icon, make } from "../site/page.js";

export { base, icon, make } from "../site/page.js";

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
export const author = (revision) => revision.author || "an unnamed editor";

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
