// The difference of a draft and a page.
import assert from "node:assert/strict";
import test from "node:test";
import { count, diffLines, fold } from "../../static/js/editor/line-diff.js";

const signs = { same: " ", removed: "-", added: "+" };
const print = (rows) => rows.map((row) => signs[row.kind] + row.text).join(" ");

test("the smallest change is found", () => {
  assert.equal(print(diffLines("a\nb\nc", "a\nx\nc")), " a -b +x  c");
  assert.equal(print(diffLines("a\nb\nc\nd", "b\nc\nX\nd")), "-a  b  c +X  d");
  assert.equal(print(diffLines("", "a")), "- +a");
  assert.equal(print(diffLines("a", "a")), " a");
});

test("both texts can be read from the rows, and nothing more is changed than must be", () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  for (let round = 0; round < 400; round++) {
    const make = () => Array.from({ length: random(12) }, () => "abc"[random(3)]);
    const [a, b] = [make(), make()];
    const rows = diffLines(a.join("\n"), b.join("\n"));
    const side = (kind) => rows.filter((row) => row.kind === "same" || row.kind === kind).map((row) => row.text);
    assert.equal(side("removed").join("\n"), a.join("\n"));
    assert.equal(side("added").join("\n"), b.join("\n"));
    rows.filter((row) => row.old).forEach((row, i) => assert.equal(row.old, i + 1));
    rows.filter((row) => row.new).forEach((row, i) => assert.equal(row.new, i + 1));
    const same = rows.filter((row) => row.kind === "same").length;
    assert.equal(same, longestCommon(a.length ? a : [""], b.length ? b : [""]), `${a} ${b}`);
  }
});

function longestCommon(a, b) {
  let row = Array(b.length + 1).fill(0);
  for (const x of a) {
    const next = [0];
    b.forEach((y, j) => next.push(x === y ? row[j] + 1 : Math.max(row[j + 1], next[j])));
    row = next;
  }
  return row.at(-1);
}

test("what is equal far from a change is left out", () => {
  const before = Array.from({ length: 20 }, (_, i) => `${i}`);
  const after = before.with(10, "x");
  const rows = fold(diffLines(before.join("\n"), after.join("\n")));
  assert.deepEqual(rows.map((row) => (row.kind === "fold" ? row.count : row.text)), [8, "8", "9", "10", "x", "11", "12", 7]);
  assert.deepEqual(count(rows), { added: 1, removed: 1 });
});

test("very different long texts are shown as replaced", () => {
  const text = (word) => Array.from({ length: 3000 }, (_, i) => `${word} ${i}`).join("\n");
  assert.deepEqual(count(diffLines(text("a"), text("b"))), { added: 3000, removed: 3000 });
});
