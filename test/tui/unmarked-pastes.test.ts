import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type Key, KeyDecoder } from "../../src/tui/key-decoder.ts";
import { UnmarkedPastes } from "../../src/tui/unmarked-pastes.ts";

const PASTE = (text: string): string => `\u001b[200~${text}\u001b[201~`;

/** What is delivered of chunks of bytes, each so many milliseconds after the one before; then half a second passes. */
function delivered(t: TestContext, chunks: readonly (readonly [number, string])[]): string {
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const keys: string[] = [];
  const decoder = new KeyDecoder();
  const pastes = new UnmarkedPastes((key) => keys.push(nameOf(key)));
  let now = 1000;
  for (const [wait, chunk] of chunks) {
    now += wait;
    t.mock.timers.tick(wait);
    pastes.take(decoder.feed(Buffer.from(chunk)), now);
  }
  keys.push("|");
  t.mock.timers.tick(500);
  return keys.join(" ");
}

function nameOf(key: Key): string {
  if (key.kind === "paste") return JSON.stringify(key.text);
  if (key.kind === "text") return key.text;
  return key.kind === "key" ? key.name : key.kind === "chord" ? `ctrl-${key.letter}` : key.kind;
}

test("what a person types is delivered as it comes; an Enter behind other keys a moment later", (t) => {
  assert.equal(
    delivered(t, [
      [0, "a"],
      [100, "b"],
      [100, "\r"],
    ]),
    "a b enter |",
  );
  assert.equal(delivered(t, [[0, "ok\r"]]), "ok | enter");
  assert.equal(
    delivered(t, [
      [0, "\r"],
      [5, "a"],
      [5, "\r"],
    ]),
    "enter a | enter",
  );
  assert.equal(
    delivered(t, [
      [0, "ok\r"],
      [30, "b"],
    ]),
    "ok enter b |",
  );
  assert.equal(delivered(t, [[0, "\u001b[A\u001b[A\u001b[A"]]), "up up up |");
});

test("more keys than anybody types are a paste, however they are cut", (t) => {
  assert.equal(delivered(t, [[0, "a\rb\rsecond\r"]]), '| "a\\nb\\nsecond\\n"');
  assert.equal(delivered(t, [[0, "\rfirst line"]]), '| "\\nfirst line"');
  assert.equal(
    delivered(t, [
      [0, "ab\r"],
      [5, "cdef"],
      [5, "ghi\rj"],
    ]),
    'ab | "\\ncdefghi\\nj"',
  );
  const rows = Array.from({ length: 30 }, (): readonly [number, string] => [15, "line\rmore\r"]);
  assert.equal(delivered(t, rows).split("line").length, 31);
  assert.doesNotMatch(delivered(t, rows), /enter/u);
  assert.equal(delivered(t, [[0, "tab\tand\njoined"]]), '| "tab\\tand\\njoined"');
});

test("other keys in it stay what they are, in their order", (t) => {
  assert.equal(delivered(t, [[0, "nine keys\u0003"]]), '| "nine keys" ctrl-c');
  assert.equal(delivered(t, [[0, "nine keys\u001b[Dx"]]), '| "nine keys" left "x"');
});

test("what stands behind a marked paste is typed", (t) => {
  assert.equal(delivered(t, [[0, `${PASTE("long words")}\r`]]), '"long words" enter |');
  assert.equal(delivered(t, [[0, `${PASTE("go")}\ryyyyyyyyyyyy`]]), '"go" enter | "yyyyyyyyyyyy"');
});

test("keys that never stop are delivered all the same", (t) => {
  const chunks = Array.from({ length: 200 }, (): readonly [number, string] => [10, "yyyyyyyyyy"]);
  const all = delivered(t, chunks);
  assert.ok(all.indexOf("|") > 1000, "most of it before they stop");
  assert.equal(all.split("y").length, 2001);
});
