// Writing a page with the help of the scripts, in a real browser.
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

/** Opens the editor of a page in a browser of its own, or in the one that is given. */
async function edit(path, { context, url = server.url, ...options } = {}) {
  const page = await (context ?? (await browser.newContext(options))).newPage();
  await page.goto(`${url}/-/edit/${path}`);
  await page.locator(".editor-backdrop").waitFor({ state: "attached" });
  return page;
}

const field = (page) => page.locator("textarea[name=content]");
const value = (page) => field(page).inputValue();
const bar = (page, words) => page.locator(".editor-bars .notice", { hasText: words });
const kept = (page) => page.locator(".state", { hasText: "Draft saved" }).waitFor();
const save = (page) => page.click("button[name=action][value=save]");

/** Waits until the browser keeps no draft any more. */
const noDrafts = (page) => draftsAre(page, (drafts) => drafts.length === 0);

/** Waits until what the browser keeps is as it should be. */
async function draftsAre(page, right) {
  let drafts;
  for (let frame = 0; frame < 1000; frame++) {
    drafts = await page.evaluate(async () => {
      await new Promise(requestAnimationFrame);
      const { allDrafts } = await import("/-/static/js/editor/draft-store.js");
      return allDrafts();
    });
    if (right(drafts)) return;
  }
  assert.fail(`the drafts are ${JSON.stringify(drafts)}`);
}

/** Makes a page of this text without the help of a script. */
async function write(path, text) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${server.url}/-/edit/${path}`);
  await page.fill("textarea[name=content]", text);
  await save(page);
  await page.waitForURL(/saved=1/);
  await context.close();
}

/** Puts text into the field and marks the part between « and ». */
async function mark(page, marked) {
  await field(page).fill(marked.replace(/[«»]/g, ""));
  const [start, end] = [marked.indexOf("«"), marked.indexOf("»") - 1];
  await field(page).evaluate((text, range) => text.setSelectionRange(...range), [start, end]);
}

test("what is typed is coloured at once, and the colours lie exactly below the letters", async () => {
  const page = await edit("Fresh/Colours");
  await field(page).pressSequentially("## Beds\n\nSee **this** [[Garden]].");
  assert.deepEqual(await page.locator(".editor-backdrop span").evaluateAll((all) => all.map((s) => s.className + s.textContent)), [
    "md-heading## Beds", "md-strong**this**", "md-wikilink[[Garden]]",
  ]);
  const strange = ["a ".repeat(400), "\tb\tc", "", "   ", "**bold** `code` _em_ ".repeat(30), "שלום עולם **a**", "漢字😀".repeat(60), "x".repeat(700)];
  await field(page).fill(Array(6).fill(strange.join("\n")).join("\n\n"));
  await field(page).evaluate((text) => (text.scrollTop = text.scrollHeight));
  const measure = () => page.evaluate(async () => {
    // The copy follows with the next picture.
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
    const [text, copy] = document.querySelectorAll(".editor-field > textarea, .editor-backdrop");
    return [text, copy].map((e) => [e.scrollHeight, e.clientWidth, Math.round(e.scrollTop), e.getBoundingClientRect().top]);
  });
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    // At the end, all that lies above has been laid out in the copy.
    await measure();
    await field(page).evaluate((text) => (text.scrollTop = text.scrollHeight));
    const [text, copy] = await measure();
    assert.deepEqual(copy, text, `${width} pixels wide`);
  }
  await page.context().close();
});

test("what an empty text says comes back when all of it is deleted", async () => {
  const page = await edit("Fresh/Hint");
  const says = () => field(page).getAttribute("placeholder");
  assert.match(await says(), /Markdown/);
  await field(page).pressSequentially("x");
  assert.equal(await says(), null);
  await page.keyboard.press("Backspace");
  assert.match(await says(), /Markdown/);
  await page.context().close();
});

test("where much is deleted at once, what comes into sight from below is coloured in the same picture", async () => {
  const page = await edit("Fresh/Deleted");
  const paragraph = "Many words about beans and peas. ".repeat(80);
  await field(page).fill(`${"Above.\n".repeat(60)}${paragraph}\n${"- Below, with **beans**.\n".repeat(200)}`);
  const bare = () => page.evaluate(async () => {
    // What is set here is carried out before the next picture, after what the editor has set.
    await new Promise(requestAnimationFrame);
    const { bottom } = document.querySelector("textarea[name=content]").getBoundingClientRect();
    const rows = [...document.querySelectorAll(".editor-backdrop > div > div")].map((row) => row.getBoundingClientRect().bottom);
    return Math.max(0, bottom - Math.max(...rows));
  });
  await field(page).evaluate((text, length) => {
    text.setSelectionRange(420 + 300, 420 + length);
    text.scrollTop = 60 * 24;
  }, paragraph.length);
  await page.waitForFunction(() => {
    const text = document.querySelector("textarea[name=content]").getBoundingClientRect();
    const rows = [...document.querySelectorAll(".editor-backdrop > div > div")].map((row) => row.getBoundingClientRect());
    return rows.some(({ top }) => top < text.top) && rows.some(({ bottom }) => bottom > text.bottom);
  });
  // The browser goes on showing where it was: nothing is scrolled.
  await field(page).evaluate((text) => {
    const { scrollTop } = text;
    document.execCommand("delete");
    text.scrollTop = scrollTop;
  });
  assert.equal(await bare(), 0);
  await page.context().close();
});

test("changing a fence colours what follows anew, and nothing of the text is lost on the way", async () => {
  const page = await edit("Fresh/Fences");
  await field(page).fill("a\n# b\n```\n# c");
  await field(page).press("Control+Home");
  await field(page).pressSequentially("```\n");
  const picture = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const rows = () => page.locator(".editor-backdrop > div > div").evaluateAll((all) => all.map((r) => (r.firstElementChild?.className ?? "") + r.textContent));
  await picture();
  assert.deepEqual(await rows(), ["md-code```\n", "md-codea\n", "md-code# b\n", "md-code```\n", "md-heading# c\n"]);
  for (let i = 0; i < 4; i++) await field(page).press("Backspace");
  await picture();
  assert.deepEqual(await rows(), ["a\n", "md-heading# b\n", "md-code```\n", "md-code# c\n"]);
  await page.context().close();
});

