/** What a confined command finds of itself: limits, signals, descriptors, rights, all of its user's. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, closeSync, copyFileSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { setImmediate } from "node:timers/promises";

import { call } from "../fixtures/attacks/native.ts";

import { run, type Command, type RunResult } from "../support/run.ts";
import {
  firstReason,
  needsFreedom,
  needsNetwork,
  needsProgram,
  needsRoot,
  needsSandbox,
  programPath,
} from "../support/skip-reasons.ts";
import { tempDir, tempDirBesideTmp } from "../support/temp-dir.ts";
import { readOnly, spawnCommandUnderSandbox, underSandbox } from "../support/under-sandbox.ts";

const statusFields =
  "SigBlk SigIgn SigCgt NoNewPrivs Seccomp CapInh CapPrm CapEff CapBnd CapAmb Threads".split(" ");

function parseStatus({ stdout }: RunResult): ReadonlyMap<string, string> {
  const lines = stdout.split("\n").map((line) => line.split(/:\s*/, 2));
  return new Map(
    lines.flatMap(([name, value]) =>
      name !== undefined && value !== undefined && statusFields.includes(name)
        ? [[name, value.trim()]]
        : [],
    ),
  );
}

async function confined(command: Command): Promise<RunResult> {
  return spawnCommandUnderSandbox(readOnly, "/", command);
}

/** The same words both ways: what our caller has, and what the command has. */
async function bothWays(script: string, prefix = ""): Promise<readonly [RunResult, RunResult]> {
  const command = underSandbox(readOnly, "/", ["sh", "-c", script]);
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const plain = await run(["sh", "-c", `${prefix}exec sh -c '${script}'`]);
  return [plain, await run(["sh", "-c", `${prefix}exec ${quoted}`])];
}

