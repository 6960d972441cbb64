// Dates as people say them, in the reader's time zone: “5 minutes ago”, with the exact time on hover.
//
// The server writes UTC and says so. `<time data-clock>` stands under the heading of its day, so it
// shows the time of day only.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "medium" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "long" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** Returns the day of a time in the reader's zone, as `2026-11-23`. */
export function dayOf(time) {
  const { year, month, day } = parts(time);
  return `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

function parts(time) {
  const at = new Date(time);
  return { year: at.getFullYear(), month: at.getMonth() + 1, day: at.getDate() };
}

/** Returns how many midnights lie between two times in the reader's zone. */
function midnights(from, to) {
  const number = (time) => {
    const { year, month, day } = parts(time);
    return Date.UTC(year, month - 1, day) / DAY;
  };
  return number(to) - number(from);
}

/** Names the day of a time: `Today`, `Yesterday`, `Wednesday, 25 November 2026`. */
export function dayName(time, now) {
  const past = midnights(time, now);
  if (past === 0) return "Today";
  if (past === 1) return "Yesterday";
  return `${weekday.format(time)}, ${date.format(time)}`;
}

/** Prints the time of day. */
export function clockTime(time) {
  return clock.format(time);
}

/** Says when something was: how long ago, or the date if that says more. */
export function ago(then, now) {
  const past = now - then;
  // Another replica's clock may be a little ahead.
  if (past < -5 * MINUTE || past > 14 * DAY) return `${date.format(then)}, ${clock.format(then)}`;
  if (past < MINUTE) return "just now";
  if (past < HOUR) return words.format(-Math.floor(past / MINUTE), "minute");
  if (past < DAY) return words.format(-Math.floor(past / HOUR), "hour");
  return words.format(-midnights(then, now), "day");
}

/** Updates the dates on the page; those in a page's own text stay as written. */
export function refreshTimes(now = Date.now()) {
  for (const element of document.querySelectorAll("time[datetime]")) {
    if (element.closest(".prose") || element.children.length > 0) continue;
    const then = Date.parse(element.dateTime);
    if (Number.isNaN(then)) continue;
    element.title ||= exact.format(then);
    const text = "clock" in element.dataset ? clockTime(then) : ago(then, now);
    if (element.textContent !== text) element.textContent = text;
  }
  regroup(now);
}

/** The day for which the groups were last named. */
let grouped = "";

/** Groups a list of changes by the reader's days; the server groups them by days of UTC. */
function regroup(now) {
  const sections = [...document.querySelectorAll("section.day")];
  if (sections.length === 0 || grouped === dayOf(now)) return;
  grouped = dayOf(now);
  const [first] = sections;
  const items = sections.flatMap((section) => [...section.querySelectorAll(".activity-item")]);
  const days = [];
  for (const item of items) {
    const time = Date.parse(item.querySelector("time")?.dateTime);
    const id = dayOf(time);
    if (days.at(-1)?.id !== id) days.push({ id, name: dayName(time, now), items: [] });
    days.at(-1).items.push(item);
  }
  const made = days.map((day) => {
    const section = document.createElement("section");
    section.className = "day";
    section.setAttribute("aria-labelledby", `day-${day.id}`);
    const heading = document.createElement("h2");
    heading.id = `day-${day.id}`;
    heading.textContent = day.name;
    const list = document.createElement("ul");
    list.append(...day.items);
    section.append(heading, list);
    return section;
  });
  first.before(...made);
  for (const section of sections) section.remove();
}

/** Begins to keep the dates up to date. */
export function startTimes() {
  refreshTimes();
  setInterval(() => document.hidden || refreshTimes(), MINUTE / 2);
  document.addEventListener("visibilitychange", () => document.hidden || refreshTimes());
  document.addEventListener("everpage:shown", () => refreshTimes());
}
