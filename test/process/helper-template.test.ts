import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";

import { formatHelperMessage } from "../../src/linux-sandbox/arguments.ts";
import { bindLibc, type Libc } from "../../src/linux-sandbox/libc.ts";
import { hostArchitecture } from "../../src/linux-sandbox/architecture.ts";
import { HelperPool } from "../../src/process/helper-pool.ts";
import type { HelperProcess } from "../../src/process/helper-process.ts";
import { HelperTemplate } from "../../src/process/helper-template.ts";
import { readProcess } from "../../src/process/process-list.ts";
import { SpawnError } from "../../src/process/spawn.ts";
import { brand, byteStringFromText } from "../../src/runtime/byte-string.ts";
import { loadNativeAddon } from "../../src/runtime/native-addon.ts";
import { codexBinary, pinnedNode } from "../support/codex-binary.ts";
import { needsSandbox } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";

const options = { skip: needsSandbox };

function libc(): Libc {
  const architecture = hostArchitecture(process.arch);
  assert.ok(architecture !== undefined);
  return bindLibc(loadNativeAddon([]), architecture);
}

async function startTemplate(t: TestContext, path = codexBinary): Promise<HelperTemplate> {
  const template = await HelperTemplate.start(libc(), { path, environment: {} });
  t.after(() => template.close());
  return template;
}

async function copyOf(t: TestContext, template: HelperTemplate): Promise<HelperProcess> {
  const helper = await template.fork();
  assert.ok(helper !== undefined);
  t.after(() => helper.close());
  return helper;
}

/** Runs a shell script in a helper, read-only, and gives all that it printed. */
async function runIn(helper: HelperProcess, script: string): Promise<string> {
  const pieces: Buffer[] = [];
  const message = formatHelperMessage({
    argv: ["/bin/sh", "-c", script].map(byteStringFromText),
    cwd: brand("/"),
    policyCwd: brand("/"),
    policy: { mode: "read-only" },
    environment: [brand("PATH=/usr/bin:/bin")],
    softOpenFiles: undefined,
    codexHome: undefined,
  });
  helper.handOver(message, (_stream, bytes) => pieces.push(Buffer.from(bytes)));
  helper.letBegin();
  const status = await helper.handOverStatus();
  assert.equal(status?.kind, "starting");
  await helper.child.end;
  await helper.outputEnd();
  return Buffer.concat(pieces).toString();
}

function isAlive(pid: number): boolean {
  return readProcess(pid)?.isZombie === false;
}

