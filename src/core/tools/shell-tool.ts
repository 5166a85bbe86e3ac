/** The shell tool: decides, asks, runs, and words what came of it. */
import { resolve } from "node:path";
import { patchInCommand } from "../../apply-patch/patch-in-command.ts";
import { placeChangeNotice } from "../../process/confinement-notices.ts";
import type { SandboxDenial } from "../../process/sandbox-denial.ts";
import {
  describeDenial,
  describeNeededGrant,
  retryQuestion,
} from "../../process/sandbox-denial.ts";
import { DANGER_FULL_ACCESS_POLICY, type SandboxPolicy } from "../../protocol/sandbox-policy.ts";
import type { ReviewDecision } from "../../protocol/approval.ts";
import type { BashGrammar } from "../../shell/bash-grammar.ts";
import { isSafeCommand } from "../../shell/is-safe-command.ts";
import { isApproval } from "../pending-approvals.ts";
import { commandSubject } from "../refusals.ts";
import {
  assessCommand,
  assessDeniedCommand,
  type CommandDecision,
  describeAskReason,
  NO_SANDBOX_REJECTION,
} from "../safety.ts";
import type { ApplyPatchTool } from "./apply-patch-tool.ts";
import { denialOf, placesOf, printedBy } from "./command-denial.ts";
import type { CommandResult } from "./command-runner.ts";
import { runWithEvents } from "./command-events.ts";
import type { ShellCall } from "./shell-arguments.ts";
import { ShellStartUps, withoutStartUp } from "./shell-start-up.ts";
import type { ToolInvocation } from "./tool.ts";
import { describeResult } from "./tool-output.ts";
import type { ToolServices } from "./tool-services.ts";

const DEFAULT_TIMEOUT_MS = 10_000;
/** Longer waits are not a command but a hang. */
const MAX_TIMEOUT_MS = 24 * 3_600_000;

export const REJECTED_BY_USER = "exec command rejected by user";

/** One call with everything that is fixed about it. */
interface Attempt {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly invocation: ToolInvocation;
  /** Put before the output, for the model. */
  readonly notes: readonly string[];
}

export class ShellTool {
  readonly #services: ToolServices;
  readonly #patches: ApplyPatchTool;
  readonly #startUps: ShellStartUps;

  constructor(services: ToolServices, patches: ApplyPatchTool) {
    this.#services = services;
    this.#patches = patches;
    this.#startUps = new ShellStartUps(services.commands);
  }

  prepare(): void {
    const { commands, grammar } = this.#services;
    commands.prepare();
    // A failure shows when the grammar is used.
    setImmediate(() => void grammar().catch(() => undefined));
  }

  /** The output for the model. Errors: none that the call itself causes. */
  async run(call: ShellCall, invocation: ToolInvocation): Promise<string> {
    const cwd = resolve(invocation.context.cwd, call.workdir ?? ".");
    const patch = patchInCommand(call.command);
    if (patch !== undefined) {
      const directory = resolve(cwd, patch.directory ?? ".");
      return this.#patches.apply(patch.patchText, directory, invocation);
    }
    const grammar = await this.#services.grammar();
    const decision = this.#decide(call, cwd, invocation, grammar);
    const attempt: Attempt = {
      argv: call.command,
      cwd,
      timeoutMs: timeoutOf(call.timeoutMs),
      invocation,
      notes: notesFor(call, decision, invocation),
    };
    switch (decision.kind) {
      case "run-sandboxed":
        return this.#runSandboxed(attempt);
      case "run-unsandboxed":
        return this.#runUnsandboxed(attempt);
      case "ask": {
        const reason =
          call.justification ??
          (decision.reason === "not-trusted" ? undefined : describeAskReason(decision.reason));
        const answer = await this.#ask(attempt, reason);
        return isApproval(answer) ? this.#runUnsandboxed(attempt) : REJECTED_BY_USER;
      }
      case "reject":
        this.#refuse(attempt, NO_SANDBOX_REJECTION);
        return `exec command rejected: ${NO_SANDBOX_REJECTION}`;
    }
  }