test("buttons and keys change the text, and undo takes it back", async () => {
  const page = await edit("Fresh/Tools");
  await mark(page, "water «the» beans");
  await page.click("[data-tool=bold]");
  assert.equal(await value(page), "water **the** beans");
  await page.keyboard.press("Control+b");
  assert.equal(await value(page), "water the beans");
  await page.keyboard.press("Control+i");
  assert.equal(await value(page), "water *the* beans");
  await page.keyboard.press("Control+z");
  assert.equal(await value(page), "water the beans");
  await page.keyboard.press("Control+k");
  assert.equal(await value(page), "water [the](https://) beans");
  for (const tool of ["list", "task", "quote", "heading", "code", "table"]) {
    await mark(page, "«beans»");
    await page.click(`[data-tool=${tool}]`);
    assert.notEqual(await value(page), "beans", tool);
    await page.keyboard.press("Control+z");
    assert.equal(await value(page), "beans", tool);
  }
  await page.context().close();
});

test("the toolbar is one stop for Tab, and arrows move in it", async () => {
  const page = await edit("Home");
  const focused = () => page.evaluate(() => document.activeElement.dataset.tool ?? document.activeElement.name);
  await page.focus(".editor-view [value=preview]");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "bold");
  for (const key of ["ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
  assert.equal(await focused(), "heading");
  await page.keyboard.press("End");
  assert.equal(await focused(), "table");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "content");
  await page.context().close();
});

test("lists go on by themselves, and Tab is a prison nowhere", async () => {
  const page = await edit("Fresh/Lists");
  await field(page).focus();
  await page.keyboard.type("1. dig\nsow\n\n\n- [x] rake\nhoe");
  assert.equal(await value(page), "1. dig\n2. sow\n\n- [x] rake\n- [ ] hoe");
  await page.keyboard.press("Tab");
  assert.match(await value(page), /rake\n {2}- \[ \] hoe$/);
  await page.keyboard.press("Shift+Tab");
  assert.match(await value(page), /rake\n- \[ \] hoe$/);
  const before = await value(page);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  assert.equal(await value(page), before);
  assert.notEqual(await page.evaluate(() => document.activeElement.name), "content");
  await field(page).fill("no list");
  await page.keyboard.press("Tab");
  assert.notEqual(await page.evaluate(() => document.activeElement.name), "content");
  await page.context().close();
});

test("an address pasted over words makes a link of them", async () => {
  const page = await edit("Fresh/Paste");
  await mark(page, "read «this»");
  await field(page).evaluate((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", "https://example.org/a");
    text.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  });
  assert.equal(await value(page), "read [this](https://example.org/a)");
  await page.context().close();
});

