/** Patches: worked out first, judged on real paths, then carried out in the sandbox. */
import { dirname, resolve } from "node:path";
import * as z from "zod/mini";
import { APPROVED_FLAG, digestOfEdits, NOT_AS_SHOWN } from "../../apply-patch/approved-edits.ts";
import type { PatchError } from "../../apply-patch/patch-error.ts";
import type { PatchPlan } from "../../apply-patch/plan-patch.ts";
import type { ApprovedFile } from "../../process/approved-files.ts";
import { describeDenial } from "../../process/sandbox-denial.ts";
import { decodeJsonWith } from "../../protocol/decode.ts";
import type { FileChanges } from "../../protocol/file-change.ts";
import { patchNotice } from "../../protocol/patch-notice.ts";
import { DANGER_FULL_ACCESS_POLICY } from "../../protocol/sandbox-policy.ts";
import { grantableRoot, PatchGrants, type PolicyPlace, widenedBy } from "../patch-grants.ts";
import { patchSubject } from "../refusals.ts";
import { canonical, realDisk } from "../../sandbox/disk-facts.ts";
import {
  assessPatch,
  describePatchReason,
  isWritable,
  outsideOf,
  protectedPlaceOf,
  type PatchAskReason,
  type PatchDecision,
} from "../safety.ts";
import { outputEvents } from "./command-events.ts";
import { denialOf, placesOf } from "./command-denial.ts";
import type { CommandResult } from "./command-runner.ts";
import { isApproval } from "../pending-approvals.ts";
import type { ToolInvocation } from "./tool.ts";
import { patchCommand } from "./patch-command.ts";
import { describeResult, eventText } from "./tool-output.ts";
import type { ToolServices, TurnDiff } from "./tool-services.ts";

const TIMEOUT_MS = 60_000;
const REJECTED_BY_USER = "patch rejected by user";

const argumentsSchema = z.object({ input: z.string() });

type Plan = Extract<PatchPlan, { readonly ok: true }>;

interface Patch {
  readonly text: string;
  readonly workdir: string;
  readonly plan: Plan;
  readonly invocation: ToolInvocation;
  readonly subject: string;
}

interface RunOptions {
  readonly isAutoApproved: boolean;
  /** It may write nothing but what `patch.plan` says, and that through no link. */
  readonly isBoundToPlan?: boolean;
}

export class ApplyPatchTool {
  readonly #services: ToolServices;
  /** Null before the first patch of a task. */
  #diff: TurnDiff | null = null;
  #lastDiff: string | null = null;
  readonly #grants = new PatchGrants();

  constructor(services: ToolServices) {
    this.#services = services;
  }

  startTask(): void {
    this.#diff = null;
    this.#lastDiff = null;
  }

