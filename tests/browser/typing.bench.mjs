// How long a key takes to the next picture in the editor, against a bare textarea in the same run:
//
//     node tests/browser/typing.bench.mjs [keys] [--sizes=10000,200000] [--slow=3]
//
// Prints the medians in milliseconds and their ratio. It is run by hand: times are no test. The bare
// textarea has the size, the font and the wrapping of the editor's, and both are typed into by turns.
// `--slow` keeps the editor busy for so many milliseconds at every key, to see that the figure shows it.
import { parseArgs } from "node:util";
import { startBrowser, startServer } from "./support.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { sizes: { type: "string", default: "10000,200000,2000000" }, slow: { type: "string", default: "0" } },
});
const KEYS = Number(positionals[0] ?? 200);
const SIZES = values.sizes.split(",").map(Number);
const SLOW = Number(values.slow);
const LIKE = [
  "paddingBlock", "paddingInline", "font", "letterSpacing", "tabSize", "whiteSpace", "overflowWrap", "overflowY", "scrollbarGutter",
];
const PIECE = `## Bed of beans

Some words about **beans** and [[Peas]] which go on for a while, so that the line is broken once or twice on the screen, and \`code\`.

- [ ] water the beans
- [x] pick the peas

`;

const server = await startServer();
const browser = await startBrowser();
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });

async function prepare(page, size) {
  await page.evaluate(([piece, size]) => {
    const text = document.querySelector("textarea");
    text.value = piece.repeat(Math.ceil(size / piece.length));
    text.dispatchEvent(new Event("input", { bubbles: true }));
    const middle = text.value.indexOf("\n", Math.floor(size / 2));
    text.focus();
    text.setSelectionRange(middle, middle);
    text.blur();
    text.focus();
    window.times = [];
    text.addEventListener("keydown", ({ timeStamp }) => requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => window.times.push(performance.now() - timeStamp);
      port2.postMessage(0);
    }));
  }, [PIECE, size]);
  // What is done once, as the first preview, is not the cost of a key.
  await page.waitForTimeout(1500);
}

async function type(page, count) {
  for (let i = 0; i < count; i++) {
    const before = await page.evaluate(() => window.times.length);
    await page.keyboard.press("abcdefgh "[i % 9]);
    await page.waitForFunction((before) => window.times.length > before, before);
    await page.waitForTimeout(60);
  }
}

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];

for (const size of SIZES) {
  const editor = await context.newPage();
  await editor.goto(`${server.url}/-/edit/Typing`);
  await editor.waitForLoadState("load");
  const bare = await context.newPage();
  await bare.setContent("<!doctype html><textarea></textarea>");
  await bare.evaluate((style) => Object.assign(document.querySelector("textarea").style, style), await editor.evaluate((names) => {
    const text = document.querySelector("textarea");
    const style = getComputedStyle(text);
    const { width, height } = text.getBoundingClientRect();
    const own = Object.fromEntries(names.map((name) => [name, style[name]]));
    return { ...own, boxSizing: "border-box", width: `${width}px`, height: `${height}px`, border: "0", resize: "none" };
  }, LIKE));
  await prepare(bare, size);
  await prepare(editor, size);
  const [high, ours] = await Promise.all([bare, editor].map((page) => page.evaluate(() => document.querySelector("textarea").scrollHeight)));
  if (high !== ours) throw new Error(`the bare textarea breaks its lines elsewhere: ${high} and ${ours} pixels`);
  await editor.evaluate((slow) => document.querySelector("textarea").addEventListener("input", () => {
    const end = performance.now() + slow;
    while (performance.now() < end);
  }), SLOW);
  for (let round = 0; round < 4; round++) {
    for (const page of [bare, editor]) {
      await page.bringToFront();
      await type(page, KEYS / 4);
    }
  }
  const [a, b] = await Promise.all([bare, editor].map((page) => page.evaluate(() => window.times)));
  const [plain, coloured] = [median(a), median(b)];
  console.log(`${size} bytes: bare ${plain.toFixed(1)} ms, editor ${coloured.toFixed(1)} ms, ${(coloured / plain).toFixed(2)} times`);
  await bare.close();
  await editor.close({ runBeforeUnload: false });
}
await browser.close();
await server.stop();
