// The list of keys, for `?`: a dialog over whatever is open.
import { base, icon, make } from "./page.js";

/** Every key, by where it works. The merge screen and the editor listen for theirs themselves. */
export const KEYS = [
  ["Everywhere", [
    ["/", "Search"], ["g g", "Go to a page by name"], ["c", "New page"], ["g h", "Home"],
    ["g p", "All pages"], ["g r", "Recent changes"], ["g c", "Conflicts"], ["?", "Keyboard shortcuts"],
  ]],
  ["On a page", [["e", "Edit"], ["h", "History"]]],
  ["In the editor", [
    ["Ctrl+S", "Save"], ["Ctrl+Enter", "Save (alternative)"], ["Ctrl+B", "Bold"], ["Ctrl+I", "Italic"],
    ["Ctrl+K", "Link"], ["Alt+Enter", "Add what others saved to your text"], ["Esc Tab", "Leave the text"],
  ]],
  ["Merging versions", [
    ["j", "Next place"], ["k", "Previous place"], ["n", "Next undecided"],
    ["1–9", "Take a wording by its number"], ["s", "Take the suggestion"],
  ]],
];

/** Splits what is pressed: `g r` is two keys after each other, `Ctrl+S` two at once. */
function signs(keys) {
  const together = keys.length > 1 && keys.includes("+");
  const between = together ? "+" : " then ";
  const all = keys.split(together ? "+" : " ").map((key) => make("kbd", {}, key));
  return all.flatMap((key, i) => (i === 0 ? [key] : [between, key]));
}

function table([title, keys]) {
  const line = ([key, what]) =>
    make("tr", {}, make("th", { scope: "row" }, what), make("td", {}, ...signs(key)));
  const body = make("tbody", {}, ...keys.map(line));
  return make("section", {}, make("h3", {}, title), make("table", { class: "keys" }, body));
}

let dialog;

/** Opens the list of keys. */
export function openHelp() {
  dialog ??= build();
  dialog.showModal();
}

function build() {
  const close = make("button", { class: "button button-quiet icon-button", "aria-label": "Close", title: "Close" });
  close.append(icon("close"));
  const head = make("form", { class: "help-head", method: "dialog" }, make("h2", { id: "help.title" }, "Keyboard shortcuts"), close);
  const link = make("a", { href: `${base()}/-/help` }, "More help");
  const more = make("p", { class: "fine" }, "Single-key shortcuts are off while you type. ", link);
  const lists = make("div", { class: "help-keys" }, ...KEYS.map(table));
  const made = make("dialog", { class: "help", "aria-labelledby": "help.title" }, head, lists, more);
  made.addEventListener("click", (event) => {
    if (event.target === made) made.close();
  });
  document.body.append(made);
  return made;
}
