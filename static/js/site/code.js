// A button on each code block of a page that copies its text.
import { copy } from "./copy.js";
import { icon, make } from "./page.js";
import { say } from "./say.js";

/** How long a button says what it did, in milliseconds. */
const SHOWN = 2000;

async function pressed(button, code) {
  const worked = await copy(code);
  say(worked ? "Copied" : "The code is selected. Copy it with Ctrl+C.");
  button.replaceChildren(icon(worked ? "check" : "copy"));
  setTimeout(() => button.replaceChildren(icon("copy")), SHOWN);
}

function giveButtons() {
  for (const pre of document.querySelectorAll("#content.prose pre")) {
    const code = pre.querySelector("code");
    if (!code || pre.parentElement.matches(".code-box")) continue;
    const button = make("button", { class: "button button-quiet icon-button code-copy", type: "button",
      "aria-label": "Copy code", title: "Copy code" }, icon("copy"));
    button.addEventListener("click", () => pressed(button, code));
    const box = make("div", { class: "code-box" });
    pre.before(box);
    box.append(pre, button);
  }
}

/** Gives the code blocks their buttons. */
export function startCode() {
  giveButtons();
  document.addEventListener("everpage:shown", giveButtons);
}
