// A conflict from its beginning to its end, as people meet it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after, before } from "node:test";
import { startBrowser, startServer } from "./support.mjs";

const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const BEFORE = "# Watering\n\nBeans daily.\n\nPeas weekly.\n\nLeeks never.\n\nThe end.\n";
const ADA = "# Watering\n\nBeans twice a day.\n\nPeas weekly.\n\nLeeks at dawn.\n\nThe end.\n";
const BEN = "# Watering\n\nBeans every evening.\n\nPeas weekly, from the barrel.\n\nLeeks at dusk.\n\nThe end.\n";
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

/** A page that fails the test where a script fails or the policy forbids something. */
async function window(options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => message.text().includes("Content Security Policy") && page.errors.push(message.text()));
  return page;
}

async function close(page) {
  assert.deepEqual(page.errors, []);
  await page.context().close();
}

async function edit(page, name, text, author) {
  await page.goto(`${server.url}/-/edit/${name}`);
  await page.fill("textarea[name=content]", text);
  await page.fill("input[name=author]", author);
}

async function save(page) {
  await page.locator("button[name=action][value=save]").click();
  await page.waitForLoadState("domcontentloaded");
}

/** Ada and Ben edit one page; Ben comes too late and stands before the merge screen. */
async function collide(name, options = {}) {
  const first = await window();
  await edit(first, name, BEFORE, "Ada");
  await save(first);
  await first.waitForURL(`**/${name}?saved=1&id=*`);
  const ben = await window(options);
  await edit(ben, name, BEN, "Ben");
  await edit(first, name, ADA, "Ada");
  await save(first);
  await first.waitForURL(`**/${name}?saved=1&id=*`);
  await save(ben);
  await ben.locator("form.merge").waitFor();
  return { ada: first, ben };
}

async function raw(page, name) {
  const answer = await page.request.get(`${server.url}/${name}.md`);
  return answer.text();
}

const current = (page) => page.locator(".hunk.is-current").getAttribute("id");
const made = (page) => page.locator(".progress progress + span").textContent();

