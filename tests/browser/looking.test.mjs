// Looking back: history, differences, who wrote what, old revisions, deleting and undoing.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
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

/** The ids of a document's revisions, the lowest first. */
function revisions(name) {
  const ids = readdirSync(join(server.data, "pages", ...name.split("/"))).filter((id) => /^\d+-/.test(id));
  return ids.sort((a, b) => parseInt(a) - parseInt(b) || (a < b ? -1 : 1));
}

/** One address of every kind of page that looks back. */
function screens() {
  const [first, second, third] = revisions("Editing.md");
  const waiting = revisions("Garden/Planting plan.md")[3];
  const picture = revisions("revisions.png")[0];
  return [
    "/-/history/Garden/Autumn%20fair", "/-/history/revisions.png", "/-/history/Garden/Rain%20barrel",
    `/-/diff/Editing?from=${first}&to=${third}`, `/-/diff/Editing?from=${first}&to=${third}&shape=unified`,
    `/-/diff/Editing?to=${first}`, "/-/diff/Garden/Rain%20barrel", "/-/diff/revisions.png",
    "/-/blame/Editing", `/-/rev/Editing/${second}`, `/-/rev/Garden/Planting%20plan/${waiting}`,
    `/-/rev/revisions.png/${picture}`, "/-/delete/Garden/Watering",
  ];
}

test("two revisions are chosen in the history and compared, without script", async () => {
  const page = await visit("/-/history/Garden/Autumn%20fair", { javaScriptEnabled: false });
  const [first, second] = revisions("Garden/Autumn fair.md");
  await page.check(`input[name=from][value="${first}"]`);
  await page.check(`input[name=to][value="${second}"]`);
  await page.click("button:has-text('Compare')");
  const chosen = new URL(page.url()).searchParams;
  assert.deepEqual([chosen.get("from"), chosen.get("to")], [first, second]);
  assert.ok(await page.locator(".diff-split .diff-added").count() > 0);
  await page.click("text=One column");
  assert.ok(await page.locator(".diff-unified .diff-added").count() > 0);
  await page.click("a[rel=next]");
  assert.match(page.url(), new RegExp(`from=${second}.*shape=unified`));
  await page.click(".diff-head a >> nth=0");
  assert.match(await page.textContent("main"), /You are reading revision 2 by/);
  await page.click("text=Compare with current");
  assert.match(page.url(), new RegExp(`from=${second}`));
  await page.context().close();
});

test("a folded stretch opens with the keyboard", async () => {
  const ids = revisions("Editing.md");
  const page = await visit(`/-/diff/Editing?from=${ids[0]}&to=${ids[1]}`);
  const fold = page.locator(".diff-fold").first();
  await fold.locator("summary").focus();
  await page.keyboard.press("Enter");
  assert.ok(await fold.locator(".diff-row").first().isVisible());
  await page.context().close();
});

test("a change is saved and undone, without script", async () => {
  const page = await visit("/-/edit/Garden/Watering", { javaScriptEnabled: false });
  const before = await page.inputValue("textarea[name=content]");
  await page.fill("textarea[name=content]", "All of it is gone.\n");
  await page.click("button[name=action][value=save]");
  assert.match(await page.textContent("article"), /All of it is gone/);
  await page.click("button:has-text('Undo')");
  assert.doesNotMatch(await page.textContent("article"), /All of it is gone/);
  await page.goto(`${server.url}/-/edit/Garden/Watering`);
  assert.equal(await page.inputValue("textarea[name=content]"), before);
  await page.goto(`${server.url}/-/history/Garden/Watering`);
  assert.match(await page.textContent("main"), /Undo revision/);
  await page.context().close();
});

test("a page is deleted, with a reason, and restored from its history, without script", async () => {
  const page = await visit("/-/delete/Garden/Tool%20shed", { javaScriptEnabled: false });
  await page.fill("input[name=summary]", "sold");
  await page.fill("input[name=author]", "Ben");
  await page.click("button:has-text('Delete the page')");
  assert.match(await page.textContent("main"), /deleted by Ben.*“sold”/s);
  await page.goto(`${server.url}/-/history/Garden/Tool%20shed`);
  await page.click("button:has-text('Restore') >> nth=0");
  assert.match(page.url(), /\/Garden\/Tool%20shed\?saved=1&id=/);
  await page.context().close();
});

test("who wrote a line leads to the change that brought it", async () => {
  const page = await visit("/-/blame/Editing");
  await page.click(".blame-who a >> nth=0");
  assert.match(page.url(), /\/-\/diff\/Editing\?/);
  assert.ok(await page.locator(".diff-added").count() > 0);
  await page.context().close();
});

test("on a phone nothing that looks back scrolls sideways", async () => {
  for (const path of screens()) {
    const page = await visit(path, { viewport: { width: 360, height: 740 } });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${path} is ${over} pixels too wide`);
    await page.context().close();
  }
});

test("every page that looks back passes the accessibility rules, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const path of screens()) {
      const page = await visit(path, { colorScheme, bypassCSP: true });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run());
      const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`);
      assert.deepEqual(found, [], `${path} in ${colorScheme}`);
      await page.context().close();
    }
  }
});
