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

const revisions = async (name) => {
  const history = await (await fetch(`${server.url}/-/history/${name}`)).text();
  return [...new Set(history.match(/\d+-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g))];
};

/** The address of every kind of page, once. */
async function everyKind() {
  const plan = "Garden/Planting%20plan";
  const [newest, , , oldest] = await revisions(plan);
  const waiting = (await revisions(plan)).find((id) => id.startsWith("4-") && id !== newest);
  return [
    "/Home", "/Editing", `/${plan}`, "/No%20such%20page", "/Projects", "/Garden/Rain%20barrel",
    "/-/edit/Home", "/-/edit/Garden/Rain%20barrel", "/-/edit/Brand%20new", "/-/new", "/-/delete/Home", "/-/upload",
    `/-/history/${plan}`, "/-/history/revisions.png", `/-/rev/${plan}/${oldest}`, `/-/rev/${plan}/${waiting}`, `/-/rev/${plan}/${newest}`,
    `/-/diff/${plan}?from=${oldest}&to=${newest}`, `/-/diff/${plan}?from=${oldest}&to=${newest}&view=unified`, "/-/blame/Editing",
    "/-/conflicts", "/-/conflicts?q=nothing", `/-/merge/${plan}`, "/-/merge/Garden/Tool%20shed", "/-/merge/Garden/Autumn%20fair", "/-/merge/Home",
    "/-/search", "/-/search?q=garden", "/-/search?q=nothing%20like%20this", "/-/recent", "/-/recent?author=Nobody",
    "/-/pages", "/-/pages?view=tree", "/-/pages?view=files", "/-/pages?view=missing", "/-/pages?view=orphans",
    "/-/preferences", "/-/help", "/-/nothing-here", `/${"Long-".repeat(8)}/${"w".repeat(120)}`,
  ];
}

/** Opens the screens that only a form leads to. */
const AFTER_A_FORM = {
  async "saved, with undo"(page) {
    await page.goto(`${server.url}/-/edit/Garden/Watering`);
    await page.fill("textarea[name=content]", `Saved ${crypto.randomUUID()}.\n`);
    await page.click("button[name=action][value=save]");
    await page.getByRole("button", { name: "Undo" }).waitFor();
  },
  async "moved on, with choices"(page) {
    await page.goto(`${server.url}/-/edit/Garden/Watering`);
    const other = await page.context().newPage();
    await other.goto(`${server.url}/-/edit/Garden/Watering`);
    await other.fill("textarea[name=content]", `Theirs ${crypto.randomUUID()}.\n`);
    await other.click("button[name=action][value=save]");
    await other.waitForURL(/saved=/);
    await page.fill("textarea[name=content]", "Mine.\n");
    await page.click("button[name=action][value=save]");
    await page.waitForSelector("form.merge");
  },
  async "a page without text"(page) {
    await page.goto(`${server.url}/-/edit/Garden/Watering`);
    await page.fill("textarea[name=content]", "");
    await page.click("button[name=action][value=save]");
    await page.waitForSelector("[name=confirm]", { state: "attached" });
  },
};

