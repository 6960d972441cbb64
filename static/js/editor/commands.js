// What the buttons above the text do, as changes of a text. Pure.
//
// Every command takes the text and its selection and returns `{from, to, insert, select}`: replace
// that range, then select this one. Given twice, it takes itself back.

const TABLE = "| Column | Column |\n| --- | --- |\n|  |  |\n";
const WORD = /[\p{L}\p{N}\p{M}_'’-]/u;

/** Returns the change that a command makes; `null` for one that is not known. */
export function command(name, text, start, end) {
  switch (name) {
    case "bold": return emphasis(text, start, end, 2);
    case "italic": return emphasis(text, start, end, 1);
    case "code": return code(text, start, end);
    case "heading": return heading(text, start, end);
    case "link": return link(text, start, end);
    case "wikilink": return wikilink(text, start, end);
    case "list": return prefix(text, start, end, "- ", /^(\s*)[-*+] (?!\[[ xX]\] )/);
    case "task": return prefix(text, start, end, "- [ ] ", /^(\s*)[-*+] \[[ xX]\] /);
    case "quote": return prefix(text, start, end, "> ", /^(\s*)> ?/);
    case "table": return block(text, start, end, TABLE, [2, 8]);
    default: return null;
  }
}

/** Makes a link of the selection and an address; `null` where they are not that. */
export function linkTo(address, text, start, end) {
  const words = text.slice(start, end);
  const isAddress = /^(?:https?:\/\/|mailto:)\S+$/.test(address);
  if (!isAddress || !words.trim() || words.includes("\n") || /^https?:\/\/\S+$/.test(words)) return null;
  // Within a link's target, or in brackets already, only the address is meant.
  if (text.slice(0, start).endsWith("](") || text.slice(0, start).endsWith("[[")) return null;
  const target = address.replace(/\(/g, "%28").replace(/\)/g, "%29");
  const insert = `[${words.replace(/[[\]]/g, "\\$&")}](${target})`;
  return { from: start, to: end, insert };
}

/** Puts a block on lines of its own in place of the selection. */
export function block(text, start, end, insert, select) {
  const before = text.slice(0, start);
  const after = text.slice(end);
  const gap = !before || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  const tail = !after || after.startsWith("\n") ? "" : "\n";
  const at = start + gap.length;
  const [first, last] = select ?? [insert.length, insert.length];
  return { from: start, to: end, insert: gap + insert + tail, select: [at + first, at + last] };
}

/** Without the blanks around it; an empty selection in a word means that word. */
function meant(text, start, end) {
  if (start === end) {
    while (start > 0 && WORD.test(text[start - 1])) start--;
    while (end < text.length && WORD.test(text[end])) end++;
    return [start, end];
  }
  while (start < end && /\s/.test(text[start])) start++;
  while (end > start && /\s/.test(text[end - 1])) end--;
  return [start, end];
}

/** Adds or takes away `count` asterisks on both sides; one and two together are three. */
function emphasis(text, start, end, count) {
  const caret = start === end ? start : null;
  let [from, to] = meant(text, start, end);
  while (to - from >= 2 && text[from] === "*" && text[to - 1] === "*") [from, to] = [from + 1, to - 1];
  let stars = 0;
  while (text[from - 1 - stars] === "*" && text[to + stars] === "*") stars++;
  const has = count === 2 ? stars >= 2 : stars % 2 === 1;
  const words = text.slice(from, to);
  const mark = "*".repeat(has ? stars - count : stars + count);
  const insert = mark + words + mark;
  const moved = mark.length - stars;
  const select = caret === null ? [from + moved, to + moved] : [caret + moved, caret + moved];
  return { from: from - stars, to: to + stars, insert, select };
}

function code(text, start, end) {
  if (text.slice(start, end).includes("\n")) return fence(text, start, end);
  const [from, to] = meant(text, start, end);
  const words = text.slice(from, to);
  if (text[from - 1] === "`" && text[to] === "`") {
    return { from: from - 1, to: to + 1, insert: words, select: [from - 1, to - 1] };
  }
  if (words.length > 1 && words.startsWith("`") && words.endsWith("`")) {
    return { from, to, insert: words.slice(1, -1), select: [from, to - 2] };
  }
  return { from, to, insert: `\`${words}\``, select: [from + 1, to + 1] };
}

function fence(text, start, end) {
  const [from, to] = lines(text, start, end);
  const body = text.slice(from, to);
  const inside = body.match(/^(`{3,})[^\n]*\n([\s\S]*?)\n?\1$/);
  if (inside) return { from, to, insert: inside[2], select: [from, from + inside[2].length] };
  const longest = Math.max(2, ...[...body.matchAll(/`+/g)].map((m) => m[0].length));
  const mark = "`".repeat(longest + 1);
  const insert = `${mark}\n${body}\n${mark}`;
  return { from, to, insert, select: [from, from + insert.length] };
}

/** None, second level, third level, none: the first is the page's own title. */
function heading(text, start, end) {
  const [from, to] = lines(text, start, start);
  const line = text.slice(from, to);
  const [, marks = "", words] = line.match(/^(?:(#{1,6})[ \t]+)?(.*)$/s);
  const next = { "": "## ", "##": "### " }[marks] ?? "";
  const insert = next + words;
  const at = Math.max(from + next.length, Math.max(start, end) + insert.length - line.length);
  return { from, to, insert, select: [at, at] };
}

function link(text, start, end) {
  const words = text.slice(start, end);
  const whole = words.match(/^\[([^[\]]*)\]\([^()]*\)$/);
  if (whole) return { from: start, to: end, insert: whole[1], select: [start, start + whole[1].length] };
  if (/^https?:\/\/\S+$/.test(words)) {
    return { from: start, to: end, insert: `[](${words})`, select: [start + 1, start + 1] };
  }
  const [from, to] = meant(text, start, end);
  const label = text.slice(from, to);
  const target = from + label.length + 3;
  return { from, to, insert: `[${label}](https://)`, select: label ? [target, target + 8] : [from + 1, from + 1] };
}

function wikilink(text, start, end) {
  const words = text.slice(start, end);
  if (text.slice(0, start).endsWith("[[") && text.startsWith("]]", end)) {
    return { from: start - 2, to: end + 2, insert: words, select: [start - 2, end - 2] };
  }
  const at = end + 2;
  return { from: start, to: end, insert: `[[${words}]]`, select: [at, at] };
}

/** Puts a prefix before every line of the selection, or takes it away where all have it. */
function prefix(text, start, end, mark, has) {
  const [from, to] = lines(text, start, end);
  const old = text.slice(from, to).split("\n");
  const counted = old.length === 1 ? old : old.filter((line) => line.trim());
  const all = counted.every((line) => has.test(line));
  const other = mark === "> " ? /^(\s*)/ : /^(\s*)(?:(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\] )?)?/;
  const changed = old.map((line) => {
    if (old.length > 1 && !line.trim()) return line;
    if (all) return line.replace(has, "$1");
    return mark === "> " ? mark + line : line.replace(other, `$1${mark}`);
  });
  const insert = changed.join("\n");
  if (old.length > 1) return { from, to, insert, select: [from, from + insert.length] };
  const at = Math.max(from, end + insert.length - (to - from));
  return { from, to, insert, select: [start === end ? at : Math.max(from, start + insert.length - (to - from)), at] };
}

/** Returns the bounds of the lines that a selection touches. */
function lines(text, start, end) {
  const last = end > start && text[end - 1] === "\n" ? end - 1 : end;
  const to = text.indexOf("\n", last);
  return [text.lastIndexOf("\n", start - 1) + 1, to < 0 ? text.length : to];
}
