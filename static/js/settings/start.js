// What a reader chooses, the same in all windows at once and on their other devices: colours, width
// of the text, the editor's view, what is folded. Of two choices made apart the supreme one wins
// (synchronized.js); nobody would review these.
import { devicesPart, switches } from "./panel.js";
import { Devices } from "./devices.js";
import { followFolds } from "./folds.js";
import { Settings } from "./windows.js";

/** A browser that keeps nothing: the choices hold as long as a window is open. */
const nowhere = { getItem: () => null, setItem() {}, removeItem() {} };

function storage() {
  try {
    return localStorage;
  } catch {
    return nowhere;
  }
}

/** Begins to follow and to show the settings. */
export function startSettings(base) {
  const store = storage();
  const channel = new BroadcastChannel(`everpage-settings${base}`);
  const settings = new Settings({ storage: store, channel });
  const theme = followTheme(settings, base);
  const width = followWidth(settings);
  followView(settings);
  followFolds(settings);
  const devices = new Devices(base, settings, store);
  switches({ theme, width });
  devicesPart(devices);
  devices.exchange();
  // A window that comes back was not told what happened meanwhile.
  addEventListener("pageshow", (event) => event.persisted && settings.catchUp());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    settings.catchUp();
    devices.exchange();
  });
}

function followTheme(settings, base) {
  const root = document.documentElement;
  const shown = () => root.dataset.theme ?? "system";
  const setting = settings.open("theme", shown());
  const paint = (value) => {
    if (value === "light" || value === "dark") root.dataset.theme = value;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll("button[name=theme]")) {
      button.setAttribute("aria-pressed", String(button.value === value));
    }
  };
  // The server paints the next page by its cookie, which only it can set;
  // the window in which it was chosen asks for that.
  const keep = (value) => {
    if (document.hidden) return;
    const body = new URLSearchParams({ theme: value });
    fetch(`${base}/-/theme`, { method: "POST", body, redirect: "manual" }).catch(() => {
      // The next page is painted as before, and then anew.
    });
  };
  // boot.js has painted what is kept; the cookie may be another one's.
  if (setting.number > 0 && root.dataset.served !== setting.value) {
    paint(setting.value);
    keep(setting.value);
  }
  setting.subscribe((value) => {
    paint(value);
    keep(value);
  });
  // The switch in the header is another script's, or a form: whatever it shows was chosen.
  new MutationObserver(() => {
    if (shown() !== setting.value) setting.value = shown();
  }).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  return setting;
}

function followWidth(settings) {
  const root = document.documentElement;
  const setting = settings.open("width", "normal");
  const paint = (value) => {
    if (value === "narrow" || value === "wide") root.dataset.width = value;
    else delete root.dataset.width;
  };
  setting.subscribe(paint);
  paint(setting.value);
  return setting;
}

/**
 * The editor's view, which its own script switches. A narrow window takes no part: it opens for
 * writing, and a look at the preview there is no choice for the others.
 */
function followView(settings) {
  const form = document.querySelector("form.editor");
  if (!form) return;
  const wide = matchMedia("(min-width: 60rem)");
  const setting = settings.open("editor-view", form.dataset.view);
  const known = new Set(Array.from(form.querySelectorAll(".editor-view button"), (button) => button.value));
  const show = (value) => {
    if (wide.matches && known.has(value) && form.dataset.view !== value) form.dataset.view = value;
  };
  if (setting.number > 0) show(setting.value);
  setting.subscribe(show);
  new MutationObserver(() => {
    const { view } = form.dataset;
    if (wide.matches && view !== setting.value) setting.value = view;
  }).observe(form, { attributes: true, attributeFilter: ["data-view"] });
}
