import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import {
  encodeDirectoryList,
  removeLeftovers,
  TemporaryNames,
} from "../../src/apply-patch/temporary-files.ts";
import { tempDir } from "../support/temp-dir.ts";
import { listNames } from "./files-on-disk.ts";

const MODULE = join(import.meta.dirname, "../../src/apply-patch/temporary-files.ts");

/** Names as a process made them that has ended since. */
function namesOfDeadProcess(): {
  readonly new: string;
  readonly old: string;
  readonly list: string;
} {
  const script = `
    import { TemporaryNames } from ${JSON.stringify(MODULE)};
    const names = new TemporaryNames();
    console.log(["new", "old", "list"].map((purpose) => names.next("/", purpose).slice(1)).join(" "));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  const [first = "", second = "", third = ""] = stdout.trim().split(" ");
  return { new: first, old: second, list: third };
}

test("what a dead process left goes, what a living one needs stays", (t) => {
  const directory = tempDir(t);
  const dead = namesOfDeadProcess();
  const alive = basename(new TemporaryNames().next(directory, "new"));
  for (const name of [dead.new, dead.old, alive, "file.txt"]) {
    writeFileSync(join(directory, name), "");
  }
  removeLeftovers([directory, directory, join(directory, "missing")]);
  assert.deepEqual(listNames(directory), [alive, "file.txt"].toSorted());
});

test("a list leads to the other directories, and goes last", (t) => {
  const root = tempDir(t);
  const dead = namesOfDeadProcess();
  for (const name of ["cwd", "other"]) mkdirSync(join(root, name));
  const list = encodeDirectoryList([join(root, "other"), join(root, "gone"), "relative"]);
  writeFileSync(join(root, "cwd", dead.list), list);
  writeFileSync(join(root, "other", dead.new), "");
  writeFileSync(join(root, "other/file.txt"), "");
  removeLeftovers([join(root, "cwd")]);
  assert.deepEqual(listNames(root), ["cwd", "other", "other/file.txt"]);
});

test("no other name passes for one, however alike", (t) => {
  const directory = tempDir(t);
  const { new: name } = namesOfDeadProcess();
  const alike = [
    `${name}x`,
    `x${name}`,
    `${name}.txt`,
    name.slice(0, -1),
    name.replace(".new.", ".old."),
    name.replace(/\.\d+\./u, ".1."),
    name.replace(".codex", ".Codex"),
    ".codex-apply-patch.1.1.1.new.0123456789abcdef",
  ];
  for (const other of alike) writeFileSync(join(directory, other), "");
  mkdirSync(join(directory, name)); // The right name, but no file.
  removeLeftovers([directory]);
  assert.deepEqual(listNames(directory), [...alike, name].toSorted());
});

const needsProc =
  process.platform === "linux" ? false : "start times of processes come from /proc, on Linux only";

test(
  "the process id of a dead run may belong to somebody else by now",
  { skip: needsProc },
  (t) => {
    const directory = tempDir(t);
    // Our own id, but started seven ticks after the machine.
    const script = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    import { TemporaryNames } from ${JSON.stringify(MODULE)};
    fs.readFileSync = () => "1 (x) S${" 0".repeat(18)} 7 0";
    syncBuiltinESMExports();
    Object.defineProperty(process, "pid", { value: ${process.pid} });
    console.log(new TemporaryNames().next("/", "new").slice(1));`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    const earlier = stdout.trim();
    assert.ok(earlier.startsWith(`.codex-apply-patch.${process.pid}.7.`));
    writeFileSync(join(directory, earlier), "");
    removeLeftovers([directory]);
    assert.deepEqual(listNames(directory), []);
  },
);
