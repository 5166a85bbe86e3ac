/** Submodule entries of indexes as git writes them. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { bytesOfNames, readIndex, TooManyNamesError } from "../../src/process/git-index.ts";
import { run } from "../support/run.ts";
import { needsProgram } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";

const needsGit = { skip: needsProgram("git") };
const long = `${"directory/".repeat(450)}sub`;

for (const format of ["sha1", "sha256"]) {
  for (const version of ["2", "3", "4"]) {
    test(`version ${version} with ${format}`, needsGit, async (t) => {
      const directory = tempDir(t);
      const git = async (...words: readonly string[]): Promise<void> => {
        const result = await run(["git", ...words], { cwd: directory });
        assert.equal(result.code, 0, result.stderr);
      };
      await git("init", "-q", `--object-format=${format}`);
      for (const name of ["a", "a-longer-name", "b", "z"]) {
        writeFileSync(join(directory, name), name);
      }
      await git("add", ".");
      const oid = "1".repeat(format === "sha1" ? 40 : 64);
      for (const path of ["a.sub", "deep/sub", long, "y"]) {
        await git("update-index", "--add", "--cacheinfo", `160000,${oid},${path}`);
      }
      // Only an entry with a flag of its own needs version 3.
      await git("update-index", "--index-version", version);
      if (version !== "2") await git("update-index", "--skip-worktree", "a");
      const bytes = readFileSync(join(directory, ".git/index"));
      assert.equal(bytes.readUInt32BE(4), Number(version));
      const found = readIndex(bytes);
      for (const path of ["a.sub", "deep/sub", long, "y"]) {
        assert.equal(
          found?.gitlinks.some((name) => name === path),
          true,
          path,
        );
      }
      assert.equal(
        found?.gitlinks.some((name) => name === "a" || name === "b"),
        false,
      );
    });
  }
}

test("what is no index, or ends too early, is no error", () => {
  assert.equal(readIndex(Buffer.alloc(0)), undefined);
  assert.equal(readIndex(Buffer.from("DIRC\\0\\0\\0\\x09\\0\\0\\0\\x01")), undefined);
  const header = Buffer.from([0x44, 0x49, 0x52, 0x43, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]);
  for (const filler of [0, 0x80, 0xe0, 0xff]) {
    for (let length = 0; length < 200; length += 1) {
      assert.notEqual(readIndex(Buffer.concat([header, Buffer.alloc(length, filler)])), undefined);
    }
  }
});

/** Of version 4: each entry, with `removed` bytes less of the name before it, and `added` to that. */
function entryOf(mode: number, removed: number, added: string): Buffer {
  const fixed = Buffer.alloc(62);
  fixed.writeUInt32BE(mode, 24);
  fixed.writeUInt16BE(0xfff, 60);
  return Buffer.concat([fixed, Buffer.of(removed), Buffer.from(`${added}\0`)]);
}

function indexOf(count: number, entries: readonly Buffer[]): Buffer {
  const header = Buffer.from("DIRC\0\0\0\x04\0\0\0\0");
  header.writeUInt32BE(count, 8);
  return Buffer.concat([header, ...entries]);
}

test("names that all go on where a very long one ends take no time", { timeout: 20_000 }, () => {
  const count = 20_000;
  const first = entryOf(0o100644, 0, "a".repeat(20_000_000));
  const more = Array<Buffer>(count).fill(entryOf(0o100644, 0, "b"));
  const short = entryOf(0o160000, 127, "c");
  const found = readIndex(indexOf(count + 2, [first, ...more, short]));
  assert.deepEqual(
    found?.gitlinks.map((name) => name.length),
    [8192],
  );
});

test("a name that keeps the beginning of a very long one is found", () => {
  const first = entryOf(0o100644, 0, "a".repeat(5000));
  const back = entryOf(0o160000, 0, "sub");
  // 5000 - 3 bytes less: the encoding of gitformat-pack(5).
  const varint = Buffer.of(0x80 + ((4997 >> 7) - 1), 4997 & 0x7f);
  const shorter = Buffer.concat([back.subarray(0, 62), varint, back.subarray(63)]);
  assert.deepEqual(readIndex(indexOf(2, [first, shorter]))?.gitlinks, ["aaasub"]);
});

test("names that take more memory than is given are an error", () => {
  const bytes = indexOf(3, [
    entryOf(0o160000, 0, "a"),
    entryOf(0o160000, 1, "b"),
    entryOf(0o040000, 1, "c/"),
  ]);
  const all = readIndex(bytes);
  assert.ok(all !== undefined);
  assert.deepEqual([all.gitlinks, all.collapsed], [["a", "b"], ["c/"]]);
  const size = bytesOfNames(all);
  assert.ok(readIndex(bytes, false, 2 * size) !== undefined); // it is read for both hash sizes
  assert.throws(() => readIndex(bytes, false, size - 1), TooManyNamesError);
});
