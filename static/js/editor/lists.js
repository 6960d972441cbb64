// What Enter and Tab do within lists and quotes. Pure; `null` means: as everywhere.

const MARKER = /^([ \t]*(?:> ?)*[ \t]*)(?:([-*+])|(\d{1,9})([.)]))([ \t]+)(\[[ xX]\][ \t]+)?/;
const QUOTE = /^[ \t]*(?:> ?)+/;

/** Continues the list or quote that the caret is in; on an empty item, ends it. */
export function enter(text, start, end) {
  if (start !== end || inFence(text, start)) return null;
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

/** Moves the list items of the selection one level in; `null` where that is not possible. */
export function indent(text, start, end) {
  return shift(text, start, end, (lines, above) => {
    const first = lines[0].match(MARKER);
    const over = above?.match(MARKER);
    // An item can only go below another one; elsewhere the key leaves the field, as it must.
    if (!first || !over || width(first[1]) >= width(over[1]) + markWidth(over)) return null;
    const step = " ".repeat(Math.max(1, width(over[1]) + markWidth(over) - width(first[1])));
    return lines.map((line) => (line.trim() ? step + line : line));
  });
}

/** Moves the list items of the selection one level out; `null` where they are at the margin. */
export function outdent(text, start, end) {
  return shift(text, start, end, (lines) => {
    const first = lines[0].match(MARKER);
    if (!first || !/^[ \t]/.test(lines[0])) return null;
    const step = first[3] === undefined ? 2 : 3;
    return lines.map((line) => line.replace(new RegExp(`^(?:\\t| {1,${step}})`), ""));
  });
}

function shift(text, start, end, change) {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const last = end > start && text[end - 1] === "\n" ? end - 1 : end;
  const stop = text.indexOf("\n", last);
  const to = stop < 0 ? text.length : stop;
  const old = text.slice(from, to).split("\n");
  const above = from ? text.slice(0, from - 1).split("\n").findLast((line) => line.trim()) : null;
  const changed = inFence(text, from) ? null : change(old, above);
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

/** Tells whether a place is in a fenced block of code. */
function inFence(text, at) {
  let open = "";
  for (const [, mark] of text.slice(0, at).matchAll(/^[ \t]*(`{3,}|~{3,})/gm)) {
    if (!open) open = mark;
    else if (mark[0] === open[0] && mark.length >= open.length) open = "";
  }
  return open !== "";
}