async function tooWide(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

async function violations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run());
  return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`);
}

async function editWithout(context, author) {
  const page = await context.newPage();
  await page.goto(`${server.url}/-/edit/Garden/Watering`);
  await page.fill("input[name=author]", author);
  return page;
}

test("two windows, a collision, and both texts in one page, without script", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const first = "Once a week is enough.\n\nThe can stands by the door.\n\nNever at noon.\n";
  const begin = await editWithout(context, "Ada");
  await begin.fill("textarea[name=content]", first);
  await begin.click("button[name=action][value=save]");
  const ada = await editWithout(context, "Ada");
  const ben = await editWithout(context, "Ben");
  await ada.fill("textarea[name=content]", first.replace("Once", "Twice").replace("Never at noon", "Never at noon, says Ada"));
  await ada.click("button[name=action][value=save]");
  assert.match(await ada.textContent("article"), /Twice a week/);
  await ben.fill("textarea[name=content]", first.replace("Once", "Three times").replace("by the door", "in the shed"));
  await ben.click("button[name=action][value=save]");
  // Ben's version is saved, both are shown, and only one place has to be decided.
  assert.match(await ben.textContent("main"), /Your version is saved.*Twice.*Three times/s);
  assert.equal(await ben.locator("fieldset.place-open").count(), 1);
  await ben.click("button[name=action][value=save]");
  assert.match(await ben.textContent("main"), /Not saved yet/, "an open choice is asked for, not guessed");
  await ben.locator("fieldset.place-open .option", { hasText: "You" }).click();
  await ben.click("button[name=action][value=save]");
  assert.match(ben.url(), /Garden\/Watering\?saved=merged/);
  const merged = await ben.textContent("article");
  for (const words of ["Three times a week", "in the shed", "says Ada"]) assert.ok(merged.includes(words), words);
  // It can be taken back at once, and all versions are in the history.
  await ben.getByRole("button", { name: "Undo" }).click();
  assert.match(await ben.textContent("main"), /Undone/);
  await ben.goto(`${server.url}/Garden/Watering`);
  assert.match(await ben.textContent("article"), /Twice a week.*by the door/s);
  await ben.goto(`${server.url}/-/history/Garden/Watering`);
  assert.match(await ben.textContent("main"), /Undo revision/);
  await context.close();
});

test("undo is offered to nobody but the window that saved", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await editWithout(context, "");
  await page.fill("textarea[name=content]", "Mine, without a name.\n");
  await page.click("button[name=action][value=save]");
  assert.equal(await page.getByRole("button", { name: "Undo" }).count(), 1);
  const other = await context.newPage();
  await other.goto(`${server.url}/-/edit/Garden/Watering`);
  await other.fill("textarea[name=content]", "Theirs, without a name.\n");
  await other.click("button[name=action][value=save]");
  await page.reload();
  assert.equal(await page.getByRole("button", { name: "Undo" }).count(), 0);
  await context.close();
});

test("on a phone nothing scrolls sideways", async () => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  for (const path of await everyKind()) {
    await page.goto(server.url + path);
    const over = await tooWide(page);
    assert.ok(over <= 0, `${path} is ${over} pixels too wide`);
  }
  for (const [name, open] of Object.entries(AFTER_A_FORM)) {
    await open(page);
    const over = await tooWide(page);
    assert.ok(over <= 0, `${name}: ${over} pixels too wide`);
  }
  await context.close();
});

test("every kind of page passes the accessibility rules, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ colorScheme, bypassCSP: true });
    const page = await context.newPage();
    for (const path of await everyKind()) {
      await page.goto(server.url + path);
      assert.deepEqual(await violations(page), [], `${path} in ${colorScheme}`);
    }
    for (const [name, open] of Object.entries(AFTER_A_FORM)) {
      await open(page);
      assert.deepEqual(await violations(page), [], `${name} in ${colorScheme}`);
    }
    await context.close();
  }
});

test("a folder that was closed stays closed", async () => {
  const page = await visit("/-/pages?view=tree");
  const garden = page.locator("details[data-item=Garden]");
  assert.ok(await garden.evaluate((details) => details.open));
  await garden.locator("summary").click();
  // The browser tells of it a moment after the click.
  await page.waitForFunction(() => Object.values(localStorage).some((value) => value.includes("Garden")));
  await page.reload();
  await page.waitForFunction(() => !document.querySelector("details[data-item=Garden]").open);
  await page.context().close();
});

test("a deleted page is restored from what it says of itself", async () => {
  const page = await visit("/Garden/Rain%20barrel", { javaScriptEnabled: false });
  await page.click("form[action*='/-/restore/'] button");
  assert.match(page.url(), /saved=1/);
  await page.goto(`${server.url}/-/history/Garden/Rain%20barrel`);
  assert.match(await page.textContent("main"), /current/);
  await page.context().close();
});
