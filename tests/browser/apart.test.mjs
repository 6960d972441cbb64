// Two servers that are apart, a browser at each, and what both see after the servers have met.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { promisify } from "node:util";
import { program, startBrowser, startServer } from "./support.mjs";

const run = promisify(execFile);
let one;
let two;
let browser;
let ada;
let ben;

before(async () => {
  // Both begin with the sample wiki and are copies of it: they become one wiki when they meet.
  [one, two, browser] = await Promise.all([startServer(), startServer(), startBrowser()]);
  const { stdout: token } = await run(program, ["--data", one.data, "peer", "add", "two"]);
  writeFileSync(join(two.data, "token"), token);
  ada = await open(one);
  ben = await open(two);
  await meet(["--join"]);
});
after(async () => {
  await browser?.close();
  await Promise.all([one?.stop(), two?.stop()]);
});

async function open(server) {
  const context = await browser.newContext({ baseURL: server.url });
  return context.newPage();
}

/** Lets the second server exchange with the first. */
function meet(more = []) {
  return run(program, ["--data", two.data, "sync", one.url, "--token-file", join(two.data, "token"), ...more]);
}

async function edit(page, path, text, author) {
  await page.goto(`/-/edit/${path}`);
  await page.fill("textarea[name=content]", text);
  const name = page.locator("input[name=author]");
  if (await name.isVisible()) await name.fill(author);
  await page.click("button[name=action][value=save]");
  await page.waitForURL(/saved=1/);
}

/** Returns what the list of conflicts says of a page: its winner and the others. */
async function inbox(page, path) {
  const answer = await page.request.get("/-/api/v1/conflicts");
  const entry = (await answer.json()).find((e) => e.path === path);
  return entry && { winner: entry.winner, conflicts: entry.conflicts };
}

/** Waits until a page shows a text; what another program put there is seen within moments. */
async function shows(page, path, text) {
  await page.goto(`/${path}`);
  while (!(await page.textContent("article")).includes(text)) await page.reload();
}

test("what was written apart is the same page and the same conflict on both, and one merge closes both", { timeout: 60_000 }, async () => {
  // Apart, both edit the same page; Ben saves twice, so his text outranks hers.
  await edit(ada, "Apart", "# Apart\n\nAda writes about beans.\n", "Ada");
  await edit(ben, "Apart", "# Apart\n\nBen writes about peas.\n", "Ben");
  await edit(ben, "Apart", "# Apart\n\nBen writes about more peas.\n", "Ben");
  assert.equal(await inbox(ada, "Apart.md"), undefined);

  await meet();
  await Promise.all([shows(ada, "Apart", "more peas"), shows(ben, "Apart", "more peas")]);
  const [hers, his] = await Promise.all([inbox(ada, "Apart.md"), inbox(ben, "Apart.md")]);
  assert.deepEqual(hers, his);
  assert.equal(hers.conflicts.length, 1);
  for (const page of [ada, ben]) {
    await page.goto("/-/conflicts");
    assert.match(await page.textContent("main"), /Apart/);
    await page.goto("/-/merge/Apart");
    const screen = await page.textContent("main");
    assert.match(screen, /beans/);
    assert.match(screen, /more peas/);
  }

  // Ada takes what is shown and says so; it is one revision that names both.
  await ada.goto("/-/merge/Apart");
  await ada.click(".merge-bar summary");
  await Promise.all([ada.waitForNavigation(), ada.click("button[name=action][value=keep]")]);
  assert.equal(await inbox(ada, "Apart.md"), undefined);
  assert.notEqual(await inbox(ben, "Apart.md"), undefined, "Ben's server has not heard of it");
  await meet();
  await shows(ben, "Apart", "more peas");
  while (await inbox(ben, "Apart.md")) await ben.reload();
  for (const page of [ada, ben]) {
    await page.goto("/-/conflicts");
    assert.doesNotMatch(await page.textContent("main"), /Apart/);
    await page.goto("/-/history/Apart");
    const history = await page.textContent("main");
    assert.match(history, /Ada/, "her text stays in the history");
    assert.match(history, /Ben/);
  }
});
