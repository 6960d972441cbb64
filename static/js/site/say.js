// Tells people who listen what others see: one polite live region for the whole page.

let region;

/** Says a sentence to screen readers, also when it is the same as the last one. */
export function say(text) {
  if (!region) {
    region = document.createElement("div");
    region.className = "visually-hidden";
    region.setAttribute("role", "status");
  }
  // What is outside an open dialog is not read.
  const place = document.querySelector("dialog[open]") ?? document.body;
  if (region.parentNode !== place) place.append(region);
  // A new element is read even where the words are the same.
  const line = document.createElement("p");
  line.textContent = text;
  region.replaceChildren(line);
}