test("Ctrl+S and Ctrl+Enter save", async () => {
  for (const [key, path] of [["Control+s", "Fresh/Saved with S"], ["Control+Enter", "Fresh/Saved with Enter"]]) {
    const page = await edit(path);
    await field(page).fill("beans");
    await page.keyboard.press(key);
    await page.waitForURL(/saved=1/);
    assert.match(await page.textContent("article"), /beans/);
    await page.context().close();
  }
});

const long = Array.from({ length: 120 }, (_, i) => `## Part ${i}\n\nWords of part ${i}.\n`).join("\n");

test("the preview follows the text and the cursor", async () => {
  const page = await edit("Fresh/Preview", { viewport: { width: 1280, height: 900 } });
  await field(page).fill(long);
  await page.locator(".editor-preview h2", { hasText: "Part 119" }).waitFor();
  await field(page).press("Control+Home");
  for (let i = 0; i < 180; i++) await page.keyboard.press("ArrowDown");
  const distance = () => page.evaluate(async () => {
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
    const text = document.querySelector("textarea[name=content]");
    const line = text.value.slice(0, text.selectionStart).split("\n").length - 1;
    const rows = [...document.querySelectorAll(".editor-backdrop > div > div")];
    const row = rows.find((row) => row.textContent.trim() === text.value.split("\n")[line]).getBoundingClientRect();
    const block = document.querySelector(`.editor-preview [data-line="${line + 1}"]`).getBoundingClientRect();
    return Math.abs(row.top - block.top);
  });
  await page.waitForFunction(() => document.querySelector(".editor-preview .prose").scrollTop > 100);
  assert.ok((await distance()) < 60, `the block is ${await distance()} pixels from its text`);
  await field(page).press("Control+Home");
  await page.keyboard.type("# Above\n\n");
  await page.locator(".editor-preview h1", { hasText: "Above" }).waitFor();
  assert.equal(await page.locator(".editor-preview h2").first().getAttribute("data-line"), "3");
  await page.context().setOffline(true);
  await page.keyboard.type("x");
  await page.locator(".pane-label", { hasText: "cannot be reached" }).waitFor();
  assert.equal(await page.locator(".editor-preview h2").count(), 120, "the last preview stays");
  await page.context().setOffline(false);
  await page.keyboard.type("y");
  await page.locator(".pane-label", { hasText: "follows the cursor" }).waitFor();
  await page.context().close();
});

test("the chosen view is remembered", async () => {
  const page = await edit("Home");
  await page.click(".editor-view [value=write]");
  assert.equal(await page.locator(".editor-preview").isVisible(), false);
  await page.reload();
  assert.equal(await page.locator(".editor-preview").isVisible(), false);
  await page.click(".editor-view [value=preview]");
  assert.equal(await field(page).isVisible(), false);
  await page.locator(".editor-preview h2").first().waitFor();
  await page.context().close();
});

