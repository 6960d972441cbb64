// Dates as people say them: “5 minutes ago”, with the exact time on hover.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "medium" });

/** What the server wrote. */
const written = new WeakMap();

/** Says how long ago something was; nothing where the date itself says more. */
export function ago(then, now) {
  const past = now - then;
  // Another replica's clock may be a little ahead.
  if (past < -5 * MINUTE || past > 14 * DAY) return null;
  if (past < MINUTE) return "just now";
  if (past < HOUR) return words.format(-Math.floor(past / MINUTE), "minute");
  if (past < DAY) return words.format(-Math.floor(past / HOUR), "hour");
  return words.format(-Math.floor(past / DAY), "day");
}

/** Brings the dates of the page up to date; those in a page's own text stay as written. */
export function refreshTimes(now = Date.now()) {
  for (const element of document.querySelectorAll("time[datetime]")) {
    if (element.closest(".prose") || element.children.length > 0) continue;
    const then = Date.parse(element.dateTime);
    if (Number.isNaN(then)) continue;
    if (!written.has(element)) {
      written.set(element, element.textContent);
      element.title ||= exact.format(then);
    }
    const text = ago(then, now) ?? written.get(element);
    if (element.textContent !== text) element.textContent = text;
  }
}

/** Begins to keep the dates up to date. */
export function startTimes() {
  refreshTimes();
  setInterval(() => document.hidden || refreshTimes(), MINUTE / 2);
  document.addEventListener("visibilitychange", () => document.hidden || refreshTimes());
  document.addEventListener("everpage:shown", () => refreshTimes());
}
