// Offers what was typed on this page earlier and never saved.

import { button, clock, element, icon, notice } from "./dom.js";
import { putDraft, removeDraft, savedNonces, unsavedDrafts } from "./draft-store.js";
import { count, diffLines, fold } from "./line-diff.js";

/** How long another window has to say that a draft is its own. */
const ANSWER = 150;
const MOST = 3;
/** How much of a difference is shown. */
const MOST_ROWS = 400;

/** Shows the drafts of a page in `bars`, and takes up the one that is chosen. */
export async function offerDrafts(form, keeper, field, bars) {
  const wentBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  if (wentBack) await reopenIfSaved(form, keeper);
  addEventListener("pageshow", (event) => event.persisted && reopenIfSaved(form, keeper));
  const windows = otherWindows(keeper);
  const page = form.elements.content.defaultValue;
  const cameBack = "unsaved" in form.dataset;
  const offered = [];
  for (const draft of await unsavedDrafts(keeper.path)) {
    if (cameBack && draft.text === page) await keeper.resume(draft.id);
    else if (keeper.dirty && draft.text === field.text) await keeper.takeOver(draft);
    else if (!cameBack && draft.text === page && !draft.summary) await removeDraft(draft.id);
    else offered.push(draft);
  }
  if (!offered.length) return;
  const taken = await windows;
  const free = offered.filter((draft) => !taken.has(draft.id));
  for (const draft of free.slice(0, MOST)) bars.append(bar(draft, page, { form, keeper, field }));
}

/** A window that went back to a form which was saved shows the page as it is now instead. */
async function reopenIfSaved(form, keeper) {
  const nonce = form.elements.nonce.value;
  const saved = await savedNonces(keeper.path, [nonce]).catch(() => new Set());
  if (saved.has(nonce)) location.replace(location.href);
}

/** Returns the ids of the drafts that other open windows are writing; tells them ours when asked. */
function otherWindows(keeper) {
  const channel = new BroadcastChannel("everpage-drafts");
  const taken = new Set();
  channel.addEventListener("message", ({ data }) => {
    if (data.ask === keeper.path) channel.postMessage({ writing: keeper.id });
    else if (data.writing) taken.add(data.writing);
  });
  channel.postMessage({ ask: keeper.path });
  return new Promise((done) => setTimeout(done, ANSWER, taken));
}

function bar(draft, page, { form, keeper, field }) {
  const rows = diffLines(page, draft.text);
  const movedOn = draft.base !== form.elements.base.value;
  const shown = notice("info", "restore", [
    element("strong", {}, `A draft from ${clock(draft.kept)} was not saved.`),
    " It is kept in this browser. ",
    movedOn && "The page has changed since then: when you save, both changes are merged, or you choose. ",
    draft.summary && element("span", { class: "fine" }, `“${draft.summary}”`),
  ].filter(Boolean), [
    button("Restore draft", takeUp, "button-primary"),
    button("Discard", throwAway),
    button("Not now", () => close(shown), "button-quiet"),
  ]);
  shown.append(difference(rows));
  shown.classList.add("editor-draft");
  return shown;

  async function takeUp() {
    // What stands in the field now is kept beside it.
    if (keeper.dirty) await keeper.split();
    const { summary, author } = form.elements;
    if (draft.summary) summary.value = draft.summary;
    if (draft.author) author.value = draft.author;
    field.apply({ from: 0, to: field.text.length, insert: draft.text, select: [0, 0] });
    await keeper.takeOver(draft);
    close(shown);
    field.element.focus();
  }

  async function throwAway() {
    await removeDraft(draft.id);
    const undo = button("Undo", async () => {
      await putDraft(draft);
      gone.replaceWith(shown);
    });
    const enough = button("Close", () => close(gone), "button-quiet");
    const gone = notice("info", "trash", "The draft was discarded.", [undo, enough]);
    gone.setAttribute("role", "status");
    shown.replaceWith(gone);
    undo.focus();
  }

  function close(what) {
    what.remove();
    field.element.focus({ preventScroll: true });
  }
}

/** The difference between the page as it is now and the draft. */
function difference(rows) {
  const { added, removed } = count(rows);
  const summary = element("summary", {}, "What it changes ",
    element("span", { class: "delta delta-plus" }, `+${added}`), " ",
    element("span", { class: "delta delta-minus" }, `−${removed}`),
    element("span", { class: "visually-hidden" }, " lines"));
  const lines = fold(rows).slice(0, MOST_ROWS).map(row);
  const attributes = { class: "diff diff-unified", tabindex: "0", role: "group", "aria-label": "What the draft changes" };
  return element("details", { open: added + removed <= 12 }, summary, element("div", attributes, ...lines));
}

const KINDS = { added: ["diff-added", "Added: "], removed: ["diff-removed", "Removed: "], same: ["", ""] };

function row({ kind, old, new: now, text, count: lines }) {
  if (kind === "fold") {
    const words = ` ${lines} unchanged ${lines === 1 ? "line" : "lines"}`;
    return element("div", { class: "diff-row" }, number(""), number(""),
      element("div", { class: "diff-text fine" }, icon("more"), words));
  }
  const [tone, word] = KINDS[kind];
  const outer = { same: " diff-same", removed: " diff-only-old", added: "" }[kind];
  const said = word && element("span", { class: "visually-hidden" }, word);
  return element("div", { class: `diff-row${outer}` }, number(old ?? ""), number(now ?? ""),
    element("div", { class: `diff-text ${tone}`.trim(), dir: "auto" }, said, text));
}

function number(n) {
  return element("span", { class: "diff-num" }, String(n));
}
