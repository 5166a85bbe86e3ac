/** What the tools of one session share. */
import type { FileChanges } from "../../protocol/file-change.ts";
import type { BashGrammar } from "../../shell/bash-grammar.ts";
import type { PendingApprovals } from "../pending-approvals.ts";
import type { Refusals } from "../refusals.ts";
import type { SessionApprovals } from "../safety.ts";
import type { CommandRunner } from "./command-runner.ts";
import type { SandboxNoticeBoard } from "./sandbox-notices.ts";

export interface ToolServices {
  readonly codexHome: string;
  readonly commands: CommandRunner;
  readonly approvals: PendingApprovals;
  readonly sessionApprovals: SessionApprovals;
  readonly refusals: Refusals;
  readonly sandboxNotices: SandboxNoticeBoard;
  /** Whether anything on this platform can enforce a policy. */
  readonly hasPlatformSandbox: boolean;
  readonly grammar: () => Promise<BashGrammar>;
  /** Our own program under the name `apply_patch`; null: patches cannot be carried out. */
  readonly applyPatchProgram: string | null;
}

/** Everything the patches of one task have changed, as one diff. */
export interface TurnDiff {
  /** Keeps what the files are like; call before each patch. */
  readonly beforePatch: (changes: FileChanges) => void;
  /** Git style; null when nothing differs. */
  readonly unifiedDiff: () => Promise<string | null>;
}
