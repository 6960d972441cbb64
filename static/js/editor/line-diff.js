// The difference of two texts, line by line. Pure.

/** Beyond so many changed lines the middle is shown as replaced. */
const MAX_CHANGES = 1000;

/**
 * Compares two texts.
 * @returns {{kind: "same" | "removed" | "added", old?: number, new?: number, text: string}[]} the lines
 *   of both in order, with their numbers from 1
 */
export function diffLines(before, after) {
  const [a, b] = [before.split("\n"), after.split("\n")];
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const steps = [
    ...Array(head).fill("same"),
    ...script(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...Array(tail).fill("same"),
  ];
  let [i, j] = [0, 0];
  return steps.map((kind) => {
    if (kind === "removed") return { kind, old: ++i, text: a[i - 1] };
    if (kind === "added") return { kind, new: ++j, text: b[j - 1] };
    return { kind, old: ++i, new: ++j, text: b[j - 1] };
  });
}

/** Returns the shortest way from one list to the other (Myers' greedy algorithm). */
function script(a, b) {
  const replaced = [...a.map(() => "removed"), ...b.map(() => "added")];
  if (!a.length || !b.length) return replaced;
  const most = Math.min(a.length + b.length, MAX_CHANGES);
  const reach = new Int32Array(2 * most + 3);
  const trace = [];
  for (let cost = 0; cost <= most; cost++) {
    // Entry k of round `cost` is at k + cost + 1 of what is kept of it.
    trace.push(reach.slice(most + 1 - cost - 1, most + 1 + cost + 2));
    for (let k = -cost; k <= cost; k += 2) {
      const down = k === -cost || (k !== cost && reach[most + k] < reach[most + 2 + k]);
      let x = down ? reach[most + 2 + k] : reach[most + k] + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach[most + 1 + k] = x;
      if (x >= a.length && x - k >= b.length) return walkBack(trace, a.length, b.length);
    }
  }
  return replaced;
}

function walkBack(trace, x, y) {
  const steps = [];
  for (let cost = trace.length - 1; cost > 0; cost--) {
    const reached = (k) => trace[cost][k + cost + 1];
    const k = x - y;
    const down = k === -cost || (k !== cost && reached(k - 1) < reached(k + 1));
    const from = down ? k + 1 : k - 1;
    const fromX = reached(from);
    while (x > fromX + (down ? 0 : 1)) {
      steps.push("same");
      x--;
      y--;
    }
    steps.push(down ? "added" : "removed");
    x = fromX;
    y = fromX - from;
  }
  for (; x > 0; x--) steps.push("same");
  return steps.reverse();
}

/**
 * Leaves out the equal lines far from any change.
 * @returns the rows, and `{kind: "fold", count}` where lines were left out
 */
export function fold(rows, context = 2) {
  const near = new Uint8Array(rows.length);
  rows.forEach((row, i) => {
    if (row.kind !== "same") near.fill(1, Math.max(0, i - context), i + context + 1);
  });
  const folded = [];
  rows.forEach((row, i) => {
    if (near[i]) folded.push(row);
    else if (folded.at(-1)?.kind === "fold") folded.at(-1).count++;
    else folded.push({ kind: "fold", count: 1 });
  });
  return folded;
}

/** Counts the added and removed lines. */
export function count(rows) {
  const of = (kind) => rows.filter((row) => row.kind === kind).length;
  return { added: of("added"), removed: of("removed") };
}
