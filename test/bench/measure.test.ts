import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const root = fileURLToPath(new URL("../../", import.meta.url));

function script(body: string): readonly string[] {
  return [
    "--input-type=module",
    "-e",
    `import { copiesOf, removeCopies } from "./bench/measure.ts";\n${body}`,
  ];
}

const skip = process.platform === "linux" ? false : "the benchmark is run on Linux";
const THIS_FILE = JSON.stringify(import.meta.filename);

test("copies are gone when they are no longer needed", { skip }, () => {
  const body = `
    import { existsSync } from "node:fs";
    const copies = copiesOf(${THIS_FILE});
    const before = copies.every((path) => existsSync(path));
    removeCopies();
    const after = copies.some((path) => existsSync(path));
    console.log(JSON.stringify({ count: copies.length, before, after }));`;
  const { stdout } = spawnSync(process.execPath, script(body), { cwd: root, encoding: "utf8" });
  assert.deepEqual(JSON.parse(stdout), { count: 3, before: true, after: false });
});

test(
  "what an interrupted run left is removed by the next one, what another uses is not",
  { skip },
  async (t) => {
    const body = `
    console.log(copiesOf(${THIS_FILE})[0]);
    setInterval(() => undefined, 60_000);`;
    const run = spawn(process.execPath, script(body), {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => run.kill("SIGKILL"));
    run.stdout.setEncoding("utf8");
    const output: readonly unknown[] = await once(run.stdout, "data");
    const copy = String(output[0]).trim();
    const next = (): unknown => spawnSync(process.execPath, script(""), { cwd: root }).status;
    assert.equal(next(), 0);
    assert.equal(existsSync(copy), true);
    const ended = once(run, "exit");
    run.kill("SIGTERM");
    await ended;
    assert.equal(existsSync(copy), true);
    assert.equal(next(), 0);
    assert.equal(existsSync(copy), false);
  },
);
