// The choices of the merge screen, as plain values.
import assert from "node:assert/strict";
import test from "node:test";
import { neighbour, nextOpen, outdated, progress, progressWords } from "../../static/js/merge/choices.js";
import { putBack, snapshot } from "../../static/js/merge/keep.js";

const places = (...picks) => picks.map((pick, i) => ({ number: i + 1, pick }));

test("choices are counted and said", () => {
  assert.deepEqual(progress(places("a1", null, "text")), { made: 2, total: 3, open: [2] });
  assert.equal(progressWords({ made: 2, total: 3 }), "2 of 3 chosen");
});

test("the next open place is after the one that was chosen, then from the start", () => {
  const list = places(null, "a1", null, "all");
  assert.equal(nextOpen(list, 2).number, 3);
  assert.equal(nextOpen(list, 4).number, 1);
  assert.equal(nextOpen(places("a1", "b2")), null);
  assert.equal(nextOpen(places(null), 1), null, "the only open one is where one is");
});

test("going on ends at the ends", () => {
  const list = places(null, null, null);
  assert.equal(neighbour(list, 1, 1).number, 2);
  assert.equal(neighbour(list, 3, 1).number, 3);
  assert.equal(neighbour(list, 1, -1).number, 1);
  assert.equal(neighbour(list, 0, 1).number, 1);
  assert.equal(neighbour([], 1, 1), null);
});

const radio = (name, value, checked = false) => ({ type: "radio", name, value, checked, defaultChecked: false });
const area = (name, value) => ({ type: "textarea", name, value, defaultValue: "" });

test("what is chosen and typed is kept and put back where it still exists", () => {
  const form = { elements: [radio("pick-a", "1"), radio("pick-a", "2", true), area("text-a", "words"), area("summary", "x")] };
  const kept = snapshot(form);
  assert.deepEqual(kept, { "pick-a": "2", "text-a": "words" });
  // Another place has joined, and one wording of the old one is gone.
  const next = { elements: [radio("pick-b", "9"), radio("pick-a", "2"), area("text-a", "")] };
  assert.equal(putBack(next, kept), true);
  assert.deepEqual(next.elements.map((field) => field.checked ?? field.value), [false, true, "words"]);
  assert.equal(putBack({ elements: [radio("pick-a", "3")] }, kept), false, "a wording that is gone is not chosen");
});

test("choices that nobody came back to are thrown away", () => {
  const day = 24 * 3600 * 1000;
  const entries = Array.from({ length: 60 }, (_, i) => [`p${i}`, (100 - i) * day]);
  const gone = outdated(entries, 100 * day);
  assert.ok(gone.includes("p59") && gone.includes("p30") && !gone.includes("p29"), String(gone));
  assert.deepEqual(outdated([["a", Number.NaN]], day), ["a"]);
});
