// Writing, reading or both; the choice is remembered in this browser.

const NAME = "everpage-view";

/** Makes the switch work; `changed` is told of every change. */
export function views(form, changed) {
  const buttons = [...form.querySelectorAll(".editor-view button")];
  const wide = matchMedia("(min-width: 60rem)");
  const show = (view) => {
    form.dataset.view = view;
    // Side by side needs room: without it, both means writing.
    const pressed = view === "split" && !wide.matches ? "write" : view;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.value === pressed));
    changed();
  };
  const remembered = () => {
    try {
      return localStorage.getItem(NAME);
    } catch {
      return null;
    }
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      show(button.value);
      try {
        localStorage.setItem(NAME, button.value);
      } catch {
        // Only the next window does not know it.
      }
    });
  }
  wide.addEventListener("change", () => show(form.dataset.view));
  const view = remembered();
  // On a phone the editor opens for writing, whatever was looked at last.
  show(buttons.some((button) => button.value === view) && (wide.matches || view !== "preview") ? view : "split");
}
