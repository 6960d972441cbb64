// What runs before anything is painted.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

const script = readFileSync(new URL("../../static/js/boot.js", import.meta.url), "utf8");

function boot(dataset, kept) {
  const classes = new Set();
  const document = { documentElement: { classList: { add: (name) => classes.add(name) }, dataset } };
  const localStorage = kept && { getItem: (name) => kept[name.replace("everpage-setting:", "")] ?? null };
  vm.runInNewContext(script, localStorage ? { document, localStorage } : { document });
  return { classes: [...classes], dataset };
}

const setting = (value) => JSON.stringify({ number: 1, nonce: "n", value });

test("styles are told that script is there", () => {
  assert.deepEqual(boot({}, {}).classes, ["js"]);
  assert.deepEqual(boot({}, null).classes, ["js"]);
});

test("what the reader chose is painted first", () => {
  const { dataset } = boot({ theme: "light" }, { theme: setting("dark"), width: setting("wide") });
  assert.deepEqual(dataset, { theme: "dark", served: "light", width: "wide" });
  assert.deepEqual(boot({ theme: "dark" }, { theme: setting("system") }).dataset, { served: "dark" });
});

test("what is not ours changes nothing", () => {
  for (const bad of ["{", "7", "null", setting(7), setting("evil")]) {
    const { dataset } = boot({ theme: "dark" }, { theme: bad, width: bad });
    assert.equal(dataset.theme, "dark", bad);
    assert.equal(dataset.width, undefined, bad);
  }
});
