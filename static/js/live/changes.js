// What changed, as the server tells it, in the look of the pages that compare.
import { make } from "./dom.js";

/** Makes the list of rows; nothing in it is taken for HTML. */
export function changesList(rows) {
  const list = make("div", { class: "diff diff-unified", tabindex: "0", role: "region", "aria-label": "What changed" });
  list.append(...rows.map(row));
  return list;
}

function row({ kind, count, old, new: now, pieces }) {
  if (kind === "fold") {
    return make("div", { class: "diff-row diff-same" }, num(""), num(""),
      make("span", { class: "diff-text fine" }, `${count} unchanged ${count === 1 ? "line" : "lines"}`));
  }
  const mark = kind === "removed" ? "del" : "ins";
  const words = pieces.map(([text, marked]) => (marked ? make(mark, {}, text) : text));
  const said = kind === "same" ? null : make("span", { class: "visually-hidden" }, kind === "removed" ? "Removed: " : "Added: ");
  const text = make("span", { class: `diff-text${kind === "same" ? "" : ` diff-${kind}`}` }, said, ...words);
  return make("div", { class: `diff-row${kind === "same" ? " diff-same" : ""}${kind === "removed" ? " diff-only-old" : ""}` },
    num(old ?? ""), num(now ?? ""), text);
}

const num = (text) => make("span", { class: "diff-num", "aria-hidden": "true" }, String(text));
