import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { PatchError } from "../../src/apply-patch/patch-error.ts";
import { type PatchPlan, planPatch } from "../../src/apply-patch/plan-patch.ts";
import { type PatchOutcome, patchOutcome } from "../../src/apply-patch/run.ts";
import { writeChanges } from "../../src/apply-patch/write-changes.ts";
import { run } from "../support/run.ts";
import { tempDir } from "../support/temp-dir.ts";
import { listNames, readFiles, writeFiles } from "./files-on-disk.ts";

const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? false : "only root gives files to other users";

function patch(...lines: readonly string[]): string {
  return ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");
}

function apply(cwd: string, ...lines: readonly string[]): PatchOutcome {
  return patchOutcome([patch(...lines)], cwd);
}

function succeed(cwd: string, ...lines: readonly string[]): void {
  assert.equal(apply(cwd, ...lines).stderr, "");
}

function planned(cwd: string, ...lines: readonly string[]): Extract<PatchPlan, { ok: true }> {
  const plan = planPatch(patch(...lines), cwd);
  if (!plan.ok) throw plan.error;
  return plan;
}

function failure(cwd: string, plan: Extract<PatchPlan, { ok: true }>): PatchError["problem"] {
  try {
    writeChanges(plan.edits, cwd);
  } catch (error) {
    if (error instanceof PatchError) return error.problem;
    throw error;
  }
  return assert.fail("it was written");
}

describe("what a file keeps", () => {
  test("its mode, also when it moves or is written anew; a new one has that of the umask", (t) => {
    const cwd = tempDir(t);
    writeFiles(cwd, { "run.sh": "1\n", secret: "1\n", moved: "1\n" });
    chmodSync(join(cwd, "run.sh"), 0o751);
    chmodSync(join(cwd, "secret"), 0o600);
    chmodSync(join(cwd, "moved"), 0o740);
    const umask = process.umask(0o027);
    try {
      succeed(
        cwd,
        "*** Update File: run.sh",
        "@@",
        "-1",
        "+2",
        "*** Add File: secret",
        "+2",
        "*** Update File: moved",
        "*** Move to: a/b/new-place",
        "@@",
        "-1",
        "+2",
        "*** Add File: new",
        "+2",
      );
    } finally {
      process.umask(umask);
    }
    const mode = (name: string): string => (statSync(join(cwd, name)).mode & 0o7777).toString(8);
    assert.deepEqual(["run.sh", "secret", "a/b/new-place", "new", "a", "a/b"].map(mode), [
      "751",
      "600",
      "740",
      "640",
      "750",
      "750",
    ]);
  });

  test("its owner, and never a set-user-id bit", { skip: needsRoot }, (t) => {
    const cwd = tempDir(t);
    writeFiles(cwd, { "a.txt": "1\n" });
    chownSync(join(cwd, "a.txt"), 1234, 4321);
    chmodSync(join(cwd, "a.txt"), 0o4755);
    succeed(cwd, "*** Update File: a.txt", "@@", "-1", "+2");
    const { uid, gid, mode } = statSync(join(cwd, "a.txt"));
    assert.deepEqual({ uid, gid, mode: mode & 0o7777 }, { uid: 1234, gid: 4321, mode: 0o755 });
  });

  test("a link stays a link, and its target is what changes", (t) => {
    const cwd = tempDir(t);
    writeFiles(cwd, { "real/a.txt": "1\n" });
    symlinkSync("real/a.txt", join(cwd, "link"));
    symlinkSync("real/new.txt", join(cwd, "dangling"));
    succeed(cwd, "*** Update File: link", "@@", "-1", "+2", "*** Add File: dangling", "+3");
    assert.equal(readlinkSync(join(cwd, "link")), "real/a.txt");
    assert.equal(readlinkSync(join(cwd, "dangling")), "real/new.txt");
    assert.deepEqual(readFiles(cwd), { "real/a.txt": "2\n", "real/new.txt": "3\n" });
    succeed(cwd, "*** Delete File: link", "*** Delete File: dangling");
    assert.deepEqual(readFiles(cwd), { "real/a.txt": "2\n", "real/new.txt": "3\n" });
    assert.deepEqual(listNames(cwd), ["real", "real/a.txt", "real/new.txt"]);
  });

  test("the content of another name for the same file", (t) => {
    const cwd = tempDir(t);
    writeFiles(cwd, { "a.txt": "1\n" });
    linkSync(join(cwd, "a.txt"), join(cwd, "b.txt"));
    succeed(cwd, "*** Update File: a.txt", "@@", "-1", "+2");
    assert.deepEqual(readFiles(cwd), { "a.txt": "2\n", "b.txt": "1\n" });
  });
});

