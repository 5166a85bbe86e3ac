import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MessageHistory } from "../../src/core/message-history.ts";
import { run } from "../support/run.ts";
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

test("a file that others could read is made the user's own", (t) => {
  const codexHome = tempDir(t);
  const file = join(codexHome, "history.jsonl");
  writeFileSync(file, "");
  chmodSync(file, 0o644);
  new MessageHistory({ codexHome, history: KEEP }).add("s", "one");
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("processes that write and shorten the file at once lose no line that is young enough", async (t) => {
  const codexHome = tempDir(t);
  const limit = 30_000;
  const module = new URL("../../src/core/message-history.ts", import.meta.url).href;
  const script = `
    import { MessageHistory } from ${JSON.stringify(module)};
    const settings = { persistence: "save-all", maxBytes: ${limit} };
    const history = new MessageHistory({ codexHome: process.argv[1], history: settings });
    for (let index = 0; index < 150; index += 1) history.add(process.argv[2], String(index).padEnd(100));
  `;
  const results = await Promise.all(
    ["a", "b", "c", "d"].map((name) =>
      run([process.execPath, "--input-type=module", "-e", script, codexHome, name], {
        cwd: codexHome,
      }),
    ),
  );
  for (const { code, stderr } of results) assert.equal(code, 0, stderr);
  const text = readFileSync(join(codexHome, "history.jsonl"), "utf8");
  assert.ok(text.length <= limit && text.length > limit / 2);
  const next = new Map<unknown, number>();
  for (const line of text.split("\n").slice(0, -1)) {
    const entry: unknown = JSON.parse(line);
    assert.ok(typeof entry === "object" && entry !== null);
    const name: unknown = Reflect.get(entry, "session_id");
    const number = Number(Reflect.get(entry, "text"));
    assert.equal(number, next.get(name) ?? number, `${String(name)} has a gap`);
    next.set(name, number + 1);
  }
  for (const end of next.values()) assert.equal(end, 150);
  assert.equal(existsSync(join(codexHome, "history.jsonl.lock")), false);
});

test("the lock of a process that died does not stay", (t) => {
  const codexHome = tempDir(t);
  const lock = join(codexHome, "history.jsonl.lock");
  writeFileSync(lock, "");
  utimesSync(lock, 0, 0);
  const settings = { persistence: "save-all", maxBytes: 300 } as const;
  assert.equal(new MessageHistory({ codexHome, history: settings }).add("s", "one"), null);
  assert.equal(existsSync(lock), false);
});

test("a file is made the user's own, and nothing else that stands in its place", (t) => {
  const history = { persistence: "save-all", maxBytes: undefined } as const;
  const modeAfter = (make: (path: string) => void): number => {
    const codexHome = tempDir(t);
    const path = join(codexHome, "history.jsonl");
    make(path);
    chmodSync(path, 0o644);
    // As the writer's other end, so that opening a pipe does not wait.
    const descriptor = openSync(path, constants.O_RDWR);
    assert.equal(new MessageHistory({ codexHome, history }).add("s", "one"), null);
    closeSync(descriptor);
    return statSync(path).mode & 0o777;
  };
  assert.equal(
    modeAfter((path) => writeFileSync(path, "")),
    0o600,
  );
  assert.equal(
    modeAfter((path) => execFileSync("mkfifo", [path])),
    0o644,
  );
});
