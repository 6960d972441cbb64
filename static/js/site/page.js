// What the page says of itself to scripts, and small helpers to build elements.

/** The prefix of all addresses of this wiki; empty at the root. */
export const base = () => document.body.dataset.base ?? "";

/** Returns true if this site takes edits: only then the navigation offers a new page. */
export const mayEdit = () => Boolean(document.querySelector(`#site-nav a[href$="/-/new"]`));

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
