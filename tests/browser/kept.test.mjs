// What was typed is on disk: Save is pressed on a form whose page has moved on, and then its author
// leaves in every way there is. Each time the very bytes are looked for in `pages/`.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { startBrowser, startMortalBrowser, startServer } from "./support.mjs";

const BASE = "# Watering\n\nBeans daily.\n\nPeas weekly.\n";
const THEIRS = BASE.replace("daily", "twice a day");

let server;
let browser;
let count = 0;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Every revision of a page that is in `pages/` as a file, but for merges, less its header. */
function onDisk(name) {
  const dir = join(server.data, "pages", `${name}.md`);
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .map((id) => readFileSync(join(dir, id), "utf8"))
    .map((whole) => [whole.slice(0, whole.indexOf("\n\n")), whole.slice(whole.indexOf("\n\n") + 2)])
    .filter(([header]) => header.split("\n").filter((field) => field.startsWith("Parent:")).length < 2)
    .map(([, content]) => content);
}

async function send(name, content, author, base = "") {
  const form = new URLSearchParams({ content, author, base, nonce: crypto.randomUUID() });
  const answer = await fetch(`${server.url}/-/edit/${name}`, { method: "POST", body: form, redirect: "manual" });
  assert.equal(answer.status, 303, await answer.text());
}

/**
 * Somebody types, the page moves on, and Save is about to be pressed. `what` is a page that was
 * there ("edit"), or one that two people make at once ("new").
 */
async function stale(what, options = {}, from = browser) {
  count += 1;
  const name = `Kept-${what}-${count}`;
  const text = `# Watering\n\nBeans as ${name} says.\n\nPeas weekly.\n`;
  if (what === "edit") await send(name, BASE, "Zoe");
  const context = await from.newContext(options);
  const page = await context.newPage();
  await page.goto(`${server.url}/-/edit/${name}`);
  await page.fill("textarea[name=content]", text);
  await page.fill("input[name=author]", "Ben");
  await send(name, THEIRS, "Ann", await page.inputValue("input[name=base]"));
  return { name, text, context, page };
}

async function pressSave(page) {
  await page.locator("button[name=action][value=save]").first().click();
  await page.waitForURL(/-\/merge\/.*mine=/, { timeout: 10_000 });
}

/** What may never happen: a text that was saved is nowhere, or is there twice. */
function assertKept({ name, text }, way) {
  const found = onDisk(name).filter((content) => content === text).length;
  assert.equal(found, 1, `${way}: the text is in pages/ ${found} times`);
  assert.ok(onDisk(name).includes(THEIRS), `${way}: and so is Ann’s`);
}

const more = async (page) => page.locator(".merge-bar summary").click();
const choose = (who) => async (page) => page.locator(".option", { has: page.locator(".option-who", { hasText: who }) }).first().click();
const press = (value) => async (page) => {
  const button = page.locator(`.merge-bar button[value^="${value}"], .merge-show button[value="${value}"]`).first();
  if (!(await button.isVisible())) await more(page);
  await button.click();
  await page.waitForLoadState();
};
const follow = (name) => async (page) => {
  await more(page);
  await page.locator(".merge-bar").getByRole("link", { name, exact: true }).click();
  await page.waitForLoadState();
};

/** Ways to leave the merge screen. */
const WAYS = {
  "nothing more": async () => {},
  "Back": (page) => page.goBack(),
  "Back and forth": async (page) => { await page.goBack(); await page.goForward(); },
  "reload": (page) => page.reload(),
  "another page": (page) => page.goto(`${server.url}/`),
  "Save with nothing chosen": press("save"),
  "Save with mine": async (page) => { await choose("You")(page); await press("save")(page); },
  "Save with theirs": async (page) => { await choose("Ann")(page); await press("save")(page); },
  "edit the result and close": press("edit"),
  "keep the current version": press("keep"),
  "use the other version": press("take:"),
  "discard mine": press("discard:"),
  "discard mine and undo": async (page) => {
    await press("discard:")(page);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.waitForURL(/saved=undone/);
  },
  "keep mine for later": follow("Keep mine for later"),
  "history": follow("History"),
  "what happened": follow("What happened"),
};

for (const script of [true, false]) {
  for (const what of ["edit", "new"]) {
    test(`what was typed is on disk after every way out: ${what}, ${script ? "with" : "without"} script`, { timeout: 240_000 }, async () => {
      for (const [way, leave] of Object.entries(WAYS)) {
        const form = await stale(what, { javaScriptEnabled: script });
        await pressSave(form.page);
        assertKept(form, `before “${way}”`);
        await leave(form.page);
        await form.context.close();
        assertKept(form, way);
      }
    });
  }
}

test("the button that updates the result without script keeps what was typed", async () => {
  const form = await stale("edit", { javaScriptEnabled: false });
  await pressSave(form.page);
  await press("show")(form.page);
  await form.context.close();
  assertKept(form, "show");
});

test("pressing Save twice, and sending the form again after Back, saves once", async () => {
  const form = await stale("edit", { javaScriptEnabled: false });
  await form.page.locator("button[name=action][value=save]").first().dblclick({ noWaitAfter: true });
  await form.page.waitForURL(/-\/merge\/.*mine=/);
  await form.page.goBack();
  // The browser fills in what was typed; the form is that of the same base still.
  assert.equal(await form.page.inputValue("textarea[name=content]"), form.text);
  await pressSave(form.page);
  await form.context.close();
  assertKept(form, "twice");
});

test("a tab that is closed, and a browser that is killed, once the server has answered", { timeout: 60_000 }, async () => {
  for (const way of ["close", "kill"]) {
    const own = await startMortalBrowser();
    try {
      const form = await stale("edit", {}, own.browser);
      const answered = form.page.waitForResponse((answer) => answer.request().method() === "POST" && answer.url().includes("/-/edit/"));
      await form.page.locator("button[name=action][value=save]").first().click({ noWaitAfter: true });
      assert.equal((await answered).status(), 303);
      // A tab that closes while it goes to the next page may never say that it is closed.
      if (way === "close") form.page.close().catch(() => {});
      else await own.kill();
      assertKept(form, way);
    } finally {
      await own.kill();
    }
  }
});

test("a server that is killed once it has answered, and the same form sent to the one that follows", { timeout: 60_000 }, async () => {
  const outer = server;
  server = await startServer();
  try {
    const form = await stale("edit", { javaScriptEnabled: false });
    await pressSave(form.page);
    await server.kill();
    assertKept(form, "kill -9");
    server = { ...(await startServer({ data: server.data, listen: new URL(server.url).host })) };
    assertKept(form, "started again");
    await form.page.goBack();
    await pressSave(form.page);
    assertKept(form, "sent again");
    await form.context.close();
  } finally {
    await server.stop();
    server = outer;
  }
});

test("a server that is killed before Save is pressed: the text waits in the browser and is saved afterwards", { timeout: 60_000 }, async () => {
  const outer = server;
  server = await startServer();
  try {
    const form = await stale("edit");
    await server.kill();
    await form.page.locator("button[name=action][value=save]").first().click();
    await form.page.getByText("The server cannot be reached.").waitFor();
    assert.equal(await form.page.inputValue("textarea[name=content]"), form.text);
    server = { ...(await startServer({ data: server.data, listen: new URL(server.url).host })) };
    await pressSave(form.page);
    assertKept(form, "after the server came back");
    await form.page.close();
  } finally {
    await server.stop();
    server = outer;
  }
});