test("after [[ names are offered, and after # headings", async () => {
  const page = await edit("Fresh/Names");
  await field(page).focus();
  await page.keyboard.type("See [[wat");
  const option = page.locator("#Names [role=option]");
  await option.filter({ hasText: "Watering" }).waitFor();
  assert.equal(await field(page).getAttribute("aria-activedescendant"), "Names-0");
  await page.keyboard.press("Enter");
  assert.equal(await value(page), "See [[Watering]]");
  assert.equal(await field(page).getAttribute("aria-activedescendant"), null);
  await page.keyboard.type(" and [[editi");
  await option.filter({ hasText: "Editing" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#Names").waitFor({ state: "hidden" });
  await page.keyboard.press("ArrowLeft");
  assert.equal(await value(page), "See [[Watering]] and [[editi");
  await field(page).fill("");
  await page.keyboard.type("[[Editing#");
  await option.nth(1).waitFor();
  await page.keyboard.press("ArrowDown");
  const heading = await page.locator("#Names [aria-selected=true] span").first().textContent();
  await page.keyboard.press("Tab");
  assert.equal(await value(page), `[[Editing#${heading}]]`);
  await page.click("[data-tool=wikilink]");
  await page.keyboard.type("home");
  await option.first().click();
  assert.match(await value(page), /\[\[Home\]\]$/);
  await page.context().close();
});

test("a draft comes back after a crash, with what it changes", async () => {
  const page = await edit("Garden");
  const context = page.context();
  const before = await value(page);
  await field(page).press("Control+Home");
  await page.keyboard.type("Typed before the crash.\n");
  await page.fill("#Summary", "crashing");
  await kept(page);
  const crashed = page.waitForEvent("crash");
  const tools = await context.newCDPSession(page);
  tools.send("Page.crash").catch(() => {});
  await crashed;
  await page.close();

  const again = await edit("Garden", { context });
  const offer = bar(again, "A draft from");
  await offer.waitFor();
  assert.equal(await value(again), before, "the page itself is shown first");
  assert.equal(await offer.locator(".diff-added").textContent(), "Added: Typed before the crash.");
  await offer.getByRole("button", { name: "Restore draft" }).click();
  assert.match(await value(again), /^Typed before the crash\./);
  assert.equal(await again.inputValue("#Summary"), "crashing");
  await kept(again);
  await save(again);
  await again.waitForURL(/saved=1/);
  await noDrafts(again);
  await context.close();
});

test("a discarded draft can be had back, and one that is left stays", async () => {
  const page = await edit("Garden/Watering");
  const context = page.context();
  await field(page).fill("kept");
  await kept(page);
  await page.close();
  let next = await edit("Garden/Watering", { context });
  await bar(next, "A draft from").getByRole("button", { name: "Not now" }).click();
  await next.close();
  next = await edit("Garden/Watering", { context });
  await bar(next, "A draft from").getByRole("button", { name: "Discard" }).click();
  await bar(next, "was discarded").getByRole("button", { name: "Undo" }).click();
  await bar(next, "A draft from").waitFor();
  await next.goto(`${server.url}/-/new`);
  await next.locator("#Drafts li", { hasText: "Garden/Watering" }).getByRole("button", { name: "Discard" }).click();
  await next.locator("#Drafts li", { hasText: "was discarded" }).waitFor();
  await noDrafts(next);
  await context.close();
});

test("two windows of one person keep a draft each", async () => {
  const one = await edit("Fresh/Twice");
  const context = one.context();
  const two = await edit("Fresh/Twice", { context });
  await field(one).fill("first window");
  await field(two).fill("second window");
  await Promise.all([kept(one), kept(two)]);
  const three = await edit("Fresh/Other", { context });
  await three.goto(`${server.url}/-/new`);
  await three.locator("#Drafts li").nth(1).waitFor();
  const drafts = (await three.locator("#Drafts li").allTextContents()).join();
  assert.match(drafts, /first window/);
  assert.match(drafts, /second window/);
  // What an open window is writing is not offered to another one.
  await two.close();
  const four = await edit("Fresh/Twice", { context });
  await bar(four, "A draft from").waitFor();
  assert.match(await bar(four, "A draft from").textContent(), /second window/);
  assert.equal(await bar(four, "A draft from").count(), 1);
  await context.close();
});

test("a draft on a page that moved on is a revision once it is saved, and leads to the merge screen", async () => {
  await write("Fresh/Moved", "one\n");
  const page = await edit("Fresh/Moved");
  const context = page.context();
  await field(page).fill("mine\n");
  await kept(page);
  await page.close();
  await write("Fresh/Moved", "theirs\n");
  const next = await edit("Fresh/Moved", { context });
  const offer = bar(next, "The page has changed since then");
  await offer.getByRole("button", { name: "Restore draft" }).click();
  await save(next);
  await next.locator(".place-open").first().waitFor();
  const screen = await next.textContent("main");
  assert.match(screen, /mine/);
  assert.match(screen, /theirs/);
  await noDrafts(next);
  await next.click(".option-yours");
  await next.click("button[name=action][value=save]");
  await next.waitForURL(/saved=merged/);
  await noDrafts(next);
  await context.close();
});

test("a server that stopped takes nothing with it", async () => {
  const own = await startServer();
  const page = await edit("Home", { url: own.url });
  await field(page).fill("written while the server died");
  await own.stop();
  await save(page);
  await bar(page, "The server cannot be reached").waitFor();
  assert.match(await bar(page, "The server cannot be reached").textContent(), /kept in this browser/);
  assert.equal(await value(page), "written while the server died");
  await page.context().close();
});

test("a text that is too large comes back, or waits in the browser", async () => {
  process.env.EVERPAGE_MAX_TEXT = "64KiB";
  const own = await startServer();
  delete process.env.EVERPAGE_MAX_TEXT;
  const context = await browser.newContext();
  for (const size of [100_000, 1_500_000]) {
    const text = `${"beans ".repeat(12)}\n`.repeat(size / 73);
    const next = await edit("Fresh/Large", { context, url: own.url });
    await field(next).evaluate((area, text) => {
      area.value = text;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }, text);
    const sent = (response) => response.request().method() === "POST" && response.url().includes("/-/edit/");
    const [answer] = await Promise.all([next.waitForResponse(sent), next.waitForEvent("load"), save(next)]);
    assert.equal(answer.status(), 413);
    if (size === 100_000) assert.equal(await value(next), text);
    await draftsAre(next, (drafts) => drafts.some((draft) => draft.text === text));
  }
  await context.close();
  await own.stop();
});

test("a save whose answer was lost is no draft any more", async () => {
  const page = await edit("Fresh/Lost answer");
  const context = page.context();
  await field(page).fill("saved without an answer");
  await page.route("**/-/edit/**", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    await route.fetch({ maxRedirects: 0 });
    return route.abort();
  });
  const failed = page.waitForEvent("requestfailed");
  await save(page);
  await failed;
  await page.close();
  const next = await edit("Fresh/Lost answer", { context });
  assert.equal(await value(next), "saved without an answer");
  await noDrafts(next);
  assert.equal(await next.locator(".editor-bars .notice").count(), 0);
  await context.close();
});

test("leaving with unsaved text asks, and leaving without does not", async () => {
  const page = await edit("Home");
  const asked = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.type());
    return dialog.dismiss();
  });
  await field(page).press("End");
  await page.keyboard.type("x");
  const dialog = page.waitForEvent("dialog");
  await page.click(".brand");
  await dialog;
  assert.deepEqual(asked, ["beforeunload"]);
  await field(page).focus();
  await page.keyboard.press("Control+z");
  await page.waitForFunction(() => document.querySelector(".state").textContent === "");
  await page.click(".brand");
  await page.waitForURL(/\/Home$/);
  assert.equal(asked.length, 1);
  await page.context().close();
});

