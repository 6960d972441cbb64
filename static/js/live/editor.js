// The editor: who else is editing, and what they have saved meanwhile.
import { author, base, button, capital, icon, make, notice } from "./dom.js";
import { changesList } from "./changes.js";
import { beThere } from "./presence.js";

/** Follows the page that a form edits. */
export function followEditor(live, form) {
  const path = form.dataset.path;
  const bars = form.querySelector(".editor-bars");
  // Both are read out when there is a pause: the bars are a live region, too.
  const here = make("p", { class: "editors-here fine", role: "status" });
  const place = make("div", { class: "editor-live" });
  bars.before(here);
  bars.prepend(place);

  beThere(live, path, form.elements.author, (words) => {
    if (here.textContent.trim() !== words) here.replaceChildren(...(words ? [icon("user"), ` ${words}`] : []));
  });

  let latest;
  let dismissed = null;
  const compare = (since) => {
    const id = latest?.id ?? "";
    if (id === form.elements.base.value) return place.replaceChildren();
    if (!latest || id === dismissed || place.firstElementChild?.dataset.revision === id) return;
    tell(form, place, path, latest, since, () => (dismissed = id));
  };
  live.addEventListener("page", ({ detail: { path: changed, revision } }) => {
    if (changed !== path) return;
    latest = revision;
    compare("since you started editing");
  });
  // A draft that was taken up may be older than the page.
  form.addEventListener("everpage:draft", () => {
    dismissed = null;
    place.replaceChildren();
    compare("since you began this draft");
  });
}

/** Says that somebody saved the page, what they changed, and what can be done. */
function tell(form, place, path, revision, since, dismiss) {
  const who = capital(author(revision));
  const did = revision.deleted ? "has deleted" : "has saved";
  const words = make("strong", {}, `${who} ${did} this page ${since}.`);
  const actions = [button("Keep writing", () => {
    dismiss();
    place.replaceChildren();
    form.elements.content.focus({ preventScroll: true });
  }, "button-quiet")];
  if (!revision.deleted) actions.unshift(button("Add their changes", () => takeIn(form, place, path), "button-primary"));
  const bar = notice("conflict", revision.deleted ? "trash" : "merge", [words], actions);
  bar.dataset.revision = revision.id;
  place.replaceChildren(bar);
  if (!revision.deleted) showChanges(form, bar, path);
}

async function showChanges(form, bar, path) {
  const query = new URLSearchParams({ path, from: form.elements.base.value });
  try {
    const answer = await fetch(`${base()}/-/api/v1/changes?${query}`);
    if (!answer.ok) return;
    const { rows } = await answer.json();
    // Where the writer is further down the bar stays in sight, and must not cover their text.
    const room = matchMedia("(min-width: 40rem)").matches && form.getBoundingClientRect().top >= 0;
    bar.append(make("details", { open: room },
      make("summary", {}, "What changed"), changesList(rows)));
  } catch {
    // Without the details the notice still says what matters.
  }
}

/** Merges what was saved into the text, where nobody has to decide. */
async function takeIn(form, place, path) {
  const field = form.elements.content;
  const text = field.value;
  const body = new URLSearchParams({ path, base: form.elements.base.value, text });
  let merged;
  try {
    const answer = await fetch(`${base()}/-/api/v1/rebase`, { method: "POST", body });
    if (!answer.ok) throw new Error(answer.statusText);
    merged = await answer.json();
  } catch {
    return say(place, "warn", "caution", "The server cannot be reached.", "Your text is as it was. Try again when it is back.");
  }
  // Typing went on while the server was asked: ask again with what is there now.
  if (field.value !== text) return takeIn(form, place, path);
  if (!merged.clean) return decide(form, place, merged.revision);
  // The editor knows what follows its text: colours, preview, the draft and its base.
  form.dispatchEvent(new CustomEvent("everpage:take-in", { detail: merged }));
  say(place, "success", "check", `The change by ${author(merged.revision)} is in your text now.`, "Nothing is saved yet.");
  // Good news need not stay in sight once the writing goes on.
  const bar = place.firstElementChild;
  field.addEventListener("input", () => bar.remove(), { once: true });
}

/** Offers the merge screen: saving leads there, because the page has moved on. */
function decide(form, place, revision) {
  const who = author(revision);
  const open = button("Resolve differences", () => {
    form.requestSubmit(form.querySelector("button[name=action][value=save]"));
  }, "button-primary");
  const words = [make("strong", {}, `You and ${who} changed the same lines.`),
    " Saving keeps both versions and takes you to the screen where you choose what the page should say."];
  const bar = notice("conflict", "conflict", words, [open]);
  bar.dataset.revision = revision.id;
  place.replaceChildren(bar);
  open.focus({ preventScroll: true });
}

function say(place, tone, sign, title, words) {
  const held = place.firstElementChild?.dataset.revision;
  const bar = notice(tone, sign, [make("strong", {}, title), ` ${words}`]);
  if (tone === "success") return place.replaceChildren(bar);
  // The offer stays below what went wrong.
  place.querySelector("[data-trouble]")?.remove();
  bar.dataset.trouble = held ?? "";
  return place.append(bar);
}
