// What was chosen, as plain values: no page, no events. Pure.
//
// A place is `{ number, pick }`, in order of the page; `pick` is the word that the form holds, as
// `theirs`, or null while it is open.

/** Counts what is chosen: `{ made, total, open }`, with the numbers of the open ones. */
export function progress(places) {
  const open = places.filter((place) => !place.pick).map((place) => place.number);
  return { made: places.length - open.length, total: places.length, open };
}

/** Says the count as the bar shows it. */
export function progressWords({ made, total }) {
  if (total === 0) return "Nothing to choose";
  return `${made} of ${total} ${total === 1 ? "choice" : "choices"} made`;
}

/** Returns the next open place after one, from the start again behind the last; or nothing. */
export function nextOpen(places, after = 0) {
  const open = places.filter((place) => !place.pick && place.number !== after);
  return open.find((place) => place.number > after) ?? open[0] ?? null;
}

/** Returns the place that is `step` places from one; the ends hold. */
export function neighbour(places, from, step) {
  if (places.length === 0) return null;
  const at = places.findIndex((place) => place.number === from);
  if (at < 0) return places[step > 0 ? 0 : places.length - 1];
  return places[Math.min(places.length - 1, Math.max(0, at + step))];
}

/** Returns the text that a choice stands for, from the texts of the sides. */
export function textOf(pick, { theirs, yours, base }) {
  // Where a piece does not end in a line end, what follows begins a new line all the same.
  const join = (a, b) => a + (a && b && !a.endsWith("\n") ? "\n" : "") + b;
  switch (pick) {
    case "theirs": return theirs;
    case "both": return join(theirs, yours);
    case "both-reversed": return join(yours, theirs);
    case "base": return base;
    default: return yours || theirs;
  }
}

/** Returns a text as its field shows it: without its last line end. */
export const asField = (text) => text.replace(/\n$/, "");

/** Makes a short name for a text, to tell one merge from another: not for secrets. */
export function shortHash(text) {
  let hash = 5381;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 33) ^ text.charCodeAt(i)) >>> 0;
  return `${text.length}-${hash.toString(36)}`;
}
