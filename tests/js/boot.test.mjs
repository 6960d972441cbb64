// What runs before anything is painted.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

test("styles are told that script is there", () => {
  const classes = new Set();
  const document = { documentElement: { classList: { add: (name) => classes.add(name) } } };
  vm.runInNewContext(readFileSync(new URL("../../static/js/boot.js", import.meta.url), "utf8"), { document });
  assert.deepEqual([...classes], ["js"]);
});
