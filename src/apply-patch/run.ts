/** The stand-alone program `apply_patch`: runs inside the sandbox and needs only the file system. */
import { readFileSync, writeSync } from "node:fs";
import { APPROVED_FLAG, digestOfEdits, NOT_AS_SHOWN } from "./approved-edits.ts";
import { byPath, WalkedAccess } from "./directory-access.ts";
import { PatchError } from "./patch-error.ts";
import { type PatchReport, planPatch } from "./plan-patch.ts";
import { describeFsError, errnoOf } from "./system-error.ts";
import { removeLeftovers } from "./temporary-files.ts";
import { writeChanges } from "./write-changes.ts";

/** The flag by which the agent starts its own executable to apply the patch in the next word. */
export const APPLY_PATCH_FLAG = "--codex-run-as-apply-patch";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

const USAGE = `Usage: apply_patch PATCH
       apply_patch < FILE

Changes files as PATCH says, all of them or none.
Paths are relative to the current directory.

*** Begin Patch
*** Add File: path
+every line of a new file
*** Delete File: path
*** Update File: path
*** Move to: new path, if the file moves
@@ a line above the change, if the lines below stand in several places
 a line that stays
-a line that goes
+a line that comes
*** End of File, if the lines above are the last of the file
*** End Patch
`;

export interface PatchOutcome {
  readonly exitCode: 0 | 1;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * `argv` are the words after the program's name, or APPLY_PATCH_FLAG and those after it. Without a
 * patch among them it is read from standard input (not after the flag). After APPROVED_FLAG and a
 * digest nothing is changed but as the edits of that digest say, and no link is followed to it.
 * `cwd` is absolute.
 *
 * Answers the exit code: 0, or 1 with the reason on standard error and no file changed.
 */
export function runApplyPatch(argv: readonly string[], cwd: string): number {
  const { exitCode, stdout, stderr } = patchOutcome(argv, cwd);
  print(STDOUT, stdout);
  print(STDERR, stderr);
  return exitCode;
}

/** As `runApplyPatch`, without printing. */
export function patchOutcome(argv: readonly string[], cwd: string): PatchOutcome {
  const [first, second] = argv;
  if (first === APPLY_PATCH_FLAG) {
    if (second !== undefined) return applyPatch(second, cwd);
    return failure(`Error: ${APPLY_PATCH_FLAG} requires a UTF-8 PATCH argument.`);
  }
  if (first === APPROVED_FLAG && second !== undefined && argv.length <= 3) {
    const [, , patchText] = argv;
    return patchText === undefined
      ? applyStandardInput(cwd, second)
      : applyPatch(patchText, cwd, second);
  }
  if (argv.length > 1) {
    return failure(
      `Cannot apply ${argv.length} patches: apply_patch takes one argument\n\n${USAGE}`,
    );
  }
  if (first === "-h" || first === "--help") return { exitCode: 0, stdout: USAGE, stderr: "" };
  return first === undefined ? applyStandardInput(cwd) : applyPatch(first, cwd);
}

function applyStandardInput(cwd: string, approved?: string): PatchOutcome {
  let patchText: string;
  try {
    const bytes = readFileSync(STDIN);
    patchText = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    const reason = errnoOf(error) === undefined ? "it is not UTF-8" : describeFsError(error);
    return failure(`Cannot read a patch from standard input: ${reason}\n\n${USAGE}`);
  }
  if (patchText.trim() === "") return failure(`Cannot apply a patch: there is none\n\n${USAGE}`);
  return applyPatch(patchText, cwd, approved);
}

/** `approved`: the digest of the only edits that may be carried out. */
function applyPatch(patchText: string, cwd: string, approved?: string): PatchOutcome {
  if (approved === undefined) removeLeftovers([cwd]);
  try {
    const plan = planPatch(patchText, cwd);
    if (!plan.ok) return failure(plan.error.message);
    if (approved !== undefined && digestOfEdits(plan.edits) !== approved) {
      return failure(`What the patch would write ${NOT_AS_SHOWN}`);
    }
    writeChanges(plan.edits, cwd, approved === undefined ? byPath : new WalkedAccess());
    return { exitCode: 0, stdout: describeSuccess(plan.report), stderr: "" };
  } catch (error) {
    if (error instanceof PatchError) return failure(error.message);
    throw error;
  }
}

function describeSuccess(report: PatchReport): string {
  const lines = [
    "Success. Updated the following files:",
    ...report.added.map((path) => `A ${path}`),
    ...report.modified.map((path) => `M ${path}`),
    ...report.deleted.map((path) => `D ${path}`),
  ];
  return `${lines.join("\n")}\n`;
}

function failure(message: string): PatchOutcome {
  return { exitCode: 1, stdout: "", stderr: message.endsWith("\n") ? message : `${message}\n` };
}

/** Writes all of it, also to a pipe that is full for now; nobody listening is no failure. */
function print(fd: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (errnoOf(error) !== "EAGAIN") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
