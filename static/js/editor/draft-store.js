// What was typed and not saved, kept in this browser.
//
// A draft is `{id, path, base, text, summary, author, kept, sent}`: `base` is the revision it was made
// from (empty for a new page), `kept` the time, and `sent` the nonces under which just this text was
// sent to the server. Every window has drafts of its own, so that two never overwrite each other. A
// draft goes away when a person throws it away or the server says that one of its nonces is a revision.

import { address } from "./dom.js";

let opened;

function database() {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open(`everpage${address("")}`, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("drafts", { keyPath: "id" });
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  return opened;
}

async function inStore(mode, act) {
  const transaction = (await database()).transaction("drafts", mode, { durability: "strict" });
  const request = act(transaction.objectStore("drafts"));
  return new Promise((done, failed) => {
    transaction.oncomplete = () => done(request.result);
    transaction.onabort = transaction.onerror = () => failed(transaction.error ?? request.error);
  });
}

/** Keeps a draft in place of the one of the same id. */
export const putDraft = (draft) => inStore("readwrite", (store) => store.put(draft));

/** Throws a draft away. */
export const removeDraft = (id) => inStore("readwrite", (store) => store.delete(id));

/** Returns a draft, or `undefined`. */
export const getDraft = (id) => inStore("readonly", (store) => store.get(id));

/** Returns all drafts, newest first. */
export async function allDrafts() {
  const drafts = await inStore("readonly", (store) => store.getAll());
  return drafts.sort((a, b) => b.kept - a.kept);
}

/** Asks the server which of these nonces are revisions of the page. Fails where it cannot say. */
export async function savedNonces(path, nonces) {
  const query = new URLSearchParams([["path", path], ...nonces.map((nonce) => ["nonce", nonce])]);
  const answer = await fetch(address(`/-/api/v1/saved?${query}`));
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return new Set((await answer.json()).saved);
}

/** Throws away the drafts that the server has as revisions, and returns the others, newest first. */
export async function unsavedDrafts(path = null) {
  const drafts = (await allDrafts()).filter((draft) => path === null || draft.path === path);
  const left = await Promise.all(drafts.map(async (draft) => {
    if (!draft.sent.length) return draft;
    const saved = await savedNonces(draft.path, draft.sent).catch(() => new Set());
    if (!saved.size) return draft;
    await removeDraft(draft.id);
    return null;
  }));
  return left.filter(Boolean);
}

/** Makes an id. (`randomUUID` is missing where a page comes over plain HTTP.) */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
