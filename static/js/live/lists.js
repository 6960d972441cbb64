// Lists of changes and conflicts, and the count in the header.
import { base, button, make, notice, politePlace } from "./dom.js";

/** Keeps the number of conflicts beside “Conflicts” in the header. */
export function followBadge(live) {
  live.addEventListener("conflicts", ({ detail: { count } }) => {
    const link = document.querySelector(`#site-nav a[href="${base()}/-/conflicts"]`);
    if (!link) return;
    let badge = link.querySelector(".badge");
    if (count === 0) return badge?.remove();
    if (!badge) {
      badge = make("span", { class: "badge" });
      link.append(" ", badge);
    }
    badge.replaceChildren(make("span", { class: "visually-hidden" }, "pages with unmerged versions: "), String(count));
  });
}

/** Says on the list of recent changes that there are more. */
export function followRecent(live) {
  let count = 0;
  politePlace();
  live.addEventListener("recent", ({ detail }) => {
    count += detail.count ?? 0;
    offer(detail.unknown ? "There may be new changes." : `${count} new ${count === 1 ? "change" : "changes"}.`);
  });
}

/** Says on the list of conflicts that it is another one now. */
export function followConflicts(live) {
  const shown = Number(document.body.dataset.conflicts);
  politePlace();
  live.addEventListener("conflicts", ({ detail: { count } }) => {
    const difference = count - shown;
    if (difference === 0) return politePlace().replaceChildren();
    const pages = Math.abs(difference) === 1 ? "page" : "pages";
    offer(difference > 0 ? `${difference} more ${pages} with a conflict.` : `${-difference} ${pages} fewer with a conflict.`);
  });
}

function offer(words) {
  const show = button("Show", () => location.reload());
  politePlace().replaceChildren(notice("info", "recent", [make("strong", {}, words)], [show]));
}
