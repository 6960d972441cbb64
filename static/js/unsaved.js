// On the merge screen of a text that was not saved: whichever way it is saved from here, its draft
// is not needed any more.

import { getDraft, putDraft } from "./editor/draft-store.js";

async function join() {
  const mine = sessionStorage.getItem("everpage-draft");
  const draft = mine && (await getDraft(mine));
  if (!draft?.sent.length) return;
  const { nonce, second } = document.querySelector("form.merge").elements;
  await putDraft({ ...draft, sent: [...draft.sent, nonce.value, second.value] });
}

join().catch(() => {
  // Without storage there are no drafts.
});
