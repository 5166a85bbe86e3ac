import assert from "node:assert/strict";
import { test } from "node:test";

import { openPackedFiles, packFiles } from "../../src/runtime/packed-files.ts";

const texts = new Map([
  ["helper.js", "(() => 1)"],
  ["helper.js.cache", "bytes of a cache"],
  ["per.js", "another, whose name ends another's"],
  ["empty", ""],
  ["last", "8 bytes."],
]);

function packed(): ArrayBuffer {
  const files = Array.from(texts, ([name, text]) => [name, Buffer.from(text)] as const);
  const whole = packFiles(new Map(files));
  return Uint8Array.from(whole).buffer;
}

test("every file comes out as it went in, at a place that V8 can read a cache from", () => {
  const find = openPackedFiles(packed());
  for (const [name, text] of texts) {
    const bytes = find(name);
    assert.ok(bytes !== undefined, name);
    assert.equal(Buffer.from(bytes).toString("latin1"), text, name);
    assert.equal(bytes.byteOffset % 8, 0, name);
  }
});

test("a name that is not there is told, also one that is a part of another", () => {
  const find = openPackedFiles(packed());
  for (const name of ["", "helper", "elper.js", "cache", "0", "\n"]) {
    assert.equal(find(name), undefined, JSON.stringify(name));
  }
});

test("a pack without files has none", () => {
  const find = openPackedFiles(Uint8Array.from(packFiles(new Map())).buffer);
  assert.equal(find("helper.js"), undefined);
});

test("a name that the index cannot hold fails the build", () => {
  for (const name of ["", "two words", "line\n", "é"]) {
    assert.throws(() => packFiles(new Map([[name, Buffer.of(1)]])), /Cannot pack/);
  }
});
