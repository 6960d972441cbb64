// Two servers, one of which checks with the other before and at each save.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test, { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { startBrowser, startServer } from "./support.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug", "everpage");
let central;
let here;
let browser;

before(async () => {
  central = await startServer();
  const token = execFileSync(program, ["--data", central.data, "peer", "add", "here"], { encoding: "utf8" });
  here = await startBelow(central.url, token.match(/everpage-[0-9a-f]+/)[0]);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await here?.stop();
  await central?.stop();
});

/** Starts a server without a page of its own that has an upstream. */
async function startBelow(upstream, token) {
  const data = mkdtempSync(join(tmpdir(), "everpage-"));
  const options = ["--data", data, "serve", "--listen", "127.0.0.1:0", "--upstream", upstream];
  const env = { ...process.env, EVERPAGE_UPSTREAM_TOKEN: token };
  const child = spawn(program, options, { stdio: ["ignore", "ignore", "pipe"], env });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const url = await new Promise((resolve, reject) => {
    ended.then(() => reject(new Error("the server ended")));
    createInterface({ input: child.stderr }).on("line", (line) => {
      const found = line.match(/serves .*(http:\/\/127\.0\.0\.1:\d+)/);
      if (found) resolve(found[1]);
    });
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  return { url, stop };
}

async function edit(server, page, options = {}) {
  const context = await browser.newContext(options);
  const tab = await context.newPage();
  await tab.goto(`${server.url}/-/edit/${page}`);
  return tab;
}

const save = (tab) => tab.click("button[name=action][value=save]");

test("a save below the central server is merged with what was saved there, on both", async () => {
  const below = await edit(here, "Garden/Watering", { javaScriptEnabled: false });
  assert.match(await below.inputValue("textarea[name=content]"), /water/i, "the text came from there");
  const above = await edit(central, "Garden/Watering");
  const begun = await above.inputValue("textarea[name=content]");
  await above.fill("textarea[name=content]", `${begun}\nAda waters in the morning.\n`);
  await save(above);
  await above.waitForSelector("article");
  await below.fill("textarea[name=content]", `Ben waters in the evening.\n\n${begun}`);
  await save(below);
  // The changes lie in different lines, so the save put them together.
  assert.match(below.url(), /saved=both/);
  for (const server of [here, central]) {
    await below.goto(`${server.url}/Garden/Watering`);
    const text = await below.textContent("article");
    assert.match(text, /Ada waters in the morning/);
    assert.match(text, /Ben waters in the evening/);
    assert.equal(await below.locator(".notice-conflict").count(), 0);
  }
});

test("a save shows at the central server at once, and a window that is open there hears of it", async () => {
  const reader = await (await browser.newContext()).newPage();
  await reader.goto(`${central.url}/Home`);
  const writer = await edit(here, "Home");
  await writer.fill("textarea[name=content]", "# Home\n\nWritten below.\n");
  await save(writer);
  await writer.waitForURL(/[?&]saved=1/);
  await reader.waitForFunction(() => document.body.textContent.includes("Written below."));
});

test("while the central server is away the edit is saved here and the page says so", async () => {
  await central.stop();
  central = null;
  const tab = await edit(here, "Home");
  const away = await tab.textContent("main");
  assert.match(away, /Not in touch with 127\.0\.0\.1/);
  await tab.fill("textarea[name=content]", "# Home\n\nWritten alone.\n");
  await save(tab);
  await tab.waitForURL(/owed=1/);
  assert.match(await tab.textContent("main"), /Saved here\. Not yet at 127\.0\.0\.1/);
  assert.match(await tab.textContent("article"), /Written alone/);
  for (const [name, viewport] of [["desktop", { width: 1280, height: 800 }], ["phone", { width: 360, height: 740 }]]) {
    await tab.setViewportSize(viewport);
    const over = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${name} is ${over} pixels too wide`);
  }
});