  /** Null when it is what was told last. */
  async turnDiff(): Promise<string | null> {
    const diff = (await this.#diff?.unifiedDiff()) ?? null;
    if (diff === this.#lastDiff || diff === null) return null;
    this.#lastDiff = diff;
    return diff;
  }

  async callFunction(args: string, invocation: ToolInvocation): Promise<string> {
    const decoded = decodeJsonWith(argumentsSchema, args, "apply_patch arguments");
    if (!decoded.ok) return `failed to parse function arguments: ${decoded.message}`;
    return this.apply(decoded.value.input, invocation.context.cwd, invocation);
  }

  /** The output for the model. `workdir` is absolute. */
  async apply(text: string, workdir: string, invocation: ToolInvocation): Promise<string> {
    const { planPatch } = await import("../../apply-patch/plan-patch.ts");
    const plan = planPatch(text, workdir);
    if (!plan.ok) return misfit(plan.error, invocation);
    const subject = patchSubject(realPathsOf(plan));
    const patch: Patch = { text, workdir, plan, invocation, subject };
    const decision = await this.#decide(patch);
    switch (decision.kind) {
      case "apply-sandboxed":
        return this.#applySandboxed(patch, invocation.context);
      case "apply-granted":
        return this.#applySandboxed(patch, widenedBy(decision.roots, invocation.context));
      case "apply-unsandboxed":
        return this.#carryOut(patch, unconfined(patch), { isAutoApproved: true });
      case "ask":
        return this.#askAndApply(patch, decision.reason);
      case "reject": {
        const reason = describePatchReason(decision.reason);
        this.#services.refusals.add({ subject: patch.subject, reason });
        // A refused command is seen by its output; nothing else tells of a patch that never began.
        invocation.emit({ type: "background_event", message: patchNotice(reason) });
        return `patch rejected: ${reason}; rejected by user approval settings`;
      }
    }
  }

  async #decide({ plan, invocation: { context } }: Patch): Promise<PatchDecision> {
    const { hasPlatformSandbox } = this.#services;
    const places = await placesOf(this.#services, context);
    return assessPatch({
      approval: context.approvalPolicy,
      mode: context.sandboxPolicy.mode,
      hasPlatformSandbox,
      targets: realPathsOf(plan),
      writableRoots: places.writableRoots,
      protectedPlaces: places.protectedPlaces,
      // One that is gone cannot be made writable, and what comes in its place was not granted.
      grantedRoots: this.#grants.under(context).filter((root) => realDisk.realpath(root) === root),
    });
  }

  /** What may be granted together with this patch. */
  async #grantableRoot({ plan, invocation: { context } }: Patch): Promise<string | undefined> {
    if (context.approvalPolicy === "untrusted") return undefined;
    const { writableRoots } = await placesOf(this.#services, context);
    const { codexHome, commands } = this.#services;
    const { home } = await commands.places();
    return grantableRoot({
      targets: realPathsOf(plan),
      writableRoots,
      cwd: canonical(context.cwd, realDisk),
      codexHome: canonical(codexHome, realDisk),
      home: home === undefined ? undefined : canonical(home, realDisk),
    });
  }

  async #askAndApply(patch: Patch, reason: PatchAskReason): Promise<string> {
    const words = reason.kind === "not-trusted" ? undefined : reasonOf(patch, reason);
    const isOutside = reason.kind === "outside-roots" || reason.kind === "read-only";
    const root = isOutside ? await this.#grantableRoot(patch) : undefined;
    if (!(await this.#ask(patch, words, root))) return REJECTED_BY_USER;
    const { context } = patch.invocation;
    if (reason.kind === "not-trusted") {
      return this.#carryOut(patch, context, { isAutoApproved: false });
    }
    return this.#applyApproved(patch);
  }

  /** What the user has seen holds: a command in the background may have put a link in the way. */
  async #applyApproved(patch: Patch): Promise<string> {
    const { planPatch } = await import("../../apply-patch/plan-patch.ts");
    const plan = planPatch(patch.text, patch.workdir);
    if (!plan.ok) return misfit(plan.error, patch.invocation);
    if (patchSubject(realPathsOf(plan)) !== patch.subject) {
      const problem = "its paths lead elsewhere since the user was asked";
      this.#services.refusals.add({ subject: patch.subject, reason: problem });
      patch.invocation.emit({ type: "background_event", message: patchNotice(problem) });
      return `patch rejected: ${problem}`;
    }
    const isConfinable =
      this.#services.hasPlatformSandbox &&
      patch.invocation.context.sandboxPolicy.mode !== "danger-full-access";
    if (!isConfinable) return this.#carryOut(patch, unconfined(patch), { isAutoApproved: false });
    return this.#carryOutAsShown(patch, (await this.#approvedPlace(patch)) ?? unconfined(patch));
  }

  /**
   * The patch program gets the files that the user was shown, writes exactly these, and follows no
   * link on the way to them: all that holds it in a protected place, which every sandbox keeps
   * closed as a whole, and within a directory that its sandbox opens with all that is below.
   */
  async #carryOutAsShown(patch: Patch, place: PolicyPlace): Promise<string> {
    const options = { isAutoApproved: false, isBoundToPlan: true };
    const result = await this.#run(patch, place, options);
    if (result.kind === "ended" && result.exitCode !== 0) {
      const words = eventText(result.stderr).trim();
      if (words.includes(NOT_AS_SHOWN)) {
        this.#services.refusals.add({
          subject: patch.subject,
          reason: words.replaceAll(/\s*\n\s*/gu, ": "),
        });
      }
    }
    return this.#report(patch, result);
  }

  /**
   * Where what the user has approved is applied: in a sandbox that leaves open the directories it
   * was shown to write in, because a link can be put in its way until it writes. Undefined when it
   * writes what ours keep closed.
   */
  async #approvedPlace(patch: Patch): Promise<PolicyPlace | undefined> {
    const { context } = patch.invocation;
    const targets = realPathsOf(patch.plan);
    const { writableRoots } = await placesOf(this.#services, context);
    const roots = new Set(outsideOf(targets, writableRoots).map(existingDirectoryOf));
    if (roots.size === 0) return undefined;
    const place = widenedBy([...roots], context);
    const places = await placesOf(this.#services, { ...context, ...place });
    const isOpen = targets.every((target) => isWritable(target, places));
    return isOpen ? place : undefined;
  }

  async #ask(
    patch: Patch,
    reason: string | undefined,
    grantRoot: string | undefined,
  ): Promise<boolean> {
    const { plan, invocation, subject } = patch;
    const { taskId, callId, signal, emit } = invocation;
    const changes = reason === undefined ? plan.changes : await this.#changesToJudge(patch);
    const decision = await this.#services.approvals.ask("patch", taskId, signal, () =>
      emit({
        type: "apply_patch_approval_request",
        call_id: callId,
        changes,
        ...(reason === undefined ? {} : { reason }),
        ...(grantRoot === undefined ? {} : { grant_root: grantRoot }),
      }),
    );
    if (decision === "approved_for_session" && grantRoot !== undefined) {
      this.#grants.add(grantRoot, invocation.context);
    }
    if (isApproval(decision)) return true;
    this.#services.refusals.add({ subject, reason: "rejected by the user" });
    return false;
  }

  /** A process in the background may have written the rest of a file in a protected place. */
  async #changesToJudge({ plan, invocation }: Patch): Promise<FileChanges> {
    const places = await placesOf(this.#services, invocation.context);
    return plan.wholeChanges((path) => protectedPlaceOf(path, places) !== undefined);
  }

  /** Under on-failure a patch may meet the sandbox; then the user is asked, as for commands. */
  async #applySandboxed(patch: Patch, place: PolicyPlace): Promise<string> {
    const { context, emit } = patch.invocation;
    const result = await this.#run(patch, place, { isAutoApproved: true });
    const denial = await this.#findDenial(patch, result, place);
    if (denial === undefined) return this.#report(patch, result);
    this.#services.refusals.add({ subject: patch.subject, reason: denial });
    if (context.approvalPolicy !== "on-failure") return this.#report(patch, result, [denial]);
    emit({ type: "background_event", message: denial });
    const words = `patch failed; retry without sandbox? ${denial}`;
    if (!(await this.#ask(patch, words, await this.#grantableRoot(patch)))) {
      return REJECTED_BY_USER;
    }
    return this.#applyApproved(patch);
  }

  async #carryOut(patch: Patch, place: PolicyPlace, options: RunOptions): Promise<string> {
    return this.#report(patch, await this.#run(patch, place, options));
  }

  async #run(
    patch: Patch,
    place: PolicyPlace,
    { isAutoApproved, isBoundToPlan = false }: RunOptions,
  ): Promise<CommandResult> {
    const { invocation, plan, text, workdir } = patch;
    const { callId, emit, context, signal } = invocation;
    const program = this.#services.applyPatchProgram;
    if (program === null) return { kind: "not-started", reason: "apply_patch is not available" };
    const { changes } = plan;
    this.#diff ??= (await import("../turn-diff.ts")).createTurnDiff(context.cwd);
    this.#diff.beforePatch(changes);
    const autoApproved = isAutoApproved;
    emit({ type: "patch_apply_begin", call_id: callId, auto_approved: autoApproved, changes });
    const words = isBoundToPlan ? [APPROVED_FLAG, digestOfEdits(plan.edits)] : [];
    // In a sandbox nothing that guards look after can be written.
    const isUnconfined = place.sandboxPolicy.mode === "danger-full-access";
    using command = patchCommand(program, words, text, this.#services.codexHome);
    const result = await this.#services.commands.run({
      argv: command.argv,
      cwd: resolve(workdir),
      policyCwd: place.cwd,
      policy: place.sandboxPolicy,
      ...(isBoundToPlan && isUnconfined ? { approvedFiles: approvedFilesOf(plan) } : {}),
      timeoutMs: TIMEOUT_MS,
      signal,
      onOutput: outputEvents(invocation),
    });
    const success = result.kind === "ended" && result.exitCode === 0;
    if (success) this.#services.refusals.resolve(patch.subject);
    if (result.kind === "ended" && result.isAborted) return result;
    emit({
      type: "patch_apply_end",
      call_id: callId,
      stdout: result.kind === "ended" ? eventText(result.stdout) : "",
      stderr: result.kind === "ended" ? eventText(result.stderr) : result.reason,
      success,
    });
    const diff = success ? await this.turnDiff() : null;
    if (diff !== null) emit({ type: "turn_diff", unified_diff: diff });
    return result;
  }

  #report(
    { subject, invocation }: Patch,
    result: CommandResult,
    notes: readonly string[] = [],
  ): string {
    const { refusals, sandboxNotices } = this.#services;
    if (result.kind === "not-started") return `execution error: ${result.reason}`;
    const told = sandboxNotices.report(result, invocation);
    for (const reason of told.placeChanges) refusals.add({ subject, reason });
    return describeResult(result, [...notes, ...told.notes]);
  }

  async #findDenial(
    patch: Patch,
    result: CommandResult,
    { cwd, sandboxPolicy }: PolicyPlace,
  ): Promise<string | undefined> {
    if (result.kind !== "ended") return undefined;
    const places = await placesOf(this.#services, {
      ...patch.invocation.context,
      cwd,
      sandboxPolicy,
    });
    const denial = denialOf(result, { argv: ["apply_patch"], workdir: patch.workdir }, places);
    return denial === undefined ? undefined : describeDenial(denial);
  }
}

