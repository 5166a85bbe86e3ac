import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { MAX_RESULT_CHARACTERS, resultText } from "../../src/mcp-client/result-text.ts";

suite("a result for the model", () => {
  test("many long texts are each shortened, and it stays JSON", () => {
    const content = Array.from({ length: 30 }, () => ({ type: "text", text: "y".repeat(9_000) }));
    const text = resultText({ content });
    assert.ok(text.length <= MAX_RESULT_CHARACTERS);
    const value: unknown = JSON.parse(text);
    assert.ok(Array.isArray(value) && value.length === 30);
    assert.match(text, /omitted 8000 of 9000 characters/);
  });

  test("structured content that is large in its parts is cut as a whole", () => {
    const structuredContent = Array.from({ length: 100_000 }, (_, index) => index);
    const text = resultText({ content: [], structuredContent });
    assert.ok(text.length <= MAX_RESULT_CHARACTERS);
    assert.match(text, /\[\.\.\. omitted \d+ of \d+ characters \.\.\.\]/);
    assert.ok(text.endsWith("99999]}"));
  });

  test("no character is cut in two", () => {
    for (const shift of ["", "a"]) {
      const text = resultText({
        content: [{ type: "text", text: shift + "😀".repeat(40_000) }],
      });
      assert.ok(text.isWellFormed());
    }
  });

  test("embedded files in base64 are left out by name", () => {
    const resource = { uri: "file:///a", blob: "AAAA" };
    assert.equal(
      resultText({ content: [{ type: "resource", resource }] }),
      '[{"type":"resource","resource":{"uri":"file:///a","blob":"[... omitted 4 characters of base64 ...]"}}]',
    );
  });

  const repetitions: readonly (readonly [string, unknown, boolean])[] = [
    ['{"a": 1}', { a: 1 }, true],
    ["a file", { content: "a file" }, true],
    ["[1, 2]", { list: [1, 2], count: 2 }, true],
    ["a file", { content: "another" }, false],
    ["a file", { content: { inner: "a file" } }, false],
    ["undefined", { content: undefined }, false],
  ];
  for (const [text, structuredContent, isLeftOut] of repetitions) {
    test(`${text} beside ${JSON.stringify(structuredContent)}`, () => {
      const content = [{ type: "text", text }];
      const expected = isLeftOut ? { structuredContent } : { content, structuredContent };
      assert.equal(resultText({ content, structuredContent }), JSON.stringify(expected));
    });
  }

  test("structured content of a failure is kept with the failure", () => {
    assert.equal(
      resultText({ content: [], structuredContent: { a: 1 }, isError: true }),
      '{"content":[],"structuredContent":{"a":1},"isError":true}',
    );
  });
});
