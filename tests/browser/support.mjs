// A server on a copy of the sample wiki, and a browser: both end with the test.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "./node_modules/playwright-core/index.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The built program. */
export const program = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug", "everpage");

/** Starts a server on a copy of the sample wiki, or on `data` as it is: then after a kill, on the same address. */
export async function startServer({ data = mkdtempSync(join(tmpdir(), "everpage-")), listen = "127.0.0.1:0" } = {}) {
  if (!existsSync(join(data, "pages"))) cpSync(join(root, "data", "pages"), join(data, "pages"), { recursive: true });
  const child = spawn(program, ["--data", data, "serve", "--listen", listen], { stdio: ["ignore", "ignore", "pipe"] });
  const lines = createInterface({ input: child.stderr });
  const url = await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("the server ended")));
    lines.on("line", (line) => {
      const found = line.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) resolve(found[0]);
    });
  });
  const end = async (signal) => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  };
  const stop = async () => {
    await end("SIGTERM");
    rmSync(data, { recursive: true, force: true });
  };
  /** Ends the server as a power cut would, and leaves its data. */
  const kill = () => end("SIGKILL");
  return { url, data, stop, kill };
}

const CHROMIUM = {
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
};

export function startBrowser() {
  return chromium.launch(CHROMIUM);
}

/** Starts a browser that can be ended at once, as the system does when memory runs out. */
export async function startMortalBrowser() {
  const process = await chromium.launchServer(CHROMIUM);
  return { browser: await chromium.connect(process.wsEndpoint()), kill: () => process.kill() };
}
