// The editor. Without this script it is a plain form; each part below adds one thing to it.

import { Backdrop } from "./editor/backdrop.js";
import { Completion } from "./editor/completion.js";
import { DraftKeeper } from "./editor/draft-keeper.js";
import { offerDrafts } from "./editor/draft-offers.js";
import { Field } from "./editor/field.js";
import { askName } from "./editor/name.js";
import { Preview } from "./editor/preview.js";
import { takeCare } from "./editor/sending.js";
import { TakenIn } from "./editor/taken-in.js";
import { listen, toolbar, use } from "./editor/tools.js";
import { Uploads } from "./editor/uploads.js";
import { views } from "./editor/views.js";
import { writingRoom } from "./editor/writing.js";

const form = document.querySelector("form.editor");
const text = form.elements.content;
const bars = form.querySelector(".editor-bars");
const path = form.dataset.path;

// Browsers put typed text back into a form after a reload, and with it the wrong base. Drafts do
// that here, and know their base.
text.autocomplete = "off";
// The base in the address is for browsers without script, which are given the same form again.
if (new URLSearchParams(location.search).has("from")) history.replaceState(history.state, "", location.pathname + location.hash);

const field = new Field(text);
const backdrop = new Backdrop(field);
const preview = new Preview(form.querySelector(".editor-preview"), path, field, backdrop);
const completion = new Completion(field, backdrop, path);
const keeper = new DraftKeeper(form, form.querySelector(".state"));
const uploads = new Uploads(form, field, bars);

field.watch(() => preview.update());
text.addEventListener("input", () => completion.update());
addEventListener("pageshow", () => preview.update(0));

// What others saved meanwhile, put into the text (live/editor.js).
const takenIn = new TakenIn(field, backdrop, keeper);
form.addEventListener("everpage:take-in", ({ detail: { base, edits } }) => takenIn.add(base, edits));

views(form, () => preview.update(0));
toolbar(form.querySelector(".editor-tools"), (tool) => (tool === "image" ? uploads.choose() : use(field, tool)));
writingRoom(field, backdrop);
askName(form);
takeCare(form, keeper, bars, () => uploads.obstacle);
listen(field, (event) => completion.key(event), () => {
  form.requestSubmit(form.querySelector("button[name=action][value=save]"));
});
offerDrafts(form, keeper, field, bars).catch(() => {
  // A browser without storage has no drafts to offer; the state line says so on typing.
});
