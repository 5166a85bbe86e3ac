/**
 * A machine on which a program stands at /usr/bin/sandbox-exec: it notes what it was given and
 * becomes the command. It stands in a mount namespace of its own, so nobody else on this machine
 * sees it, and nothing has to be removed afterwards.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { SANDBOX_EXEC } from "../../src/sandbox/seatbelt.ts";
import { codexBinary, needsBinary, pinnedNode, projectRoot } from "./codex-binary.ts";
import { run, type RunOptions, type RunResult } from "./run.ts";
import type { SkipReason } from "./skip-reasons.ts";
import { makeTempDir, removeDir, tempDir } from "./temp-dir.ts";

/** The executable, or the sources in the pinned Node where it is not built. */
export const codex: readonly string[] =
  needsBinary === false ? [codexBinary] : [pinnedNode, join(projectRoot, "src/main.ts")];

// Only the upper layer of /usr/bin is written, and that is memory of this namespace.
const SCRIPT = `set -e
layer=$1; fake=$2; shift 2
mount -t tmpfs tmpfs "$layer"
mkdir "$layer/upper" "$layer/work"
mount -t overlay overlay -o "lowerdir=/usr/bin,upperdir=$layer/upper,workdir=$layer/work" /usr/bin
cp "$fake" ${SANDBOX_EXEC}
exec "$@"`;

const namespaceFlags = findNamespaceFlags();

export const needsFakeMac: SkipReason =
  namespaceFlags === undefined
    ? `needs a mount namespace to put a program at ${SANDBOX_EXEC}`
    : false;

export const needsNoSandboxExec: SkipReason = existsSync(SANDBOX_EXEC)
  ? `there is a ${SANDBOX_EXEC} here`
  : false;

/** What the stand-in was given. */
export interface Seen {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface FakeMac {
  run(command: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Of the last run; undefined when the stand-in was not started in any. */
  seen(): Seen | undefined;
}

/** A flag of node after which this machine is another one for all code that is loaded. */
export function asPlatform(platform: NodeJS.Platform): readonly string[] {
  const value = JSON.stringify(platform);
  const script = `Object.defineProperty(process, "platform", { value: ${value} })`;
  return ["--import", `data:text/javascript,${script}`];
}

export const asMac = asPlatform("darwin");

/** `ending` is what the stand-in does at last, in sh; without it, it becomes the command. */
export function fakeMac(t: Pick<TestContext, "after">, ending = 'exec "$@"'): FakeMac {
  const directory = tempDir(t);
  const fake = join(directory, "sandbox-exec");
  const argvFile = join(directory, "argv");
  const environmentFile = join(directory, "environment");
  writeFileSync(
    fake,
    `#!/bin/sh
printf '%s\\0' "$@" > ${argvFile}
env -0 > ${environmentFile}
while [ "$1" != -- ]; do shift; done
shift
${ending}
`,
  );
  chmodSync(fake, 0o755);
  return {
    run: (command, options) =>
      run(
        [
          "unshare",
          ...(namespaceFlags ?? []),
          "sh",
          "-c",
          SCRIPT,
          "sh",
          makeLayer(t),
          fake,
          ...command,
        ],
        options,
      ),
    seen() {
      if (!existsSync(argvFile)) return undefined;
      const entries = listIn(environmentFile).map((entry): [string, string] => {
        const end = entry.indexOf("=");
        return [entry.slice(0, end), entry.slice(end + 1)];
      });
      return { argv: listIn(argvFile), environment: Object.fromEntries(entries) };
    },
  };
}

function makeLayer(t: Pick<TestContext, "after">): string {
  return tempDir(t);
}

function listIn(file: string): readonly string[] {
  return readFileSync(file, "utf8").split("\0").slice(0, -1);
}

function findNamespaceFlags(): readonly string[] | undefined {
  if (process.platform !== "linux") return undefined;
  const layer = makeTempDir();
  try {
    return [["-m"], ["-r", "-m"]].find((flags) => {
      const words = [...flags, "sh", "-c", SCRIPT, "sh", layer, "/bin/true", SANDBOX_EXEC];
      return spawnSync("unshare", words).status === 0;
    });
  } finally {
    removeDir(layer);
  }
}
