// A page that is being read: its new version is offered, or shown where that disturbs nobody.
import { author, button, capital, make, notice, politePlace } from "./dom.js";

/** So far down, in pixels, a reader is still at the top. */
const TOP = 120;

/** Tells whether the reader would not mind that the text changes under their eyes. */
export function undisturbed(doc, view) {
  const typing = doc.activeElement?.matches("input, textarea, select, [contenteditable]");
  const selected = !(view.getSelection()?.isCollapsed ?? true);
  const busy = doc.querySelector("dialog[open], details.menu[open], :popover-open");
  return view.scrollY < TOP && !typing && !selected && !busy;
}

/** Follows the page of this window, which shows the revision `shown` (empty where there is none). */
export function followPage(live, path, shown) {
  let now = { id: shown };
  let shownId = shown;
  let bar = null;
  let loading = false;
  politePlace();

  const take = async (quietly) => {
    if (loading) return;
    loading = true;
    const wanted = now;
    try {
      const main = await fetchMain();
      const close = button("Close", () => bar.remove(), "button-quiet");
      bar = notice("info", "info", [make("strong", {}, `This is the new version by ${author(wanted)}.`)], [close]);
      // Somebody who is at the top is to see the notice above the text.
      (quietly ? (change) => change() : inPlace)(() => {
        main.show();
        politePlace().replaceChildren(bar);
      });
      shownId = document.body.dataset.shown;
      if (!quietly) document.getElementById("main").focus({ preventScroll: true });
    } catch {
      // The server is away; the offer stays.
      offer();
    } finally {
      loading = false;
    }
    // It may have changed again meanwhile.
    if (now.id !== wanted.id && now.id !== shownId) changed();
  };

  const offer = () => {
    const words = now.deleted
      ? `${capital(author(now))} has deleted this page.`
      : shownId ? `This page has a new version by ${author(now)}.` : `${capital(author(now))} has written this page.`;
    bar = notice("info", "recent", [make("strong", {}, words)], [button("Show it", () => take(false))]);
    bar.dataset.offer = now.id;
    politePlace().replaceChildren(bar);
  };

  const changed = () => (!now.deleted && undisturbed(document, window) ? take(true) : offer());

  live.addEventListener("page", ({ detail }) => {
    if (detail.path !== path) return;
    tellMissing(detail.missing ?? 0);
    const id = detail.revision?.id ?? "";
    if (id === now.id) return;
    now = detail.revision ?? { id: "" };
    if (id === shownId) bar?.remove();
    // Without a revision there is nothing to show: the directory is away, not the page.
    else if (id) changed();
  });
}

/** Says how many earlier revisions have not arrived, and nothing where all have. */
export function tellMissing(count) {
  const told = document.querySelector("[data-missing]");
  if (Number(told?.dataset.missing ?? 0) === count) return;
  told?.remove();
  if (count === 0) return;
  const words = count === 1
    ? "1 earlier revision of this page has not arrived yet."
    : `${count} earlier revisions of this page have not arrived yet.`;
  const bar = notice("info", "info", [words]);
  bar.dataset.missing = count;
  politePlace().after(bar);
}

/** Makes a change after which the text stands where it stood on the screen. */
function inPlace(change) {
  const top = () => document.getElementById("content")?.getBoundingClientRect().top ?? -scrollY;
  const before = top();
  change();
  scrollBy({ top: top() - before, behavior: "instant" });
}

/** Fetches what the server says of this address now; `show` puts it into the window. */
async function fetchMain() {
  const address = new URL(location.href);
  address.searchParams.delete("saved");
  address.searchParams.delete("id");
  address.hash = "";
  const answer = await fetch(address, { headers: { accept: "text/html" }, cache: "no-cache" });
  if (!answer.headers.get("content-type")?.startsWith("text/html")) throw new Error("no page");
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = next.getElementById("main");
  if (!main || next.body.dataset.page !== document.body.dataset.page) throw new Error("another page");
  return { show: () => show(next, main) };
}

function show(next, main) {
  const { scrollX, scrollY } = window;
  const place = politePlace();
  document.title = next.title;
  document.getElementById("main").className = main.className;
  document.getElementById("main").replaceChildren(place, ...main.childNodes);
  document.body.dataset.shown = next.body.dataset.shown ?? "";
  scrollTo({ left: scrollX, top: scrollY, behavior: "instant" });
  document.dispatchEvent(new CustomEvent("everpage:shown"));
}
