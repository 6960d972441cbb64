// Asking for the name that changes are signed with: once, in the line below the text, and never in the
// way of a save.

import { button, element, icon } from "./dom.js";

const ASKED = "everpage-name-asked";

function wasAsked() {
  try {
    return localStorage.getItem(ASKED) !== null;
  } catch {
    // A browser that keeps nothing would be asked every time.
    return true;
  }
}

function keepAsked() {
  try {
    localStorage.setItem(ASKED, "1");
  } catch {
    // It is asked again then.
  }
}

/** Asks for a name if there is none and nobody asked in this browser before. */
export function askName(form) {
  const { author, content } = form.elements;
  if (author.value || wasAsked()) return;
  const done = () => {
    ask.remove();
    keepAsked();
  };
  const add = button("Add your name", () => author.focus());
  const close = button("", () => {
    done();
    content.focus({ preventScroll: true });
  }, "button-quiet icon-button");
  close.append(icon("close"));
  close.setAttribute("aria-label", "Stay unnamed");
  close.title = "Stay unnamed";
  const ask = element("p", { class: "editor-ask" }, element("span", { class: "wide-only" }, "You are “An unnamed editor” in the history."), add, close);
  form.querySelector(".editor-line").append(ask);
  author.addEventListener("change", () => author.value && done());
  form.addEventListener("submit", done);
}
