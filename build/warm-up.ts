/**
 * Runs the paths of a start once, while code caches are made, so that the functions on them are in
 * the caches already compiled. Bundled beside the program, never packed into it.
 */
import { startDebug } from "../src/cli/debug-start.ts";
import { runCli } from "../src/cli/program.ts";
import { parseHelperArguments } from "../src/linux-sandbox/arguments.ts";
import { confineAndExec } from "../src/linux-sandbox/confine.ts";
import type { Libc } from "../src/linux-sandbox/libc.ts";
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
  const words = ["--open-files", "1024", "/", '{"mode":"workspace-write"}', "--", "true"];
  const parsed = parseHelperArguments(words.map(byteStringFromText));
  if (parsed.kind === "run") {
    const environment = ["PATH=/bin:/usr/bin", "TMPDIR=/tmp", "HOME=/root"].map(byteStringFromText);
    const command = { ...parsed.request, environment, parentPid: 7, codexHome: undefined };
    confineAndExec(harmlessLibc, command, () => undefined);
  }
  await warmUpScreen();
  const starts = [
    () => startDebug(["debug", "landlock", "--full-auto", "--", "true"]),
    () => runCli(["--help"]),
    () => runCli(["-c", "model=o3", "debug", "landlock", "--", "true"]),
  ];
  for (const start of starts) {
    try {
      await start();
    } catch {
      // There is no native addon here, so a command is never started; all before it has run.
    }
  }
}
