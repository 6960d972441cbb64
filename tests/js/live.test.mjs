// Parts of the live windows that need no browser.
import assert from "node:assert/strict";
import test from "node:test";
import { undisturbed } from "../../static/js/live/page.js";
import { sentence } from "../../static/js/live/presence.js";
import { streamAddress } from "../../static/js/live/stream.js";
import { applied, asOne, placeAfter } from "../../static/js/live/text.js";
import { readFolds, writeFolds } from "../../static/js/settings/folds.js";
import { Settings, kept } from "../../static/js/settings/windows.js";

test("one stream serves the wishes of all windows", () => {
  const wishes = [{ pages: ["B & C"], recent: false }, { pages: ["A", "B & C"], recent: true }, { pages: [], recent: false }];
  assert.equal(streamAddress("/wiki", wishes, "e:7"), "/wiki/-/events?page=A&page=B+%26+C&recent=1&cursor=e%3A7");
  assert.equal(streamAddress("", [wishes[2]], null), "/-/events?");
});

test("a place in the text stays with its words", () => {
  const edits = [[2, 4, "longer"], [6, 6, "new"], [8, 10, ""]];
  const text = "ab12ef gh34kl";
  assert.equal(applied(edits, text), "ablongerefnew g4kl");
  for (const letter of "abefgkl") {
    const at = text.indexOf(letter);
    assert.equal(applied(edits, text)[placeAfter(edits, at)], letter);
  }
  // What was around it is gone.
  assert.equal(placeAfter(edits, 9), applied(edits, text).indexOf("4kl"));
  const { from, to, insert, select } = asOne(edits, text, 12, 13);
  assert.equal(text.slice(0, from) + insert + text.slice(to), applied(edits, text));
  assert.equal(applied(edits, text).slice(...select), "l");
  assert.deepEqual(asOne([], "text", 1, 2), { from: 1, to: 1, insert: "", select: [1, 2] });
});

test("what is folded is remembered, the latest where there is no room for all", () => {
  const folds = readFolds(writeFolds(new Map([["", true], ["Garden/Beds", false]])));
  assert.deepEqual([...folds], [["", true], ["Garden/Beds", false]]);
  for (const text of ["", "1", "null", "{", '{"a":1}']) assert.equal(readFolds(text).size, 0, text);
  const many = new Map(Array.from({ length: 2000 }, (_, i) => [`Folder ${i} ä`, true]));
  const written = writeFolds(many);
  assert.ok(new TextEncoder().encode(written).length <= 4096);
  assert.ok(readFolds(written).has("Folder 1999 ä") && !readFolds(written).has("Folder 0 ä"));
});

test("who else is there is said in one sentence", () => {
  const own = { window: "w", person: "p" };
  const at = (window, person, name) => ({ window, person, name });
  assert.equal(sentence([at("w", "p", "Ada")], own), "");
  assert.equal(sentence([at("w", "p", "Ada"), at("x", "q", "Bob")], own), "Bob is editing this page as well.");
  assert.equal(sentence([at("x", "q", "Bob"), at("y", "r", "")], own), "Bob and Somebody are editing this page as well.");
  assert.equal(sentence([at("x", "p", "Ada")], own), "You, in another window, are editing this page as well.");
  assert.equal(sentence([at("x", "p", "Ada"), at("y", "q", "Bob")], own),
    "Bob and you, in another window, are editing this page as well.");
});

test("a page is only exchanged under the eyes of a reader who is at the top and does nothing", () => {
  const doc = (active, busy = null) => ({ activeElement: active && { matches: () => active === "input" }, querySelector: () => busy });
  const view = (scrollY, isCollapsed) => ({ scrollY, getSelection: () => ({ isCollapsed }) });
  assert.ok(undisturbed(doc("body"), view(0, true)));
  assert.ok(!undisturbed(doc("body"), view(900, true)));
  assert.ok(!undisturbed(doc("body"), view(0, false)));
  assert.ok(!undisturbed(doc("input"), view(0, true)));
  assert.ok(!undisturbed(doc("body", {}), view(0, true)));
});

function browser() {
  const held = new Map();
  const storage = { getItem: (name) => held.get(name) ?? null, setItem: (name, value) => held.set(name, value) };
  const windows = new Set();
  const channel = () => {
    const own = new EventTarget();
    own.postMessage = (data) => {
      for (const other of windows) if (other !== own) other.dispatchEvent(Object.assign(new Event("message"), { data }));
    };
    windows.add(own);
    return own;
  };
  return { storage, open: () => new Settings({ storage, channel: channel() }) };
}

test("windows of one browser agree at once, and a new one knows", () => {
  const { storage, open } = browser();
  const [one, two] = [open(), open()];
  const [here, there] = [one.open("theme", "system"), two.open("theme", "system")];
  here.value = "dark";
  assert.equal(there.value, "dark");
  assert.deepEqual(there.state, here.state);
  there.value = "light";
  assert.equal(here.value, "light");
  assert.equal(kept(storage, "theme").number, 2);
  assert.equal(open().open("theme", "system").value, "light");
});

test("a window that slept catches up, and never puts back what lost", () => {
  const { storage, open } = browser();
  const one = open();
  const setting = one.open("width", "normal");
  setting.value = "wide";
  const higher = { number: 9, nonce: "f0000000-0000-4000-8000-000000000000", value: "narrow" };
  storage.setItem("everpage-setting:width", JSON.stringify(higher));
  setting.value = "wide";
  assert.deepEqual(kept(storage, "width"), higher);
  one.catchUp();
  assert.equal(setting.value, "narrow");
});
