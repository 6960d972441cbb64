// Menus (`details.menu`): Escape and a click elsewhere close them, and so does the next menu.

function close(menu) {
  const inside = menu.contains(document.activeElement);
  menu.open = false;
  if (inside) menu.querySelector("summary")?.focus();
}

const open = () => document.querySelectorAll("details.menu[open]");

function leave(event) {
  if (event.isComposing) return;
  for (const menu of open()) {
    close(menu);
    event.preventDefault();
  }
}

function move(event, step) {
  const menu = event.target.closest?.("details.menu[open]");
  if (!menu) return;
  const items = [...menu.querySelectorAll(".menu-panel :is(a, button)")];
  const at = items.indexOf(document.activeElement);
  items[(at < 0 ? (step > 0 ? 0 : items.length - 1) : at + step + items.length) % items.length]?.focus();
  event.preventDefault();
}

/** Begins to listen. */
export function startMenus() {
  document.addEventListener("pointerdown", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  // One listener: whatever key is typed anywhere comes here.
  document.addEventListener("keydown", (event) => {
    const { key } = event;
    if (key === "Escape") leave(event);
    else if (key === "ArrowDown" || key === "ArrowUp") move(event, key === "ArrowDown" ? 1 : -1);
  });
}