test("text typed before the script runs counts as typed", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  let run;
  const typed = new Promise((done) => (run = done));
  await page.route("**/js/editor.*.js", async (route) => {
    await typed;
    await route.fallback();
  });
  await page.goto(`${server.url}/-/edit/Fresh/Early`, { waitUntil: "commit" });
  await field(page).fill("early bird");
  run();
  await kept(page);
  assert.equal(await page.locator(".editor-backdrop").textContent(), "early bird\n");
  await context.close();
});

test("files are dropped and pasted into the text", async () => {
  const page = await edit("Garden/Watering");
  await field(page).fill("A plan: ");
  const send = (kind, name, type) => field(page).evaluate((text, [kind, name, type]) => {
    const data = new DataTransfer();
    data.items.add(new File(["\u0089PNG beans"], name, { type }));
    const options = { bubbles: true, cancelable: true };
    const event = kind === "drop" ? new DragEvent(kind, { ...options, dataTransfer: data }) : new ClipboardEvent(kind, { ...options, clipboardData: data });
    text.dispatchEvent(event);
  }, [kind, name, type]);
  await send("drop", "plan.png", "image/png");
  await page.waitForFunction(() => document.querySelector("textarea[name=content]").value === "A plan: ![plan](plan.png)");
  const answer = await page.request.get(`${server.url}/Garden/plan.png`);
  assert.equal(answer.status(), 200);
  await send("paste", "image.png", "image/png");
  await page.waitForFunction(() => /plan\.png\)!\[Picture [^\]]+\]\(Picture%20[^)]+\.png\)$/.test(document.querySelector("textarea[name=content]").value));
  await send("drop", "notes.md", "text/markdown");
  await bar(page, "was not uploaded").waitFor();
  assert.match(await bar(page, "was not uploaded").textContent(), /Create a new page/);
  assert.doesNotMatch(await value(page), /Uploading/);
  await page.context().close();
});

test("an upload under way can be cancelled and holds back saving", async () => {
  const page = await edit("Fresh/Slow");
  await page.route("**/-/upload", () => {});
  await field(page).fill("before ");
  const chooser = page.waitForEvent("filechooser");
  await page.click("[data-tool=image]");
  await (await chooser).setFiles({ name: "slow.png", mimeType: "image/png", buffer: Buffer.from("beans") });
  await bar(page, "Uploading “slow.png”").waitFor();
  await save(page);
  await bar(page, "still on its way").waitFor();
  await bar(page, "Uploading “slow.png”").getByRole("button", { name: "Cancel" }).click();
  await page.waitForFunction(() => document.querySelector("textarea[name=content]").value === "before ");
  await page.context().close();
});

