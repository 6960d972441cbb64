// Conflicts of every shape from their beginning to their end, as people meet them, with the clicks
// that the right result takes.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
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

/** A page that fails the test where a script fails or the policy forbids something. */
async function window(options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.errors = [];
  page.clicks = 0;
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => message.text().includes("Content Security Policy") && page.errors.push(message.text()));
  return page;
}

async function close(page) {
  assert.deepEqual(page.errors, []);
  await page.context().close();
}

/** Sends the form of the editor as a browser without script does; returns where it leads. */
async function send(name, text, author, base = "") {
  const form = new URLSearchParams({ content: text, author, base, nonce: crypto.randomUUID(), confirm: "delete" });
  // As if from machines that were apart: no save merges anything.
  const headers = { cookie: "merge_on_save=ask" };
  const answer = await fetch(`${server.url}/-/edit/${name}`, { method: "POST", body: form, headers, redirect: "manual" });
  assert.equal(answer.status, 303, await answer.text());
  return new URL(answer.headers.get("location"), server.url);
}

const idOf = (to) => to.searchParams.get("id") ?? to.searchParams.get("mine");

/** Makes a page in several versions: each author saves on the same text, so all but the first wait. */
async function versions(name, base, texts) {
  const first = base === null ? "" : idOf(await send(name, base, "Zoe"));
  let to;
  for (const [author, text] of texts) to = await send(name, text, author, first);
  return to;
}

const raw = async (name) => (await fetch(`${server.url}/${name}.md`)).text();
const gone = async (name) => (await fetch(`${server.url}/${name}`)).status === 404;

async function waiting(name) {
  const list = await (await fetch(`${server.url}/-/api/v1/conflicts`)).json();
  return list.some((entry) => entry.path === `${name}.md`);
}

/** Clicks, and counts it. */
async function click(page, target) {
  page.clicks += 1;
  await (typeof target === "string" ? page.locator(target) : target).first().click();
}

const option = (page, who) => page.locator(".option", { has: page.locator(".option-who", { hasText: new RegExp(`^${who}$`) }) });
const saveButton = ".merge-bar button[value=save]";

