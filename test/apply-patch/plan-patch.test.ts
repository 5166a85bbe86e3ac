import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { diskView, type FileView } from "../../src/apply-patch/file-view.ts";
import { type PatchPlan, planPatch } from "../../src/apply-patch/plan-patch.ts";
import { tempDir } from "../support/temp-dir.ts";
import { readFiles, writeFiles } from "./files-on-disk.ts";

type Plan = Extract<PatchPlan, { readonly ok: true }>;

function plan(cwd: string, ...lines: readonly string[]): Plan {
  const result = planPatch(["*** Begin Patch", ...lines, "*** End Patch"].join("\n"), cwd);
  if (!result.ok) throw result.error;
  return result;
}

function refusal(cwd: string, ...lines: readonly string[]): string {
  const result = planPatch(["*** Begin Patch", ...lines, "*** End Patch"].join("\n"), cwd);
  return result.ok ? "planned" : result.error.message;
}

test("a plan shows every change and writes nothing", (t) => {
  const cwd = tempDir(t);
  const before = { "a.txt": "one\ntwo\nthree\nfour\n", "b.txt": "gone\n", "c.txt": "x\n" };
  writeFiles(cwd, before);
  const { changes, affected, report } = plan(
    cwd,
    "*** Add File: sub/new.txt",
    "+hello",
    "*** Update File: a.txt",
    "@@",
    " one",
    " two",
    "-three",
    "+THREE",
    " four",
    "*** Delete File: b.txt",
    "*** Update File: ./c.txt",
    "*** Move to: sub/../d.txt",
    "@@",
    "-x",
    "+y",
  );
  assert.deepEqual(changes, {
    [`${cwd}/sub/new.txt`]: { add: { content: "hello\n" } },
    [`${cwd}/a.txt`]: {
      update: {
        unified_diff: "@@ -2,3 +2,3 @@\n two\n-three\n+THREE\n four\n",
        move_path: null,
      },
    },
    [`${cwd}/b.txt`]: "delete",
    [`${cwd}/./c.txt`]: {
      update: { unified_diff: "@@ -1 +1 @@\n-x\n+y\n", move_path: `${cwd}/sub/../d.txt` },
    },
  });
  assert.deepEqual(affected, [
    { path: `${cwd}/sub/new.txt`, kind: "add", realPath: `${cwd}/sub/new.txt` },
    { path: `${cwd}/a.txt`, kind: "update", realPath: `${cwd}/a.txt` },
    { path: `${cwd}/b.txt`, kind: "delete", realPath: `${cwd}/b.txt` },
    { path: `${cwd}/./c.txt`, kind: "delete", realPath: `${cwd}/c.txt` },
    { path: `${cwd}/sub/../d.txt`, kind: "add", realPath: `${cwd}/d.txt` },
  ]);
  assert.deepEqual(report, {
    added: ["sub/new.txt"],
    modified: ["a.txt", "sub/../d.txt"],
    deleted: ["b.txt"],
  });
  assert.deepEqual(readFiles(cwd), before);
});

test("links and .. are judged by where they lead", (t) => {
  const root = tempDir(t);
  writeFiles(root, { "work/a.txt": "x\n", "outside/b.txt": "x\n" });
  const cwd = join(root, "work");
  symlinkSync("../outside", join(cwd, "dir"));
  symlinkSync("../outside/b.txt", join(cwd, "file"));
  symlinkSync("../outside/new.txt", join(cwd, "dangling"));
  const real = (...lines: readonly string[]): readonly string[] =>
    plan(cwd, ...lines).affected.map(({ kind, realPath }) => `${kind} ${realPath}`);
  assert.deepEqual(real("*** Add File: dir/n.txt", "+x"), [`add ${root}/outside/n.txt`]);
  assert.deepEqual(real("*** Add File: ../n.txt", "+x"), [`add ${root}/n.txt`]);
  assert.deepEqual(real("*** Add File: dir/../n.txt", "+x"), [`add ${root}/n.txt`]);
  assert.deepEqual(real("*** Add File: file", "+x"), [`update ${root}/outside/b.txt`]);
  assert.deepEqual(real("*** Add File: dangling", "+x"), [`add ${root}/outside/new.txt`]);
  assert.deepEqual(real("*** Update File: file", "@@", "-x", "+y"), [
    `update ${root}/outside/b.txt`,
  ]);
  assert.deepEqual(real("*** Delete File: file"), [`delete ${cwd}/file`]);
  assert.deepEqual(real("*** Delete File: dir/b.txt"), [`delete ${root}/outside/b.txt`]);
  assert.deepEqual(real("*** Update File: a.txt", "*** Move to: dir/a.txt", "@@", "-x", "+y"), [
    `delete ${cwd}/a.txt`,
    `add ${root}/outside/a.txt`,
  ]);
  assert.deepEqual(
    real("*** Update File: file", "@@", "-x", "+y", "*** Update File: dir/b.txt", "@@", "-y", "+z"),
    [`update ${root}/outside/b.txt`],
  );
});

