// Other servers: two real ones that keep in step, the page about them, and what readers are told.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test, { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { startBrowser } from "./support.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug", "everpage");
const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
let browser;
let main;
let laptop;

/** A wiki in a directory of its own; `peer` is a wiki that it follows. */
async function startWiki({ sample = false, peer } = {}) {
  const data = mkdtempSync(join(tmpdir(), "everpage-"));
  if (sample) cpSync(join(root, "data", "pages"), join(data, "pages"), { recursive: true });
  if (peer) {
    const file = join(data, "local", "main.token");
    mkdirSync(join(data, "local"));
    writeFileSync(file, execFileSync(program, ["--data", peer.data, "peer", "add", "laptop"]));
    chmodSync(file, 0o600);
    const address = `[[peer]]\nurl = "${peer.url}"\ntoken_file = "local/main.token"\n`;
    writeFileSync(join(data, "everpage.toml"), address);
  }
  const child = spawn(program, ["--data", data, "serve", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
  const lines = createInterface({ input: child.stderr });
  const heard = [];
  const url = await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error(`the server ended: ${heard.join("\n")}`)));
    lines.on("line", (line) => {
      heard.push(line);
      const found = line.match(/serves .*(http:\/\/127\.0\.0\.1:\d+)/);
      if (found) resolve(found[1]);
    });
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  /** Puts a revision that does not fit into quarantine, as a peer would have it put there. */
  const setAside = () => {
    const dir = join(data, "local", "quarantine");
    mkdirSync(dir, { recursive: true });
    const suspect = {
      name: "0123456789abcdef", path: "Garden/Watering.md", id: "5000-1d0d8e22-4246-4cf2-97fa-027dde756848",
      reason: "its number is 4996 past the highest that is held, and no parent of it is here", from: "laptop",
      length: 14, bytes: true, at: "2026-11-20T08:00:00Z",
    };
    writeFileSync(join(dir, `${suspect.name}.revision`), "from far away\n");
    writeFileSync(join(dir, `${suspect.name}.json`), JSON.stringify(suspect));
  };
  return { url, data, stop, setAside };
}

before(async () => {
  browser = await startBrowser();
  main = await startWiki({ sample: true });
  laptop = await startWiki({ peer: main });
});
after(async () => {
  await browser?.close();
  await laptop?.stop();
  await main?.stop();
});

async function visit(wiki, path, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(wiki.url + path);
  return page;
}

test("an empty wiki that follows another one has all of it, and says so", async () => {
  const page = await visit(laptop, "/-/sync");
  await page.waitForFunction(async () => {
    const answer = await (await fetch("/-/api/v1/sync")).json();
    return answer.peers[0].state === "following";
  });
  await page.reload();
  assert.match(await page.textContent("main"), /in sync/);
  await page.click(".site-footer >> text=Other servers");
  await page.goto(`${laptop.url}/Garden`);
  assert.equal(await page.locator("h1").textContent(), "Garden");
  await page.context().close();
});

test("what is saved on one server appears in a window that is open on the other", async () => {
  const reader = await visit(laptop, "/Garden/Watering");
  const writer = await visit(main, "/-/edit/Garden/Watering");
  await writer.fill("textarea[name=content]", "Water in the evening.\n");
  await writer.fill("input[name=author]", "Ada");
  await writer.click("button[name=action][value=save]");
  await reader.waitForSelector("article:has-text('Water in the evening.')");
  // And the other way.
  await reader.goto(`${laptop.url}/-/edit/Garden/Watering`);
  await writer.goto(`${main.url}/Garden/Watering`);
  await reader.fill("textarea[name=content]", "Water in the morning.\n");
  await reader.fill("input[name=author]", "Ben");
  await reader.click("button[name=action][value=save]");
  await writer.waitForSelector("article:has-text('Water in the morning.')");
  await reader.context().close();
  await writer.context().close();
});

test("“Sync now” works without script", async () => {
  const page = await visit(laptop, "/-/sync", { javaScriptEnabled: false });
  await page.click("button:has-text('Sync now')");
  assert.match(await page.textContent("[role=status]"), /Sync requested/);
  assert.match(await page.textContent("main"), /in sync/);
  await page.context().close();
});

test("the author of a version that waits is told, and led to the merge screen, without script", async () => {
  const page = await visit(main, "/-/edit/Garden/Tool%20shed", { javaScriptEnabled: false });
  const other = await visit(main, "/-/edit/Garden/Tool%20shed", { javaScriptEnabled: false });
  for (const [window, author] of [[page, "Cleo"], [other, "Dan"]]) {
    await window.fill("textarea[name=content]", `Sorted by ${author}.\n`);
    await window.fill("input[name=author]", author);
    await window.click("button[name=action][value=save]");
  }
  const told = [];
  for (const window of [page, other]) {
    await window.goto(`${main.url}/Garden/Tool%20shed`);
    told.push(await window.locator("text=Your version of this page is unmerged").count());
  }
  assert.deepEqual(told.toSorted(), [0, 1], "one of the two, and only that one");
  const loser = told[0] === 1 ? page : other;
  await loser.locator(".notice-conflict a", { hasText: /^Merge$/ }).click();
  assert.match(loser.url(), /\/-\/merge\/Garden\/Tool%20shed\?mine=/);
  await page.context().close();
  await other.context().close();
});

test("what was set aside is looked at before it is decided on, without script", async () => {
  main.setAside();
  const page = await visit(main, "/-/sync", { javaScriptEnabled: false });
  assert.match(await page.textContent("main"), /laptop.*connected/s);
  await page.click(".inbox-side a");
  assert.match(await page.textContent("pre"), /from far away/);
  await page.click("css=button[value=delete]");
  assert.match(await page.textContent("[role=status]"), /Deleted/);
  await page.context().close();
});

/** Every screen of this area, in all its states. */
function screens() {
  main.setAside();
  return [[main, "/-/sync"], [laptop, "/-/sync"], [main, "/-/sync/quarantine/0123456789abcdef"]];
}

test("on a phone nothing scrolls sideways", async () => {
  for (const [wiki, path] of screens()) {
    const page = await visit(wiki, path, { viewport: { width: 360, height: 740 } });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${path} is ${over} pixels too wide`);
    await page.context().close();
  }
});

test("every screen passes the accessibility rules, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const [wiki, path] of screens()) {
      const page = await visit(wiki, path, { colorScheme, bypassCSP: true });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run());
      const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`);
      assert.deepEqual(found, [], `${path} in ${colorScheme}`);
      await page.context().close();
    }
  }
});

test("a server that is away is said so, with the reason and what to do", async () => {
  await main.stop();
  const page = await visit(laptop, "/-/sync");
  await page.waitForFunction(async () => {
    const answer = await (await fetch("/-/api/v1/sync")).json();
    return answer.peers[0].trouble !== null;
  });
  await page.reload();
  assert.match(await page.textContent("main"), /not reachable.*Is that server running/s);
  await page.context().close();
  main = null;
});