test("files are dropped on the page for uploading", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.url}/-/upload?folder=Garden`);
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    for (const name of ["a.txt", "b.txt"]) dataTransfer.items.add(new File([name], name));
    document.querySelector(".dropzone").dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
  });
  await page.locator("h2", { hasText: "2 files uploaded" }).waitFor();
  await page.setInputFiles("input[type=file]", { name: "c.md", mimeType: "text/plain", buffer: Buffer.from("x") });
  await page.click("form[enctype] .button-primary");
  await page.locator(".notice-error", { hasText: "“c.md” was not uploaded" }).waitFor();
  await context.close();
});

test("on a phone the editor in use fits", async () => {
  const page = await edit("Garden/Watering", { viewport: { width: 360, height: 740 }, hasTouch: true });
  await field(page).pressSequentially("\n\n[[wat");
  await page.locator("#Names [role=option]").first().waitFor();
  await kept(page);
  const over = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok((await over()) <= 0);
  await page.keyboard.press("Escape");
  await page.click(".editor-view [value=preview]");
  await page.locator(".editor-preview p").first().waitFor();
  assert.ok((await over()) <= 0);
  const context = page.context();
  await page.close();
  const next = await edit("Garden/Watering", { context });
  await bar(next, "A draft from").waitFor();
  assert.ok((await next.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
  await context.close();
});

for (const height of [400, 480]) {
  test(`on a phone whose keyboard leaves ${height} pixels nine tenths of them are the text`, async () => {
    await write(`Fresh/Keyboard-${height}`, Array.from({ length: 80 }, (_, i) => `Line ${i}\n`).join(""));
    const page = await edit(`Fresh/Keyboard-${height}`, { viewport: { width: 360, height: 740 }, hasTouch: true });
    const text = await field(page).boundingBox();
    await page.touchscreen.tap(text.x + 60, text.y + text.height - 60);
    const line = () => page.evaluate(() => {
      const text = document.querySelector("textarea[name=content]");
      return text.value.slice(0, text.selectionStart).split("\n").length - 1;
    });
    const touched = await line();
    assert.ok(touched > 5, `line ${touched}`);
    // The keyboard comes.
    await page.setViewportSize({ width: 360, height });
    await page.locator("html.is-writing").waitFor();
    const box = await field(page).boundingBox();
    assert.ok(box.y >= 0 && box.height >= 0.9 * height && box.y + box.height <= height, JSON.stringify(box));
    assert.equal(box.width, 360);
    const rows = page.locator(".editor-backdrop > div > div");
    const row = await rows.filter({ hasText: new RegExp(`^Line ${touched}\\n?$`) }).boundingBox();
    assert.ok(row.y >= 0 && row.y + row.height <= box.height, "the line with the cursor is in sight");
    for (const name of ["Save", "Bold (Ctrl+B)"]) {
      const button = await page.getByRole("button", { name, exact: true }).boundingBox();
      assert.ok(button.y >= box.y + box.height - 1 && button.y + button.height <= height, name);
      assert.ok(button.height >= 24 && button.width >= 24, name);
    }
    // A button keeps the keyboard up, and does what it says.
    await page.getByRole("button", { name: "Bold (Ctrl+B)" }).tap();
    assert.match(await value(page), /\*\*\w+\*\*/);
    assert.equal(await page.evaluate(() => document.activeElement.name), "content");
    // Without it the rest of the page is there again, also for Tab.
    await page.setViewportSize({ width: 360, height: 740 });
    await page.locator("html:not(.is-writing)").waitFor();
    await page.setViewportSize({ width: 360, height });
    await page.locator("html.is-writing").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    await page.locator("html:not(.is-writing)").waitFor();
    await page.locator("input[name=summary]").waitFor();
    await page.context().close();
  });
}

test("Edit leads into the text, which says how to leave it", async () => {
  await write("Fresh/Into", "beans and peas\n");
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.url}/Fresh/Into`);
  await page.keyboard.press("e");
  await page.waitForFunction(() => document.activeElement?.name === "content");
  await page.locator(".editor-hint", { hasText: "Esc, then Tab leaves the text" }).waitFor();
  await page.locator("textarea[name=content][aria-describedby=TextHint]").waitFor();
  await context.close();
});

