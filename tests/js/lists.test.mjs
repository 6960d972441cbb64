// Enter and Tab within lists. The caret is written as ¦.
import assert from "node:assert/strict";
import test from "node:test";
import { enter, indent, outdent } from "../../static/js/editor/lists.js";

function press(key, marked) {
  const at = marked.indexOf("¦");
  const text = marked.replace("¦", "");
  const edit = key(text, at, at);
  if (!edit) return null;
  const caret = edit.select?.[0] ?? edit.from + edit.insert.length;
  const changed = text.slice(0, edit.from) + edit.insert + text.slice(edit.to);
  return `${changed.slice(0, caret)}¦${changed.slice(caret)}`;
}

test("enter goes on with a list, a task or a quote", () => {
  const cases = [
    ["- a¦", "- a\n- ¦"],
    ["  * a¦b", "  * a\n  * ¦b"],
    ["9. a¦", "9. a\n10. ¦"],
    ["- [x] a¦", "- [x] a\n- [ ] ¦"],
    ["> a¦", "> a\n> ¦"],
    ["> - a¦", "> - a\n> - ¦"],
  ];
  for (const [before, after] of cases) assert.equal(press(enter, before), after, before);
});

test("enter on an empty item ends the list", () => {
  assert.equal(press(enter, "- a\n- ¦"), "- a\n¦");
  assert.equal(press(enter, "- a\n- [ ] ¦\nb"), "- a\n¦\nb");
  assert.equal(press(enter, "> a\n> ¦"), "> a\n¦");
});

test("enter is left alone elsewhere", () => {
  for (const text of ["a¦", "¦- a", "-¦ a", "```\n- a¦\n```", "-a¦"]) assert.equal(press(enter, text), null, text);
});

test("tab moves an item below the one above it, and no further", () => {
  assert.equal(press(indent, "- a\n- b¦"), "- a\n  - b¦");
  assert.equal(press(indent, "1. a\n2. b¦"), "1. a\n   1. b¦");
  assert.equal(press(indent, "1. a\n   1. b\n   2. c\n2. d¦"), "1. a\n   1. b\n   2. c\n   3. d¦");
  assert.equal(press(indent, "- a\n\n  more of it\n- b¦"), "- a\n\n  more of it\n  - b¦");
  for (const text of ["- a¦", "- a\n  - b¦", "a\nb¦", "¦", "a\n- b¦"]) assert.equal(press(indent, text), null, text);
});

test("shift-tab moves it back, and leaves the field at the margin", () => {
  assert.equal(press(outdent, "- a\n  - b¦"), "- a\n- b¦");
  assert.equal(press(outdent, "1. a\n   2. b¦"), "1. a\n2. b¦");
  assert.equal(press(outdent, "4. a\n   - b\n   - c\n   1. d¦"), "4. a\n   - b\n   - c\n5. d¦");
  assert.equal(press(outdent, "- a¦"), null);
  assert.equal(press(outdent, "  a¦"), null);
});

test("a list that was moved in and out goes on with the right numbers", () => {
  assert.equal(press(enter, "1. a\n   1. b¦"), "1. a\n   1. b\n   2. ¦");
  assert.equal(press(outdent, "1. a\n   1. b\n   2. ¦"), "1. a\n   1. b\n2. ¦");
});

test("in code tab goes on by steps of four, and shift-tab goes back", () => {
  assert.equal(press(indent, "```\na¦\n```"), "```\na   ¦\n```");
  assert.equal(press(indent, "```\n¦- a\n```"), "```\n    ¦- a\n```");
  assert.equal(press(indent, "```\n\ta¦"), "```\n\ta\t¦");
  assert.equal(press(outdent, "```\n      a¦\n```"), "```\n  a¦\n```");
  assert.equal(press(outdent, "```\na¦\n```"), null);
});
