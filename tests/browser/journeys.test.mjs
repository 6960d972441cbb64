// What people do, in a real browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after, before } from "node:test";
import { startBrowser, startServer } from "./support.mjs";

const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function visit(path, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(server.url + path);
  return page;
}

async function editWithout(context, text) {
  const page = await context.newPage();
  await page.goto(`${server.url}/-/edit/Garden/Watering`);
  await page.fill("textarea[name=content]", text);
  return page;
}

test("two people edit one page without script, and neither loses a word", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const ada = await editWithout(context, "Ada waters in the morning.\n");
  const ben = await editWithout(context, "Ben waters in the evening.\n");
  await ada.click("button[name=action][value=save]");
  assert.match(await ada.textContent("article"), /Ada waters in the morning/);
  await ben.click("button[name=action][value=save]");
  const screen = await ben.textContent("main");
  assert.match(screen, /Your text is safe/);
  assert.match(screen, /Ada waters in the morning/);
  assert.match(screen, /Ben waters in the evening/);
  await context.close();
});

test("on a phone nothing scrolls sideways", async () => {
  for (const path of ["/Home", "/Editing", "/-/conflicts", "/-/edit/Home", "/-/merge/Garden/Planting%20plan", "/-/merge/Garden/Autumn%20fair"]) {
    const page = await visit(path, { viewport: { width: 360, height: 740 } });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${path} is ${over} pixels too wide`);
    await page.context().close();
  }
});

test("every kind of page passes the accessibility rules, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const path of ["/Home", "/Editing", "/No%20such%20page", "/Garden/Rain%20barrel", "/-/history/Home", "/-/conflicts", "/-/edit/Home",
      "/-/new", "/-/preferences", "/-/upload", "/-/merge/Garden/Planting%20plan", "/-/merge/Garden/Autumn%20fair"]) {
      const page = await visit(path, { colorScheme, bypassCSP: true });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run());
      const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`);
      assert.deepEqual(found, [], `${path} in ${colorScheme}`);
      await page.context().close();
    }
  }
});

test("a deleted page is restored from what it says of itself", async () => {
  const page = await visit("/Garden/Rain%20barrel", { javaScriptEnabled: false });
  await page.click("form[action*='/-/restore/'] button");
  assert.match(page.url(), /saved=1/);
  await page.goto(`${server.url}/-/history/Garden/Rain%20barrel`);
  assert.match(await page.textContent("main"), /shown now/);
  await page.context().close();
});
