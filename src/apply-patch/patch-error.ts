/** Why a patch cannot be applied: facts as fields, and the words made of them. */
import { describePlace, quoteLine, quoteLines, type SearchMiss } from "./describe-miss.ts";

export type PatchProblem =
  | { readonly kind: "bad-boundary"; readonly edge: "first" | "last" }
  | { readonly kind: "bad-hunk"; readonly patchLine: number; readonly reason: string }
  | { readonly kind: "no-operations" }
  | { readonly kind: "bad-directory"; readonly path: string; readonly reason: string }
  | ({ readonly kind: "anchor-not-found" } & SearchMiss)
  | ({ readonly kind: "lines-not-found" } & SearchMiss)
  | {
      readonly kind: "read" | "write" | "delete" | "create-directories";
      /** As the patch spells it. */
      readonly path: string;
      readonly patchLine: number;
      readonly reason: string;
    }
  | {
      /** A failed run could not put everything back. `left` names what is not as it was. */
      readonly kind: "not-undone";
      readonly cause: string;
      readonly left: readonly string[];
    };

/**
 * `message` has the one line Codex 0.23.0 prints, then indented lines that help to repair the patch.
 * Source of the first lines: captures/apply-patch-1.json.
 */
export class PatchError extends Error {
  override readonly name = "PatchError";
  readonly problem: PatchProblem;

  constructor(problem: PatchProblem, options?: ErrorOptions) {
    super(describeProblem(problem), options);
    this.problem = problem;
  }
}

function describeProblem(problem: PatchProblem): string {
  switch (problem.kind) {
    case "bad-boundary":
      return `Invalid patch: The ${problem.edge} line of the patch must be '*** ${
        problem.edge === "first" ? "Begin" : "End"
      } Patch'`;
    case "bad-hunk":
      return `Invalid patch hunk on line ${problem.patchLine}: ${problem.reason}`;
    case "no-operations":
      return "No files were modified.";
    case "bad-directory":
      return `Cannot apply the patch in "${problem.path}": ${problem.reason}`;
    case "anchor-not-found":
      return `Failed to find context '${problem.wanted[0]?.text ?? ""}' in ${problem.path}\n${describePlace(problem)}`;
    case "lines-not-found": {
      const wanted = quoteLines(problem.wanted.map((line) => line.text));
      return `Failed to find expected lines ${wanted} in ${problem.path}\n${describePlace(problem)}`;
    }
    case "read":
      return `Failed to read file to update ${problem.path}: ${problem.reason}\n  Patch line ${problem.patchLine} names it`;
    case "write":
      return withReason(`Failed to write file ${problem.path}`, problem);
    case "delete":
      return withReason(`Failed to delete file ${problem.path}`, problem);
    case "create-directories":
      return withReason(`Failed to create parent directories for ${problem.path}`, problem);
    case "not-undone":
      return `${problem.cause}\n  Not put back: ${problem.left.map(quoteLine).join(", ")}`;
  }
}

function withReason(
  headline: string,
  at: { readonly patchLine: number; readonly reason: string },
): string {
  return `${headline}\n  Patch line ${at.patchLine} names it: ${at.reason}`;
}
