// Windows that hear of each other, in a real browser.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test, { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { startBrowser } from "./support.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug", "everpage");
let browser;
let server;

before(async () => {
  browser = await startBrowser();
  server = await startWiki();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A server that can be stopped and started again on the same directory and port. */
async function startWiki({ prefix = "" } = {}) {
  const data = mkdtempSync(join(tmpdir(), "everpage-"));
  cpSync(join(root, "data", "pages"), join(data, "pages"), { recursive: true });
  let child;
  const start = async (listen) => {
    const flags = prefix ? ["--base-path", prefix] : [];
    child = spawn(program, ["--data", data, "serve", "--listen", listen, ...flags], { stdio: ["ignore", "ignore", "pipe"] });
    const lines = createInterface({ input: child.stderr });
    return new Promise((resolve, reject) => {
      child.once("exit", () => reject(new Error("the server ended")));
      lines.on("line", (line) => {
        const found = line.match(/http:\/\/127\.0\.0\.1:(\d+)/);
        if (found) resolve(Number(found[1]));
      });
    });
  };
  const halt = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  };
  const port = await start("127.0.0.1:0");
  return {
    port,
    url: `http://127.0.0.1:${port}${prefix}`,
    halt,
    again: () => start(`127.0.0.1:${port}`),
    stop: async () => {
      await halt();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Opens an address in a browser of its own, and waits until its window hears of changes. */
async function open(address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
  return openIn(context, address);
}

async function openIn(context, address) {
  const page = await context.newPage();
  // Of several windows of one browser the leader opens a stream for all of them.
  const listening = context.waitForEvent("response", (response) => response.url().includes("/-/events"));
  await page.goto(address);
  await listening;
  return page;
}

/** Saves a page as somebody without a browser would: what others do meanwhile. */
async function save(url, name, content, author = "Bob") {
  const form = await (await fetch(`${url}/-/edit/${name}`)).text();
  const field = (key) => form.match(new RegExp(`name="${key}" value="([^"]*)"`))[1];
  const body = new URLSearchParams({ base: field("base"), nonce: field("nonce"), content, author, summary: "", action: "save" });
  if (!content) body.set("confirm", "delete");
  const answer = await fetch(`${url}/-/edit/${name}`, { method: "POST", body, redirect: "manual" });
  assert.equal(answer.status, 303, await answer.text());
}

/** What the line below the text says. */
const news = (page, hasText) => page.locator(".editor-news", { hasText });

test("a page that somebody else saves is shown where nobody is disturbed, and offered where somebody reads", async () => {
  await save(server.url, "Live-reading", `first\n\n${"line\n\n".repeat(200)}`);
  const page = await open(`${server.url}/Live-reading`);
  await save(server.url, "Live-reading", `second\n\n${"line\n\n".repeat(200)}`);
  await page.waitForSelector("article >> text=second");
  assert.match(await page.textContent(".live-bars"), /This is the new version by Bob/);
  await page.evaluate(() => scrollTo({ top: 900, behavior: "instant" }));
  await save(server.url, "Live-reading", `third\n\n${"line\n\n".repeat(200)}`, "Cleo");
  const offer = page.locator(".live-bars .notice", { hasText: "This page has a new version by Cleo" });
  await offer.waitFor();
  assert.match(await page.textContent("article"), /second/);
  const top = () => page.evaluate(() => Math.round(document.getElementById("content").getBoundingClientRect().top));
  const before = await top();
  await offer.getByRole("button", { name: "Show it" }).click();
  await page.waitForSelector("article >> text=third");
  assert.equal(await top(), before, "the text stands where it stood");
  assert.match(await page.textContent(".page-foot time"), /just now|minute/);
  await page.context().close();
});

test("a page that is written while somebody looks for it appears", async () => {
  const page = await open(`${server.url}/Not-yet-there`);
  await save(server.url, "Not-yet-there", "Here it is.\n");
  await page.waitForSelector("article >> text=Here it is.");
  await page.context().close();
});

test("what others save while one writes is said, and added to the text with one key", async () => {
  await save(server.url, "Live-writing", "# Plan\n\n## Bed 1\n\nBeans are green.\n\nPeas climb.\n");
  const page = await open(`${server.url}/-/edit/Live-writing`);
  const text = page.locator("textarea[name=content]");
  await text.focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("Mine at the end.");
  await save(server.url, "Live-writing", "# Plan\n\n## Bed 1\n\nBeans are purple.\n\nPeas climb.\n");
  await news(page, "Bob changed “Bed 1”. Alt+Enter adds it to your text.").waitFor();
  assert.equal(await page.getAttribute(".editor-news", "role"), "status", "read out when there is a pause");
  await page.getByRole("button", { name: "See it" }).click();
  await page.locator(".editor-changes ins", { hasText: "purple" }).waitFor();
  await page.keyboard.press("Escape");
  await text.focus();
  const base = await page.inputValue("input[name=base]");
  await page.keyboard.press("Alt+Enter");
  await news(page, "Added to your text. Nothing is saved yet.").waitFor();
  // The last line ends as the page's does.
  const added = "# Plan\n\n## Bed 1\n\nBeans are purple.\n\nPeas climb.\nMine at the end.";
  assert.equal(await text.inputValue(), `${added}\n`);
  assert.notEqual(await page.inputValue("input[name=base]"), base);
  // The cursor is where it was: what is typed next goes on there.
  await page.keyboard.type(" And more.");
  assert.equal(await text.inputValue(), `${added} And more.\n`);
  await news(page, "").waitFor({ state: "hidden" });
  // The browser's own undo takes back the typing and then what was added; the text has its old base
  // again, or saving would take Bob's words off the page.
  for (let step = 0; step < 20 && /purple/.test(await text.inputValue()); step++) await page.keyboard.press("Control+z");
  assert.match(await text.inputValue(), /green/);
  assert.equal(await page.inputValue("input[name=base]"), base);
  await news(page, "Bob changed “Bed 1”.").waitFor();
  for (let step = 0; step < 40 && !/And more\./.test(await text.inputValue()); step++) await page.keyboard.press("Control+Shift+z");
  assert.notEqual(await page.inputValue("input[name=base]"), base);
  await news(page, "").waitFor({ state: "hidden" });
  await page.click("button[name=action][value=save]");
  await page.waitForURL(/saved=1/);
  assert.match(await page.textContent("article"), /purple.*Mine at the end\. And more\./s);
  await page.context().close();
});

for (const [device, viewport] of [["desktop", { width: 1200, height: 800 }], ["phone", { width: 360, height: 740 }], ["phone with its keyboard", { width: 360, height: 400 }]]) {
  test(`news of others' saves do not move the text by a pixel (${device})`, async () => {
    const name = `Live-still-${viewport.width}-${viewport.height}`;
    const lines = Array.from({ length: 120 }, (_, i) => `Line ${i} of the bed of beans.\n`);
    await save(server.url, name, lines.join(""));
    const page = await open(`${server.url}/-/edit/${name}`, { viewport });
    await page.locator("textarea[name=content]").focus();
    await page.keyboard.press("Control+Home");
    for (let i = 0; i < 60; i++) await page.keyboard.press("ArrowDown");
    await page.keyboard.type("Mine. ");
    const where = () => page.evaluate(async () => {
      // Two pictures: whatever a change brings with it has happened.
      for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
      const text = document.querySelector("textarea[name=content]");
      const { top, left, width, height } = text.getBoundingClientRect();
      const focused = document.activeElement === text;
      return { top, left, width, height, scrollTop: text.scrollTop, scrollY, start: text.selectionStart, end: text.selectionEnd, focused };
    });
    const before = await where();
    assert.ok(before.focused && before.scrollTop > 0);
    await save(server.url, name, ["Bob's line.\n", ...lines].join(""), "Bob with a long name that fills the line from its beginning to its end");
    await news(page, "changed this page").waitFor();
    assert.deepEqual(await where(), before, "the news arrives");
    const seen = await page.evaluate(() => {
      const { top, bottom } = document.querySelector(".editor-line").getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight && document.documentElement.scrollWidth <= innerWidth;
    });
    assert.ok(seen, "the news is in sight and within the screen");
    const other = await open(`${server.url}/-/edit/${name}`);
    await other.fill("input[name=author]", "Cleo");
    await page.locator(".editors-here", { hasText: "Cleo is editing this page as well." }).waitFor({ state: "attached" });
    assert.deepEqual(await where(), before, "somebody else comes");
    await page.getByRole("button", { name: "Close" }).click();
    assert.deepEqual(await where(), before, "the news is closed");
    for (const each of [other, page]) await each.context().close();
  });
}

test("what is added leaves the line with the cursor where it is on the screen", async () => {
  const lines = Array.from({ length: 120 }, (_, i) => `Line ${i} of the bed of beans.\n`);
  await save(server.url, "Live-line", lines.join(""));
  const page = await open(`${server.url}/-/edit/Live-line`);
  const text = page.locator("textarea[name=content]");
  await text.focus();
  await page.keyboard.press("Control+Home");
  for (let i = 0; i < 60; i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.type("Mine. ");
  const top = async () => (await page.locator(".editor-backdrop > div > div", { hasText: /^Mine\. / }).boundingBox()).y;
  const before = await top();
  await save(server.url, "Live-line", [...lines.slice(0, 3), "One.\n", "Two.\n", "Three.\n", ...lines.slice(3)].join(""));
  await news(page, "Bob changed").waitFor();
  await page.keyboard.press("Alt+Enter");
  await news(page, "Added to your text.").waitFor();
  assert.match(await text.inputValue(), /^Line 0.*\nOne\.\nTwo\./s);
  // Lines are not whole pixels high; what is scrolled by is.
  assert.ok(Math.abs((await top()) - before) < 1, `${await top()} instead of ${before}`);
  await page.context().close();
});

test("what was added is in the preview and in the draft, which has the new base", async () => {
  await save(server.url, "Live-draft", "One.\n\nTwo.\n");
  const page = await open(`${server.url}/-/edit/Live-draft`);
  await page.locator("textarea[name=content]").focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("\nThree.");
  await save(server.url, "Live-draft", "One, by Bob.\n\nTwo.\n");
  await page.getByRole("button", { name: "Add to my text" }).click();
  await page.locator(".editor-preview p", { hasText: "One, by Bob." }).waitFor();
  await page.locator(".editor-backdrop", { hasText: "One, by Bob." }).waitFor({ state: "attached" });
  const base = await page.inputValue("input[name=base]");
  await page.waitForFunction(() => document.querySelector(".state").textContent.startsWith("Draft saved"));
  await page.close();
  const again = await openIn(page.context(), `${server.url}/-/edit/Live-draft`);
  const offer = again.locator(".editor-bars .notice", { hasText: "was not saved" });
  await offer.waitFor();
  assert.ok(!(await offer.textContent()).includes("has changed since"), "the draft has the new base");
  await save(server.url, "Live-draft", "One, by Bob again.\n\nTwo.\n");
  // Taking up the draft leaves the news of its page in sight.
  await news(again, "Bob changed this page.").waitFor();
  await offer.getByRole("button", { name: "Restore draft" }).click();
  await again.waitForFunction(() => document.querySelector("textarea[name=content]").value.includes("Three."));
  await news(again, "Bob changed this page.").waitFor();
  assert.equal(await again.inputValue("input[name=base]"), base);
  await again.getByRole("button", { name: "Add to my text" }).click();
  await again.locator(".editor-preview p", { hasText: "One, by Bob again." }).waitFor();
  assert.equal(await again.inputValue("textarea[name=content]"), "One, by Bob again.\n\nTwo.\n\nThree.\n");
  await again.context().close();
});

test("who adds something without having typed has nothing to lose", async () => {
  await save(server.url, "Live-idle", "One.\n");
  const page = await open(`${server.url}/-/edit/Live-idle`);
  await save(server.url, "Live-idle", "Two.\n");
  await page.getByRole("button", { name: "Add to my text" }).click();
  await news(page, "Added to your text.").waitFor();
  assert.equal(await page.inputValue("textarea[name=content]"), "Two.\n");
  assert.equal(await page.textContent(".state"), "");
  await page.context().close();
});

test("a page that is deleted meanwhile is said to be", async () => {
  await save(server.url, "Live-gone", "One.\n");
  const page = await open(`${server.url}/-/edit/Live-gone`);
  await save(server.url, "Live-gone", "");
  await news(page, "Bob deleted this page. If you save, you choose whether it comes back.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Add to my text" }).count(), 0);
  await page.fill("textarea[name=content]", "One and a half.\n");
  await page.click("button[name=action][value=save]");
  await page.waitForURL(/\/-\/merge\/Live-gone/);
  await page.context().close();
});

test("the editor's view is one choice for all windows", async () => {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
  const first = await openIn(context, `${server.url}/-/edit/Home`);
  const second = await openIn(context, `${server.url}/-/edit/Editing`);
  await second.click(".editor-view [value=write]");
  await first.locator("form.editor[data-view=write]").waitFor();
  assert.equal(await first.getAttribute(".editor-view [value=write]", "aria-pressed"), "true");
  await context.close();
});

test("what both changed is left for the save, and the news says so", async () => {
  await save(server.url, "Live-choosing", "Beans are green.\n");
  const page = await open(`${server.url}/-/edit/Live-choosing`);
  await page.fill("textarea[name=content]", "Beans are red.\n");
  await save(server.url, "Live-choosing", "Beans are purple.\n");
  await news(page, "Bob changed this page.").waitFor();
  await page.keyboard.press("Alt+Enter");
  await news(page, /^You and Bob both changed 1 place\. You choose when you save\.$/).waitFor();
  assert.equal(await page.inputValue("textarea[name=content]"), "Beans are red.\n");
  await page.click("button[name=action][value=save]");
  await page.waitForSelector("form.merge");
  assert.match(await page.textContent("main"), /Beans are purple.*Beans are red/s);
  await page.context().close();
});

test("what fits is added, and the news says how many places are left", async () => {
  await save(server.url, "Live-partly", "Beans are green.\n\nPeas climb.\n\nLeeks stand.\n");
  const page = await open(`${server.url}/-/edit/Live-partly`);
  await page.fill("textarea[name=content]", "Beans are red.\n\nPeas climb.\n\nLeeks stand.\n");
  await save(server.url, "Live-partly", "Beans are purple.\n\nPeas climb.\n\nLeeks stand tall.\n");
  await news(page, "Bob changed this page.").waitFor();
  await page.keyboard.press("Alt+Enter");
  await news(page, "Added the rest. You and Bob both changed 1 place: you choose when you save.").waitFor();
  const partly = "Beans are red.\n\nPeas climb.\n\nLeeks stand tall.\n";
  assert.equal(await page.inputValue("textarea[name=content]"), partly);
  await page.locator("textarea[name=content]").focus();
  await page.keyboard.press("Control+z");
  assert.match(await page.inputValue("textarea[name=content]"), /Leeks stand\.\n$/);
  for (let step = 0; step < 5 && (await page.inputValue("textarea[name=content]")) !== partly; step++) await page.keyboard.press("Control+Shift+z");
  assert.equal(await page.inputValue("textarea[name=content]"), partly);
  await page.click("button[name=action][value=save]");
  await page.waitForSelector("form.merge");
  assert.match(await page.textContent("main"), /Beans are purple.*Beans are red/s);
  assert.equal(await page.locator(".place-open").count(), 1);
  await page.context().close();
});

test("the editor says who else is there, until they leave", async () => {
  const ada = await open(`${server.url}/-/edit/Live-company`);
  const bob = await open(`${server.url}/-/edit/Live-company`);
  await bob.fill("input[name=author]", "Bob");
  await ada.locator(".editors-here", { hasText: "Bob is editing this page as well." }).waitFor();
  const again = await openIn(ada.context(), `${server.url}/-/edit/Live-company`);
  await again.locator(".editors-here", { hasText: "Bob and you, in another window, are editing" }).waitFor();
  await again.close();
  await bob.close();
  await ada.locator(".editors-here").waitFor({ state: "hidden" });
  for (const page of [ada, bob]) await page.context().close();
});

test("windows of one browser share one stream, and the next one takes over", async () => {
  await save(server.url, "Live-sharing", "first\n");
  const context = await browser.newContext();
  let streams = 0;
  context.on("request", (request) => (streams += request.url().includes("/-/events") ? 1 : 0));
  const first = await openIn(context, `${server.url}/Live-sharing`);
  const opened = first.waitForRequest((request) => request.url().includes("/-/events"));
  const second = await context.newPage();
  await second.goto(`${server.url}/Home`);
  // The second window has no stream of its own: the first opened one for both.
  assert.match((await opened).url(), /page=Home&page=Live-sharing/);
  assert.equal(streams, 2);
  const more = first.waitForRequest((request) => request.url().includes("/-/events"));
  const third = await context.newPage();
  await third.goto(`${server.url}/Live-sharing`);
  await more;
  const taken = second.waitForRequest((request) => request.url().includes("/-/events"));
  await first.close();
  await taken;
  await save(server.url, "Live-sharing", "second\n");
  await third.waitForSelector("article >> text=second");
  await context.close();
});

test("after the server was restarted nothing is missed", async () => {
  const own = await startWiki();
  try {
    await save(own.url, "Live-restart", "first\n");
    const page = await open(`${own.url}/Live-restart`);
    const lost = page.waitForEvent("requestfinished", (request) => request.url().includes("/-/events"));
    await own.halt();
    await lost;
    await own.again();
    await save(own.url, "Live-restart", "second\n");
    await page.waitForSelector("article >> text=second");
    await save(own.url, "Live-restart", "third\n");
    await page.waitForSelector("article >> text=third");
    await page.context().close();
  } finally {
    await own.stop();
  }
});

test("lists and the count of conflicts say what is new", async () => {
  const recent = await open(`${server.url}/-/recent`);
  await save(server.url, "Live-list", "first\n");
  await save(server.url, "Live-list", "second\n");
  await recent.locator(".live-bars", { hasText: "2 new changes." }).waitFor();
  const conflicts = await open(`${server.url}/-/conflicts`);
  const count = Number(await conflicts.getAttribute("body", "data-conflicts"));
  const form = await (await fetch(`${server.url}/-/edit/Live-list`)).text();
  const base = form.match(/name="base" value="([^"]*)"/)[1];
  await save(server.url, "Live-list", "third\n");
  const nonce = crypto.randomUUID();
  const body = new URLSearchParams({ base, nonce, content: "another\n", author: "Cleo", summary: "" });
  await fetch(`${server.url}/-/edit/Live-list`, { method: "POST", body, redirect: "manual" });
  await conflicts.locator(".live-bars", { hasText: "1 more page with a conflict." }).waitFor();
  assert.match(await conflicts.textContent("#site-nav .badge"), new RegExp(`${count + 1}$`));
  for (const page of [recent, conflicts]) await page.context().close();
});

test("colours and width agree in all windows at once, and on another device by its link", async () => {
  const context = await browser.newContext({ colorScheme: "light" });
  const home = await openIn(context, `${server.url}/Home`);
  const choices = await openIn(context, `${server.url}/-/preferences`);
  const root = (page, selector) => page.locator(`html${selector}`).waitFor({ state: "attached" });
  await choices.locator("[data-setting=theme]").getByRole("button", { name: "Dark" }).click();
  await root(home, "[data-theme=dark]");
  await choices.locator("[data-setting=width]").getByRole("button", { name: "Wide" }).click();
  await root(home, "[data-width=wide]");
  await choices.reload();
  await root(choices, "[data-theme=dark][data-width=wide]");
  const shared = choices.waitForResponse((response) => response.url().endsWith("/-/api/v1/settings"));
  await choices.getByRole("button", { name: "Share with my devices" }).click();
  await shared;
  const link = await choices.inputValue("#Device-link");
  assert.match(link, /#reader=[0-9a-f]{40}$/);
  const phone = await open(link, { viewport: { width: 390, height: 800 } });
  await root(phone, "[data-theme=dark][data-width=wide]");
  assert.ok(!phone.url().includes("reader="), "the key stays in the address");
  const sent = phone.waitForResponse((response) => response.url().endsWith("/-/api/v1/settings"));
  await phone.locator("[data-setting=theme]").getByRole("button", { name: "Light" }).click();
  await sent;
  await choices.reload();
  await root(home, "[data-theme=light]");
  await phone.context().close();
  await context.close();
});

test("behind a proxy with a prefix events arrive at once", async () => {
  const own = await startWiki({ prefix: "/wiki" });
  const proxy = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const forward = request({ host: "127.0.0.1", port: own.port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    outgoing.on("close", () => forward.destroy());
    forward.on("error", () => outgoing.destroy());
    incoming.pipe(forward);
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${proxy.address().port}/wiki`;
  try {
    await save(url, "Live-proxy", "first\n");
    const page = await open(`${url}/Live-proxy`);
    await save(url, "Live-proxy", "second\n");
    await page.waitForSelector("article >> text=second");
    await page.context().close();
  } finally {
    proxy.closeAllConnections();
    proxy.close();
    await own.stop();
  }
});

test("the page of preferences fits a phone", async () => {
  const page = await open(`${server.url}/-/preferences`, { viewport: { width: 360, height: 740 } });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${over} pixels too wide`);
  await page.context().close();
});
