// The switch of colours, at once and without leaving the page. Without script it is a plain form.
import { say } from "./say.js";

const SAID = { light: "Light colours", dark: "Dark colours", system: "Matching the system colours" };

function show(theme) {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  for (const button of document.querySelectorAll(".theme-switch button[name=theme]")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
}

/** Begins to listen. */
export function startTheme() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const theme = event.submitter?.value;
    if (!form.matches(".theme-switch") || !(theme in SAID)) return;
    event.preventDefault();
    show(theme);
    const body = new URLSearchParams(new FormData(form, event.submitter));
    // The answer leads back to this page; only its cookie is wanted.
    const kept = await fetch(form.action, { method: "POST", body, redirect: "manual" }).then(
      (answer) => answer.type === "opaqueredirect",
      () => false,
    );
    say(kept ? SAID[theme] : `${SAID[theme]}, on this page only`);
  });
}
