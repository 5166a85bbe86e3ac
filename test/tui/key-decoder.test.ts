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
    // The keypad, in the ways of VT100 and kitty.
    [`${ESC}OM`, [named("enter")]],
    [`${ESC}[57414u`, [named("enter")]],
    [`${ESC}[57419u${ESC}[57424;5u`, [named("up"), named("end", { ctrl: true })]],
    // Keys that are told apart mean what they always have.
    [`${ESC}[27u`, [named("escape")]],
    [`${ESC}[91;5u`, [named("escape")]],
    [`${ESC}[109;5u${ESC}[27;5;105~`, [named("enter"), named("tab")]],
    [`${ESC}[106;5u`, [{ kind: "chord", letter: "j", ctrl: true, alt: false }]],
    [`${ESC}[13;3u${ESC}[13;5u`, [named("enter", { alt: true }), named("enter", { ctrl: true })]],
    [
      `${ESC}[127;5u${ESC}[9;2u`,
      [named("backspace", { ctrl: true }), named("tab", { shift: true })],
    ],
    [`${ESC}[98;3u`, [{ kind: "chord", letter: "b", ctrl: false, alt: true }]],
    // Alternate codes and the kind of event are there when somebody else has asked for them.
    [`${ESC}[97:65;2:1u`, [{ kind: "text", text: "A" }]],
    // Locks are no modifiers; Super and its like belong to the window system.
    [`${ESC}[99;69u`, [{ kind: "chord", letter: "c", ctrl: true, alt: false }]],
    [`${ESC}[99;9u${ESC}[118;33u`, []],
    // tmux and xterm with modifyOtherKeys, text included.
    [
      `${ESC}[27;2;65~${ESC}[27;5;106~`,
      [
        { kind: "text", text: "A" },
        { kind: "chord", letter: "j", ctrl: true, alt: false },
      ],
    ],
    [
      `${ESC}[1;3D${ESC}[1;2A${ESC}[3;5~`,
      [named("left", { alt: true }), named("up", { shift: true }), named("delete", { ctrl: true })],
    ],
    [`${ESC}${ESC}[C`, [named("right", { alt: true })]],
    [
      `${ESC}[1~${ESC}[4~${ESC}[7~${ESC}[8~`,
      [named("home"), named("end"), named("home"), named("end")],
    ],
    [`${ESC}[5~${ESC}[6~`, [named("page-up"), named("page-down")]],
    // Function keys, and keys of no meaning here.
    [`${ESC}OP${ESC}[15~${ESC}[[A${ESC}[2~${ESC}[57358u`, []],
    // A mouse that another program has left on is no Enter, and no text.
    [`${ESC}[<0;10;20M${ESC}[<0;10;20m${ESC}[M !!`, []],
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

test("what a terminal answers of its modes is told, and is no key however it is cut", () => {
  const answer = `${ESC}[?2026;2$y`;
  for (let cut = 3; cut <= answer.length; cut += 1) {
    const told: number[][] = [];
    const decoder = new KeyDecoder((mode, state) => told.push([mode, state]));
    const keys = [
      ...decoder.feed(Buffer.from(`a${answer.slice(0, cut)}`)),
      // The rest takes longer than what follows an Esc byte.
      ...decoder.flush(),
      ...decoder.feed(Buffer.from(`${answer.slice(cut)}b`)),
    ];
    assert.deepEqual(keys, [
      { kind: "text", text: "a" },
      { kind: "text", text: "b" },
    ]);
    assert.deepEqual(told, [[2026, 2]]);
  }
});
