// Who else is editing this page.
import { base } from "./dom.js";

/** Shorter than half of the time after which the server takes a window for gone. */
const PING = 12_000;
const PAUSE = 800;

/** Draws a random id. */
const drawId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (n) => n.toString(16).padStart(2, "0")).join("");

/** Returns the random id of this browser: two windows with the same one are one person. */
function person() {
  try {
    const id = localStorage.getItem("everpage-person") ?? drawId();
    localStorage.setItem("everpage-person", id);
    return id;
  } catch {
    return drawId();
  }
}

/** Says in a sentence who else is there; empty where nobody is. */
export function sentence(editors, own) {
  const others = editors.filter((editor) => editor.window !== own.window);
  if (others.length === 0) return "";
  const you = others.filter((editor) => editor.person === own.person).length;
  const names = others.filter((editor) => editor.person !== own.person).map((editor) => editor.name || "Somebody");
  const parts = [...names];
  if (you === 1) parts.push(parts.length > 0 ? "you, in another window," : "You, in another window,");
  if (you > 1) parts.push(`${parts.length > 0 ? "you" : "You"}, in ${you} other windows,`);
  const list = parts.length < 2 ? parts[0] : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
  return `${list} ${parts.length === 1 && you === 0 ? "is" : "are"} editing this page as well.`;
}

/** Tells others that this window edits `path`, and `show` who else does. */
export function beThere(live, path, nameField, show) {
  const fields = { page: path, window: drawId(), person: person() };
  let own = null;
  let editors = [];
  let timer = 0;
  const body = (more) => new URLSearchParams({ ...fields, name: nameField?.value ?? "", ...more });
  const address = `${base()}/-/api/v1/presence`;
  const update = () => own && show(sentence(editors, own));

  const ping = async () => {
    clearTimeout(timer);
    timer = setTimeout(ping, PING);
    if (document.hidden && own) return;
    try {
      const answer = await fetch(address, { method: "POST", body: body({}) });
      if (!answer.ok) return;
      own = await answer.json();
      update();
    } catch {
      // The server is away, and so is the news of others.
    }
  };

  live.addEventListener("presence", ({ detail }) => {
    if (detail.path !== path) return;
    editors = detail.editors;
    update();
  });
  nameField?.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ping, PAUSE);
  });
  addEventListener("pagehide", () => {
    clearTimeout(timer);
    navigator.sendBeacon(address, body({ leave: "1" }));
  });
  addEventListener("pageshow", (event) => event.persisted && ping());
  ping();
}
