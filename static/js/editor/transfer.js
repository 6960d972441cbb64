// Sending files to the server, with progress.

import { address } from "./dom.js";

/**
 * Sends a form with files in it.
 * @param {FormData} form fields that say where files go come before them
 * @param {(share: number) => void} onProgress
 * @returns {{done: Promise<{files: {path, href, markdown}[], refused: {name, message}[]}>, cancel: () => void}}
 *   `done` fails with an error in words, or with one named "AbortError" after `cancel`
 */
export function transfer(form, onProgress) {
  // fetch tells nothing about how far it is.
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    const fail = (message) => reject(new Error(message));
    request.upload.addEventListener("progress", ({ lengthComputable, loaded, total }) => {
      if (lengthComputable) onProgress(loaded / total);
    });
    request.addEventListener("error", () => fail("The connection to the server broke. Nothing of it was kept."));
    request.addEventListener("abort", () => reject(new DOMException("Cancelled", "AbortError")));
    request.addEventListener("load", () => {
      const answer = request.response;
      if (answer?.files) resolve(answer);
      else fail(answer?.message ?? `The server answered ${request.status}. Nothing was kept.`);
    });
  });
  request.responseType = "json";
  request.open("POST", address("/-/upload"));
  request.setRequestHeader("Accept", "application/json");
  request.send(form);
  return { done, cancel: () => request.abort() };
}

/** Returns a bar that shows how far something is; `set` moves it. */
export function progressBar(label) {
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", label);
  return { bar, set: (share) => (bar.value = share) };
}

/** Tells whether something that is dragged or pasted holds files. */
export function holdsFiles(data) {
  return data !== null && [...data.types].includes("Files");
}
