// What script adds to every page: keys, the go-to-page box, copying, dates, menus, colours.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after, before } from "node:test";
import { startBrowser, startServer } from "./support.mjs";

const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const PAGES = [
  { title: "Garden", folder: "", href: "/Garden" },
  { title: "Planting plan", folder: "Garden", href: "/Garden/Planting%20plan" },
];
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

/** Opens a page; the go-to-page box gets its names from the test. */
async function visit(path, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.text().includes("Content Security Policy") && errors.push(message.text()));
  await page.route("**/-/api/v1/goto?*", (route) => {
    const q = new URL(route.request().url()).searchParams.get("q").toLowerCase();
    route.fulfill({ json: { pages: PAGES.filter((p) => p.title.toLowerCase().includes(q)) } });
  });
  await page.goto(server.url + path);
  page.errors = errors;
  return page;
}

async function close(page) {
  assert.deepEqual(page.errors, []);
  await page.context().close();
}

async function passes(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run());
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`), [], where);
}

test("single keys lead around, and rest while one types", async () => {
  const page = await visit("/Home");
  for (const [keys, address] of [[["g", "c"], "/-/conflicts"], [["g", "h"], "/Home"], [["c"], "/-/new"]]) {
    for (const key of keys) await page.keyboard.press(key);
    await page.waitForURL(server.url + address);
  }
  // The field has the focus now.
  await page.fill("#Path", "");
  await page.keyboard.type("ge/ch?");
  assert.equal(await page.inputValue("#Path"), "ge/ch?");
  assert.equal(page.url(), `${server.url}/-/new`);
  await page.goto(`${server.url}/Home`);
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "site-q");
  await page.keyboard.type("e");
  assert.equal(await page.inputValue("#site-q"), "e");
  await page.locator("h1").click();
  await page.keyboard.press("h");
  await page.waitForURL("**/-/history/Home");
  await page.goBack();
  await page.keyboard.press("Control+e");
  await page.keyboard.press("e");
  await page.waitForURL("**/-/edit/Home");
  await close(page);
});

test("the list of keys opens with a question mark and closes again", async () => {
  const page = await visit("/Home", { bypassCSP: true });
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await help.waitFor();
  assert.match(await help.textContent(), /Take a wording by its number/);
  await passes(page, "keys");
  await page.keyboard.press("e");
  assert.match(page.url(), /\/Home$/);
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "hidden" });
  await close(page);
});

test("a page is found by a few letters and opened with Enter", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await visit("/Home", { bypassCSP: true, colorScheme });
    await page.keyboard.press("g");
    await page.keyboard.press("g");
    const box = page.getByRole("combobox", { name: "Go to page" });
    await box.waitFor();
    await page.getByRole("option").nth(1).waitFor();
    await page.keyboard.type("plan");
    const found = page.getByRole("option", { selected: true });
    await found.filter({ hasText: "Planting plan" }).waitFor();
    assert.deepEqual(await page.getByRole("option").allTextContents(), ["Planting planGarden", "Search for “plan”", "Create “plan”"]);
    assert.equal(await box.getAttribute("aria-activedescendant"), await found.getAttribute("id"));
    await passes(page, `go to page in ${colorScheme}`);
    await page.keyboard.press("ArrowDown");
    assert.match(await found.textContent(), /Search for/);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/Garden/Planting%20plan");
    await close(page);
  }
});

test("who types a name and presses Enter at once gets to what was typed", async () => {
  const page = await visit("/Home");
  await page.locator(".goto-open").click();
  await page.getByRole("option").first().waitFor();
  await page.keyboard.type("planting");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/Garden/Planting%20plan");
  await close(page);
});

test("the box says so where names cannot be looked up, and Escape closes it", async () => {
  const page = await visit("/Home");
  await page.unroute("**/-/api/v1/goto?*");
  await page.route("**/-/api/v1/goto?*", (route) => route.fulfill({ status: 503, body: "" }));
  await page.locator(".goto-open").click();
  await page.getByText("cannot be looked up at the moment").waitFor();
  await page.keyboard.type("Beans <b>");
  await page.getByRole("option", { name: "Create “Beans <b>”" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog.goto").waitFor({ state: "hidden" });
  await close(page);
});

test("colours change at once and stay", async () => {
  const page = await visit("/Home");
  await page.evaluate(() => { window.same = true; });
  await page.locator(".theme-switch button[value=dark]").click();
  await page.getByRole("status").filter({ hasText: /^Dark colours$/ }).waitFor();
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  assert.equal(await page.getAttribute(".theme-switch button[value=dark]", "aria-pressed"), "true");
  assert.ok(await page.evaluate(() => window.same), "the page was not loaded again");
  await page.goto(`${server.url}/-/conflicts`);
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  await close(page);
});

test("menus close with Escape and with a click elsewhere", async () => {
  const page = await visit("/Home");
  const menu = page.locator("details.menu");
  await menu.locator("summary").click();
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Raw text");
  await page.keyboard.press("Escape");
  assert.equal(await menu.getAttribute("open"), null);
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "SUMMARY");
  await menu.locator("summary").click();
  await page.locator("article").click();
  assert.equal(await menu.getAttribute("open"), null);
  await close(page);
});

test("dates are said as people say them, with the exact time at hand", async () => {
  const page = await visit("/-/edit/Notes");
  await page.fill("textarea[name=content]", "A note of now.\n");
  await page.locator("button[value=save]").click();
  await page.waitForURL("**/Notes?saved=1&id=*");
  const time = page.locator(".page-foot time");
  await page.waitForFunction(() => document.querySelector(".page-foot time").textContent === "just now");
  assert.match(await time.getAttribute("title"), /\d{4} at \d\d:\d\d/);
  await close(page);
});

test("good news is put away for good", async () => {
  const page = await visit("/Home?saved=1");
  await page.getByRole("button", { name: "Dismiss" }).click();
  assert.equal(await page.locator(".notice-success").count(), 0);
  assert.equal(page.url(), `${server.url}/Home`);
  await close(page);
});

test("days and times of recent changes are the reader's, and agree with each other", async () => {
  const seen = [];
  for (const timezoneId of ["America/New_York", "Pacific/Kiritimati"]) {
    const context = await browser.newContext({ timezoneId });
    const page = await context.newPage();
    await page.goto(`${server.url}/-/recent`);
    await page.waitForFunction(() => document.querySelector(".activity-item time").title);
    const rows = await page.$$eval(".activity-item", (items) => items.map((item) => {
      const time = item.querySelector("time");
      const day = new Date(time.dateTime).toLocaleDateString("en-CA");
      return { shown: time.textContent, clock: time.title.match(/\d\d:\d\d/)[0], section: item.closest("section").getAttribute("aria-labelledby"), day };
    }));
    for (const row of rows) {
      assert.equal(row.shown, row.clock);
      assert.equal(row.section, `day-${row.day}`);
    }
    assert.equal(await page.getByText("UTC").filter({ visible: true }).count(), 0);
    seen.push(rows[0].shown);
    await context.close();
  }
  assert.notEqual(seen[0], seen[1]);
});

test("a code block is copied with a button", async () => {
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  await page.goto(`${server.url}/Files%20on%20disk`);
  await page.getByRole("button", { name: "Copy code" }).first().click();
  await page.getByRole("status").filter({ hasText: /^Copied$/ }).waitFor();
  const code = await page.locator("#content pre code").first().textContent();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code);
  await context.close();
});
