import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as check, constant, oneof, property, string } from "fast-check";
import { commandOutput, shortenForModel } from "../../src/core/tools/tool-output.ts";

const numbered = (count: number): string =>
  Array.from({ length: count }, (_, index) => `${index + 1}\n`).join("");

test("256 lines are whole, one more loses its middle and says so", () => {
  assert.equal(shortenForModel(numbered(256)), numbered(256));
  const lines = shortenForModel(numbered(300)).split("\n");
  assert.equal(lines.length, 128 + 1 + 128 + 1);
  assert.equal(lines[0], "1");
  assert.equal(lines[127], "128");
  assert.equal(lines[128], "[... 44 lines, 176 bytes left out ...]");
  assert.equal(lines[129], "173");
  assert.equal(lines.at(-2), "300");
});

test("one endless line keeps its start and its end", () => {
  const text = `begin${"x".repeat(50_000)}end`;
  const short = shortenForModel(text);
  assert.match(short, /^begin.*\n\[\.\.\. 0 lines, \d+ bytes left out \.\.\.\]\n.*end$/su);
  assert.ok(Buffer.byteLength(short) < 11_000);
});

test("whatever the text: bounded, well-formed, start and end kept", () => {
  const piece = oneof(
    string({ unit: "grapheme", maxLength: 300 }),
    constant("\n"),
    constant("🦊".repeat(700)),
  );
  check(
    property(array(piece, { maxLength: 600 }), (pieces) => {
      const text = pieces.join("");
      const short = shortenForModel(text);
      assert.ok(Buffer.byteLength(short) <= 10 * 1024 + 100);
      assert.ok(short.isWellFormed() || !text.isWellFormed());
      if (short === text) return;
      const [head, tail] = short.split(/\n?\[\.\.\. \d+ lines, \d+ bytes left out \.\.\.\]\n?/u);
      assert.ok(text.startsWith(head ?? "?") && text.endsWith(tail ?? "?"));
    }),
    { numRuns: 200 },
  );
});

test("the shape of an output", () => {
  assert.equal(
    commandOutput({ exitCode: 3, durationMs: 1260, text: "a\n" }),
    '{"output":"a\\n","metadata":{"exit_code":3,"duration_seconds":1.3}}',
  );
});
