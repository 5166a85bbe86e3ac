import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import * as fc from "fast-check";
import { joinWords } from "../../src/shell/quote-words.ts";

test("words are quoted only where needed", () => {
  assert.equal(joinWords(["sed", "-n", "1,20p", "a.txt"]), "sed -n '1,20p' a.txt");
  assert.equal(joinWords(["echo", "it's", "", "a b", `a'"b`]), `echo "it's" '' 'a b' 'a'\\''"b'`);
});

test("a shell reads the same words back", () => {
  const word = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 8 }),
    fc.string({
      unit: fc.constantFrom("'", '"', "$", "`", "\\", "!", " ", "\n", "a", "~", "*"),
      maxLength: 6,
    }),
  );
  const words = fc.sample(word, { numRuns: 400, seed: 5 }).filter((text) => !text.includes("\0"));
  const result = spawnSync("sh", ["-c", `printf '%s\\0' ${joinWords(words)}`], {
    encoding: "utf8",
    env: {},
  });
  assert.deepEqual(result.stdout.split("\0").slice(0, -1), words);
});
