/**
 * Runs the paths of a start once, while code caches are made, so that the functions on them are in
 * the caches already compiled. Bundled beside the program, never packed into it.
 */
import { runCli } from "../src/cli/program.ts";
import {
  formatHelperMessage,
  parseHelperArguments,
  parseHelperMessage,
} from "../src/linux-sandbox/arguments.ts";
import { confineAndExec } from "../src/linux-sandbox/confine.ts";
import { formatHelperStatus } from "../src/linux-sandbox/helper-status.ts";
import { bindLibc, type Libc } from "../src/linux-sandbox/libc.ts";
import { guardBytePlaces } from "../src/process/place-guard.ts";
import { byteStringFromText } from "../src/runtime/byte-string.ts";
import { warmUpScreen } from "./warm-up-screen.ts";

/** Answers every system call with success; nothing happens. */
const harmlessLibc: Libc = {
  architecture: "x64",
  call: () => ({ ok: true, value: 7 }),
  must: () => 7,
  address: () => 0n,
};

export async function warmUp(): Promise<void> {
  runHelper(["--open-files", "1024", "/", '{"mode":"workspace-write"}', "--", "true"]);
  runGuard();
  await warmUpScreen();
  await run(() => runCli(["--help"]));
  await run(() => runCli(["-c", "model=o3", "debug", "landlock", "--", "true"]));
}

/** What `codex debug landlock -- true` runs. */
export async function warmUpCompleteStart(): Promise<void> {
  runHelper(["--open-files", "1024", "/", '{"mode":"read-only"}', "--", "true"]);
  runGuard();
  const { startDebug } = await import("../src/cli/debug-start.ts");
  await run(() => startDebug(["debug", "landlock", "--", "true"]));
}

/** Looks at the protected places of this directory; there is nothing to put back. */
function runGuard(): void {
  const guard = guardBytePlaces({
    policy: {
      mode: "workspace-write",
      writable_roots: [],
      network_access: false,
      exclude_tmpdir_env_var: true,
      exclude_slash_tmp: true,
    },
    policyCwd: byteStringFromText(process.cwd()),
    environment: [],
    codexHome: byteStringFromText("/nonexistent/.codex"),
  });
  guard?.putBack();
}

/** Every function of the way to libc, on an addon that only answers. */
function runLibc(): void {
  const answers = [0, -1];
  const func = () => (): number => answers.shift() ?? 0;
  const addon = { load: () => ({ func }), address: () => 0n, errno: () => 1 };
  const libc = bindLibc(addon, "x64");
  libc.must("getppid", "getppid");
  libc.call("fcntl", -1, 0n, new Uint8Array(1));
}

function runHelper(words: readonly string[]): void {
  runLibc();
  const parsed = parseHelperArguments(words.map(byteStringFromText));
  if (parsed.kind !== "run") throw new Error("Cannot warm up the helper: its words are wrong");
  const environment = ["PATH=/bin:/usr/bin", "TMPDIR=/tmp", "HOME=/root"].map(byteStringFromText);
  const command = { ...parsed.request, environment, parentPid: 7, codexHome: undefined };
  parseHelperMessage(formatHelperMessage({ ...command, cwd: command.policyCwd }));
  confineAndExec(harmlessLibc, command, (confinement) =>
    formatHelperStatus({ kind: "starting", confinement }),
  );
}

async function run(start: () => Promise<unknown>): Promise<void> {
  try {
    await start();
  } catch {
    // There is no native addon here, so a command is never started; all before it has run.
  }
}
