// The page for uploading: files can be dropped, and it shows how far they are.

import { address, button, element, notice } from "./editor/dom.js";
import { holdsFiles, progressBar, transfer } from "./editor/transfer.js";

const form = document.querySelector("form[enctype]");
const zone = form.querySelector(".dropzone");
const input = form.querySelector("input[type=file]");
const state = form.querySelector(".progress");
let running = null;

for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    if (!holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    zone.classList.add("is-over");
  });
}
document.addEventListener("dragleave", (event) => event.relatedTarget || zone.classList.remove("is-over"));
document.addEventListener("drop", (event) => {
  zone.classList.remove("is-over");
  if (!holdsFiles(event.dataTransfer)) return;
  event.preventDefault();
  if (running) return;
  input.files = input.multiple ? event.dataTransfer.files : firstOf(event.dataTransfer.files);
  send();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!running) send();
});

function firstOf(files) {
  const one = new DataTransfer();
  one.items.add(files[0]);
  return one.files;
}

async function send() {
  const { bar, set } = progressBar("Upload");
  const words = element("span", {}, "Uploading");
  form.querySelectorAll(".notice").forEach((old) => old.remove());
  running = transfer(new FormData(form), (share) => {
    set(share);
    words.textContent = share < 1 ? `${Math.floor(share * 100)} %` : "Saving";
  });
  state.replaceChildren(bar, words, button("Stop", running.cancel));
  try {
    const { files, refused } = await running.done;
    if (!refused.length) return show(files);
    say(refused.map(({ name, message }) => [`“${name}” was not uploaded.`, message]));
    const kept = files.length === 1 ? "1 file was uploaded." : `${files.length} files were uploaded.`;
    if (files.length) say([[kept, ""]], "success", "check");
  } catch (error) {
    if (error.name !== "AbortError") say([["The upload failed.", error.message]]);
  }
  running = null;
  state.replaceChildren();
}

/** Goes to the page that lists them, or to where a choice has to be made. */
function show(files) {
  const merge = files.find((file) => file.merge)?.merge;
  if (merge) return location.assign(merge);
  const folder = form.elements.folder?.value ?? "";
  const query = new URLSearchParams([["folder", folder], ...files.map((file) => ["done", file.path])]);
  if (files.some((file) => file.owed)) query.append("owed", "1");
  location.assign(address(`/-/upload?${query}`));
}

function say(lines, tone = "error", sign = "caution") {
  for (const [title, message] of lines) {
    zone.after(notice(tone, sign, [element("strong", {}, title), ` ${message}`]));
  }
}