suite("state of a confined command", { skip: needsSandbox }, () => {
  test("no signal is ignored, blocked or caught, no new rights, filtered", async () => {
    const status = parseStatus(await confined(["cat", "/proc/self/status"]));
    assert.deepEqual(
      ["SigBlk", "SigIgn", "SigCgt", "NoNewPrivs", "Seccomp", "Threads"].map((name) =>
        status.get(name),
      ),
      ["0000000000000000", "0000000000000000", "0000000000000000", "1", "2", "1"],
    );
  });

  test("root keeps ownership, signals and users only", { skip: needsRoot }, async () => {
    const status = parseStatus(await confined(["cat", "/proc/self/status"]));
    assert.deepEqual(
      ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((name) => status.get(name)),
      [
        "0000000000000000",
        "00000000000000fb",
        "00000000000000fb",
        "00000000000000fb",
        "0000000000000000",
      ],
    );
  });

  test(
    "root without the right to drop from the bounding set gains nothing by it",
    { skip: firstReason(needsRoot, needsFreedom, needsProgram("setpriv")) },
    async () => {
      const command = underSandbox(readOnly, "/", ["cat", "/proc/self/status"]);
      const ended = await run(["setpriv", "--bounding-set", "-setpcap", ...command]);
      const status = parseStatus(ended);
      assert.equal(status.get("CapEff"), "00000000000000fb");
      assert.equal(status.get("CapPrm"), "00000000000000fb");
    },
  );

  test(
    "an ordinary user has none",
    { skip: firstReason(needsRoot, needsFreedom, needsProgram("setpriv")) },
    async () => {
      const command = underSandbox(readOnly, "/", ["cat", "/proc/self/status"]);
      const user = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"];
      const status = parseStatus(await run([...user, ...command]));
      assert.equal(status.get("CapEff"), "0000000000000000");
      assert.equal(status.get("NoNewPrivs"), "1");
    },
  );

  test("descriptors are 0, 1 and 2, whatever the caller had open", async (t) => {
    const directory = tempDir(t);
    const inherited = [
      openSync(join(directory, "file"), "w"),
      openSync(directory, "r"),
      openSync("/dev/null", "r+"),
    ];
    t.after(() => inherited.forEach((fd) => closeSync(fd)));
    const script =
      "for n in 3 4 5 6 7 8 9 19 20 21 22 23; do [ -e /proc/$$/fd/$n ] && echo $n; done";
    const command = ["sh", "-c", `${script}; true`];
    const ended = await run(underSandbox(readOnly, "/", command), { inherited });
    assert.equal(ended.stdout, "");
    // The twin: without the sandbox the very descriptors arrive.
    const twin = await run(command, { inherited });
    assert.equal(twin.stdout, "3\n4\n5\n");
  });

  test("a connected socket of the caller carries nothing", { skip: needsNetwork }, async (t) => {
    const pieces: Buffer[] = [];
    const received = (): string => Buffer.concat(pieces).toString();
    const server = createServer((socket) => {
      socket.on("data", (bytes: Buffer) => pieces.push(bytes));
      socket.on("error", () => undefined);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const bound = server.address();
    assert.ok(typeof bound === "object" && bound !== null);
    const fd = call("socket", 2, 1, 0);
    const name = [2, 0, bound.port >> 8, bound.port & 0xff, 127, 0, 0, 1];
    call("connect", fd, Uint8Array.of(...name, 0, 0, 0, 0, 0, 0, 0, 0), 16);
    t.after(() => closeSync(fd));
    const command = ["sh", "-c", "echo sent >&3"];
    const inside = await run(underSandbox(readOnly, "/", command), { inherited: [fd] });
    assert.match(inside.stderr, /Bad file descriptor/);
    assert.equal(received(), "");
    assert.equal((await run(command, { inherited: [fd] })).code, 0);
    for (let tries = 0; received() === "" && tries < 1_000; tries += 1) await setImmediate();
    assert.equal(received(), "sent\n");
  });

  test(
    "a set-user-id program gains nothing",
    { skip: firstReason(needsRoot, needsFreedom, needsProgram("setpriv"), needsProgram("id")) },
    async (t) => {
      const directory = tempDirBesideTmp(t);
      const program = join(directory, "id");
      copyFileSync(programPath("id") ?? "", program);
      chmodSync(program, 0o4755);
      const user = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"];
      const twin = await run([...user, program, "-u"]);
      assert.equal(twin.stdout, "0\n");
      const inside = await run([...user, ...underSandbox(readOnly, "/", [program, "-u"])]);
      assert.equal(inside.stdout, "54321\n");
    },
  );

  test("umask, nice value and working directory are the caller's", async () => {
    const [plain, inside] = await bothWays("umask; nice; pwd", "umask 027; cd /usr; ");
    assert.deepEqual(inside, plain);
    assert.match(plain.stdout, /^0027\n-?\d+\n\/usr\n$/);
    const [lower, insideLower] = await bothWays("nice", "exec nice -n 7 ");
    assert.deepEqual(insideLower, lower);
  });

  test("every limit is the caller's", async () => {
    const [plain, inside] = await bothWays("ulimit -a", "ulimit -c 0; ulimit -s 4096; ");
    assert.equal(inside.stdout, plain.stdout);
  });

  test("the limit of open files is put back where the launcher says so", async () => {
    const [helper = "", ...words] = underSandbox(readOnly, "/", ["sh", "-c", "ulimit -n"]);
    const given = await run([helper, "--open-files", "321", ...words]);
    assert.equal(given.stdout, "321\n");
    const hard = await run(["sh", "-c", "ulimit -Hn"]);
    const above = await run([helper, "--open-files", "999999999", ...words]);
    assert.equal(above.stdout, hard.stdout);
  });

  test("pipes are left blocking", async () => {
    // 04000 is O_NONBLOCK in the octal flags that the kernel shows.
    const script = "for fd in 0 1 2; do grep flags /proc/self/fdinfo/$fd; done";
    const { stdout } = await run(underSandbox(readOnly, "/", ["sh", "-c", script]));
    const flags = [...stdout.matchAll(/flags:\s+0*([0-7]+)/g)].map((match) =>
      Number(`0o${match[1]}`),
    );
    const twin = await run(["sh", "-c", script]);
    const without = [...twin.stdout.matchAll(/flags:\s+0*([0-7]+)/g)].map((match) =>
      Number(`0o${match[1]}`),
    );
    assert.deepEqual(flags, without);
  });

  test("its process group, session and parent are the launcher's", async () => {
    const command = ["sh", "-c", "cut -d' ' -f4-6 /proc/$$/stat"];
    const inside = await run(underSandbox(readOnly, "/", command));
    assert.equal(inside.stdout, (await run(command)).stdout);
  });

  test("it dies with the launcher, also when it ignores SIGTERM", async (t) => {
    const directory = tempDir(t);
    const inner = `trap '' TERM HUP INT; echo $$ > ${directory}/pid; exec sleep 60`;
    const policy = { mode: "danger-full-access" } as const;
    const command = underSandbox(policy, "/", ["sh", "-c", inner]);
    const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const launcher = `${quoted} & until [ -s ${directory}/pid ]; do :; done; cat ${directory}/pid; kill -9 $$`;
    const { stdout } = await run(["sh", "-c", launcher], { deadlineMs: 10_000 });
    const pid = stdout.trim();
    const wait = `for i in $(seq 500); do s=$(cut -d' ' -f3 /proc/${pid}/stat 2>/dev/null); [ "$s" = "" ] || [ "$s" = Z ] && exit 0; sleep 0.01; done; exit 1`;
    assert.equal((await run(["sh", "-c", wait])).code, 0);
  });

  test("a helper whose parent is another than it was told runs nothing", async () => {
    const [helper = "", ...words] = underSandbox(readOnly, "/", ["echo", "ran"]);
    assert.deepEqual(await run([helper, "--parent-pid", "1", ...words]), {
      code: 1,
      signal: null,
      stdout: "",
      stderr:
        "codex-linux-sandbox: Cannot start the command: the process that asked for it ended\n",
    });
  });
});
