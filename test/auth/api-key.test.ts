import assert from "node:assert/strict";
import { test } from "node:test";
import { format, inspect } from "node:util";

import { ApiKey } from "../../src/auth/api-key.ts";

const SECRET = "sk-proj-abcdefghijklmnop";

test("a key does not show itself, however it is printed", () => {
  const key = ApiKey.parse(SECRET);
  assert.ok(key);
  const shown = [
    key.toString(),
    JSON.stringify({ key }),
    inspect({ key }, { depth: 5, showHidden: true }),
    format("%s %o %O %j", key, key, key, key),
    Object.entries(key).join(),
  ].join("\n");
  assert.doesNotMatch(shown, /abcdefghijk/);
  assert.equal(key.reveal(), SECRET);
});

const masks: readonly (readonly [string, string])[] = [
  ["sk-proj-1234567890ABCDE", "sk-proj-***ABCDE"],
  ["12345678901234567890", "12345678***67890"],
  ["1234567890123456789", "***"],
  ["x", "***"],
];

for (const [text, mask] of masks) {
  test(`${text} is shown as ${mask}`, () => {
    assert.equal(ApiKey.parse(text)?.masked(), mask);
  });
}

test("blanks around a key go, and what could not stand in a header is refused", () => {
  assert.equal(ApiKey.parse(" key\r\n")?.reveal(), "key");
  for (const bad of ["", " \n", "a b", "a\nb", "a\u0000b", "ключ"]) {
    assert.equal(ApiKey.parse(bad), undefined, JSON.stringify(bad));
  }
});
