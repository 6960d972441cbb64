// Where things are in a text after others changed it.
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

/** Returns edits as one change of the text, with the selection where its words went. */
export function asOne(edits, text, start, end) {
  const select = [placeAfter(edits, start), placeAfter(edits, end)];
  if (edits.length === 0) return { from: start, to: start, insert: "", select };
  const from = edits[0][0];
  const to = edits.at(-1)[1];
  const within = edits.map(([first, last, replacement]) => [first - from, last - from, replacement]);
  return { from, to, insert: applied(within, text.slice(from, to)), select };
}
