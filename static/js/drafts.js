// Where a new page is begun: the drafts of this browser.

import { address, button, clock, element } from "./editor/dom.js";
import { putDraft, removeDraft, unsavedDrafts } from "./editor/draft-store.js";

const section = document.getElementById("Drafts");
const list = section.querySelector("ul");

function item(draft) {
  const to = address(`/-/edit/${draft.path.split("/").map(encodeURIComponent).join("/")}`);
  const words = draft.text.replace(/^---\n.*?\n---\n/s, "").replace(/^[\s#>*-]+/, "").replace(/\s+/g, " ").slice(0, 120);
  const shown = element("li", { class: "row row-between" },
    element("div", {},
      element("a", { href: to }, draft.path), " ",
      element("span", { class: "fine" }, `saved ${clock(draft.kept)}${words ? ` · ${words}` : ""}`)),
    button("Discard", async () => {
      await removeDraft(draft.id);
      const undo = button("Undo", async () => {
        await putDraft(draft);
        gone.replaceWith(shown);
      });
      const gone = element("li", { class: "row row-between", role: "status" },
        element("span", {}, `The draft of ${draft.path} was discarded.`), undo);
      shown.replaceWith(gone);
      undo.focus();
    }, "button-quiet"));
  return shown;
}

unsavedDrafts().then((drafts) => {
  list.replaceChildren(...drafts.map(item));
  section.hidden = drafts.length === 0;
}).catch(() => {
  // Without storage there are no drafts.
});
