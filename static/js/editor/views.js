// Writing, reading or both. What is shown is the form's `data-view`; settings/start.js remembers it.

/** Makes the switch work; `changed` is told of every change. */
export function views(form, changed) {
  const buttons = [...form.querySelectorAll(".editor-view button")];
  const wide = matchMedia("(min-width: 60rem)");
  const show = () => {
    const { view } = form.dataset;
    // Side by side needs room: without it, both means writing.
    const pressed = view === "split" && !wide.matches ? "write" : view;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.value === pressed));
    changed();
  };
  for (const button of buttons) button.addEventListener("click", () => (form.dataset.view = button.value));
  // Another window may have chosen.
  new MutationObserver(show).observe(form, { attributes: true, attributeFilter: ["data-view"] });
  wide.addEventListener("change", show);
  show();
}
