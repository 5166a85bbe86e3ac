/** The helper that waits for one message on a pipe, as tool calls use it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Writable, Readable } from "node:stream";
import { suite, test } from "node:test";

import {
  BEGIN,
  END_OF_MESSAGE,
  formatHelperMessage,
  waitArguments,
  type HelperMessage,
} from "../../src/linux-sandbox/arguments.ts";
import { parseHelperStatus, type HelperStatus } from "../../src/linux-sandbox/helper-status.ts";
import { brand, byteStringFromText } from "../../src/runtime/byte-string.ts";
import { helperBinary } from "../support/codex-binary.ts";
import { DeadlineError } from "../support/run.ts";
import { landlockAbi, needsSandbox } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";

interface WaitEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly status: HelperStatus | undefined;
}

const DEADLINE_MS = 20_000;

/** Starts a waiting helper, gives it these bytes and no more, and takes all that it says. */
async function waitingHelper(
  bytes: Uint8Array,
  settings: { readonly env?: Record<string, string>; readonly parentPid?: number } = {},
): Promise<WaitEnd> {
  const child = spawn(helperBinary(), waitArguments(settings.parentPid ?? process.pid), {
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    env: settings.env ?? {},
  });
  const [, stdout, stderr, message, status] = child.stdio;
  assert.ok(message instanceof Writable && status instanceof Readable);
  message.on("error", () => undefined); // a helper that ended does not read
  message.end(bytes);
  const texts = Promise.all([stdout, stderr, status].map(readAll));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new DeadlineError(`the helper ran over ${DEADLINE_MS} ms`));
    }, DEADLINE_MS);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      texts.then(([out = Buffer.of(), err = Buffer.of(), told = Buffer.of()]) => {
        const parsed = parseHelperStatus(told);
        resolve({ code, signal, stdout: out.toString(), stderr: err.toString(), status: parsed });
      }, reject);
    });
  });
}

async function readAll(stream: unknown): Promise<Buffer> {
  const pieces: Buffer[] = [];
  if (stream instanceof Readable) {
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    await new Promise((resolve) => {
      stream.on("close", resolve);
    });
  }
  return Buffer.concat(pieces);
}

function messageOf(argv: readonly string[], changes: Partial<HelperMessage> = {}): HelperMessage {
  return {
    argv: argv.map(byteStringFromText),
    cwd: brand("/"),
    policyCwd: brand("/"),
    codexHome: undefined,
    policy: { mode: "read-only" },
    environment: [brand("PATH=/usr/bin:/bin")],
    softOpenFiles: undefined,
    ...changes,
  };
}

/** All that a sender writes for a command that is to begin. */
function handOverOf(argv: readonly string[], changes: Partial<HelperMessage> = {}): Uint8Array {
  return Buffer.concat([
    formatHelperMessage(messageOf(argv, changes)),
    Buffer.from(END_OF_MESSAGE + BEGIN),
  ]);
}

