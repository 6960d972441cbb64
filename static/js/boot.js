// Runs before anything is painted: tells the styles that script is there, and what the reader chose.
document.documentElement.classList.add("js");
try {
  const root = document.documentElement;
  const chosen = (name) => JSON.parse(localStorage.getItem(`everpage-setting:${name}`))?.value;
  const theme = chosen("theme");
  root.dataset.served = root.dataset.theme ?? "system";
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  else if (theme === "system") delete root.dataset.theme;
  const width = chosen("width");
  if (width === "narrow" || width === "wide") root.dataset.width = width;
} catch {
  // No storage, or not ours: the page is painted as it was served.
}