async function passes(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run());
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`), [], where);
}

test("two people collide, and the second one merges with keys alone", async () => {
  const { ada, ben } = await collide("Keys");
  assert.match(ben.url(), /\/-\/merge\/Keys\?mine=\d+-/);
  assert.equal(await made(ben), "0 of 2 choices made");
  const seen = (text) => ben.locator("#result article", { hasText: text }).waitFor();
  await ben.keyboard.press("j");
  assert.equal(await current(ben), "choice.1");
  await ben.keyboard.press("3");
  assert.equal(await made(ben), "1 of 2 choices made");
  await seen("Beans twice a day. Beans every evening.");
  await seen("Choice 2 is still to be made.");
  await ben.keyboard.press("j");
  assert.equal(await current(ben), "choice.2");
  await ben.keyboard.press("j");
  assert.equal(await current(ben), "choice.2", "the last one is the last");
  await ben.keyboard.press("k");
  assert.equal(await current(ben), "choice.1");
  await ben.keyboard.press("2");
  await ben.keyboard.press("n");
  assert.equal(await current(ben), "choice.2");
  await ben.keyboard.press("1");
  assert.equal(await made(ben), "2 of 2 choices made");
  await seen("Leeks at dawn.");
  assert.ok(await ben.locator("[data-next]").isHidden());
  // All is chosen: going on leads to the button.
  await ben.keyboard.press("n");
  await ben.keyboard.press("Enter");
  await ben.waitForURL("**/Keys?saved=merged&id=*");
  assert.equal(await raw(ben, "Keys"), "# Watering\n\nBeans every evening.\n\nPeas weekly, from the barrel.\n\nLeeks at dawn.\n\nThe end.\n");
  await ada.goto(`${server.url}/Keys`);
  assert.match(await ada.textContent("article"), /from the barrel/);
  await ada.goto(`${server.url}/-/conflicts?q=Keys`);
  assert.equal(await ada.locator(".inbox-item").count(), 0);
  await close(ada);
  await close(ben);
});

test("taking all is one press, and so is taking it back", async () => {
  const { ada, ben } = await collide("All");
  await ben.locator("#choice\\.2 input[value=yours]").check();
  await ben.locator("[data-all=theirs]").click();
  assert.equal(await made(ben), "2 of 2 choices made");
  await ben.locator("#result article", { hasText: "Leeks at dawn." }).waitFor();
  await ben.getByRole("button", { name: "Undo" }).click();
  assert.equal(await made(ben), "1 of 2 choices made");
  assert.ok(await ben.locator("#choice\\.2 input[value=yours]").isChecked());
  await ben.locator("[data-all=yours]").click();
  await ben.locator("h1.page-title").click();
  await ben.keyboard.press("u");
  assert.equal(await made(ben), "1 of 2 choices made");
  await close(ada);
  await close(ben);
});

test("a wording by hand begins with what was chosen, and comes back after a reload", async () => {
  const { ada, ben } = await collide("Reload");
  const place = ben.locator("#choice\\.1");
  await place.locator("input[value=both]").check();
  await place.locator("input[value=edit]").check();
  const field = place.locator("textarea");
  const began = await field.inputValue();
  assert.match(began, /^Beans .*\nBeans .*$/);
  await field.fill("Beans whenever it is dry.");
  await place.locator("input[value=theirs]").check();
  await place.locator("input[value=edit]").check();
  assert.equal(await field.inputValue(), "Beans whenever it is dry.", "typed words are never replaced");
  await ben.locator("#result article", { hasText: "Beans whenever it is dry." }).waitFor();
  let asked = 0;
  ben.on("dialog", (dialog) => {
    asked += 1;
    dialog.accept();
  });
  await ben.reload();
  assert.equal(asked, 1, "leaving asks");
  assert.equal(await made(ben), "1 of 2 choices made");
  assert.equal(await ben.inputValue("#choice\\.1 textarea"), "Beans whenever it is dry.");
  await ben.locator("#result article", { hasText: "Beans whenever it is dry." }).waitFor();
  await ben.locator("#choice\\.2 input[value=both]").check();
  await ben.locator("button[value=save]").click();
  await ben.waitForURL("**/Reload?saved=merged&id=*");
  assert.equal(asked, 1, "saving does not ask");
  assert.match(await raw(ben, "Reload"), /Beans whenever it is dry\.\n\nPeas weekly, from the barrel\.\n\nLeeks at d\w+\.\nLeeks at d\w+\.\n/);
  await close(ada);
  await close(ben);
});

test("a server that does not answer leaves the screen usable", async () => {
  const { ada, ben } = await collide("Alone");
  await ben.route("**/-/merge/**", (route) => route.abort());
  await ben.locator("[data-all=yours]").click();
  await ben.locator(".merge-show button").waitFor();
  await ben.unroute("**/-/merge/**");
  await ben.locator("[data-all=theirs]").click();
  await ben.locator("#result article", { hasText: "Leeks at dawn." }).waitFor();
  await ben.locator(".merge-show button").waitFor({ state: "hidden" });
  await close(ada);
  await close(ben);
});

test("the middle of a merge passes the accessibility rules and fits a phone", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await window({ colorScheme, bypassCSP: true, viewport: { width: 360, height: 740 }, hasTouch: true });
    await page.goto(`${server.url}/-/merge/Garden/Planting%20plan`);
    const places = await page.locator(".hunk-conflict").count();
    assert.ok(places > 0);
    await page.locator("#choice\\.1 input[value=edit]").check();
    if (places > 1) await page.locator("[data-all=yours]").click();
    await page.locator("#choice\\.1 input[value=edit]").check();
    await page.locator(".merge-result:not([aria-busy])").waitFor();
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${over} pixels too wide`);
    await passes(page, `merging in ${colorScheme}`);
    await close(page);
  }
});