suite("a waiting helper", { skip: needsSandbox }, () => {
  test("becomes the command of the message, with its directory and environment", async () => {
    const environment = [brand("PATH=/usr/bin:/bin"), brand("A=\xff"), brand("A=2"), brand("E=")];
    const script = "pwd; tr '\\0' '\\n' < /proc/$$/environ | od -c | head -n 20 >&2";
    const ended = await waitingHelper(
      handOverOf(["sh", "-c", script], { cwd: brand("/usr"), environment }),
      { env: { OF_THE_HELPER: "1", LANG: "C" } },
    );
    assert.equal(ended.code, 0);
    assert.equal(ended.stdout, "/usr\n");
    assert.match(ended.stderr, /A {3}= 377/);
    assert.doesNotMatch(ended.stderr, /H {3}E {3}L/);
    assert.ok(ended.status?.kind === "starting");
    assert.equal(ended.status.confinement?.landlockAbi, landlockAbi);
  });

  test("keeps neither of its pipes open for the command", async () => {
    const script = "for n in 3 4 5 6; do [ -e /proc/$$/fd/$n ] && echo $n; done; true";
    const ended = await waitingHelper(handOverOf(["sh", "-c", script]));
    assert.equal(ended.stdout, "");
    assert.equal(ended.code, 0);
  });

  test("confines by the policy of the message", async (t) => {
    const base = tempDir(t);
    mkdirSync(join(base, "ws"));
    const policy = {
      mode: "workspace-write",
      writable_roots: [],
      network_access: false,
      exclude_tmpdir_env_var: true,
      exclude_slash_tmp: true,
    } as const;
    const script = `echo in > ${base}/ws/made; echo out > ${base}/made`;
    const ended = await waitingHelper(
      handOverOf(["sh", "-c", script], {
        policy,
        policyCwd: byteStringFromText(join(base, "ws")),
      }),
    );
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, /Permission denied/);
    assert.deepEqual(readdirSync(base), ["ws"]);
    assert.deepEqual(readdirSync(join(base, "ws")), ["made"]);
  });

  test("runs nothing when the pipe closes without a message", async () => {
    assert.deepEqual(await waitingHelper(new Uint8Array()), {
      code: 0,
      signal: null,
      stdout: "",
      stderr: "",
      status: undefined,
    });
  });

  test("runs nothing of a message that is cut or no message", async () => {
    const whole = handOverOf(["echo", "ran"]);
    for (const bytes of [
      whole.subarray(0, -3),
      whole.subarray(0, -2), // without its end
      whole.subarray(0, 10),
      Buffer.from("{}"),
      Buffer.from("\0\xff"),
      Buffer.concat([whole, whole]),
    ]) {
      const ended = await waitingHelper(bytes);
      assert.equal(ended.code, 1);
      assert.equal(ended.stdout, "");
      assert.equal(ended.status?.kind, "cannot-confine");
    }
  });

  test("confines itself, and runs nothing until its sender says so", async () => {
    const message = Buffer.from(formatHelperMessage(messageOf(["echo", "ran"])));
    for (const word of ["", "?", "!!", "\n"]) {
      const bytes = Buffer.concat([message, Buffer.from(`\n${word}`)]);
      const ended = await waitingHelper(bytes);
      assert.equal(ended.code, 1);
      assert.equal(ended.stdout + ended.stderr, "");
      assert.deepEqual(ended.status, {
        kind: "cannot-confine",
        message: "Cannot start the command: it was given up",
      });
    }
    const begun = await waitingHelper(Buffer.concat([message, Buffer.from("\n!")]));
    assert.equal(begun.stdout, "ran\n");
  });

  test("tells that the directory is not there", async () => {
    const ended = await waitingHelper(handOverOf(["echo", "ran"], { cwd: brand("/no/such") }));
    assert.equal(ended.stdout, "");
    assert.equal(ended.code, 1);
    assert.deepEqual(ended.status, { kind: "no-directory", errno: "ENOENT" });
  });

  test("tells what cannot be started on stderr: 127, 126, and too many words", async () => {
    const missing = await waitingHelper(handOverOf(["no-such-program"]));
    assert.equal(missing.code, 127);
    assert.equal(missing.stderr, 'codex-linux-sandbox: Cannot run "no-such-program": not found\n');
    const directory = await waitingHelper(handOverOf(["/usr"]));
    assert.equal(directory.code, 126);
    const words = Array.from({ length: 60 }, () => "x".repeat(120_000));
    const long = await waitingHelper(handOverOf(["true", ...words]));
    assert.equal(long.code, 126);
    assert.equal(
      long.stderr,
      'codex-linux-sandbox: Cannot run "true": the arguments and environment are too long (E2BIG)\n',
    );
    assert.equal(long.status?.kind, "starting");
  });

  test("runs nothing for another parent than the one it was told", async () => {
    const bytes = handOverOf(["echo", "ran"]);
    const ended = await waitingHelper(bytes, { parentPid: 1 });
    assert.equal(ended.stdout, "");
    assert.equal(ended.status, undefined);
  });
});
