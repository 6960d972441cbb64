// A server on a copy of the sample wiki, and a browser: both end with the test.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "./node_modules/playwright-core/index.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The built program. */
export const program = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug", "everpage");

export async function startServer() {
  const data = mkdtempSync(join(tmpdir(), "everpage-"));
  cpSync(join(root, "data", "pages"), join(data, "pages"), { recursive: true });
  const child = spawn(program, ["--data", data, "serve", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
  const lines = createInterface({ input: child.stderr });
  const url = await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("the server ended")));
    lines.on("line", (line) => {
      const found = line.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) resolve(found[0]);
    });
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  return { url, data, stop };
}

export function startBrowser() {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
}