async function passes(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run());
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`), [], where);
}

const tooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/** Counts the words of the interface: what is seen of the screen, less the page's own text. */
const ownWords = (page) => page.evaluate(() => {
  const main = document.querySelector("main").cloneNode(true);
  for (const own of main.querySelectorAll(".same, .place-text, .option-text, .merge-result article, .graph-list, .page-title, details:not([open]) > :not(summary), .visually-hidden, .no-js-only")) own.remove();
  main.hidden = true;
  document.body.append(main);
  const words = main.textContent.split(/\s+/).filter((word) => /\w/.test(word)).length;
  main.remove();
  return words;
});

const DAY = "# Watering\n\nBeans daily.\n\nPeas weekly.\n\nLeeks never.\n\nThe end.\n";
const line = (text, from, to) => text.replace(from, to);
const LONG = "The well was dug in 1920. It is deep. The pond is cold. Look south.\n";
const BEDS = "# G\n\n## Beans\n\nSow them late in spring.\nWater them.\n\n## Peas\n\nSow them early.\nProp them up.\n\n## End\n\nDone.\n";
const table = (cell) => `|Bed|Crop|\n|-|-|\n|1|${cell}|\n|2|Peas|\n`;

/** What each journey begins with, what it says, what is clicked, and what comes of it. */
const SHAPES = [
  { name: "One-clash", base: DAY, most: 2, says: /both changed one place\. Choose what the page should say\./,
    texts: [["Ann", line(DAY, "daily", "twice a day")], ["Ben", line(line(DAY, "daily", "every evening"), "weekly", "monthly")]],
    take: ["Ben"], result: "# Watering\n\nBeans every evening.\n\nPeas monthly.\n\nLeeks never.\n\nThe end.\n" },
  { name: "No-overlap", base: DAY, most: 1, says: /The changes don’t overlap/,
    texts: [["Ann", line(DAY, "daily", "twice a day")], ["Ben", line(DAY, "The end", "The very end")]],
    take: [], result: "# Watering\n\nBeans twice a day.\n\nPeas weekly.\n\nLeeks never.\n\nThe very end.\n" },
  { name: "Sentences", base: LONG, most: 1, says: /close together but don’t overlap/,
    texts: [["Ann", line(LONG, "1920", "1921")], ["Ben", line(LONG, "south", "north")]],
    take: [], result: "The well was dug in 1921. It is deep. The pond is cold. Look north.\n" },
  { name: "Suggested", base: "Add salt to the soup.\n", most: 2, says: /one sentence, but not the same words/,
    texts: [["Ann", "Add sea salt to the soup.\n"], ["Ben", "Add salt and pepper to the soup.\n"]],
    take: ["Suggested: both changes"], result: "Add sea salt and pepper to the soup.\n" },
  { name: "Appended", base: "a\n", most: 1, says: /added something at the same place/,
    texts: [["Ann", "a\nof Ann\n"], ["Ben", "a\nof Ben\n"]], take: [], result: "a\nof Ann\nof Ben\n" },
  { name: "Spaces", base: "a\n\nb\n", most: 1, says: /differ only in white space/,
    texts: [["Ann", "a  \n\nb\n"], ["Ben", "a \n\nb\n"]], take: [], result: "a  \n\nb\n" },
  { name: "Moved", base: BEDS, most: 1, says: /Check the result and save/,
    texts: [["Ann", "# G\n\n## Peas\n\nSow them early.\nProp them up.\n\n## End\n\nDone.\n\n## Beans\n\nSow them late in spring.\nWater them.\n"], ["Ben", line(BEDS, "late in spring", "late in May")]],
    take: [], result: "# G\n\n## Peas\n\nSow them early.\nProp them up.\n\n## End\n\nDone.\n\n## Beans\n\nSow them late in May.\nWater them.\n" },
  { name: "Deleted-here", base: "a\n", most: 2, says: /Ann deleted this page and Ben edited it/,
    texts: [["Ann", ""], ["Ben", "edited\n"]], take: ["Keep the page with Ben’s changes"], result: "edited\n" },
  { name: "Deleted-there", base: "a\n", most: 2, says: /Ben deleted this page and Ann edited it/,
    texts: [["Ann", "edited\n"], ["Ben", ""]], take: ["Delete the page, as Ben did"], result: null },
  { name: "No-ancestor", base: null, most: 2, says: /written separately/,
    texts: [["Ann", "of Ann\n"], ["Ben", "of Ben\n"]], take: ["Ben"], result: "of Ben\n" },
  { name: "Three-heads", base: DAY, most: 2, says: /Three versions differ in one place/,
    texts: [["Ann", line(DAY, "daily", "twice a day")], ["Ben", line(DAY, "daily", "every evening")], ["Cleo", line(DAY, "daily", "at noon")]],
    take: ["Cleo"], result: line(DAY, "daily", "at noon") },
  { name: "Five-heads", base: DAY, most: 4, says: /Five versions differ in three places/,
    texts: [
      ["Ann", line(DAY, "daily", "twice a day")], ["Ben", line(line(DAY, "daily", "at dusk"), "weekly", "monthly")],
      ["Cleo", line(line(DAY, "weekly", "on Mondays"), "never", "at dawn")], ["Dan", line(DAY, "never", "always")], ["Eve", line(DAY, "The end", "The very end")],
    ],
    take: ["Ben", "Cleo", "Dan"], result: "# Watering\n\nBeans at dusk.\n\nPeas on Mondays.\n\nLeeks always.\n\nThe very end.\n", each: true },
  { name: "Table", base: table("Beans"), most: 2, says: /both changed one place/,
    texts: [["Ann", table("Kale")], ["Ben", table("Leeks")]], take: ["Ben"], result: table("Leeks") },
];

for (const script of [true, false]) {
  for (const width of [1280, 360]) {
    test(`every shape of conflict, ${script ? "with" : "without"} script, ${width} pixels`, { timeout: 300_000 }, async (t) => {
      for (const shape of SHAPES) {
        const name = `${shape.name}-${script ? "s" : "n"}-${width}`;
        await versions(name, shape.base, shape.texts);
        const page = await window({ javaScriptEnabled: script, viewport: { width, height: 740 }, bypassCSP: true });
        await page.goto(`${server.url}/-/merge/${name}`);
        assert.match(await page.textContent(".merge-lead"), shape.says, name);
        assert.ok((await tooWide(page)) <= 0, `${name} is ${await tooWide(page)} pixels too wide`);
        const result = await page.innerHTML("#result article");
        assert.doesNotMatch(result, /still to be made|&lt;&lt;&lt;|\|-\|/, name);
        if (script && shape.texts.length === 2) {
          const words = await ownWords(page);
          assert.ok(words < 200, `${words} words on ${name}`);
        }
        for (const [i, who] of shape.take.entries()) {
          const at = shape.each ? page.locator(`#choice\\.${i + 1}`) : page;
          await click(page, at.locator(".option", { has: page.locator(".option-who", { hasText: new RegExp(`^${who}$`) }) }));
        }
        if (script && shape.take.length > 0) {
          assert.equal(await page.textContent(".progress progress + span"), `${shape.take.length} of ${shape.take.length} chosen`, name);
        }
        if (script) {
          for (const colorScheme of ["light", "dark"]) {
            await page.emulateMedia({ colorScheme });
            await page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
            await passes(page, `${name} in ${colorScheme}`);
          }
        }
        await click(page, saveButton);
        await page.waitForURL(/saved=/);
        if (shape.result === null) assert.ok(await gone(name), name);
        else assert.equal(await raw(name), shape.result, name);
        assert.equal(await waiting(name), false, name);
        assert.ok(page.clicks <= shape.most, `${name} took ${page.clicks} clicks`);
        t.diagnostic(`${name}: ${page.clicks} ${page.clicks === 1 ? "click" : "clicks"}`);
        await close(page);
      }
    });
  }
}

