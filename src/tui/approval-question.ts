/** What the user is asked before something runs: the facts, in the order they are shown. */
import { resolve } from "node:path";
import type { ReviewDecision } from "../protocol/approval.ts";
import type { Event, EventMsgOf } from "../protocol/event.ts";
import type { FileChanges } from "../protocol/file-change.ts";
import { isWithin } from "../protocol/writable-roots.ts";
import { joinWords } from "../shell/quote-words.ts";
import { countLines } from "./output-rows.ts";
import { revealCommand, revealLine, sanitizeLine } from "./sanitize.ts";
import type { SessionRules } from "./status-line.ts";

export type Question = CommandQuestion | PatchQuestion;

interface CommonQuestion {
  /** Of the event: what an answer names. */
  readonly taskId: string;
  readonly callId: string;
  readonly title: string;
  /** Why it is asked; each one paragraph. */
  readonly reasons: readonly string[];
  /** The last lines of what failed before, if it is asked because of that. */
  readonly evidence: string | undefined;
  readonly warnings: readonly string[];
  /** The decision that the dialog starts with. */
  readonly isRiskier: boolean;
  /** What would be allowed for the session, or undefined when there is no such choice. */
  readonly sessionRule: string | undefined;
  /** What the user has allowed with it, in few words. */
  readonly sessionGrant: string | undefined;
}

export interface CommandQuestion extends CommonQuestion {
  readonly kind: "exec";
  /** Every character of it visible. */
  readonly command: string;
  readonly cwd: string;
}

export interface PatchQuestion extends CommonQuestion {
  readonly kind: "patch";
  readonly changes: FileChanges;
}

export interface Answer {
  readonly decision: ReviewDecision;
  /** For the model, with a refusal. */
  readonly feedback?: string;
}

export interface QuestionContext {
  readonly rules: SessionRules;
  /** The output of this call's first run, if it has run already. */
  readonly failedOutput: string | undefined;
}

export function questionOf(event: Event, context: QuestionContext): Question | undefined {
  const { id, msg } = event;
  if (msg.type === "exec_approval_request") return commandQuestion(id, msg, context);
  if (msg.type === "apply_patch_approval_request") return patchQuestion(id, msg, context);
  return undefined;
}

const HIDDEN_CHARACTERS =
  "The command has invisible or misleading characters; they are shown as <U+...>.";

function commandQuestion(
  taskId: string,
  msg: EventMsgOf<"exec_approval_request">,
  { rules, failedOutput }: QuestionContext,
): CommandQuestion {
  const { text, hasHidden } = revealCommand(joinWords(msg.command));
  const isConfined = rules.sandboxPolicy.mode !== "danger-full-access";
  const isRetry = failedOutput !== undefined;
  return {
    kind: "exec",
    taskId,
    callId: msg.call_id,
    title: commandTitleOf(isConfined, isRetry),
    command: text,
    cwd: sanitizeLine(msg.cwd),
    reasons: commandReasons(msg.reason, isRetry, isConfined),
    evidence: isRetry ? lastLines(failedOutput) : undefined,
    warnings: hasHidden ? [HIDDEN_CHARACTERS] : [],
    isRiskier: isConfined,
    sessionGrant: text,
    sessionRule: `exactly this command${isConfined ? ", without sandbox" : ""}, in this directory`,
  };
}

function commandTitleOf(isConfined: boolean, isRetry: boolean): string {
  if (isRetry) return "Leave the sandbox: run this command again?";
  return isConfined ? "Leave the sandbox: run this command?" : "Run this command?";
}

function commandReasons(
  reason: string | undefined,
  isRetry: boolean,
  isConfined: boolean,
): readonly string[] {
  const why =
    reason === undefined
      ? "Why: it is not in the trusted list"
      : // Only a run that failed gives a reason of ours: all else may be the model's words. On one
        // line, so that they cannot pass for lines of this dialog.
        `${isRetry ? "Why" : "The model says"}: ${sanitizeLine(isRetry ? denialIn(reason) : reason)}`;
  return isConfined ? [why, "If you approve, it runs WITHOUT sandbox."] : [why];
}

/** Without the question that the wire has in it: the dialog's title asks that. */
function denialIn(reason: string): string {
  const question = /^(?:command|patch) failed; retry without sandbox\? The sandbox /u;
  return reason.replace(question, "blocked by sandbox: it ");
}

function patchQuestion(
  taskId: string,
  msg: EventMsgOf<"apply_patch_approval_request">,
  { rules }: QuestionContext,
): PatchQuestion {
  const outside = Object.keys(msg.changes)
    .map((path) => resolve(path))
    .filter((path) => !isWithin(path, rules.cwd));
  const root = msg.grant_root === undefined ? undefined : revealLine(msg.grant_root);
  const places = outside.map((path) => `Writes outside of the workspace: ${revealLine(path)}`);
  const why =
    msg.reason === undefined
      ? "Why: under this approval policy you are asked before every change"
      : `Why: ${revealLine(denialIn(msg.reason))}`;
  return {
    kind: "patch",
    taskId,
    callId: msg.call_id,
    title: "Edit files?",
    changes: msg.changes,
    reasons: [why, ...places],
    evidence: undefined,
    warnings: [],
    // Without a reason the policy is to ask about every change; with one, a boundary is crossed.
    isRiskier: outside.length > 0 || msg.reason !== undefined,
    sessionRule: root === undefined ? undefined : `grants write to ${root} for this session`,
    sessionGrant: root === undefined ? undefined : `write to ${root}`,
  };
}

const EVIDENCE_LINES = 5;

function lastLines(output: string): string | undefined {
  if (countLines(output) === 0) return undefined;
  return output.trimEnd().split("\n").slice(-EVIDENCE_LINES).join("\n");
}

/** The line that stays in the transcript. */
export function describeAnswer(question: Question, { decision, feedback }: Answer): string {
  const subject = subjectOf(question);
  const said = feedback === undefined ? "" : `; told the model: ${sanitizeLine(feedback)}`;
  switch (decision) {
    case "approved":
      return `You approved, this once: ${subject}`;
    case "approved_for_session":
      return `You approved for this session (${question.sessionRule ?? "this"}): ${subject}`;
    case "denied":
      return `You refused: ${subject}${said}`;
    case "abort":
      return `You refused and stopped the turn: ${subject}`;
  }
}

/** The same, when the session has ended before there was an answer. */
export function describeAbandoned(question: Question): string {
  return `Refused, as the session ended without your answer: ${subjectOf(question)}`;
}

function subjectOf(question: Question): string {
  return question.kind === "exec" ? `$ ${question.command}` : patchNames(question.changes);
}

function patchNames(changes: FileChanges): string {
  const names = Object.keys(changes).map((path) => revealLine(path));
  return `changes of ${names.join(", ")}`;
}