test("several operations on one file are one change", (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { "a.txt": "1\n2\n3\n4\n5\n6\n7\n", "b.txt": "b\n" });
  const first = ["*** Update File: a.txt", "@@", "-1", "+one"];
  const last = ["*** Update File: ./a.txt", "@@", "-7", "+seven"];
  const both = "@@ -1,2 +1,2 @@\n-1\n+one\n 2\n@@ -6,2 +6,2 @@\n 6\n-7\n+seven\n";
  assert.deepEqual(plan(cwd, ...first, ...last).changes, {
    [`${cwd}/a.txt`]: { update: { unified_diff: both, move_path: null } },
  });
  const move = ["*** Update File: a.txt", "*** Move to: m.txt", "@@", "-7", "+seven"];
  assert.deepEqual(plan(cwd, ...first, ...move).changes, {
    [`${cwd}/a.txt`]: { update: { unified_diff: both, move_path: `${cwd}/m.txt` } },
  });
  const back = ["*** Update File: m.txt", "*** Move to: a.txt", "@@", "-4", "+four"];
  const three = "@@ -3,5 +3,5 @@\n 3\n-4\n+four\n 5\n 6\n-7\n+seven\n";
  assert.deepEqual(plan(cwd, ...move, ...back).changes, {
    [`${cwd}/a.txt`]: { update: { unified_diff: three, move_path: null } },
  });
  assert.deepEqual(plan(cwd, ...first, "*** Delete File: a.txt").changes, {
    [`${cwd}/a.txt`]: "delete",
  });
  assert.deepEqual(plan(cwd, "*** Delete File: b.txt", "*** Add File: b.txt", "+new").changes, {
    [`${cwd}/b.txt`]: { add: { content: "new\n" } },
  });
  const comesAndGoes = plan(cwd, "*** Add File: n.txt", "+x", "*** Delete File: n.txt");
  assert.deepEqual(comesAndGoes.changes, {});
  assert.deepEqual(comesAndGoes.affected, []);
});

test("what is no file, or no place for one, is refused with its reason", (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { file: "x\n", "dir/x": "" });
  const add = (path: string): string => refusal(cwd, `*** Add File: ${path}`, "+x");
  const at = "\n  Patch line 2 names it: ";
  assert.equal(add("dir"), `Failed to write file dir${at}Is a directory (os error 21)`);
  assert.equal(add("new/"), `Failed to write file new/${at}Is a directory (os error 21)`);
  assert.equal(add(".."), `Failed to write file ..${at}Is a directory (os error 21)`);
  assert.equal(add("a\0b"), `Failed to write file a\0b${at}it has a NUL character`);
  assert.equal(
    add("file/x"),
    `Failed to create parent directories for file/x${at}Not a directory (os error 20)`,
  );
  assert.equal(
    refusal(cwd, "*** Update File: dir", "@@", "-x", "+y"),
    "Failed to read file to update dir: Is a directory (os error 21)\n  Patch line 2 names it",
  );
  assert.equal(
    refusal(cwd, "*** Add File: d", "+x", "*** Add File: d/e", "+x"),
    "Failed to create parent directories for d/e\n  Patch line 4 names it: Not a directory (os error 20)",
  );
  assert.equal(
    refusal(join(cwd, "gone"), "*** Add File: d", "+x"),
    `Cannot apply the patch in "${cwd}/gone": No such file or directory (os error 2)`,
  );
  assert.equal(
    refusal(join(cwd, "file"), "*** Add File: d", "+x"),
    `Cannot apply the patch in "${cwd}/file": Not a directory (os error 20)`,
  );
});