/** Ann and Ben edit one page; Ben presses Save too late. */
async function collide(name, base, ann, ben, options = {}) {
  await send(name, base, "Zoe");
  const page = await window(options);
  await page.goto(`${server.url}/-/edit/${name}`);
  await page.fill("textarea[name=content]", ben);
  await page.fill("input[name=author]", "Ben");
  const shown = await page.inputValue("input[name=base]");
  await send(name, ann, "Ann", shown);
  await click(page, "button[name=action][value=save]");
  await page.waitForURL(/saved=|merge/);
  return page;
}

test("a save that came late and overlaps with nothing is one click, with a way to see and undo it", async (t) => {
  const page = await collide("Late-clean", DAY, line(DAY, "daily", "twice a day"), line(DAY, "The end", "The very end"));
  assert.equal(page.clicks, 1);
  t.diagnostic(`a clean stale save: ${page.clicks} click`);
  assert.match(await raw("Late-clean"), /twice a day[^]*very end/);
  await page.getByRole("button", { name: "Undo" }).waitFor();
  await close(page);
});

test("a save that came late is on disk before it is asked about, and two clicks more resolve it", async (t) => {
  const page = await collide("Late", DAY, line(DAY, "daily", "twice a day"), line(DAY, "daily", "every evening"));
  assert.match(page.url(), /\/-\/merge\/Late\?mine=/);
  assert.match(await page.textContent(".notice-success"), /Your version is saved\. Ann saved the page meanwhile\./);
  assert.equal(await page.textContent(".merge-lead"), "You both changed one place. Choose what the page should say.");
  page.clicks = 0;
  await click(page, option(page, "You"));
  await click(page, saveButton);
  await page.waitForURL(/Late\?saved=merged/);
  t.diagnostic(`one clash: ${page.clicks} clicks`);
  assert.equal(page.clicks, 2);
  assert.equal(await raw("Late"), line(DAY, "daily", "every evening"));
  // Undo brings back what readers saw, and the version that waited.
  await page.getByRole("button", { name: "Undo" }).click();
  await page.waitForURL(/saved=undone/);
  assert.equal(await raw("Late"), line(DAY, "daily", "twice a day"));
  assert.equal(await page.locator(".option").count(), 2);
  await close(page);
});

test("keys alone", async () => {
  const two = (text, a, b) => line(line(text, "daily", a), "never", b);
  const page = await collide("Keys", DAY, two(DAY, "twice a day", "at dawn"), two(DAY, "every evening", "at dusk"));
  const current = () => page.locator(".place-open.is-current").getAttribute("id");
  const made = () => page.textContent(".progress progress + span");
  await page.keyboard.press("j");
  assert.equal(await current(), "choice.1");
  await page.keyboard.press("2");
  assert.equal(await made(), "1 of 2 chosen");
  await page.locator("#result article", { hasText: "Beans every evening." }).waitFor();
  await page.keyboard.press("n");
  assert.equal(await current(), "choice.2");
  await page.keyboard.press("k");
  assert.equal(await current(), "choice.1");
  await page.keyboard.press("j");
  // A save with open choices goes to the first of them and saves nothing.
  await page.keyboard.press("Control+s");
  assert.equal(await current(), "choice.2");
  assert.equal(await made(), "1 of 2 chosen");
  await page.keyboard.press("1");
  assert.ok(await page.locator("[data-next]").isHidden());
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(/Keys\?saved=merged/);
  assert.equal(await raw("Keys"), two(DAY, "every evening", "at dawn"));
  await close(page);
});