suite("HelperTemplate", options, () => {
  test("a copy is our own child, and has the descriptors of a helper", async (t) => {
    const template = await startTemplate(t);
    const { child } = await copyOf(t, template);
    const facts = readProcess(child.pid);
    assert.equal(facts?.parent, process.pid);
    assert.equal(facts.session, template.pid); // until it has a command
    const descriptors = readdirSync(`/proc/${child.pid}/fd`).toSorted();
    assert.deepEqual(descriptors, ["0", "1", "2", "3", "4"]);
    assert.equal(readlinkSync(`/proc/${child.pid}/fd/0`), "/dev/null");
    assert.equal(readdirSync(`/proc/${child.pid}/task`).length, 1);
    assert.equal(readFileSync(`/proc/${child.pid}/environ`, "utf8"), "");
  });

  test("a copy confines itself and becomes the command", async (t) => {
    const helper = await copyOf(t, await startTemplate(t));
    const { pid } = helper.child;
    const script = `cut -d' ' -f1,5,6 /proc/$$/stat; grep Seccomp: /proc/self/status; ls /proc/self/fd; echo x > /tmp/no-${pid}`;
    const lines = (await runIn(helper, script)).split("\n");
    assert.equal(lines[0], `${pid} ${pid} ${pid}`);
    assert.equal(lines[1], "Seccomp:\t2");
    // ls has its own directory open besides.
    assert.deepEqual(lines.slice(2, 6), ["0", "1", "2", "3"]);
    assert.match(lines[6] ?? "", /Permission denied/);
    assert.deepEqual(helper.child.ended, { code: 2, signal: null });
  });

  test("how a copy ended is known: codes and signals", async (t) => {
    const template = await startTemplate(t);
    for (const [script, end] of [
      ["exit 0", { code: 0, signal: null }],
      ["exit 255", { code: 255, signal: null }],
      ["kill -TERM $$", { code: null, signal: "SIGTERM" }],
      ["kill -KILL $$", { code: null, signal: "SIGKILL" }],
      ["kill -SEGV $$", { code: null, signal: "SIGSEGV" }],
    ] as const) {
      const helper = await copyOf(t, template);
      await runIn(helper, script);
      assert.deepEqual(helper.child.ended, end, script);
    }
  });

  test("every one of many copies works, also side by side", async (t) => {
    const template = await startTemplate(t);
    for (let round = 0; round < 40; round += 1) {
      const helpers = await Promise.all([1, 2, 3, 4, 5].map(() => copyOf(t, template)));
      const texts = await Promise.all(helpers.map((helper) => runIn(helper, "echo $$")));
      assert.deepEqual(
        texts,
        helpers.map(({ child }) => `${child.pid}\n`),
      );
    }
    assert.ok(template.isUsable);
    assert.ok(isAlive(template.pid));
  });

  test("a copy that is given up ends, and the template goes on", async (t) => {
    const template = await startTemplate(t);
    const first = await copyOf(t, template);
    first.close();
    assert.ok(await until(() => first.child.ended !== undefined, 2_000));
    assert.deepEqual(first.child.ended, { code: 0, signal: null });
    assert.equal(await runIn(await copyOf(t, template), "echo on"), "on\n");
  });

  test("closed, it ends; its copies stay", async (t) => {
    const template = await startTemplate(t);
    const helper = await copyOf(t, template);
    template.close();
    assert.ok(await until(() => !isAlive(template.pid), 2_000));
    assert.equal(await template.fork(), undefined);
    assert.equal(await runIn(helper, "echo still here"), "still here\n");
  });

  test("killed, it is unusable, and says so at once", async (t) => {
    const template = await startTemplate(t);
    await copyOf(t, template);
    process.kill(template.pid, "SIGKILL");
    assert.equal(await template.fork(), undefined);
    assert.equal(template.isUsable, false);
  });

  test("stopped, it is given up in time, and does not stay", async (t) => {
    const template = await startTemplate(t);
    await copyOf(t, template);
    process.kill(template.pid, "SIGSTOP");
    const startedAt = performance.now();
    const forks = await Promise.all([1, 2, 3].map(() => template.fork()));
    assert.deepEqual(forks, [undefined, undefined, undefined]);
    assert.ok(performance.now() - startedAt < 4_000);
    assert.equal(template.isUsable, false);
    assert.ok(await until(() => !isAlive(template.pid), 2_000));
  });

  test("where there may be no more processes it stays, and nothing else is started", async (t) => {
    const path = join(tempDir(t), "full-template");
    // The answer to each request: NO_MORE_PROCESSES.
    const script = `#!/bin/sh
while [ "$(head -c 1 <&3 | wc -c)" = 1 ]; do printf '\\377\\377\\377\\377' >&3; done
`;
    writeFileSync(path, script, { mode: 0o755 });
    const template = await startTemplate(t, path);
    for (let round = 0; round < 3; round += 1) {
      await assert.rejects(template.fork(), new SpawnError("program", path, "EAGAIN"));
    }
    assert.ok(template.isUsable);
    assert.ok(isAlive(template.pid));
    const helpers = new HelperPool({ program: { path, environment: {} }, watchesOrphans: false });
    t.after(() => helpers.close());
    await helpers.prepare();
    await assert.rejects(helpers.take(), new SpawnError("program", path, "EAGAIN"));
    assert.ok(isAlive(helpers.templatePid ?? 0));
  });

  test("a program that is no template is one that is unusable", async (t) => {
    for (const path of ["/bin/true", "/bin/cat", pinnedNode]) {
      const template = await startTemplate(t, path);
      const startedAt = performance.now();
      assert.equal(await template.fork(), undefined, path);
      assert.equal(template.isUsable, false);
      assert.ok(performance.now() - startedAt < 4_000);
    }
  });
});
