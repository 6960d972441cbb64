// What was chosen, as plain values: no page, no events. Pure.
//
// A place is `{ number, pick }`, in order of the page; `pick` is the word that the form holds, or null
// while it is open.

/** Counts what is chosen: `{ made, total, open }`, with the numbers of the open ones. */
export function progress(places) {
  const open = places.filter((place) => !place.pick).map((place) => place.number);
  return { made: places.length - open.length, total: places.length, open };
}

/** Says the count as the bar shows it. */
export const progressWords = ({ made, total }) => `${made} of ${total} chosen`;

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

/** How long choices are kept that nobody came back to, in milliseconds: thirty days. */
const KEPT = 30 * 24 * 3600 * 1000;
/** For how many pages choices are kept. */
const PAGES = 50;

/**
 * Returns the names of what need not be kept any longer: too old, or more pages than are kept.
 * `entries` is a list of `[name, time]`.
 */
export function outdated(entries, now) {
  const sorted = entries.toSorted((a, b) => b[1] - a[1]);
  return sorted.filter(([, time], i) => i >= PAGES || !(now - time < KEPT)).map(([name]) => name);
}