test("a suggestion is taken with one key", async () => {
  for (const key of ["s", "Enter"]) {
    const page = await collide(`Key-${key}`, "Add salt to the soup.\n", "Add sea salt to the soup.\n", "Add salt and pepper to the soup.\n");
    await page.keyboard.press("j");
    await page.keyboard.press(key);
    assert.equal(await page.textContent(".progress progress + span"), "1 of 1 chosen", key);
    await page.keyboard.press("Control+s");
    await page.waitForURL(/saved=merged/);
    assert.equal(await raw(`Key-${key}`), "Add sea salt and pepper to the soup.\n");
    await close(page);
  }
});

test("choices survive a reload, another tab and another save, which joins the screen", async () => {
  const page = await collide("Stay", DAY, line(DAY, "daily", "twice a day"), line(DAY, "daily", "every evening"),
    { viewport: { width: 360, height: 740 } });
  await option(page, "You").click();
  await page.reload();
  assert.equal(await page.textContent(".progress progress + span"), "1 of 1 chosen", "after a reload");
  const other = await page.context().newPage();
  await other.goto(`${server.url}/-/merge/Stay`);
  assert.equal(await other.textContent(".progress progress + span"), "1 of 1 chosen", "in another tab");
  await other.close();
  // Cleo's version arrives from another place meanwhile; what may be clicked stays where it is.
  await page.evaluate(() => scrollTo(0, 0));
  const before = await option(page, "You").boundingBox();
  const base = (await (await fetch(`${server.url}/-/history/Stay`)).text()).match(/1-[0-9a-f-]{36}/)[0];
  await send("Stay", line(DAY, "The end", "The very end"), "Cleo", base);
  await page.getByRole("button", { name: "Show it" }).waitFor();
  assert.deepEqual(await option(page, "You").boundingBox(), before);
  assert.ok((await tooWide(page)) <= 0, "the notice fits a phone");
  await page.getByRole("button", { name: "Show it" }).click();
  await page.waitForLoadState();
  assert.match(await page.textContent(".notice-info"), /Cleo saved this page while you were choosing/);
  assert.equal(await page.textContent(".progress progress + span"), "1 of 1 chosen", "with one version more");
  await page.locator(saveButton).click();
  await page.waitForURL(/saved=merged/);
  assert.match(await raw("Stay"), /every evening[^]*very end/);
  assert.equal(await waiting("Stay"), false);
  // What was chosen is not kept once it is saved.
  assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("everpage-merge")).length), 0);
  await close(page);
});

test("other words begin with what was chosen, and the result is edited in the real editor", async () => {
  const page = await collide("Words", DAY, line(DAY, "daily", "twice a day"), line(DAY, "daily", "every evening"));
  await option(page, "You").click();
  await page.locator(".choice", { hasText: "Other words" }).click();
  assert.equal((await page.inputValue(".place-edit textarea")).trim(), "Beans every evening.");
  await page.fill(".place-edit textarea", "Beans when it is dry.");
  await page.locator("#result article [data-new]", { hasText: "Beans when it is dry." }).waitFor();
  await page.locator(".merge-bar summary").click();
  await page.locator("button[value=edit]").click();
  await page.locator("form.editor").waitFor();
  const text = await page.inputValue("textarea[name=content]");
  assert.match(text, /Beans when it is dry\./);
  await page.fill("textarea[name=content]", `${text}More.\n`);
  await page.locator("button[name=action][value=save]").click();
  await page.waitForURL(/Words\?saved=/);
  assert.match(await raw("Words"), /when it is dry[^]*More\./);
  assert.equal(await waiting("Words"), false, "saving it is the merge");
  await close(page);
});

test("my version is discarded with one click and comes back with one", async () => {
  const page = await collide("Discard", DAY, line(DAY, "daily", "twice a day"), line(DAY, "daily", "every evening"));
  await page.locator(".merge-bar summary").click();
  await page.getByRole("button", { name: "Discard my version" }).click();
  await page.waitForURL(/saved=discarded/);
  assert.equal(await waiting("Discard"), false);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.waitForURL(/saved=undone/);
  assert.match(await page.textContent(".places"), /every evening/);
  await close(page);
});

