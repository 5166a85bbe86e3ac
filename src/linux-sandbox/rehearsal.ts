/**
 * A helper goes through all that it will do for its command, as far as that changes nothing, while
 * there is no command yet: its code is compiled then, and what it needs is in memory.
 */
import { closeSync } from "node:fs";

import { brand } from "../runtime/byte-string.ts";
import { formatHelperMessage, parseHelperMessage, type HelperMessage } from "./arguments.ts";
import { prepareConfinement } from "./confine.ts";
import { execProgram } from "./exec-program.ts";
import { formatHelperStatus } from "./helper-status.ts";
import { probeLandlock } from "./landlock.ts";
import { SyscallError, type Libc } from "./libc.ts";

/** Fails where the real thing would, silently. */
export function rehearse(libc: Libc, rounds: number): void {
  const { abi } = probeLandlock(libc);
  if (abi === 0) return;
  try {
    for (let round = 0; round < rounds; round += 1) rehearseOnce(libc, abi);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}

function rehearseOnce(libc: Libc, abi: number): void {
  const message = parseHelperMessage(formatHelperMessage(COMMAND));
  if (typeof message === "string") return;
  const prepared = prepareConfinement(libc, { ...message, parentPid: undefined }, abi);
  for (const fd of [prepared.ruleset.fd, ...prepared.ruleset.pathFds]) closeSync(fd);
  const confinement = { ...prepared.report, placesSealed: false };
  formatHelperStatus({ kind: "starting", confinement });
  execProgram(libc, message.argv, message.environment);
}

/** What it would run is a directory, and so is never run. */
const COMMAND: HelperMessage = {
  argv: [brand("/"), brand("-c"), brand("true")],
  cwd: brand("/"),
  policyCwd: brand("/"),
  policy: {
    mode: "workspace-write",
    writable_roots: [],
    network_access: false,
    exclude_tmpdir_env_var: false,
    exclude_slash_tmp: false,
  },
  environment: [brand("PATH=/usr/bin:/bin"), brand("HOME=/"), brand("TMPDIR=/tmp")],
  softOpenFiles: undefined,
  codexHome: brand("/.codex"),
};
