import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MessageHistory } from "../../src/core/message-history.ts";
import { tempDir } from "./conversation-harness.ts";

const KEEP = { persistence: "save-all", maxBytes: undefined } as const;

test("entries are appended for the user alone and read by their number", (t) => {
  const codexHome = tempDir(t);
  const history = new MessageHistory({ codexHome, history: KEEP });
  assert.deepEqual(history.mark(), { logId: 0, entryCount: 0 });
  assert.equal(history.add("s", "one\ntwo"), null);
  assert.equal(history.add("s", "three"), null);
  const file = join(codexHome, "history.jsonl");
  const status = statSync(file);
  assert.equal(status.mode & 0o777, 0o600);
  assert.deepEqual(history.mark(), { logId: status.ino, entryCount: 2 });
  const { entry } = history.entry(status.ino, 0);
  assert.deepEqual([entry?.session_id, entry?.text], ["s", "one\ntwo"]);
  assert.ok(Math.abs((entry?.ts ?? 0) - Date.now() / 1000) < 60);
  assert.equal(history.entry(status.ino, 1).entry?.text, "three");
  assert.deepEqual(history.entry(status.ino, 2), {});
  assert.deepEqual(history.entry(status.ino, -1), {});
  assert.deepEqual(history.entry(status.ino + 1, 0), {}, "another file");
});

test("nothing is kept when the user does not want it", (t) => {
  const codexHome = tempDir(t);
  const settings = { persistence: "none", maxBytes: undefined } as const;
  const history = new MessageHistory({ codexHome, history: settings });
  assert.equal(history.add("s", "secret"), null);
  assert.deepEqual(history.mark(), { logId: 0, entryCount: 0 });
});

test("the oldest lines go when the file is too large", (t) => {
  const codexHome = tempDir(t);
  const settings = { persistence: "save-all", maxBytes: 300 } as const;
  const history = new MessageHistory({ codexHome, history: settings });
  for (let index = 0; index < 20; index += 1) history.add("s", `entry ${index}`);
  const text = readFileSync(join(codexHome, "history.jsonl"), "utf8");
  assert.ok(text.length <= 300 && text.length > 150, `${text.length} bytes`);
  assert.match(text, /^\{.*"entry \d+"\}\n(?:.*\n)*.*"entry 19"\}\n$/u);
});