test("pictures are seen side by side, and one is chosen", async () => {
  const picture = Buffer.from(await (await fetch(`${server.url}/revisions.png`)).arrayBuffer());
  const dir = `${server.data}/pages/Dot.png`;
  mkdirSync(dir);
  const first = `1-${crypto.randomUUID()}`;
  for (const [i, author] of ["Zoe", "Ann", "Ben"].entries()) {
    const id = i === 0 ? first : `2-${crypto.randomUUID()}`;
    const head = `Revision: ${id}\n${i === 0 ? "" : `Parent: ${first}\n`}Author: ${author}\n\n`;
    writeFileSync(`${dir}/${id}`, Buffer.concat([Buffer.from(head), picture, Buffer.from(author)]));
  }
  const page = await window();
  for (let i = 0; i < 100 && !(await page.locator(".files .option").count()); i += 1) {
    await page.goto(`${server.url}/-/merge/Dot.png`);
  }
  assert.equal(await page.locator(".files img").count(), 2);
  await click(page, option(page, "Ben"));
  await click(page, saveButton);
  await page.waitForURL(/saved=settled/);
  assert.match(await (await fetch(`${server.url}/Dot.png`)).text(), /Ben$/);
  assert.equal(page.clicks, 2);
  await close(page);
});

test("from the inbox one conflict leads to the next, and several are merged together", { timeout: 60_000 }, async () => {
  const own = await startServer();
  const outer = server.url;
  server.url = own.url;
  try {
    await versions("First", DAY, [["Ann", line(DAY, "daily", "twice")], ["Ben", line(DAY, "daily", "at dusk")]]);
    // Five versions are one visit.
    await versions("Second", DAY, [["Ann", line(DAY, "weekly", "twice")], ["Ben", line(DAY, "weekly", "at dusk")],
      ["Cleo", line(DAY, "weekly", "at noon")], ["Dan", line(DAY, "never", "always")], ["Eve", line(DAY, "The end", "The very end")]]);
    for (const name of ["Space one", "Space two"]) await versions(name, "a\n", [["Ann", "a  \n"], ["Ben", "a \n"]]);
    const page = await window({ bypassCSP: true });
    await page.goto(`${own.url}/-/conflicts?q=Space`);
    await page.getByRole("link", { name: "Merge 2 pages…" }).click();
    await passes(page, "the list of merges");
    await page.getByRole("button", { name: "Merge selected pages" }).click();
    assert.match(await page.textContent("h1"), /2 pages merged/);
    assert.equal(await page.getByRole("button", { name: /Undo Space/ }).count(), 2);
    await passes(page, "what was merged");
    await page.goto(`${own.url}/-/conflicts`);
    await passes(page, "the inbox");
    await page.getByRole("link", { name: "Resolve Second" }).click();
    await option(page, "Ben").click();
    await page.locator(saveButton).click();
    await page.waitForURL(/back=inbox&done=Second\.md/);
    assert.match(await page.textContent(".notice-success"), /Second is resolved/);
    assert.equal(await waiting("Second"), false);
    assert.equal(await raw("Second"), line(line(line(DAY, "weekly", "at dusk"), "never", "always"), "The end", "The very end"));
    await page.getByRole("button", { name: "Undo" }).waitFor();
    await passes(page, "the next conflict");
    await close(page);
  } finally {
    server.url = outer;
    await own.stop();
  }
});

test("a server that does not answer leaves the screen usable", async () => {
  const page = await collide("Alone", DAY, line(DAY, "daily", "twice a day"), line(DAY, "daily", "every evening"));
  await page.route("**/-/merge/**", (route) => route.abort());
  await option(page, "You").click();
  await page.locator(".merge-show button").waitFor();
  await page.unroute("**/-/merge/**");
  await option(page, "Ann").click();
  await page.locator("#result article", { hasText: "twice a day" }).waitFor();
  await page.locator(".merge-show button").waitFor({ state: "hidden" });
  await close(page);
});

test("what was joined is said to be in as long as it is", async () => {
  await versions("Joined", LONG, [["Ann", line(LONG, "1920", "1921")], ["Ben", line(LONG, "south", "north")]]);
  const page = await window();
  await page.goto(`${server.url}/-/merge/Joined`);
  const said = page.locator(".place-joined .place-head");
  assert.match(await said.innerText(), /changed different parts of this; all are in\.$/);
  await page.locator(".review summary").click();
  await option(page, "Ann").click();
  assert.match(await said.innerText(), /changed different parts of this$/);
  await option(page, "Both changes").click();
  assert.match(await said.innerText(), /all are in\.$/);
  await close(page);
});

test("each choice says who and what to a screen reader", async () => {
  const page = await collide("Names", DAY, line(DAY, "daily", "twice a day"), line(DAY, "daily", "every evening"));
  await page.getByRole("group", { name: /Choice 1 in “Watering”/ }).waitFor();
  await page.getByRole("radio", { name: /Ann.*current.*Beans twice a day\./s }).check();
  await page.getByRole("radio", { name: /You.*Beans every evening\./s }).check();
  await page.getByRole("status").filter({ hasText: "1 of 1 chosen" }).waitFor();
  await close(page);
});