test("an empty patch is told apart", () => {
  const result = planPatch("*** Begin Patch\n*** End Patch", "/");
  assert.equal(result.ok ? undefined : result.error.problem.kind, "no-operations");
});

test("the view is asked once for each path, and only updates are read", (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { "a.txt": "x\n", "b.txt": "x\n", "c.txt": "x\n" });
  const looked: string[] = [];
  const read: string[] = [];
  const view: FileView = {
    look: (path) => {
      looked.push(path);
      return diskView.look(path);
    },
    read: (path) => {
      read.push(path);
      return diskView.read(path);
    },
  };
  const text =
    "*** Begin Patch\n*** Add File: a.txt\n+y\n*** Delete File: b.txt\n*** Update File: c.txt\n@@\n-x\n+y\n*** End Patch";
  assert.ok(planPatch(text, cwd, view).ok);
  assert.deepEqual(read, [`${cwd}/c.txt`]);
  const inside = looked.filter((path) => path.startsWith(`${cwd}/`));
  assert.deepEqual(inside, [`${cwd}/a.txt`, `${cwd}/b.txt`, `${cwd}/c.txt`]);
});

test("content with the bytes of no character is not updated, but replaced or removed", (t) => {
  const cwd = tempDir(t);
  writeFileSync(join(cwd, "a.bin"), Uint8Array.of(0xff));
  assert.equal(
    refusal(cwd, "*** Update File: a.bin", "@@", "-x", "+y"),
    "Failed to read file to update a.bin: stream did not contain valid UTF-8\n  Patch line 2 names it",
  );
  assert.equal(refusal(cwd, "*** Add File: a.bin", "+x"), "planned");
  assert.equal(refusal(cwd, "*** Delete File: a.bin"), "planned");
});

test("a link that is removed does not hide what was written through it", (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { hook: "true\n" });
  symlinkSync("hook", join(cwd, "link"));
  const update = ["*** Update File: link", "@@", "-true", "+false"];
  const shown = { update: { unified_diff: "@@ -1 +1 @@\n-true\n+false\n", move_path: null } };
  // What stays is shown by the name that the patch gives it.
  assert.deepEqual(plan(cwd, ...update).changes, { [`${cwd}/link`]: shown });
  const removed = plan(cwd, ...update, "*** Delete File: link");
  assert.deepEqual(removed.changes, { [`${cwd}/hook`]: shown, [`${cwd}/link`]: "delete" });
  const replaced = plan(cwd, ...update, "*** Delete File: link", "*** Add File: link", "+harmless");
  assert.deepEqual(replaced.changes, {
    [`${cwd}/hook`]: shown,
    [`${cwd}/link`]: { add: { content: "harmless\n" } },
  });
});

test("files can be shown with all that will stand in them", (t) => {
  const cwd = tempDir(t);
  const old = "one\ntwo\nthree\nfour\n";
  writeFiles(cwd, { a: old, b: old, d: old });
  const change = ["@@", "-four", "+FOUR"];
  const { changes, wholeChanges } = plan(
    cwd,
    "*** Update File: a",
    "*** Move to: c",
    ...change,
    "*** Update File: b",
    ...change,
    "*** Update File: d",
    ...change,
  );
  const hunk = "@@ -3,2 +3,2 @@\n three\n-four\n+FOUR\n";
  const inPlace = { update: { unified_diff: hunk, move_path: null } };
  assert.deepEqual(changes, {
    [`${cwd}/a`]: { update: { unified_diff: hunk, move_path: `${cwd}/c` } },
    [`${cwd}/b`]: inPlace,
    [`${cwd}/d`]: inPlace,
  });
  const all = "@@ -1,4 +1,4 @@\n one\n two\n three\n-four\n+FOUR\n";
  assert.deepEqual(
    wholeChanges((path) => path === `${cwd}/b`),
    {
      [`${cwd}/a`]: "delete",
      [`${cwd}/c`]: { add: { content: "one\ntwo\nthree\nFOUR\n" } },
      [`${cwd}/b`]: { update: { unified_diff: all, move_path: null } },
      [`${cwd}/d`]: inPlace,
    },
  );
  const same = plan(cwd, "*** Update File: b", "@@", "-four", "+four");
  assert.deepEqual(
    same.wholeChanges(() => true),
    { [`${cwd}/b`]: { add: { content: old } } },
  );
});