test("moves: onto itself, over another file, away and back, through a removed name", (t) => {
  const cwd = tempDir(t);
  const move = (from: string, to: string, old: string, now: string): readonly string[] => [
    `*** Update File: ${from}`,
    `*** Move to: ${to}`,
    "@@",
    `-${old}`,
    `+${now}`,
  ];
  writeFiles(cwd, { a: "1\n", b: "x\n" });
  succeed(cwd, ...move("a", "./a", "1", "2"));
  assert.deepEqual(readFiles(cwd), { a: "2\n", b: "x\n" });
  succeed(cwd, ...move("a", "b", "2", "3"));
  assert.deepEqual(readFiles(cwd), { b: "3\n" });
  succeed(cwd, ...move("b", "c", "3", "4"), ...move("c", "b", "4", "5"));
  assert.deepEqual(readFiles(cwd), { b: "5\n" });
  succeed(cwd, ...move("b", "b/now/a/directory", "5", "6"));
  assert.deepEqual(readFiles(cwd), { "b/now/a/directory": "6\n" });
  symlinkSync("b/now/a/directory", join(cwd, "link"));
  succeed(cwd, ...move("link", "file", "6", "7"));
  assert.deepEqual(readFiles(cwd), { "b/now/a/directory": "6\n", file: "7\n" });
  assert.equal(existsSync(join(cwd, "link")), false);
});

test("a file may give its name to a directory", (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { a: "1\n" });
  succeed(cwd, "*** Delete File: a", "*** Add File: a/b", "+2");
  assert.deepEqual(readFiles(cwd), { "a/b": "2\n" });
});

describe("nothing happens unless all of it can", () => {
  const tail = ["*** Update File: c", "@@", "-wrong", "+x"];
  const before = { a: "1\n", b: "2\n", c: "3\n" };

  test("a later part that does not match", (t) => {
    const cwd = tempDir(t);
    writeFiles(cwd, before);
    const outcome = apply(
      cwd,
      "*** Add File: n/n",
      "+x",
      "*** Delete File: a",
      "*** Update File: b",
      "@@",
      "-2",
      "+x",
      ...tail,
    );
    assert.equal(outcome.stderr.split("\n")[0], 'Failed to find expected lines ["wrong"] in c');
    assert.deepEqual(listNames(cwd), ["a", "b", "c"]);
    assert.deepEqual(readFiles(cwd), before);
  });

  const everything = [
    "*** Delete File: a",
    "*** Add File: a/x/y",
    "+x",
    "*** Update File: b",
    "@@",
    "-2",
    "+x",
    "*** Update File: c",
    "*** Move to: d/c",
    "@@",
    "-3",
    "+x",
    "*** Delete File: e",
  ];

  /** What other programs may do between the plan and a step of it, and the problem it makes. */
  const disturbances: readonly (readonly [string, string, (cwd: string) => void])[] = [
    ["the last file to go has changed", "delete", (cwd) => writeFileSync(join(cwd, "e"), "other")],
    ["a file to replace has changed", "write", (cwd) => writeFileSync(join(cwd, "b"), "other")],
    [
      "a file to replace has been replaced",
      "write",
      (cwd) => {
        writeFileSync(join(cwd, "b2"), "2\n");
        renameSync(join(cwd, "b2"), join(cwd, "b"));
      },
    ],
    ["a file to replace is gone", "write", (cwd) => rmSync(join(cwd, "b"))],
    ["the first file to go is gone", "delete", (cwd) => rmSync(join(cwd, "a"))],
    [
      "a new file is there already",
      "write",
      (cwd) => {
        mkdirSync(join(cwd, "d"));
        writeFileSync(join(cwd, "d/c"), "other");
      },
    ],
    [
      "a new directory is a file by now",
      "create-directories",
      (cwd) => writeFileSync(join(cwd, "d"), "other"),
    ],
  ];
  for (const [name, kind, disturb] of disturbances) {
    test(name, (t) => {
      const cwd = tempDir(t);
      writeFiles(cwd, { ...before, e: "4\n" });
      const plan = planned(cwd, ...everything);
      disturb(cwd);
      const names = listNames(cwd);
      const files = readFiles(cwd);
      const inode = statSync(join(cwd, "c")).ino;
      assert.equal(failure(cwd, plan).kind, kind);
      assert.deepEqual(listNames(cwd), names);
      assert.deepEqual(readFiles(cwd), files);
      assert.equal(statSync(join(cwd, "c")).ino, inode, "put back, not written again");
    });
  }

  test("undisturbed, the same plan is carried out", (t) => {
    const cwd = tempDir(t);
    writeFiles(cwd, { ...before, e: "4\n" });
    writeChanges(planned(cwd, ...everything).edits, cwd);
    assert.deepEqual(readFiles(cwd), { "a/x/y": "x\n", b: "x\n", "d/c": "x\n" });
    assert.deepEqual(listNames(cwd), ["a", "a/x", "a/x/y", "b", "d", "d/c"]);
  });
});

