/** The last row of the live region: under which rules the agent works, and what it is doing. */
import { homedir } from "node:os";
import type { ApprovalPolicy } from "../protocol/approval.ts";
import type { ReasoningEffort } from "../protocol/reasoning.ts";
import { hasNetworkAccess, type SandboxPolicy } from "../protocol/sandbox-policy.ts";
import { formatElapsed } from "./durations.ts";
import type { Marks } from "./marks.ts";
import { sanitizeLine } from "./sanitize.ts";
import { DIM, type Row, type Span, span, type Style, YELLOW } from "./styled.ts";
import { shorten, textWidth } from "./width.ts";

export interface SessionRules {
  readonly model: string;
  /** Undefined for models that have none. */
  readonly effort: ReasoningEffort | undefined;
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  /** False when nothing on this machine can carry the sandbox policy out. */
  readonly isSandboxAvailable: boolean;
  readonly cwd: string;
}

export interface StatusFacts extends SessionRules {
  /** Grants for the session: commands, and directories for patches. */
  readonly allowedCount: number;
  readonly contextLeft: number | undefined;
  readonly turn: TurnStatus | undefined;
}

export interface TurnStatus {
  readonly elapsedMs: number;
  readonly isStopping: boolean;
  readonly queuedCount: number;
}

interface Field {
  readonly text: string;
  readonly style: Style;
  /** Fields with a low number go first when there is no room. */
  readonly rank: number;
}

const LOW_CONTEXT_PERCENT = 20;

export function statusRow(facts: StatusFacts, width: number, marks: Marks): Row {
  let fields = allFields(facts, marks);
  while (fields.length > 1 && totalWidth(fields, marks) > width) {
    const lowest = Math.min(...fields.map(({ rank }) => rank));
    fields = fields.filter(({ rank }) => rank !== lowest);
  }
  const spans: Span[] = [];
  for (const [index, { text, style }] of fields.entries()) {
    if (index > 0) spans.push(span(marks.separator, DIM));
    spans.push(span(fields.length === 1 ? shorten(text, width, marks.ellipsis) : text, style));
  }
  return spans;
}

function allFields(facts: StatusFacts, marks: Marks): readonly Field[] {
  const { turn, contextLeft, allowedCount } = facts;
  const allowed = allowedCount > 0 ? ` +${allowedCount} allowed` : "";
  const fields: Field[] = [
    { text: describeModel(facts), style: DIM, rank: 8 },
    { text: `${facts.approvalPolicy}${allowed}`, style: DIM, rank: 9 },
    sandboxField(facts),
    { text: `net ${hasNetworkAccess(facts.sandboxPolicy) ? "on" : "off"}`, style: DIM, rank: 3 },
    { text: shortPath(facts.cwd, marks), style: DIM, rank: 1 },
  ];
  if (contextLeft !== undefined) fields.push(contextField(contextLeft));
  if (turn === undefined) return fields;
  // While the agent works, what it is at and how to stop it comes first; a sandbox that is none stays
  // longer than the time.
  fields.push({ text: formatElapsed(turn.elapsedMs), style: {}, rank: 10 });
  const hint = turn.isStopping ? "interrupted, stopping" : "esc to interrupt";
  fields.push({ text: hint, style: {}, rank: 12 });
  if (turn.queuedCount > 0) fields.push({ text: `${turn.queuedCount} queued`, style: {}, rank: 4 });
  return fields;
}

function contextField(percent: number): Field {
  if (percent >= LOW_CONTEXT_PERCENT) return { text: `${percent}% ctx`, style: DIM, rank: 2 };
  return { text: `! ${percent}% ctx, /compact`, style: { color: YELLOW }, rank: 6 };
}

function sandboxField({ sandboxPolicy, isSandboxAvailable }: StatusFacts): Field {
  const { mode } = sandboxPolicy;
  if (mode === "danger-full-access")
    return { text: "NO SANDBOX", style: { inverse: true }, rank: 11 };
  if (isSandboxAvailable) return { text: mode, style: DIM, rank: 11 };
  return { text: "sandbox unavailable", style: { inverse: true }, rank: 11 };
}

export function describeModel({ model, effort }: Pick<SessionRules, "model" | "effort">): string {
  return sanitizeLine(effort === undefined ? model : `${model} ${effort}`);
}

/** `~` for the home, and only the last two names of a long path. */
export function shortPath(path: string, { ellipsis }: Pick<Marks, "ellipsis">): string {
  const home = homedir();
  const isHome = home !== "/" && (path === home || path.startsWith(`${home}/`));
  const shown = isHome ? `~${path.slice(home.length)}` : path;
  const names = shown.split("/");
  const short = names.length > 4 ? `${ellipsis}/${names.slice(-2).join("/")}` : shown;
  return sanitizeLine(short);
}

function totalWidth(fields: readonly Field[], { separator }: Marks): number {
  const texts = fields.reduce((sum, { text }) => sum + textWidth(text), 0);
  return texts + textWidth(separator) * (fields.length - 1);
}
