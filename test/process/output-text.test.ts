import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";

import {
  countLineEnds,
  OutputCapture,
  type CapturedOutput,
} from "../../src/process/output-capture.ts";
import { modelTextLimits, outputText } from "../../src/process/output-text.ts";

function captured(bytes: Uint8Array, headBytes = 65_536, tailBytes = 65_536): CapturedOutput {
  const capture = new OutputCapture({ headBytes, tailBytes });
  capture.add(bytes, countLineEnds(bytes));
  return capture.result();
}

function modelText(text: string): string {
  return outputText(captured(Buffer.from(text)), modelTextLimits);
}

function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index + 1}\n`).join("");
}

const note = /\[\.\.\. omitted (?:([0-9]+) of ([0-9]+) lines, )?([0-9]+) bytes \.\.\.\]\n/;

suite("outputText for a model", () => {
  const whole: Readonly<Record<string, string>> = {
    nothing: "",
    "one line without its end": "x",
    "exactly 256 lines": numbered(256),
    "256 lines, the last without its end": numbered(256).trimEnd(),
    "exactly 10 KiB": "x".repeat(10_240),
    "NUL and colours": "a\0b\u001b[31mred\u001b[0m\n",
    "a byte order mark": "\ufeffx\n",
  };
  for (const [name, text] of Object.entries(whole)) {
    test(`leaves ${name} alone`, () => assert.equal(modelText(text), text));
  }

  test("keeps the first 128 and the last 127 of too many lines", () => {
    const text = numbered(1_000);
    const [head, tail] = [numbered(128), text.slice(text.indexOf("\n874\n") + 1)];
    const bytes = text.length - head.length - tail.length;
    assert.equal(
      modelText(text),
      `${head}[... omitted 745 of 1000 lines, ${bytes} bytes ...]\n${tail}`,
    );
    assert.equal(modelText(text).split("\n").length - 1, 256);
  });

  test("cuts a long line within", () => {
    const text = modelText("é".repeat(50_000));
    const match = note.exec(text);
    assert.equal(match?.[1], undefined);
    const kept = text.replace(`\n${match?.[0] ?? ""}`, "");
    assert.match(kept, /^é+$/);
    assert.equal(Buffer.byteLength(kept) + Number(match?.[3]), 100_000);
    assert.ok(Buffer.byteLength(text) <= 10_240 && Buffer.byteLength(text) > 10_000);
  });

  test("shows bytes that are no UTF-8 as U+FFFD, and counts them in the limit", () => {
    assert.equal(outputText(captured(Buffer.of(0x61, 0xff, 0x62)), modelTextLimits), "a\ufffdb");
    const text = outputText(captured(Buffer.alloc(10_000, 0xff)), modelTextLimits);
    assert.ok(Buffer.byteLength(text) <= 10_240);
    assert.match(text, note);
  });

  test("counts what the capture left out, too", () => {
    const bytes = Buffer.from(numbered(100_000));
    const text = outputText(captured(bytes, 2_000, 2_000), modelTextLimits);
    const [, lines, total, omitted] = note.exec(text) ?? [];
    const kept = text.replace(note, "");
    assert.equal(total, "100000");
    assert.equal(Number(lines) + countLineEnds(Buffer.from(kept)), 100_000);
    assert.equal(Number(omitted) + kept.length, bytes.length);
    assert.ok(text.startsWith("1\n2\n") && text.endsWith("\n99999\n100000\n"));
  });
});

suite("outputText for any output and any limits", () => {
  const piece = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => Buffer.from(text)),
    fc.constant(Buffer.from("\n")),
    fc.uint8Array({ maxLength: 6 }).map((array) => Buffer.from(array)),
  );
  const output = fc.array(piece, { maxLength: 200 }).map((pieces) => Buffer.concat(pieces));

  test("keeps within them and says what is missing", () => {
    fc.assert(
      fc.property(
        output,
        fc.integer({ min: 128, max: 600 }),
        fc.integer({ min: 3, max: 40 }),
        fc.option(fc.integer({ min: 0, max: 200 })),
        (bytes, maxBytes, maxLines, cut) => {
          const capture = cut === null ? captured(bytes) : captured(bytes, cut, cut);
          const text = outputText(capture, { maxBytes, maxLines });
          assert.ok(Buffer.byteLength(text) <= maxBytes, `${Buffer.byteLength(text)} bytes`);
          assert.ok(countLineEnds(Buffer.from(text)) <= maxLines);
          const whole = bytes.toString("utf8");
          if (capture.omittedBytes > 0) assert.match(text, note);
          else if (!note.test(text)) assert.equal(text, whole);
        },
      ),
    );
  });
});
