// What the buttons above the text do. A selection is written as «…», a caret as ¦.
import assert from "node:assert/strict";
import test from "node:test";
import { block, command, linkTo } from "../../static/js/editor/commands.js";

function read(marked) {
  const caret = marked.indexOf("¦");
  if (caret >= 0) return { text: marked.replace("¦", ""), start: caret, end: caret };
  const start = marked.indexOf("«");
  return { text: marked.replace(/[«»]/g, ""), start, end: marked.indexOf("»") - 1 };
}

function show(text, [start, end]) {
  if (start === end) return `${text.slice(0, start)}¦${text.slice(start)}`;
  return `${text.slice(0, start)}«${text.slice(start, end)}»${text.slice(end)}`;
}

function run(name, marked) {
  const { text, start, end } = read(marked);
  const edit = command(name, text, start, end);
  return show(text.slice(0, edit.from) + edit.insert + text.slice(edit.to), edit.select);
}

test("emphasis is put on and taken off", () => {
  const cases = [
    ["bold", "a «b» c", "a **«b»** c"],
    ["bold", "a **«b»** c", "a «b» c"],
    ["bold", "a «**b**» c", "a «b» c"],
    ["italic", "a **«b»** c", "a ***«b»*** c"],
    ["italic", "a ***«b»*** c", "a **«b»** c"],
    ["bold", "a ***«b»*** c", "a *«b»* c"],
    ["italic", "a «b » c", "a *«b»*  c"],
    ["bold", "wa¦ter", "**wa¦ter**"],
    ["bold", "**wa¦ter**", "wa¦ter"],
    ["bold", "a ¦", "a **¦**"],
    ["bold", "a **¦**", "a ¦"],
  ];
  for (const [name, before, after] of cases) assert.equal(run(name, before), after, before);
});

test("code is within a line or of whole lines", () => {
  assert.equal(run("code", "a «b» c"), "a `«b»` c");
  assert.equal(run("code", "a `«b»` c"), "a «b» c");
  const fenced = run("code", "«a\nb»");
  assert.equal(fenced, "«```\na\nb\n```»");
  assert.equal(run("code", fenced), "«a\nb»");
  assert.equal(run("code", "«a\n```\nb»"), "«````\na\n```\nb\n````»");
});

test("headings go round", () => {
  assert.equal(run("heading", "Be¦ds"), "## Be¦ds");
  assert.equal(run("heading", "## Be¦ds"), "### Be¦ds");
  assert.equal(run("heading", "### Be¦ds"), "Be¦ds");
  assert.equal(run("heading", "a\n¦\nb"), "a\n## ¦\nb");
});

test("lists, tasks and quotes are of whole lines and take each other's place", () => {
  const list = run("list", "x\n«a\n\nb»\ny");
  assert.equal(list, "x\n«- a\n\n- b»\ny");
  assert.equal(run("list", list), "x\n«a\n\nb»\ny");
  assert.equal(run("task", list), "x\n«- [ ] a\n\n- [ ] b»\ny");
  assert.equal(run("list", "- [x] a¦"), "- a¦");
  assert.equal(run("quote", "«a\nb»"), "«> a\n> b»");
  assert.equal(run("quote", "> a¦"), "a¦");
  assert.equal(run("list", "¦"), "- ¦");
});

test("links", () => {
  assert.equal(run("link", "a «b» c"), "a [b](«https://») c");
  assert.equal(run("link", "«https://x.example/»"), "[¦](https://x.example/)");
  assert.equal(run("link", "«[b](https://x.example/)»"), "«b»");
  assert.equal(run("link", "¦"), "[¦](https://)");
  assert.equal(run("wikilink", "see «Garden»"), "see [[Garden¦]]");
  assert.equal(run("wikilink", "see ¦"), "see [[¦]]");
  assert.equal(run("wikilink", "see [[¦]]"), "see ¦");
});

test("an address pasted over words makes a link of them", () => {
  assert.equal(linkTo("https://x.example/a(b)", "see this now", 4, 8).insert, "[this](https://x.example/a%28b%29)");
  for (const [address, text] of [["no address", "word"], ["https://x.example", "https://y.example"], ["https://x.example", " "]]) {
    assert.equal(linkTo(address, text, 0, text.length), null, text);
  }
  assert.equal(linkTo("https://x.example", "[a](b)", 4, 5), null);
});

test("blocks stand alone", () => {
  assert.equal(block("a", 1, 1, "B").insert, "\n\nB");
  assert.equal(block("a\nb", 2, 2, "B").insert, "\nB\n");
  assert.match(run("table", "a¦"), /^a\n\n\| «Column» \|/);
});
