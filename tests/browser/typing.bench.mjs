// How long a key takes to the next picture in the editor, against a bare textarea in the same run:
//
//     node tests/browser/typing.bench.mjs [keys]
//
// Prints the medians in milliseconds and their ratio. It is run by hand: times are no test.
import { startBrowser, startServer } from "./support.mjs";

const KEYS = Number(process.argv[2] ?? 40);
const SIZES = [10_000, 200_000, 2_000_000];
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
  const bare = await context.newPage();
  await bare.setContent(`<textarea style="box-sizing:border-box;width:600px;height:600px;font:15px/1.65 monospace;white-space:pre-wrap;overflow-y:scroll"></textarea>`);
  const editor = await context.newPage();
  await editor.goto(`${server.url}/-/edit/Typing`);
  await editor.waitForLoadState("load");
  await prepare(bare, size);
  await prepare(editor, size);
  for (let round = 0; round < 4; round++) {
    for (const page of [bare, editor]) {
      await page.bringToFront();
      await type(page, KEYS / 4);
    }
  }
  const [a, b] = await Promise.all([bare, editor].map((page) => page.evaluate(() => window.times)));
  const [plain, ours] = [median(a), median(b)];
  console.log(`${size} bytes: bare ${plain.toFixed(1)} ms, editor ${ours.toFixed(1)} ms, ${(ours / plain).toFixed(2)} times`);
  await bare.close();
  await editor.close({ runBeforeUnload: false });
}
await browser.close();
await server.stop();
