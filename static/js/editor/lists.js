// What Enter and Tab do within lists, quotes and code. Pure; `null` means: as everywhere.
//
// `code` says whether the selection begins in a fenced block; the text may be a part of a longer one.

const MARKER = /^([ \t]*(?:> ?)*[ \t]*)(?:([-*+])|(\d{1,9})([.)]))([ \t]+)(\[[ xX]\][ \t]+)?/;
const QUOTE = /^[ \t]*(?:> ?)+/;

/** How many lines above are looked at. */
const ABOVE = 500;
/** The width of a step in code. */
const STEP = 4;

/** Continues the list or quote that the caret is in; on an empty item, ends it. */
export function enter(text, start, end, code = inFence(text, start)) {
  if (start !== end || code) return null;
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const stop = text.indexOf("\n", start);
  const line = text.slice(from, stop < 0 ? text.length : stop);
  const item = line.match(MARKER);
  const marker = item?.[0] ?? line.match(QUOTE)?.[0];
  if (!marker || start - from < marker.length) return null;
  if (!line.slice(marker.length).trim()) return { from, to: from + line.length, insert: "" };
  return { from: start, to: start, insert: `\n${item ? nextMarker(item) : marker}` };
}

function nextMarker([, indent, bullet, number, dot, space, box]) {
  const mark = bullet ?? `${Number(number) + 1}${dot}`;
  return indent + mark + space + (box ? "[ ] " : "");
}

/**
 * Moves the list items of the selection one level in, and code one step; `null` where that is not
 * possible.
 */
export function indent(text, start, end, code = inFence(text, start)) {
  if (code && start === end) {
    const from = text.lastIndexOf("\n", start - 1) + 1;
    const insert = text.startsWith("\t", from) ? "\t" : " ".repeat(STEP - ((start - from) % STEP));
    return { from: start, to: start, insert };
  }
  return shift(text, start, end, (lines, above) => {
    if (code) return lines.map((line) => (line ? " ".repeat(STEP) + line : line));
    const first = lines[0].match(MARKER);
    if (!first) return null;
    // An item can only go below another one; elsewhere the key leaves the field, as it must.
    const over = itemAbove(above, (item) => width(item[1]) <= width(first[1]));
    if (!over) return null;
    const margin = width(over[1]) + markWidth(over);
    const step = margin - width(first[1]);
    if (step <= 0) return null;
    const last = itemAbove(above, (item) => width(item[1]) <= margin);
    const number = last && last[3] && width(last[1]) === margin ? Number(last[3]) + 1 : 1;
    return numbered(lines.map((line) => (line.trim() ? " ".repeat(step) + line : line)), number);
  });
}

/** Moves the list items of the selection one level out, and code one step; `null` at the margin. */
export function outdent(text, start, end, code = inFence(text, start)) {
  return shift(text, start, end, (lines, above) => {
    if (code) return lines.some((line) => /^[ \t]/.test(line)) ? lines.map((line) => less(line, STEP)) : null;
    const first = lines[0].match(MARKER);
    if (!first || !/^[ \t]/.test(lines[0])) return null;
    const over = itemAbove(above, (item) => width(item[1]) < width(first[1]));
    const step = over ? width(first[1]) - width(over[1]) : first[3] === undefined ? 2 : 3;
    return numbered(lines.map((line) => less(line, step)), over?.[3] ? Number(over[3]) + 1 : null);
  });
}

/** Returns the nearest item above that is meant, as long as the list goes on. */
function itemAbove(above, isMeant) {
  for (let i = above.length - 1; i >= Math.max(0, above.length - ABOVE); i--) {
    const item = above[i].match(MARKER);
    if (item && isMeant(item)) return item;
    if (!item && /^\S/.test(above[i])) return null;
  }
  return null;
}

/** Gives numbered items of the first one's level the numbers from `number` on. */
function numbered(lines, number) {
  const level = lines[0].match(MARKER);
  if (number === null || level?.[3] === undefined) return lines;
  return lines.map((line) => {
    const item = line.match(MARKER);
    if (item?.[3] === undefined || item[1] !== level[1]) return line;
    return item[1] + number++ + line.slice(item[1].length + item[3].length);
  });
}

/** Takes blanks away at the begin of a line. */
function less(line, step) {
  return line.replace(new RegExp(`^(?:\\t| {1,${step}})`), "");
}

function shift(text, start, end, change) {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const last = end > start && text[end - 1] === "\n" ? end - 1 : end;
  const stop = text.indexOf("\n", last);
  const to = stop < 0 ? text.length : stop;
  const old = text.slice(from, to).split("\n");
  const above = from ? text.slice(0, from - 1).split("\n") : [];
  const changed = change(old, above);
  if (!changed) return null;
  const insert = changed.join("\n");
  const first = changed[0].length - old[0].length;
  const whole = insert.length - (to - from);
  return { from, to, insert, select: [Math.max(from, start + first), Math.max(from, end + whole)] };
}

function width(blank) {
  return blank.replace(/\t/g, "    ").length;
}

function markWidth([, , bullet, number]) {
  return bullet ? 2 : number.length + 2;
}

/** Returns true if a place is in a fenced block of code. */
function inFence(text, at) {
  let open = "";
  for (const [, mark] of text.slice(0, at).matchAll(/^[ \t]*(`{3,}|~{3,})/gm)) {
    if (!open) open = mark;
    else if (mark[0] === open[0] && mark.length >= open.length) open = "";
  }
  return open !== "";
}
