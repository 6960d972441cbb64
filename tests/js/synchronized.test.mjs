// The supreme winner in browsers: the same rule and vectors as the server's.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { MAX_NUMBER, Synchronized, drawNonce } from "../../static/js/synchronized.js";

const { cases } = JSON.parse(readFileSync(new URL("../vectors/synchronized.json", import.meta.url), "utf8"));

function assigns(synchronized, value) {
  try {
    synchronized.value = value;
    return true;
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error));
    return false;
  }
}

for (const { name, start, steps, expect } of cases) {
  test(`as on the server: ${name}`, () => {
    let nonce;
    const heard = [];
    const synchronized = new Synchronized(start, { draw: () => nonce });
    synchronized.subscribe((value) => heard.push(value));
    steps.forEach(({ assign, remote }, place) => {
      nonce = assign?.nonce;
      const done = assign ? assigns(synchronized, assign.value) : synchronized.remote(remote.number, remote.nonce, remote.value);
      assert.equal(done, (assign ?? remote).accepted, `step ${place}`);
    });
    const { value, number } = synchronized;
    assert.deepEqual({ value, number, nonce: synchronized.nonce, heard }, expect);
  });
}

test("whatever the order, all come to the same value", () => {
  const sent = [];
  for (let number = 1; number < 4; number++) {
    for (const digit of "0a9") sent.push([number, `${digit}0000000-0000-4000-8000-000000000000`, `${number}${digit}`]);
  }
  for (let round = 0; round < 200; round++) {
    const synchronized = new Synchronized("start");
    const mixed = [...sent, ...sent].map((message) => [Math.random(), message]).sort((a, b) => a[0] - b[0]);
    for (const [, message] of mixed) synchronized.remote(...message);
    assert.equal(synchronized.value, "3a");
  }
});

test("only what was assigned here is told to others, and what cannot be is refused", () => {
  const told = [];
  const synchronized = new Synchronized("a", { onAssign: (state) => told.push(state) });
  assert.equal(synchronized.remote(1, "nonsense", "b"), false);
  assert.equal(synchronized.remote("2", drawNonce(), "b"), false);
  assert.equal(synchronized.remote(MAX_NUMBER + 1, drawNonce(), "b"), false);
  assert.equal(synchronized.remote(4, drawNonce(), "b"), true);
  assert.deepEqual(told, []);
  synchronized.value = "c";
  assert.deepEqual(told, [synchronized.state]);
  assert.equal(synchronized.number, 5);
});

test("nonces are random, of version 4 and in lower case", () => {
  const nonces = new Set(Array.from({ length: 100 }, drawNonce));
  assert.equal(nonces.size, 100);
  for (const nonce of nonces) assert.match(nonce, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a listener can be removed", () => {
  const synchronized = new Synchronized(1);
  const heard = [];
  const remove = synchronized.subscribe((value) => heard.push(value));
  synchronized.value = 2;
  remove();
  synchronized.value = 3;
  assert.deepEqual(heard, [2]);
});
