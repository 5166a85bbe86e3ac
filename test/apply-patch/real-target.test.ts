import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { diskView } from "../../src/apply-patch/file-view.ts";
import { resolveTarget, UnresolvablePathError } from "../../src/apply-patch/real-target.ts";
import { tempDir } from "../support/temp-dir.ts";

function resolve(path: string, followLast = true): { path: string; missing: readonly string[] } {
  const target = resolveTarget(path, { look: diskView.look, followLast });
  return { path: target.path, missing: target.missingDirectories };
}

test("links and .. lead where the kernel goes, not where the text says", (t) => {
  const root = tempDir(t);
  mkdirSync(join(root, "in/deep"), { recursive: true });
  mkdirSync(join(root, "out/there"), { recursive: true });
  writeFileSync(join(root, "out/file"), "");
  symlinkSync("../out/there", join(root, "in/link"));
  symlinkSync("link/../file", join(root, "in/to-file"));
  symlinkSync("nowhere/x", join(root, "in/dangling"));
  assert.deepEqual(resolve(`${root}/in/link/../file`), { path: `${root}/out/file`, missing: [] });
  assert.deepEqual(resolve(`${root}/in/to-file`), { path: `${root}/out/file`, missing: [] });
  assert.deepEqual(resolve(`${root}/in/to-file`, false).path, `${root}/in/to-file`);
  assert.deepEqual(resolve(`${root}/in//./deep/../a`), { path: `${root}/in/a`, missing: [] });
  assert.deepEqual(resolve(`${root}/in/dangling`), {
    path: `${root}/in/nowhere/x`,
    missing: [`${root}/in/nowhere`],
  });
  assert.deepEqual(resolve(`${root}/n1/n2/../n3/f`), {
    path: `${root}/n1/n3/f`,
    missing: [`${root}/n1`, `${root}/n1/n3`],
  });
  assert.deepEqual(resolve(`${root}/n1/../in/deep/f`), { path: `${root}/in/deep/f`, missing: [] });
  assert.deepEqual(resolve("/../../etc/../.."), { path: "/", missing: [] });
});

test("paths that lead nowhere say why", (t) => {
  const root = tempDir(t);
  writeFileSync(join(root, "file"), "");
  symlinkSync("loop", join(root, "loop"));
  const reason = (path: string): string => {
    try {
      return resolve(path).path;
    } catch (error) {
      assert.ok(error instanceof UnresolvablePathError);
      return error.reason;
    }
  };
  assert.equal(reason(`${root}/file/x`), "ENOTDIR");
  assert.equal(reason(`${root}/file/../x`), "ENOTDIR");
  assert.equal(reason(`${root}/loop`), "ELOOP");
  assert.equal(reason(`${root}/a\0b`), "NUL");
});

test("it agrees with realpath(3) on every path that exists", (t) => {
  const names = ["a", "b", "c"];
  const part = fc.constantFrom(...names, "..", ".");
  const path = fc.array(part, { minLength: 1, maxLength: 5 });
  const link = fc.record({ at: path, name: fc.constantFrom(...names), to: path });
  const root = tempDir(t);
  fc.assert(
    fc.property(fc.array(link, { maxLength: 8 }), path, (links, asked) => {
      const directory = join(mkdtempSync(join(root, "tree-")), "1/2/3/4/5");
      mkdirSync(join(directory, "a/b"), { recursive: true });
      for (const { at, name, to } of links) {
        try {
          symlinkSync(to.join("/"), `${directory}/${at.join("/")}/${name}`);
        } catch {
          // No such place in this tree, or taken.
        }
      }
      const text = `${directory}/${asked.join("/")}`;
      let real: string;
      try {
        real = realpathSync.native(text);
      } catch {
        return;
      }
      assert.deepEqual(resolve(text), { path: real, missing: [] });
    }),
    { numRuns: 300 },
  );
});
