/** The plan of the running turn: stays in the live region, and is printed now and then as it changes. */
import type { EventMsgOf } from "../protocol/event.ts";
import type { PlanStep } from "../protocol/plan.ts";
import { type CellContext, planRows } from "./cells.ts";
import { sanitizeLine } from "./sanitize.ts";
import { BOLD, CYAN, type Row, span, type Style } from "./styled.ts";
import { shorten } from "./width.ts";

const PRINT_INTERVAL_MS = 10_000;
const LIVE_ROWS = 8;
/** With fewer than these the steps are not listed. */
const MIN_WINDOW = 3;
/** With fewer rows than these for everything that is live, a plan has none, or no empty one above. */
const MIN_ROWS = 3;
const MIN_SPACED_ROWS = 6;
const CURRENT: Style = { color: CYAN };

type Plan = EventMsgOf<"plan_update">;

export class PlanInProgress {
  readonly #now: () => number;
  #plan: Plan | undefined;
  #isPrinted = true;
  #printedAt = Number.NEGATIVE_INFINITY;
  /** Most frames want the same rows again. */
  #live:
    | { readonly maxRows: number; readonly width: number; readonly rows: readonly Row[] }
    | undefined;

  /** `now` in milliseconds; only differences count. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** What it says has not been printed. */
  get isUnprinted(): boolean {
    return !this.#isPrinted;
  }

  /** It has not been printed, and the last one was long enough ago. */
  get isDue(): boolean {
    return !this.#isPrinted && this.#now() - this.#printedAt >= PRINT_INTERVAL_MS;
  }

  change(plan: Plan): void {
    if (JSON.stringify(plan) === JSON.stringify(this.#plan)) return;
    this.#plan = plan;
    this.#isPrinted = false;
    this.#live = undefined;
  }

  /** To be printed. */
  takeRows(context: CellContext): readonly Row[] {
    if (this.#plan === undefined) return [];
    this.#isPrinted = true;
    this.#printedAt = this.#now();
    return planRows(this.#plan.plan, this.#plan.explanation, context);
  }

  /** With the turn. */
  end(): void {
    this.#plan = undefined;
    this.#isPrinted = true;
    this.#live = undefined;
  }

  /** A part of the `maxRows` that there are; on small screens the current step alone. */
  liveRows(maxRows: number, context: CellContext): readonly Row[] {
    const plan = this.#plan;
    if (plan === undefined || plan.plan.length === 0 || maxRows < MIN_ROWS) return [];
    const { width } = context;
    if (this.#live?.maxRows !== maxRows || this.#live.width !== width) {
      const most = Math.min(LIVE_ROWS, Math.floor(maxRows / 2) - 1);
      const rows = windowOf(plan, most, context) ?? [stepRow(plan, context)];
      this.#live = { maxRows, width, rows: maxRows < MIN_SPACED_ROWS ? rows : [[], ...rows] };
    }
    return this.#live.rows;
  }
}

/** What is done gives way first. Undefined: the current step would not be seen. */
function windowOf({ plan }: Plan, most: number, context: CellContext): readonly Row[] | undefined {
  let title: string | null = null;
  let steps = plan;
  let rows = planRows(steps, title, context);
  for (let done = 1; rows.length > most && steps[0]?.status === "completed"; done += 1) {
    steps = steps.slice(1);
    title = `${done} done`;
    rows = planRows(steps, title, context);
  }
  const upToCurrent = steps.slice(0, steps.findIndex(isCurrent) + 1);
  const needed = planRows(upToCurrent, title, context).length;
  return most >= MIN_WINDOW && needed <= most ? rows.slice(0, most) : undefined;
}

/** `Plan 2/5 > The step that is being worked on` */
function stepRow({ plan }: Plan, { width, marks }: CellContext): Row {
  const current = plan.findIndex(isCurrent);
  const done = plan.filter(({ status }) => status === "completed").length;
  const count = `Plan ${current === -1 ? done : current + 1}/${plan.length}`;
  const step =
    current === -1 ? "done" : `${marks.current} ${sanitizeLine(plan[current]?.step ?? "")}`;
  const room = Math.max(0, width - count.length - 1);
  return [span(count, BOLD), span(` ${shorten(step, room, marks.ellipsis)}`, CURRENT)];
}

function isCurrent({ status }: PlanStep): boolean {
  return status === "in_progress";
}