test("a name is asked for once, and a save does not wait for it", async () => {
  const ask = (page) => page.locator(".editor-ask");
  const named = await edit("Fresh/Named");
  await ask(named).getByRole("button", { name: "Add your name" }).click();
  assert.equal(await named.evaluate(() => document.activeElement.name), "author");
  await named.keyboard.type("Ada");
  await named.keyboard.press("Tab");
  await ask(named).waitFor({ state: "detached" });
  await named.context().close();
  const closed = await edit("Fresh/Closed");
  await ask(closed).getByRole("button", { name: "Stay unnamed" }).click();
  await ask(closed).waitFor({ state: "detached" });
  await closed.reload();
  await closed.locator(".editor-backdrop").waitFor({ state: "attached" });
  assert.equal(await ask(closed).count(), 0);
  await closed.context().close();
  const saved = await edit("Fresh/Unnamed");
  await ask(saved).waitFor();
  await field(saved).fill("beans");
  await save(saved);
  await saved.waitForURL(/saved=1/);
  const next = await edit("Fresh/Unnamed", { context: saved.context() });
  assert.equal(await ask(next).count(), 0);
  await saved.context().close();
});

test("back from the merge screen what was saved is no draft", async () => {
  await write("Fresh/Back", "Beans are green.\n");
  const page = await edit("Fresh/Back");
  await field(page).fill("Beans are red.\n");
  await kept(page);
  await write("Fresh/Back", "Beans are purple.\n");
  await save(page);
  await page.waitForURL(/\/-\/merge\/Fresh\/Back\?.*mine=/);
  await noDrafts(page);
  await page.goBack();
  await page.waitForFunction(() => document.querySelector("textarea[name=content]")?.value === "Beans are purple.\n");
  await page.locator(".editor-backdrop").waitFor({ state: "attached" });
  const next = await edit("Fresh/Back", { context: page.context() });
  await noDrafts(next);
  for (const each of [page, next]) assert.equal(await bar(each, "A draft from").count(), 0);
  assert.equal(await value(next), "Beans are purple.\n");
  await page.context().close();
});

test("the browser finds a word once in the text", async () => {
  await write("Fresh/Find", "The word rhubarb stands here.\n");
  const page = await edit("Fresh/Find");
  await page.locator(".editor-preview p", { hasText: "rhubarb" }).waitFor();
  const finds = (page) => page.evaluate(() => {
    getSelection().removeAllRanges();
    document.activeElement.blur();
    const where = [];
    // Case-sensitive, forwards, not beginning anew at the end.
    while (where.length < 9 && window.find("rhubarb", true, false, false)) {
      const { anchorNode } = getSelection();
      const element = anchorNode.nodeType === 1 ? anchorNode : anchorNode.parentElement;
      where.push(element.closest(".editor-preview") ? "preview" : element.closest(".editor-field, .editor-source") ? "text" : "else");
    }
    return where;
  });
  assert.deepEqual((await finds(page)).toSorted(), ["preview", "text"]);
  await page.click(".editor-view [value=write]");
  assert.deepEqual(await finds(page), ["text"]);
  await page.context().close();
});

