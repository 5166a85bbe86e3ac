/** Every source file loads on systems that are not this one, and loading starts and opens nothing. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { pinnedNode, projectRoot } from "../support/codex-binary.ts";
import { run } from "../support/run.ts";

/** main.ts runs the program when it is loaded; .tsx needs the bundler. */
const files = globSync("**/*.ts", { cwd: join(projectRoot, "src") })
  .filter((file) => file !== "main.ts")
  .toSorted();

// In a process of its own: the platform is changed before anything of ours is loaded.
const SCRIPT = `
import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
const [platform, root, ...files] = process.argv.slice(1);
Object.defineProperty(process, "platform", { value: platform });
const forbid = (what) => () => { throw new Error("loading it used " + what); };
process.dlopen = forbid("process.dlopen");
for (const name of ["spawn", "spawnSync", "exec", "execFile", "fork"]) childProcess[name] = forbid(name);
syncBuiltinESMExports();
const failed = [];
for (const file of files) {
  try { await import(root + "/src/" + file); } catch (error) { failed.push(file + ": " + error.message); }
}
process.stdout.write(JSON.stringify([process.platform, files.length, failed]));
`;

for (const platform of ["win32", "darwin", "freebsd"]) {
  test(`all files load on ${platform}`, async () => {
    const flags = ["--input-type=module", "-e", SCRIPT];
    const result = await run([pinnedNode, ...flags, "--", platform, projectRoot, ...files]);
    assert.deepEqual(
      [result.code, JSON.parse(result.stdout)],
      [0, [platform, files.length, []]],
      result.stderr,
    );
    assert.ok(files.length > 50);
  });
}
