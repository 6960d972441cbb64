// The choices of the merge screen, as plain values.
import assert from "node:assert/strict";
import test from "node:test";
import {
  asField, neighbour, nextOpen, progress, progressWords, shortHash, textOf,
} from "../../static/js/merge/choices.js";

const places = (...picks) => picks.map((pick, i) => ({ number: i + 1, pick }));

test("choices are counted and said", () => {
  assert.deepEqual(progress(places("theirs", null, "edit")), { made: 2, total: 3, open: [2] });
  assert.equal(progressWords({ made: 2, total: 3 }), "2 of 3 choices made");
  assert.equal(progressWords({ made: 0, total: 1 }), "0 of 1 choice made");
  assert.equal(progressWords({ made: 0, total: 0 }), "Nothing to choose");
});

test("the next open place is after the one that was chosen, then from the start", () => {
  const list = places(null, "theirs", null, "both");
  assert.equal(nextOpen(list, 2).number, 3);
  assert.equal(nextOpen(list, 4).number, 1);
  assert.equal(nextOpen(places("theirs", "yours")), null);
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

test("a wording by hand begins with what was chosen, and lines are not glued together", () => {
  const sides = { theirs: "b", yours: "c\n", base: "a\n" };
  assert.equal(textOf("theirs", sides), "b");
  assert.equal(textOf("both", sides), "b\nc\n");
  assert.equal(textOf("both-reversed", sides), "c\nb");
  assert.equal(textOf("base", sides), "a\n");
  assert.equal(textOf(null, sides), "c\n");
  assert.equal(asField("a\n\n"), "a\n");
});

test("different texts have different short names", () => {
  const names = new Set(["", "a", "b", "ab", "ba", "a\n"].map(shortHash));
  assert.equal(names.size, 6);
});