  #decide(
    call: ShellCall,
    workdir: string,
    { context }: ToolInvocation,
    grammar: BashGrammar,
  ): CommandDecision {
    const { sessionApprovals, hasPlatformSandbox } = this.#services;
    return assessCommand({
      approval: context.approvalPolicy,
      mode: context.sandboxPolicy.mode,
      // Asked only where it counts: judging takes a parse of the script.
      isTrusted:
        (context.approvalPolicy === "untrusted" || !hasPlatformSandbox) &&
        isSafeCommand(call.command, { workdir, sessionCwd: context.cwd }, grammar),
      isApprovedForSession: sessionApprovals.has(call.command, workdir, context),
      wantsEscalation: call.wantsEscalation,
      hasPlatformSandbox,
    });
  }

  /** The answer is remembered where the user wanted that, for this very argument vector. */
  async #ask(attempt: Attempt, reason: string | undefined): Promise<ReviewDecision> {
    const { argv, cwd, invocation } = attempt;
    const { approvals, sessionApprovals } = this.#services;
    const { taskId, callId, signal } = invocation;
    const decision = await approvals.ask("exec", taskId, signal, () =>
      invocation.emit({
        type: "exec_approval_request",
        call_id: callId,
        command: [...argv],
        cwd,
        ...(reason === undefined ? {} : { reason }),
      }),
    );
    sessionApprovals.record(argv, cwd, decision, invocation.context);
    if (!isApproval(decision)) this.#refuse(attempt, "rejected by the user");
    return decision;
  }

  async #runUnsandboxed(attempt: Attempt): Promise<string> {
    const result = await this.#run(attempt, DANGER_FULL_ACCESS_POLICY);
    return this.#report(attempt, result, attempt.notes);
  }

  async #runSandboxed(attempt: Attempt): Promise<string> {
    const { context } = attempt.invocation;
    const result = await this.#run(attempt, context.sandboxPolicy);
    const denial = await this.#findDenial(attempt, result);
    if (denial === undefined) return this.#report(attempt, result, attempt.notes);
    this.#refuse(attempt, describeDenial(denial));
    const notes = [
      ...attempt.notes,
      `${describeDenial(denial)}. To allow it, grant ${describeNeededGrant(denial)}.`,
    ];
    if (assessDeniedCommand(context.approvalPolicy) === "tell-model") {
      return this.#report(attempt, result, notes);
    }
    attempt.invocation.emit({ type: "background_event", message: describeDenial(denial) });
    const answer = await this.#ask(attempt, retryQuestion(denial));
    if (!isApproval(answer)) return REJECTED_BY_USER;
    attempt.invocation.emit({
      type: "background_event",
      message: "retrying command without sandbox",
    });
    return this.#runUnsandboxed(attempt);
  }

  async #run(attempt: Attempt, policy: SandboxPolicy): Promise<CommandResult> {
    const { argv, cwd, timeoutMs, invocation } = attempt;
    return runWithEvents(this.#services, invocation, { argv, cwd, timeoutMs, policy });
  }

  #report(attempt: Attempt, result: CommandResult, notes: readonly string[]): string {
    if (result.kind === "not-started") return `execution error: ${result.reason}`;
    const { argv, cwd, invocation } = attempt;
    if (result.exitCode === 0) this.#services.refusals.resolve(commandSubject(argv, cwd));
    const told = this.#services.sandboxNotices.report(result, invocation);
    for (const message of told.placeChanges) this.#refuse(attempt, message);
    return describeResult(result, [...notes, ...told.notes]);
  }

  /** What the shell's own start was denied is not what the command was. */
  async #findDenial(attempt: Attempt, result: CommandResult): Promise<SandboxDenial | undefined> {
    const { argv, cwd, invocation } = attempt;
    if (result.kind !== "ended") return undefined;
    const { context, signal } = invocation;
    const places = await placesOf(this.#services, context);
    const denial = denialOf(result, { argv, workdir: cwd }, places);
    if (denial === undefined) return undefined;
    const { sandboxPolicy: policy, cwd: policyCwd } = context;
    const start = await this.#startUps.of({ argv, cwd, policyCwd, policy, signal });
    if (signal.aborted) return undefined;
    if (start === undefined) return denial;
    for (const change of start.placeChanges) {
      const message = placeChangeNotice(change);
      invocation.emit({ type: "background_event", message });
      this.#refuse(attempt, message);
    }
    const printed = withoutStartUp(printedBy(result), printedBy(start));
    return denialOf(result, { argv, workdir: cwd }, places, printed);
  }

  #refuse({ argv, cwd }: Attempt, reason: string): void {
    this.#services.refusals.add({ subject: commandSubject(argv, cwd), reason });
  }
}

function timeoutOf(timeoutMs: number | null): number {
  if (timeoutMs === null || !Number.isFinite(timeoutMs)) return DEFAULT_TIMEOUT_MS;
  return Math.min(Math.max(Math.round(timeoutMs), 1), MAX_TIMEOUT_MS);
}

/** Exec mode asks nobody: the model learns that its wish was not granted, and why. */
function notesFor(
  call: ShellCall,
  decision: CommandDecision,
  { context }: ToolInvocation,
): readonly string[] {
  if (!call.wantsEscalation || decision.kind !== "run-sandboxed") return [];
  const policy = context.approvalPolicy;
  const rule =
    policy === "never"
      ? "nobody can be asked (approval policy never)"
      : `under approval policy ${policy} the user is asked only after the sandbox stopped a command`;
  return [`with_escalated_permissions had no effect, the command ran in the sandbox: ${rule}`];
}
