import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type Key, KeyDecoder } from "../../src/tui/key-decoder.ts";

const ESC = "\u001b";

function keysOf(text: string): readonly Key[] {
  const decoder = new KeyDecoder();
  return [...decoder.feed(Buffer.from(text)), ...decoder.flush()];
}

function named(name: string, modifiers: Partial<Record<"ctrl" | "alt" | "shift", true>> = {}) {
  return { kind: "key", name, ctrl: false, alt: false, shift: false, ...modifiers };
}

test("keys of all the ways terminals send them", () => {
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ["ab", [{ kind: "text", text: "ab" }]],
    ["\r", [named("enter")]],
    ["\n", [{ kind: "chord", letter: "j", ctrl: true, alt: false }]],
    ["\u0003", [{ kind: "chord", letter: "c", ctrl: true, alt: false }]],
    [ESC, [named("escape")]],
    [`${ESC}[A`, [named("up")]],
    [`${ESC}OA`, [named("up")]],
    [`${ESC}[1;5C`, [named("right", { ctrl: true })]],
    [`${ESC}[3~`, [named("delete")]],
    [`${ESC}[Z`, [named("tab", { shift: true })]],
    [`${ESC}b`, [{ kind: "chord", letter: "b", ctrl: false, alt: true }]],
    [`${ESC}\r`, [named("enter", { alt: true })]],
    [`${ESC}[13;2u`, [named("enter", { shift: true })]],
    [`${ESC}[99;5u`, [{ kind: "chord", letter: "c", ctrl: true, alt: false }]],
    [`${ESC}[27;2;13~`, [named("enter", { shift: true })]],
    [`${ESC}[200~a\rb${ESC}[201~`, [{ kind: "paste", text: "a\rb" }]],
    [`${ESC}[I`, [{ kind: "focus", isFocused: true }]],
    // Answers to questions are no keys.
    [`${ESC}[?62;4c`, []],
    [`${ESC}]11;rgb:0000/0000/0000${ESC}\\`, []],
    ["日", [{ kind: "text", text: "日" }]],
  ];
  for (const [text, keys] of cases) assert.deepEqual(keysOf(text), keys, JSON.stringify(text));
});

test("however the bytes are cut, the keys are the same", () => {
  const text = `a日${ESC}[1;5C${ESC}[200~pasted\r\n${ESC}[20words${ESC}[201~\u0003${ESC}[13;2u👩‍👩‍👧`;
  const bytes = Buffer.from(text);
  const flat = (keys: readonly Key[]): string =>
    JSON.stringify(keys.map((key) => (key.kind === "text" ? Array.from(key.text) : [key])).flat());
  const whole = flat(keysOf(text));
  fc.assert(
    fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 20 }), (cuts) => {
      const decoder = new KeyDecoder();
      const ends = [...cuts.toSorted((a, b) => a - b), bytes.length];
      let start = 0;
      const keys: Key[] = [];
      for (const end of ends) {
        keys.push(...decoder.feed(bytes.subarray(start, end)));
        start = end;
      }
      assert.equal(flat(keys), whole);
    }),
  );
});

test("no bytes at all make it fail or wait for ever", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const decoder = new KeyDecoder();
      decoder.feed(bytes);
      decoder.flush();
      assert.equal(decoder.isWaiting, false);
    }),
    { numRuns: 500 },
  );
});
