import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, linkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { findOtherWriter, findWithLsof, parseLsof } from "../../src/process/file-writers.ts";
import { tempDir } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";

const hasLsof = ["/usr/sbin/lsof", "/usr/bin/lsof"].some((path) => existsSync(path));
const FINDERS = [
  [
    "as the platform does",
    findOtherWriter,
    process.platform === "win32" && "Windows does not tell",
  ],
  ["with lsof", findWithLsof, !hasLsof && "lsof is not installed"],
] as const;

/** A process that has the file open as `redirection` says, until the test ends. */
function holder(t: TestContext, redirection: string, path: string): ChildProcess {
  const script = `exec 3${redirection} "$1"; exec sleep 600`;
  const child = spawn("/bin/sh", ["-c", script, "sh", path], { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

for (const [how, find, skip] of FINDERS) {
  test(`who writes a file is found until it is killed, ${how}`, { skip }, async (t) => {
    const directory = tempDir(t);
    const path = join(directory, "a (file)\tof mine");
    writeFileSync(path, "");
    writeFileSync(join(directory, "other"), "");
    holder(t, "<", path);
    holder(t, ">>", join(directory, "other"));
    assert.equal(find(path), undefined);
    const writer = holder(t, ">>", path);
    assert.ok(await until(() => find(path) === writer.pid, 10_000));
    writer.kill("SIGKILL");
    await once(writer, "exit");
    assert.equal(find(path), undefined);
  });
}

for (const [how, find, skip] of FINDERS) {
  test(`who writes a file is found whatever links lead to it, ${how}`, { skip }, async (t) => {
    const directory = tempDir(t);
    const [path = "", symbolic = "", hard = "", behind = ""] = [
      "file",
      "symbolic",
      "hard",
      "x",
    ].map((name) => join(directory, name));
    writeFileSync(path, "");
    symlinkSync("file", symbolic);
    symlinkSync("hard", behind);
    const writer = holder(t, ">>", symbolic);
    assert.ok(await until(() => find(path) === writer.pid, 10_000));
    assert.equal(find(symbolic), writer.pid);
    linkSync(path, hard);
    assert.equal(find(hard), writer.pid);
    assert.equal(find(behind), writer.pid);
  });
}

test("of what lsof prints only writers count", () => {
  assert.deepEqual(
    parseLsof("p12\nf3\nar\np13\nf4\nau\nf5\naw\np14\nf1\naw\np15\nftxt\na \n"),
    [13, 14],
  );
  assert.deepEqual(parseLsof(""), []);
});
