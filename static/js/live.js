// What happens elsewhere, shown in this window: new versions, conflicts, who else is editing, and
// the choices that all windows share. Every page works without any of it.
import { base } from "./live/dom.js";
import { followEditor } from "./live/editor.js";
import { followBadge, followConflicts, followRecent } from "./live/lists.js";
import { followPage } from "./live/page.js";
import { Live } from "./live/stream.js";
import { startSettings } from "./settings/start.js";

startSettings(base());

const { page, shown } = document.body.dataset;
const form = document.querySelector("form.editor");
const place = location.pathname.slice(location.pathname.lastIndexOf("/-/"));
const merge = document.querySelector("form.merge");
const path = form?.dataset.path ?? merge?.dataset.page ?? page;

const live = new Live(base(), { pages: path === undefined ? [] : [path], recent: place === "/-/recent" });
followBadge(live);
if (form) followEditor(live, form);
else if (merge) live.addEventListener("page", ({ detail }) => {
  if (detail.path === path) document.dispatchEvent(new CustomEvent("everpage:page", { detail }));
});
else if (page !== undefined) followPage(live, page, shown);
if (place === "/-/recent") followRecent(live);
if (place === "/-/conflicts") followConflicts(live);
