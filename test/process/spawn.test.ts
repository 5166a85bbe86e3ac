import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

import { closeAll, createPipe, PipeReader, PipeWriter } from "../../src/process/pipes.ts";
import { readProcess } from "../../src/process/process-list.ts";
import { isOwnChild, spawnChild, SpawnError } from "../../src/process/spawn.ts";
import { hostLibc, needsLinux } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";

const options = { skip: needsLinux };

suite("spawnChild", options, () => {
  test("gives the environment and the descriptors of the request, and no more", async (t) => {
    const file = join(tempDir(t), "out");
    const fd = openSync(file, "w");
    // What node would add to it by itself.
    process.env["NODE_V8_COVERAGE"] ??= "";
    const child = await spawnChild({
      program: "/bin/cat",
      args: ["/proc/self/environ", "/dev/stdin"],
      cwd: "/",
      environment: { ONLY: "this", EMPTY: "" },
      descriptors: ["null", fd, "null"],
    });
    closeSync(fd);
    assert.deepEqual(await child.end, { code: 0, signal: null });
    assert.equal(readFileSync(file, "utf8"), "ONLY=this\0EMPTY=\0");
  });

  test("makes it lead a session, and knows it as its own until it ended", async () => {
    const child = await spawnChild({
      program: "/bin/sleep",
      args: ["60"],
      cwd: "/",
      environment: {},
      descriptors: ["null", "null", "null"],
    });
    const facts = readProcess(child.pid);
    assert.deepEqual([facts?.group, facts?.session], [child.pid, child.pid]);
    assert.deepEqual([isOwnChild(child.pid), child.ended], [true, undefined]);
    process.kill(child.pid, "SIGKILL");
    assert.deepEqual(await child.end, { code: null, signal: "SIGKILL" });
    assert.deepEqual([isOwnChild(child.pid), child.ended], [false, await child.end]);
  });

  test("answers a missing program with its name and errno", async () => {
    const request = { args: [], cwd: "/", environment: {}, descriptors: [] };
    await assert.rejects(spawnChild({ ...request, program: "/no/such" }), (error) => {
      assert.ok(error instanceof SpawnError);
      assert.deepEqual([error.subject, error.path, error.errno], ["program", "/no/such", "ENOENT"]);
      assert.equal(error.message, 'Cannot start "/no/such": no such file or directory (ENOENT)');
      return true;
    });
    await assert.rejects(spawnChild({ ...request, program: "/etc/passwd" }), { errno: "EACCES" });
  });
});

suite("pipes", options, () => {
  function pipe() {
    const libc = hostLibc();
    assert.ok(libc !== undefined);
    return createPipe(libc);
  }

  test("carry bytes, more than one pipe holds at a time", async () => {
    const { readFd, writeFd } = pipe();
    const pieces: Buffer[] = [];
    const reader = new PipeReader(readFd, (bytes) => pieces.push(Buffer.from(bytes)));
    const sent = Buffer.alloc(1_000_000, "0123456789");
    const writer = new PipeWriter(writeFd);
    writer.write(sent.subarray(0, 10));
    writer.write(sent.subarray(10));
    writer.end();
    await reader.end;
    assert.equal(reader.hasEnded, true);
    assert.ok(Buffer.concat(pieces).equals(sent));
  });

  test("are not inherited", async (t) => {
    const { readFd, writeFd } = pipe();
    t.after(() => closeAll([readFd, writeFd]));
    const file = join(tempDir(t), "out");
    const fd = openSync(file, "w");
    const child = await spawnChild({
      program: "/bin/ls",
      args: ["-l", "/proc/self/fd"],
      cwd: "/",
      environment: {},
      descriptors: ["null", fd, "null"],
    });
    closeSync(fd);
    await child.end;
    const listed = readFileSync(file, "utf8");
    assert.match(listed, /\/out\n/);
    for (const end of [readFd, writeFd]) {
      assert.equal(listed.includes(`pipe:[${fstatSync(end).ino}]`), false);
    }
  });

  test("a reader that was closed ends, and a writer without a reader is no error", async () => {
    const { readFd, writeFd } = pipe();
    const reader = new PipeReader(readFd, () => undefined);
    reader.close();
    await reader.end;
    const writer = new PipeWriter(writeFd);
    writer.write(Buffer.from("x"));
    writer.end();
    // An unhandled error would end this process now.
    await new Promise((resolve) => setImmediate(resolve));
  });
});
