import assert from "node:assert/strict";
import { test } from "node:test";
import { looksSecret, PromptHistory } from "../../src/tui/prompt-history.ts";

test("what looks like a key or a token is known, and what does not is none", () => {
  for (const text of [
    "sk-abcdefghijklmnopqrstuvwx",
    "my key is sk-proj-abc_DEF-1234567890, use it",
    "ghp_abcdefghijklmnopqrst0123",
    "github_pat_11ABCDEFG0123456789abc",
    "xoxb-1234567890-abcdef",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    'API_KEY="0123456789abcdef"',
    "password: correct-horse-battery",
  ]) {
    assert.ok(looksSecret(text), text);
  }
  for (const text of [
    "rename sk-learn to scikit",
    "the token: is it counted?",
    "why does the password prompt fail",
    "fix the api key check",
  ]) {
    assert.ok(!looksSecret(text), text);
  }
});

test("entries of this session come first, then those of the file as they arrive", () => {
  const asked: number[] = [];
  const history = new PromptHistory((offset) => asked.push(offset));
  history.setStoredCount(2);
  history.add({ text: "own", cells: undefined });
  history.add({ text: "own", cells: undefined });
  history.add({ text: " ", cells: undefined });
  assert.equal(history.length, 3);
  assert.equal(history.at(0)?.text, "own");
  assert.equal(history.at(1), undefined);
  assert.deepEqual(asked, [1]);
  assert.equal(history.received(1, "newest of the file"), 1);
  assert.equal(history.at(1)?.text, "newest of the file");
  assert.equal(history.find("FILE", -1), 1);
  assert.equal(history.find("file", 1), undefined);
  assert.equal(history.at(3), undefined);
});
