// Good news can be put away: a notice of success or information gets a button.
import { icon, make } from "./page.js";

/** Parts of an address that only make a notice appear. */
const ONCE = ["saved", "id", "page-name"];

function dismiss(notice) {
  const inside = notice.contains(document.activeElement);
  notice.remove();
  if (inside) document.getElementById("main")?.focus({ preventScroll: true });
  // A reload, or a bookmark, does not bring it back.
  const address = new URL(location.href);
  if (!ONCE.some((name) => address.searchParams.has(name))) return;
  for (const name of ONCE) address.searchParams.delete(name);
  history.replaceState(history.state, "", address);
}

function giveButtons() {
  for (const notice of document.querySelectorAll(".notice:is(.notice-success, .notice-info, [data-dismiss]):not(.revision-banner)")) {
    // Those that scripts made have their own.
    if (notice.closest(".live-bars") || notice.querySelector(".notice-close")) continue;
    const button = make("button", { class: "button button-quiet button-small icon-button notice-close", type: "button",
      "aria-label": "Dismiss", title: "Dismiss" }, icon("close"));
    button.addEventListener("click", () => dismiss(notice));
    notice.append(button);
  }
}

/** Gives the notices their buttons. */
export function startNotices() {
  giveButtons();
  document.addEventListener("everpage:shown", giveButtons);
}
