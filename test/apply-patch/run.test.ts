import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { APPLY_PATCH_FLAG, patchOutcome } from "../../src/apply-patch/run.ts";
import { run, type RunOptions, type RunResult } from "../support/run.ts";
import { tempDir } from "../support/temp-dir.ts";
import { readFiles, writeFiles } from "./files-on-disk.ts";
import { RECORDED_CASES } from "./recorded-cases.ts";

const PROGRAM = join(import.meta.dirname, "apply-patch-program.ts");
const ADD = "*** Begin Patch\n*** Add File: a.txt\n+x\n*** End Patch\n";
const ADDED: RunResult = {
  code: 0,
  signal: null,
  stdout: "Success. Updated the following files:\nA a.txt\n",
  stderr: "",
};

function applyPatch(words: readonly string[], options: RunOptions): Promise<RunResult> {
  return run([process.execPath, PROGRAM, ...words], options);
}

describe("the recorded cases of Codex 0.23.0", () => {
  for (const recorded of RECORDED_CASES) {
    const title =
      recorded.unlike === undefined ? recorded.name : `${recorded.name}, but ${recorded.unlike}`;
    test(title, (t) => {
      const cwd = tempDir(t);
      const isBinary = recorded.name === "nonutf8";
      writeFiles(cwd, isBinary ? { "a.txt": Uint8Array.of(0xff, 0xfe, 0x0a) } : recorded.before);
      const words = recorded.words.map((word) => word.replaceAll("<cwd>", cwd));
      const { exitCode, stdout, stderr } = patchOutcome([APPLY_PATCH_FLAG, ...words], cwd);
      assert.deepEqual(
        {
          exitCode,
          stdout: stdout.replaceAll(cwd, "<cwd>"),
          stderrLine: stderr.split("\n")[0],
          after: readFiles(cwd),
        },
        {
          exitCode: recorded.exitCode,
          stdout: recorded.stdout,
          stderrLine: recorded.stderrLine,
          after: recorded.after,
        },
      );
    });
  }
});

test("the patch is the argument, or standard input where there is none", async (t) => {
  assert.deepEqual(await applyPatch([ADD], { cwd: tempDir(t) }), ADDED);
  assert.deepEqual(await applyPatch([APPLY_PATCH_FLAG, ADD], { cwd: tempDir(t) }), ADDED);
  assert.deepEqual(await applyPatch([], { cwd: tempDir(t), stdin: ADD }), ADDED);
  const crlf = ADD.replaceAll("\n", "\r\n");
  assert.deepEqual(await applyPatch([], { cwd: tempDir(t), stdin: crlf }), ADDED);
});

test("a call without a patch, or with two, is told how to call", async (t) => {
  const cwd = tempDir(t);
  const empty = await applyPatch([], { cwd });
  assert.equal(empty.code, 1);
  assert.match(empty.stderr, /^Cannot apply a patch: there is none\n\nUsage: apply_patch PATCH\n/u);
  const two = await applyPatch([ADD, ADD], { cwd });
  assert.equal(two.code, 1);
  assert.match(two.stderr, /^Cannot apply 2 patches: apply_patch takes one argument\n\nUsage: /u);
  const binary = await applyPatch([], { cwd, stdin: Uint8Array.of(0xff) });
  assert.equal(binary.code, 1);
  assert.match(binary.stderr, /^Cannot read a patch from standard input: it is not UTF-8\n/u);
  const help = await applyPatch(["--help"], { cwd });
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^Usage: apply_patch PATCH\n/u);
  assert.deepEqual(readFiles(cwd), {});
});

test("nobody reading the output changes nothing", async (t) => {
  const cwd = tempDir(t);
  const script = '"$0" "$1" "$2" | true; printf %s "${PIPESTATUS[0]}"';
  const result = await run(["bash", "--norc", "-c", script, process.execPath, PROGRAM, ADD], {
    cwd,
  });
  assert.deepEqual(result, { code: 0, signal: null, stdout: "0", stderr: "" });
  assert.deepEqual(readFiles(cwd), { "a.txt": "x\n" });
});

test("an error names the patch line, what it asks for and the nearest place", async (t) => {
  const cwd = tempDir(t);
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`);
  writeFileSync(join(cwd, "a.txt"), `${lines.join("\n")}\n`);
  const patch =
    "*** Begin Patch\n*** Update File: a.txt\n@@\n-line 9\n+nine\n@@\n line 20\n-line XX\n+new\n line 22\n*** End Patch";
  assert.deepEqual(await applyPatch([patch], { cwd }), {
    code: 1,
    signal: null,
    stdout: "",
    stderr:
      'Failed to find expected lines ["line 20", "line XX", "line 22"] in a.txt\n' +
      '  Patch line 7 asks for "line 20", searched from line 10 to the last line, 40\n' +
      '  Nearest place: line 20, 2 of 3 lines equal; at line 21 the file has "line 21" where patch line 8 has "line XX"\n',
  });
});

test("a hundred thousand lines and a thousand places take linear time", async (t) => {
  const cwd = tempDir(t);
  const lines = Array.from({ length: 100_000 }, (_, index) => `  line ${index} of ${index % 7}`);
  const chunks = Array.from({ length: 1_000 }, (_, place) => {
    const [before, old, after] = lines.slice(place * 100, place * 100 + 3);
    return `@@\n ${before ?? ""}\n-${old ?? ""}\n+new ${place}\n ${after ?? ""}\n`;
  });
  mkdirSync(join(cwd, "exact"));
  mkdirSync(join(cwd, "trimmed"));
  for (const name of ["exact", "trimmed"]) {
    const directory = join(cwd, name);
    writeFileSync(join(directory, "a.txt"), `${lines.join("\n")}\n`);
    const body = name === "exact" ? chunks.join("") : chunks.join("").replaceAll("  line", "line");
    const patch = `*** Begin Patch\n*** Update File: a.txt\n${body}*** End Patch\n`;
    const startedAt = performance.now();
    const result = await applyPatch([], { cwd: directory, stdin: patch });
    const elapsedMs = performance.now() - startedAt;
    assert.equal(result.stdout, "Success. Updated the following files:\nM a.txt\n");
    // Measured 190 and 280 ms with process start and type stripping; a quadratic search takes minutes.
    assert.ok(elapsedMs < 5_000, `${name}: ${Math.round(elapsedMs)} ms`);
  }
});