/** What no change shows by itself is said: a file that is moved can be run as before. */
function reasonOf({ plan: { edits } }: Patch, reason: PatchAskReason): string {
  const programs = edits.writes.filter(({ attributes }) => ((attributes?.mode ?? 0) & 0o111) !== 0);
  const names = programs.map(({ realPath }) => `"${realPath}"`).join(", ");
  const note = programs.length === 0 ? "" : `; executable: ${names}`;
  return `${describePatchReason(reason)}${note}`;
}

/** The output for the model; the user is told in a line. */
function misfit({ message, problem }: PatchError, { emit }: ToolInvocation): string {
  const isEmpty = problem.kind === "no-operations";
  emit({ type: "background_event", message: patchNotice(isEmpty ? "it is empty" : message) });
  return isEmpty ? "patch rejected: empty patch" : `error: ${message}`;
}

function unconfined({ invocation: { context } }: Patch): PolicyPlace {
  return { cwd: context.cwd, sandboxPolicy: DANGER_FULL_ACCESS_POLICY };
}

function approvedFilesOf({ edits }: Plan): readonly ApprovedFile[] {
  return [
    ...edits.removals.map(({ realPath }) => ({
      path: realPath,
      content: undefined,
      mode: undefined,
    })),
    ...edits.writes.map(({ realPath, content, attributes }) => ({
      path: realPath,
      content,
      mode: attributes?.mode,
    })),
  ];
}

/** The nearest one above `path` that exists. */
function existingDirectoryOf(path: string): string {
  const directory = dirname(path);
  const exists = directory === path || realDisk.realpath(directory) !== undefined;
  return exists ? directory : existingDirectoryOf(directory);
}

function realPathsOf(plan: Plan): readonly string[] {
  return plan.affected.map(({ realPath }) => realPath);
}
