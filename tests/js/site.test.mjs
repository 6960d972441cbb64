// The scripts of every page, as far as they are plain functions.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { marked, rows } from "../../static/js/site/goto-rows.js";
import { KEYS } from "../../static/js/site/help.js";
import { keyReader, mayCommand, takesText } from "../../static/js/site/keys.js";
import { ago, dayName, dayOf } from "../../static/js/site/times.js";

const pressed = (key, more = {}) => ({ key, target: { tagName: "BODY" }, ...more });

test("a key is a command only where nobody types and nothing else is held", () => {
  assert.ok(mayCommand(pressed("e")));
  assert.ok(mayCommand(pressed("?", { shiftKey: true })));
  for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { isComposing: true }, { keyCode: 229 },
    { repeat: true }, { defaultPrevented: true }]) {
    assert.ok(!mayCommand(pressed("e", more)), JSON.stringify(more));
  }
  assert.ok(!mayCommand(pressed("Enter")));
  for (const target of [{ tagName: "TEXTAREA" }, { tagName: "SELECT" }, { tagName: "INPUT", type: "search" },
    { tagName: "INPUT", type: "text" }, { tagName: "DIV", isContentEditable: true }]) {
    assert.ok(takesText(target) && !mayCommand(pressed("e", { target })), JSON.stringify(target));
  }
  // The merge screen has its focus on a radio button.
  assert.ok(mayCommand(pressed("1", { target: { tagName: "INPUT", type: "radio" } })));
});

test("two keys after each other are a pair, unless too much time passes", () => {
  const known = new Set(["e", "c", "g c"]);
  const read = keyReader((name) => known.has(name));
  assert.equal(read("e", 0), "e");
  assert.equal(read("x", 0), null);
  assert.equal(read("g", 100), null);
  assert.equal(read("c", 500), "g c");
  assert.equal(read("c", 600), "c");
  read("g", 1000);
  assert.equal(read("c", 9000), "c");
  read("g", 9000);
  assert.equal(read("e", 9100), "e", "an unknown pair is not swallowed");
});

test("the go-to-page box ends with a search and a new page", () => {
  const pages = [{ title: "Garden", folder: "", href: "/Garden" }];
  const kinds = (query, mayCreate = true) => rows(query, pages, { base: "/w", mayCreate }).map((row) => row.kind);
  assert.deepEqual(kinds(""), ["page"]);
  assert.deepEqual(kinds("gard"), ["page", "search", "create"]);
  assert.deepEqual(kinds(" gärden"), ["page", "search"], "it is there already");
  assert.deepEqual(kinds("gard", false), ["page", "search"]);
  assert.equal(rows("a b/ü", [], { base: "/w", mayCreate: true })[1].href, "/w/-/new?path=a%20b%2F%C3%BC");
});

test("what was found in a name is marked", () => {
  const shown = (title, query) => marked(title, query).map((p) => (p.hit ? `[${p.text}]` : p.text)).join("");
  assert.equal(shown("Planting plan", "plan"), "[Plan]ting plan");
  assert.equal(shown("Autumn fair", "fair au"), "[Au]tumn [fair]");
  assert.equal(shown("Rain barrel", "rbl"), "[R]ain [b]arre[l]");
  assert.equal(shown("Gärten 🌱", "garten 🌱"), "[Gärten] [🌱]");
  assert.equal(shown("Home", "xyz"), "Home");
});

test("dates are said as people say them, and older ones stay dates", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  const said = (date) => ago(Date.parse(date), now);
  assert.equal(said("2026-11-23T11:59:30Z"), "just now");
  assert.equal(said("2026-11-23T11:55:00Z"), "5 minutes ago");
  assert.equal(said("2026-11-23T09:00:00Z"), "3 hours ago");
  assert.equal(said("2026-11-22T11:00:00Z"), "yesterday");
  assert.equal(said("2026-11-20T11:00:00Z"), "3 days ago");
  assert.match(said("2026-10-20T11:00:00Z"), /^(20|21) October 2026, \d\d:\d\d$/);
  assert.equal(said("2026-11-23T12:01:00Z"), "just now", "another clock is a little ahead");
  assert.match(said("2027-01-01T00:00:00Z"), /^(31 December 2026|1 January 2027), /);
});

test("a day is the reader's, and its name agrees with how long ago it was", () => {
  const at = (day, hour) => new Date(2026, 10, day, hour).getTime();
  const now = at(27, 1);
  assert.equal(dayOf(at(25, 23)), "2026-11-25");
  assert.equal(dayName(at(27, 0), now), "Today");
  assert.equal(dayName(at(26, 23), now), "Yesterday");
  assert.equal(dayName(at(25, 23), now), "Wednesday, 25 November 2026");
  assert.equal(ago(at(25, 23), now), "2 days ago", "26 hours, but two midnights");
  assert.equal(ago(at(26, 0), now), "yesterday");
});

test("no key is listed twice", () => {
  const all = KEYS.flatMap(([, keys]) => keys.map(([key]) => key));
  assert.equal(new Set(all).size, all.length);
});

test("the page of help names the keys that the dialog names", () => {
  const page = readFileSync(new URL("../../templates/pages/help.html", import.meta.url), "utf8");
  const keys = page.slice(0, page.indexOf("</tbody></table></section>\n</div>"));
  const told = [...keys.matchAll(/<th scope="row">(.*?)<\/th><td>(.*?)<\/td>/g)].map(([, what, sign]) => [sign.replace(/<[^>]*>/g, ""), what]);
  assert.deepEqual(told, KEYS.flatMap(([, list]) => list).map(([sign, what]) => [sign.replace(" ", " then "), what]));
});
