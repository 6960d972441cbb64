// On a page that was just saved: drafts that the server has as revisions are not needed any more.

import { getDraft, removeDraft, unsavedDrafts } from "./editor/draft-store.js";

async function tidy() {
  await unsavedDrafts();
  // A text that the page has already becomes no revision; the server says so in the address.
  const mine = sessionStorage.getItem("everpage-draft");
  const same = new URLSearchParams(location.search).get("saved") === "same";
  if (same && mine && (await getDraft(mine))?.sent.length) await removeDraft(mine);
  sessionStorage.removeItem("everpage-draft");
}

tidy().catch(() => {
  // Without storage there are no drafts.
});