test("a key makes the editor do the same little work at any length of the text", async () => {
  const context = await browser.newContext();
  await context.addInitScript(() => {
    window.work = { changes: 0, letters: 0, measures: 0, frames: 0, timers: 0 };
    const value = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
    Object.defineProperty(HTMLTextAreaElement.prototype, "value", { ...value, get() {
      const text = value.get.call(this);
      window.work.letters += text.length;
      return text;
    } });
    const measure = Element.prototype.getBoundingClientRect;
    Element.prototype.getBoundingClientRect = function counted() {
      window.work.measures++;
      return measure.call(this);
    };
    const frame = window.requestAnimationFrame;
    window.requestAnimationFrame = (call) => {
      window.work.frames++;
      return frame.call(window, call);
    };
    window.nextFrame = () => new Promise((done) => frame.call(window, done));
    // What rests until no key was pressed for a while rests for good while `held`.
    const later = window.setTimeout;
    window.setTimeout = (...all) => {
      window.work.timers++;
      return window.held ? -1 : later.apply(window, all);
    };
  });
  // A preview comes at once, and says of what: the one of the whole text is awaited.
  await context.route("**/-/api/v1/preview", (route) => {
    const size = new URLSearchParams(route.request().postData()).get("content").length;
    return route.fulfill({ json: { html: `<p data-line="1">${size} letters</p><p data-line="3">below</p>`, problem: null } });
  });
  const piece = "## Bed of beans\n\nSome **words** about [[Peas]] which go on for a while.\n\n- [ ] water the beans\n\n";
  const works = [];
  for (const size of [10_000, 200_000, 600_000]) {
    const page = await edit("Fresh/Work", { context });
    await field(page).evaluate((text, [piece, size]) => {
      text.value = piece.repeat(Math.ceil(size / piece.length));
      text.dispatchEvent(new Event("input", { bubbles: true }));
      const at = text.value.indexOf("Some", size / 2) + 4;
      text.setSelectionRange(at, at);
      text.blur();
      text.focus();
      window.seen = () => {
        const { top, bottom } = text.getBoundingClientRect();
        const rows = [...document.querySelectorAll(".editor-backdrop > div > div")].map((row) => row.getBoundingClientRect());
        return text.scrollTop > 0 && rows.some((row) => row.top < top) && rows.some((row) => row.bottom > bottom);
      };
    }, [piece, size]);
    await page.waitForFunction(() => window.seen());
    await page.waitForFunction((size) => {
      const [words, note] = [".prose", ".pane-label .fine"].map((name) => document.querySelector(`.editor-preview ${name}`).textContent);
      return parseInt(words) >= size || note.includes("too long");
    }, size);
    const settle = () => page.evaluate(async () => {
      for (let i = 0; i < 3; i++) await window.nextFrame();
    });
    await page.evaluate(() => (window.held = true));
    // The first takes the place of what still waits.
    await page.keyboard.type("x");
    await settle();
    await page.evaluate(() => {
      const observer = new MutationObserver((records) => {
        for (const { addedNodes, removedNodes } of records) window.work.changes += 1 + addedNodes.length + removedNodes.length;
      });
      observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
      window.work = { changes: 0, letters: 0, measures: 0, frames: 0, timers: 0 };
    });
    for (const letter of "beans and") {
      await page.keyboard.type(letter);
      await settle();
    }
    works.push(await page.evaluate(() => {
      const { textContent } = document.querySelector(".editor-backdrop");
      return { ...window.work, coloured: textContent.includes("Somexbeans and **words**") };
    }));
    await page.close();
  }
  for (const work of works) {
    // Each letter changes one text node, and that at once: no picture is waited for.
    assert.deepEqual({ ...work, timers: 0 }, { coloured: true, changes: 9, letters: 0, measures: 0, frames: 0, timers: 0 });
    // What waits for a rest (the preview, the cursor, the draft, the comparison) may wait anew once.
    assert.ok(work.timers <= 4, `${work.timers} timers for 9 letters`);
  }
  await context.close();
});

test("the editor in use passes the accessibility rules, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await edit("Garden", { colorScheme, bypassCSP: true });
    const context = page.context();
    await field(page).fill("# Beds\n\n- **beans** `x` [[Watering]] [a](b)\n\n> quote\n\n---\n");
    await kept(page);
    await page.close();
    const next = await edit("Garden", { context });
    await bar(next, "A draft from").waitFor();
    await field(next).press("End");
    await next.keyboard.type(" [[w");
    await next.locator("#Names [role=option]").first().waitFor();
    await next.evaluate(axe);
    const { violations } = await next.evaluate(() => axe.run());
    const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`);
    assert.deepEqual(found, [], colorScheme);
    await context.close();
  }
});

for (const [device, viewport] of [["desktop", { width: 1280, height: 850 }], ["phone", { width: 360, height: 740 }], ["phone with its keyboard", { width: 360, height: 400 }]]) {
  test(`the news in the editor passes the accessibility rules (${device})`, async () => {
    for (const colorScheme of ["light", "dark"]) {
      const name = `Fresh/News-${viewport.width}-${viewport.height}-${colorScheme}`;
      await write(name, "# Beds\n\nBeans are green.\n");
      const context = await browser.newContext({ viewport, colorScheme, bypassCSP: true });
      const listening = context.waitForEvent("response", (response) => response.url().includes("/-/events"));
      const page = await edit(name, { context });
      await listening;
      await field(page).focus();
      await write(name, "# Beds\n\nBeans are purple.\n");
      await page.locator(".editor-news", { hasText: "An unnamed editor changed “Beds”." }).waitFor();
      await page.getByRole("button", { name: "See it" }).click();
      await page.locator(".editor-changes:popover-open ins", { hasText: "purple" }).waitFor();
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run());
      const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`);
      assert.deepEqual(found, [], colorScheme);
      await context.close();
    }
  });
}

test("without script the editor is a plain form with a preview", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${server.url}/-/edit/Fresh/Plain`);
  assert.equal(await page.locator(".editor-tools").isVisible(), false);
  await page.fill("textarea[name=content]", "## Plain");
  await page.click("button[name=action][value=preview]");
  assert.equal(await page.locator("article.prose h2").textContent().then((t) => t.replace("#", "").trim()), "Plain");
  await save(page);
  await page.waitForURL(/saved=1/);
  await context.close();
});
