// Changing the text of a textarea around the person who writes in it.
//
// An edit is `[start, end, replacement]` in units of JavaScript's strings; edits are in order and do
// not touch each other.

/** Returns a text after edits. */
export function applied(edits, text) {
  let at = 0;
  let result = "";
  for (const [start, end, replacement] of edits) {
    result += text.slice(at, start) + replacement;
    at = end;
  }
  return result + text.slice(at);
}

/** Returns where a place in the text is after edits; one inside an edit moves to its end at most. */
export function placeAfter(edits, place) {
  let moved = 0;
  for (const [start, end, replacement] of edits) {
    if (place <= start) break;
    if (place < end) return start + moved + Math.min(place - start, replacement.length);
    moved += replacement.length - (end - start);
  }
  return place + moved;
}

/** Returns a selection after edits. */
export const selectionAfter = (edits, start, end) => [placeAfter(edits, start), placeAfter(edits, end)];

/** Makes edits in a textarea as one step that the browser's own undo takes back. */
export function replace(field, edits, selection) {
  if (edits.length > 0) {
    const from = edits[0][0];
    const to = edits.at(-1)[1];
    const within = edits.map(([start, end, replacement]) => [start - from, end - from, replacement]);
    const insert = applied(within, field.value.slice(from, to));
    const focused = document.activeElement;
    const top = field.scrollTop;
    field.focus({ preventScroll: true });
    field.setSelectionRange(from, to);
    // The only way to change a text that leaves undo whole; slow for very long ones.
    const typed = insert.length < 60_000 && document.execCommand(insert ? "insertText" : "delete", false, insert);
    if (!typed) field.setRangeText(insert, from, to);
    field.scrollTop = top;
    if (focused !== field) focused?.focus?.({ preventScroll: true });
  }
  field.setSelectionRange(...selection);
}