describe("what is no regular file is refused and never waited for", () => {
  const change = (kind: string, name: string): readonly string[] => {
    if (kind === "Add") return [`*** Add File: ${name}`, "+x"];
    if (kind === "Delete") return [`*** Delete File: ${name}`];
    return [`*** Update File: ${name}`, "@@", "-x", "+y"];
  };

  for (const kind of ["Add", "Delete", "Update"]) {
    test(`${kind}: a FIFO, a device, a directory, links to them`, (t) => {
      const cwd = tempDir(t);
      assert.equal(spawnSync("mkfifo", [join(cwd, "fifo")]).status, 0);
      mkdirSync(join(cwd, "dir"));
      symlinkSync("/dev/zero", join(cwd, "zero"));
      symlinkSync("fifo", join(cwd, "to-fifo"));
      for (const name of ["fifo", "dir", "/dev/null", "/dev/zero"]) {
        assert.equal(apply(cwd, ...change(kind, name)).exitCode, 1, name);
      }
      for (const name of ["zero", "to-fifo"]) {
        // A link to anything is an entry like others when it goes.
        assert.equal(apply(cwd, ...change(kind, name)).exitCode, kind === "Delete" ? 0 : 1, name);
      }
      assert.ok(lstatSync(join(cwd, "fifo")).isFIFO());
      assert.ok(lstatSync("/dev/null").isCharacterDevice());
    });
  }

  test("places below /proc answer at once and change nothing", { timeout: 20_000 }, (t) => {
    const cwd = tempDir(t);
    for (const path of [
      "/proc/nope/a/b/c.txt",
      "/proc/self/nope/a.txt",
      "/proc/self/fd/99/x",
      `/proc/self/cwd/${"../".repeat(30)}proc/nope/x`, // wherever this checkout is
      "/proc/new.txt",
    ]) {
      const outcome = apply(cwd, `*** Add File: ${path}`, "+x");
      assert.equal(outcome.exitCode, 1, path);
    }
    assert.equal(apply(cwd, ...change("Update", "/proc/kmsg")).exitCode, 1);
    assert.equal(apply(cwd, ...change("Update", "/proc/self/mem")).exitCode, 1);
    assert.equal(apply(cwd, ...change("Delete", "/proc/self/comm")).exitCode, 1);
  });

  test("/proc/self/cwd is the directory it names", (t) => {
    const cwd = tempDir(t);
    const plan = planned(cwd, "*** Add File: /proc/self/cwd/planned.txt", "+x");
    assert.deepEqual(
      plan.affected.map(({ realPath }) => realPath),
      [join(process.cwd(), "planned.txt")],
    );
  });
});

