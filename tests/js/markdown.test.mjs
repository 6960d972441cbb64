// Colours for Markdown.
import assert from "node:assert/strict";
import test from "node:test";
import { START, scanLine } from "../../static/js/editor/markdown.js";

/** Scans a text and returns the coloured pieces of each line as `class:text`. */
function scan(text) {
  let state = START;
  return text.split("\n").map((line) => {
    const scanned = scanLine(line, state);
    state = scanned.state;
    assert.equal(scanned.tokens.map(([, piece]) => piece).join(""), line, "nothing may be lost");
    return scanned.tokens.filter(([kind]) => kind).map(([kind, piece]) => `${kind.replace("md-", "")}:${piece}`);
  });
}

test("blocks", () => {
  assert.deepEqual(scan("## Beds\n> said\n- [ ] dig\n10. ten\n---\n***\n#tag"), [
    ["heading:## Beds"], ["quote:> "], ["list:- [ ] "], ["list:10. "], ["hr:---"], ["hr:***"], [],
  ]);
});

test("front matter stands at the very beginning alone", () => {
  assert.deepEqual(scan("---\ntitle: x\n---\n# y").map((line) => line[0].split(":")[0]), [
    "frontmatter", "frontmatter", "frontmatter", "heading",
  ]);
  assert.deepEqual(scan("a\n---"), [[], ["hr:---"]]);
});

test("a fence goes on until one of its kind and length", () => {
  const kinds = scan("````rs\n# no\n```\n~~~\n````\n# yes").map((line) => line[0].split(":")[0]);
  assert.deepEqual(kinds, ["code", "code", "code", "code", "code", "heading"]);
  assert.deepEqual(scan("```a`b\n# yes")[1], ["heading:# yes"]);
});

test("what stands within a line", () => {
  assert.deepEqual(scan("a **b** _c_ *d* `e` ``f`g`` [[H|i]] [j](k) snake_case_name 2 * 3 * 4")[0], [
    "strong:**b**", "em:_c_", "em:*d*", "code:`e`", "code:``f`g``", "wikilink:[[H|i]]", "link:[", "link:](k)",
  ]);
  assert.deepEqual(scan("\\*a\\* \\`b` https://x.example/a_b_c [^1]: y")[0], [
    "link:https://x.example/a_b_c", "link:[^1]:",
  ]);
});

test("a comment goes over lines", () => {
  assert.deepEqual(scan("a <!-- b\nc\nd --> e\n# f").map((line) => line[0]), [
    "comment:<!-- b", "comment:c", "comment:d --> e", "heading:# f",
  ]);
});

test("strange lines cost little and lose nothing", () => {
  for (const piece of ["*", "_a", "`", "[", "![](", "\\", "<!--", "~~", "**a", "[[", "> ", "😀_", "\u0000"]) {
    scan(piece.repeat(Math.floor(2000 / piece.length)));
    scan(piece.repeat(5000));
  }
});
