// The text in sections: whatever is done to them, they are the text.
import assert from "node:assert/strict";
import test from "node:test";
import { editOf } from "../../static/js/editor/edits.js";
import { scanLine, START } from "../../static/js/editor/markdown.js";
import { Sections } from "../../static/js/editor/sections.js";

const whole = (sections) => sections.list.map((section) => section.text).join("");

/** A generator of numbers that are the same in every run. */
function numbers(seed) {
  return (below) => (seed = (seed * 48271) % 2147483647) % below;
}

function check(sections, text) {
  assert.equal(whole(sections), text);
  assert.equal(sections.length, text.length);
  const all = text.split("\n");
  assert.deepEqual(sections.list.flatMap((_, i) => sections.lines(i).map((line) => line.text)), all);
  let state = START;
  const states = all.map((line) => (state = scanLine(line, state).state));
  sections.entry(sections.list.length - 1);
  // What is shown of a line is what a scan of it says, and it stays what it is.
  const tokens = sections.list.flatMap((_, i) => sections.scanned(i).map((line) => line.tokens));
  assert.deepEqual(tokens, all.map((line, i) => scanLine(line, i ? states[i - 1] : START).tokens));
  let line = 0;
  for (const [i, section] of sections.list.entries()) {
    assert.equal(sections.entry(i), line ? states[line - 1] : START);
    line += sections.lines(i).length;
    assert.equal(section.count, sections.lines(i).length - (i === sections.list.length - 1 ? 1 : 0));
  }
}

test("after any change and any new text the sections are the text, its lines and its colours", () => {
  const random = numbers(7);
  const piece = () => ["a\n", "```\n", "beans ".repeat(random(40)), "\n\n", "# head\n", "---\n", "x\n".repeat(random(3000)), ""][random(8)];
  const sections = new Sections();
  let text = "";
  for (let step = 0; step < 600; step++) {
    const from = random(text.length + 1);
    const to = Math.min(text.length, from + random(random(10) ? 20 : 20_000));
    const insert = piece() + piece();
    const next = text.slice(0, from) + insert + text.slice(to);
    if (random(3)) sections.apply({ from, to, insert });
    else sections.sync(next);
    text = next;
    if (step % 10 === 0) check(sections, text);
    const at = random(text.length + 1);
    assert.equal(sections.lineOf(at), text.slice(0, at).split("\n").length - 1);
    assert.equal(sections.slice(at, at + 300), text.slice(at, at + 300));
    const near = sections.around(at, at);
    assert.ok(text.startsWith(near.text, near.from) && near.from <= at && at <= near.from + near.text.length);
  }
  assert.equal(sections.sync(text), false);
});

test("what a letter costs does not depend on the length of the text", () => {
  const touched = (size) => {
    const sections = new Sections();
    sections.sync("Some words of a line of the page.\n".repeat(size / 34));
    const middle = Math.floor(size / 2);
    sections.entry(sections.find(middle).index);
    const before = [...sections.list].map((section) => section.text);
    sections.apply({ from: middle, to: middle, insert: "x" });
    const changed = sections.list.filter((section, i) => section.text !== before[i]);
    return changed.reduce((sum, section) => sum + section.text.length, 0);
  };
  for (const size of [20_000, 200_000, 2_000_000]) assert.ok(touched(size) < 10_000, `${touched(size)} letters of ${size}`);
});

test("a letter has its own line scanned and no other", () => {
  const random = numbers(11);
  const sections = new Sections();
  let text = "# Beans\n\nSome **words** about [[Peas]].\n- [ ] water\n```\ncode\n```\n\n".repeat(40);
  sections.sync(text);
  const scanned = () => sections.list.flatMap((_, i) => sections.scanned(i));
  for (let step = 0; step < 300; step++) {
    const before = scanned().map((line) => line.tokens);
    const at = random(text.length + 1);
    const to = Math.min(text.length, text[at] === "\n" ? at : at + random(2));
    // No letter that opens or closes a fence: that is one for all lines below.
    const fenced = text.slice(text.lastIndexOf("\n", at - 1) + 1, at + 3).includes("`");
    if (fenced) continue;
    sections.apply({ from: at, to, insert: "x" });
    text = `${text.slice(0, at)}x${text.slice(to)}`;
    const after = scanned();
    assert.deepEqual(after.map((line) => line.tokens.map(([, part]) => part).join("")), text.split("\n"));
    assert.equal(after.filter(({ tokens }, i) => tokens !== before[i]).length, 1);
  }
  check(sections, text);
});

test("an input event tells its change, or that it cannot be told", () => {
  const told = (inputType, data, before, caret) => editOf({ inputType, data }, before, caret);
  assert.deepEqual(told("insertText", "x", [3, 5], 4), { from: 3, to: 5, insert: "x" });
  assert.deepEqual(told("insertLineBreak", null, [3, 3], 4), { from: 3, to: 3, insert: "\n" });
  assert.deepEqual(told("insertFromPaste", "a\r\nb", [0, 0], 3), { from: 0, to: 0, insert: "a\nb" });
  assert.deepEqual(told("deleteContentBackward", null, [5, 5], 4), { from: 4, to: 5, insert: "" });
  assert.deepEqual(told("deleteByCut", null, [2, 5], 2), { from: 2, to: 5, insert: "" });
  for (const [type, data, before, caret] of [
    ["insertText", "x", null, 4], ["insertText", "x", [3, 3], 9], ["insertText", null, [3, 3], 4], ["historyUndo", null, [3, 3], 3],
    ["deleteContentForward", null, [3, 3], 3], ["insertCompositionText", "x", [3, 3], 4], [undefined, undefined, [3, 3], 3],
  ]) assert.equal(told(type, data, before, caret), null, type);
});
