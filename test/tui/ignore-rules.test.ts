import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { globMatcher } from "../../src/tui/glob-pattern.ts";
import { IgnoreRules } from "../../src/tui/ignore-rules.ts";

function isIgnored(pattern: string, path: string): boolean {
  return new IgnoreRules(pattern, "").judge(path, false) === "ignored";
}

test("no pattern of a repository takes long", () => {
  const name = "a".repeat(250);
  for (const unit of ["*a", "**/a", "*[a-z]", "*?"]) {
    const many = unit.repeat(40);
    const begun = performance.now();
    assert.equal(isIgnored(`${many}b`, `${name}/${name}`), false, many);
    assert.ok(performance.now() - begun < 2000, many);
  }
  assert.ok(isIgnored(`${"*a".repeat(40)}*`, `dir/${name}`));
});

test("many wildcards mean what few do", () => {
  for (const [pattern, path, expected] of [
    ["*a*b*c*", "xaxbxcx", true],
    ["*a*b*c*", "deep/xaxbxcx", true],
    ["*a*b*c*", "xaxb/xcx", false],
    ["/*a*b*c*", "deep/xaxbxcx", false],
    ["**/a/**/b/**", "a/b/c", true],
    ["**/a/**/b/**", "x/a/y/z/b/c", true],
    ["**/a/**/b/**", "x/a/y/zb/c", false],
    ["*[a-c]*[!0-9]*\\*", "xaxbx*", true],
    ["*[a-c]*[!0-9]*\\*", "xaxbxc", false],
    ["*😀*?*", "x😀é", true],
    ["*[z-a]**", "a", false],
  ] as const) {
    assert.equal(isIgnored(pattern, path), expected, `${pattern} ${path}`);
  }
});

test("both ways to match agree", () => {
  const word = (...letters: readonly string[]) =>
    fc.string({ unit: fc.constantFrom(...letters), maxLength: 9 });
  fc.assert(
    fc.property(
      word("a", "b", "/", "*", "?"),
      word("a", "b", "/"),
      fc.boolean(),
      (glob, path, isAnchored) => {
        // Two more wildcards that nothing is left for.
        const longer = globMatcher(`${glob}x*x*x*`, isAnchored);
        assert.equal(longer?.(`${path}xxx`), globMatcher(`${glob}xxx`, isAnchored)?.(`${path}xxx`));
      },
    ),
  );
});
