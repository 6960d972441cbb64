// Finding things: search, lists, recent changes, help; with and without script.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { startBrowser, startServer } from "./support.mjs";

const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const PAGES = ["/-/search", "/-/search?q=garden", "/-/search?q=zzzzqqqq", "/-/recent", "/-/recent?author=Ada", "/-/pages",
  "/-/pages?view=tree", "/-/pages?view=files", "/-/pages?view=missing", "/-/pages?view=orphans", "/-/help"];
let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  await found("garden", (answer) => answer.complete && answer.total > 0);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function visit(path, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const response = await page.goto(server.url + path);
  assert.equal(response.status(), 200, path);
  return page;
}

// Asks until the index, which follows in the background, answers as wanted.
async function found(word, wanted) {
  for (const begun = Date.now(); Date.now() - begun < 60_000;) {
    const answer = await (await fetch(`${server.url}/-/api/v1/search?q=${encodeURIComponent(word)}`)).json();
    if (wanted(answer)) return answer;
  }
  throw new Error(`${word} was not found`);
}

test("without script the box in the header finds a page and leads to it", async () => {
  const page = await visit("/Home", { javaScriptEnabled: false });
  await page.fill("#site-q", "watering");
  await page.press("#site-q", "Enter");
  assert.match(page.url(), /\/-\/search\?q=watering/);
  assert.equal(await page.inputValue("#search-q"), "watering");
  assert.match(await page.textContent(".results mark"), /watering/i);
  await page.click("text=Go to “Watering”");
  assert.match(page.url(), /\/Garden\/Watering$/);
  await page.context().close();
});

test("results follow the typing, and the address with them", async () => {
  const page = await visit("/-/search");
  assert.equal(await page.locator("input[type=search]").count(), 1);
  await page.fill("#search-q", "watering");
  await page.waitForFunction(() => document.querySelector(".results mark"));
  assert.match(page.url(), /\/-\/search\?q=watering$/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "search-q");
  await page.fill("#search-q", "zzyzx");
  await page.getByRole("heading", { name: "No results for “zzyzx”" }).waitFor();
  await page.context().close();
});

test("a file that another program puts there is found, and what is deleted is not", async () => {
  const dir = join(server.data, "pages", "From outside.md");
  mkdirSync(dir);
  writeFileSync(join(dir, "1-f47ac10b-58cc-4372-a567-0e02b2c3d479"), "A xylophone in the shed.\n");
  await found("xylophone", (answer) => answer.total === 1);
  const page = await visit("/-/search?q=xylo", { javaScriptEnabled: false });
  assert.equal(await page.textContent(".results mark"), "xylophone");
  writeFileSync(join(dir, "2-f47ac10b-58cc-4372-a567-0e02b2c3d479"),
    "Revision: 2-f47ac10b-58cc-4372-a567-0e02b2c3d479\nParent: 1-f47ac10b-58cc-4372-a567-0e02b2c3d479\n\n");
  await found("xylophone", (answer) => answer.total === 0);
  await page.context().close();
});

test("where nothing is found the page can be written at once", async () => {
  const page = await visit("/-/search?q=Compost+heap", { javaScriptEnabled: false });
  await page.click("text=Create “Compost heap”");
  await page.fill("textarea[name=content]", "Leaves & peelings.\n");
  await page.click("button[name=action][value=save]");
  assert.match(page.url(), /\/Compost%20heap\?saved=1&id=/);
  await page.click("nav >> text=Recent");
  assert.match(await page.textContent(".activity-item"), /Compost heap\s*new/);
  await page.context().close();
});

test("the lists lead to pages, folders and files", async () => {
  const page = await visit("/-/pages", { javaScriptEnabled: false });
  await page.click(".page-list >> text=Home");
  assert.match(page.url(), /\/Home$/);
  await page.click("nav >> text=Pages");
  await page.click(".tabs >> text=Folders");
  await page.click(".tree details:has(summary:has-text('Garden')) .tree-leaf:has-text('Watering')");
  assert.match(page.url(), /\/Garden\/Watering$/);
  await page.context().close();
});

test("on a phone nothing scrolls sideways", async () => {
  for (const path of PAGES) {
    const page = await visit(path, { viewport: { width: 360, height: 740 } });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${path} is ${over} pixels too wide`);
    await page.context().close();
  }
});

test("every kind of page passes the accessibility rules, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const path of PAGES) {
      const page = await visit(path, { colorScheme, bypassCSP: true });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run());
      const problems = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`);
      assert.deepEqual(problems, [], `${path} in ${colorScheme}`);
      await page.context().close();
    }
  }
});