describe("permissions", () => {
  const program = join(import.meta.dirname, "unprivileged-program.ts");
  const unprivileged = (cwd: string, ...lines: readonly string[]) =>
    run([process.execPath, program, patch(...lines)], { cwd });

  test("a file that may not be written is not replaced, though its directory would allow it", async (t) => {
    const cwd = tempDir(t);
    writeFiles(cwd, { "a.txt": "1\n" });
    chmodSync(cwd, 0o777);
    chmodSync(join(cwd, "a.txt"), 0o444);
    const result = await unprivileged(cwd, "*** Update File: a.txt", "@@", "-1", "+2");
    assert.deepEqual(result, {
      code: 1,
      signal: null,
      stdout: "",
      stderr:
        "Failed to write file a.txt\n  Patch line 2 names it: Permission denied (os error 13)\n",
    });
    assert.deepEqual(readFiles(cwd), { "a.txt": "1\n" });
  });

  test("a directory that may not be written stops the whole patch", async (t) => {
    const cwd = tempDir(t);
    writeFiles(cwd, { "open/a.txt": "1\n", "shut/b.txt": "1\n" });
    chmodSync(cwd, 0o777);
    chmodSync(join(cwd, "open"), 0o777);
    chmodSync(join(cwd, "open/a.txt"), 0o666);
    chmodSync(join(cwd, "shut/b.txt"), 0o666);
    chmodSync(join(cwd, "shut"), 0o555);
    const first = ["*** Update File: open/a.txt", "@@", "-1", "+2"];
    for (const [last, line] of [
      [["*** Add File: shut/new", "+x"], "Failed to write file shut/new"],
      [["*** Add File: shut/d/new", "+x"], "Failed to create parent directories for shut/d/new"],
      [["*** Delete File: shut/b.txt"], "Failed to delete file shut/b.txt"],
      [["*** Update File: shut/b.txt", "@@", "-1", "+2"], "Failed to write file shut/b.txt"],
    ] as const) {
      const result = await unprivileged(cwd, ...first, ...last);
      assert.equal(result.stderr.split("\n")[0], line);
      assert.equal(result.code, 1);
      assert.deepEqual(readFiles(cwd), { "open/a.txt": "1\n", "shut/b.txt": "1\n" });
    }
    chmodSync(join(cwd, "shut"), 0o755);
    assert.deepEqual(readdirSync(cwd).toSorted(), ["open", "shut"]);
    assert.deepEqual(await unprivileged(cwd, ...first), {
      code: 0,
      signal: null,
      stdout: "Success. Updated the following files:\nM open/a.txt\n",
      stderr: "",
    });
    assert.equal(readFileSync(join(cwd, "open/a.txt"), "utf8"), "2\n");
  });

  test("a current directory that may not be written is no hindrance elsewhere", async (t) => {
    const cwd = tempDir(t);
    mkdirSync(join(cwd, "open"));
    chmodSync(join(cwd, "open"), 0o777);
    chmodSync(cwd, 0o555);
    const result = await unprivileged(cwd, "*** Add File: open/a.txt", "+1");
    chmodSync(cwd, 0o755);
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(listNames(cwd), ["open", "open/a.txt"]);
  });
});

test("a file too large to be edited is refused before it is read", (t) => {
  const cwd = tempDir(t);
  const path = join(cwd, "huge");
  assert.equal(spawnSync("truncate", ["-s", "8G", path]).status, 0);
  const outcome = apply(cwd, "*** Update File: huge", "@@", "-1", "+2");
  assert.equal(
    outcome.stderr.split("\n")[0],
    "Failed to read file to update huge: it is larger than 256 MiB",
  );
  succeed(cwd, "*** Delete File: huge");
});
