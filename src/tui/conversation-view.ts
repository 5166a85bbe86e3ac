/**
 * What a conversation looks like: takes its events in, gives finished rows for the scrollback and
 * the rows of what still runs. Knows nothing of keys, terminals or the composer.
 */
import type { Event, EventMsg, EventMsgOf } from "../protocol/event.ts";
import type { FileChanges } from "../protocol/file-change.ts";
import { isPatchNotice } from "../protocol/patch-notice.ts";
import { endsSilence, NO_ANSWER } from "../protocol/silent-turn.ts";
import * as cells from "./cells.ts";
import { commandLine, commandTitle, describeExploration } from "./command-text.ts";
import { ContextMeter } from "./context-meter.ts";
import { diffRows } from "./diff-rows.ts";
import { millisecondsOf } from "./durations.ts";
import {
  latestHeading,
  liveCallRows,
  liveCommandRows,
  liveExplorationRow,
  livePatchRow,
  liveReasoningRow,
} from "./live-cells.ts";
import type { Marks } from "./marks.ts";
import type { Markdown } from "./markdown.ts";
import type { MarkdownOptions } from "./markdown-rows.ts";
import type { StreamedBlock } from "./markdown-stream.ts";
import { PlanInProgress } from "./plan-in-progress.ts";
import { describeAttempts, describeWaiting, parseRetry, type RetryAttempt } from "./retry-state.ts";
import { RunningOutput } from "./running-output.ts";
import { type Row, row, rowText, span, type Style, YELLOW } from "./styled.ts";
import { Transcript, type TranscriptEntry, type TranscriptLine } from "./transcript.ts";
import { withContext } from "./wider-hunks.ts";
import { wrapWords } from "./wrap.ts";

export interface ViewOptions {
  readonly cwd: string;
  readonly marks: Marks;
  readonly hidesReasoning: boolean;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  /** There is no live region: starts are printed, and there are no keys. */
  readonly isLines?: boolean;
  /** Columns for rows, asked whenever something is laid out. */
  readonly width: () => number;
  /** No tables and boxes: small terminals, and those that get lines. */
  readonly isPlain?: () => boolean;
  /** A file that was just patched. Default: changes are shown with what their event has around them. */
  readonly readPatched?: (path: string) => string | undefined;
  /** Takes finished rows at once. Default: they wait for `takePrinted`. */
  readonly onRows?: (rows: readonly Row[]) => void;
}

interface RunningCommand {
  readonly title: string;
  readonly line: string;
  readonly startedAt: number;
  readonly output: RunningOutput;
  readonly exploration: readonly string[] | undefined;
}

/** More than this is laid out at once, drawn or not: a fast answer, or one that nobody looks at. */
const MAX_ARRIVED_CHARACTERS = 4096;

/** The pager breaks lines itself. */
const UNBROKEN = 100_000;

export class ConversationView {
  readonly transcript = new Transcript();
  readonly meter = new ContextMeter();
  readonly #options: ViewOptions;
  #markdown: Markdown | undefined;
  #printed: Row[] = [];
  #hasPrinted = false;
  /** From the first row of the plan that was printed last to the last row that is printed. */
  #rowsFromPlan = 0;
  /** Of the running message, not laid out yet. */
  #arrived = "";
  /** What of the running message has come as deltas, and is laid out. */
  #streamed = "";
  /** Something of the running message is in the scrollback already. */
  #isPartlyPrinted = false;
  /** The last printed rows are of a running message. */
  #endsWithMessage = false;
  #reasoningHeading = "";
  #explored: string[] = [];
  readonly #commands = new Map<string, RunningCommand>();
  readonly #patches = new Map<string, FileChanges>();
  #mcpCall: string | undefined;
  readonly #plan: PlanInProgress;
  #attempts: RetryAttempt[] = [];
  #retryAt = 0;
  #turnDiff = "";
  /** A turn runs, and nothing was said in it, not even why it failed. */
  #isSilent = false;
  #isExpanded = false;
  #ended: { readonly callId: string; readonly output: string } | undefined;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#plan = new PlanInProgress(options.now);
  }

  /** Has to be over before the first event comes. */
  async load(): Promise<void> {
    const { Markdown } = await import("./markdown.ts");
    this.#markdown ??= new Markdown();
  }

  /**
   * Lays out the text that has come. A model sends dozens of small pieces a second; done with each
   * of them, it would be a third of the work of an answer, so it is done once for every frame.
   */
  settle(): void {
    const arrived = this.#arrived;
    if (arrived === "") return;
    this.#arrived = "";
    if (this.#streamed === "") this.#flushExplored();
    this.#streamed += arrived;
    for (const block of this.#loaded.stream.push(arrived)) this.#printBlock(block);
  }

  /** Rows that are finished since the last call; each is given out once. */
  takePrinted(): readonly Row[] {
    this.settle();
    const printed = this.#printed;
    this.#printed = [];
    return printed;
  }

  /** A cell: rows that belong together, set apart from those before by an empty row. */
  print(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    this.settle();
    this.#flushExplored();
    this.#printRows(rows);
  }

  /** The transcript with what is being said and done right now. */
  transcriptLines(): readonly TranscriptLine[] {
    this.settle();
    const unfinished: TranscriptEntry[] = [];
    if (this.#streamed !== "") {
      unfinished.push({ title: "Codex  (writing)", text: this.#streamed, kind: "prose" });
    }
    for (const { title, output } of this.#commands.values()) {
      const cut = output.isCut ? "… the beginning is shown when it has ended\n" : "";
      const text = `${cut}${output.text}`;
      unfinished.push({ title: `$ ${title}  (running)`, text, kind: "verbatim" });
    }
    return this.transcript.lines(this.#options.marks, unfinished);
  }

  get context(): cells.CellContext {
    const { marks, cwd, width, isLines } = this.#options;
    const fullView = isLines === true ? "/transcript" : "Ctrl-T";
    return { width: width(), marks, cwd, fullView };
  }

  /** Everything that the running or the last turn changed, in git's form. */
  get turnDiff(): string {
    return this.#turnDiff;
  }

  /** It has been taken back. */
  forgetTurnDiff(): void {
    this.#turnDiff = "";
  }

  /** What a command printed, if it is the one that ended last. */
  outputOf(callId: string): string | undefined {
    return this.#ended?.callId === callId ? this.#ended.output : undefined;
  }

  /** A line of our own that belongs to the transcript. */
  note(text: string, rows: readonly Row[]): void {
    this.transcript.add("Notice", text, "prose");
    this.print(rows);
  }

  /** More, or again fewer, rows of what a running command prints. */
  toggleExpanded(): void {
    this.#isExpanded = !this.#isExpanded;
  }

  userMessage(text: string): void {
    this.transcript.add("You", text, "prose");
    this.print(cells.userCell(text, this.context));
  }

  event({ msg }: Event): void {
    if (msg.type !== "agent_message_delta") this.settle();
    const isRetry = msg.type === "background_event" && !isPatchNotice(msg.message);
    if (!isRetry) this.#endRetry(msg);
    if (endsSilence(msg)) this.#isSilent = false;
    switch (msg.type) {
      case "agent_message_delta":
        this.#arrived += msg.delta;
        if (this.#arrived.length >= MAX_ARRIVED_CHARACTERS) this.settle();
        break;
      case "agent_message":
        this.#message(msg.message);
        break;
      case "agent_reasoning_delta":
        this.#reasoningHeading = latestHeading(this.#reasoningHeading + msg.delta);
        break;
      case "agent_reasoning":
      case "agent_reasoning_raw_content":
        this.#reasoning(msg.text);
        break;
      case "exec_command_begin":
        this.#commandBegins(msg);
        break;
      case "exec_command_output_delta":
        this.#commands.get(msg.call_id)?.output.add(Buffer.from(msg.chunk, "base64"));
        break;
      case "exec_command_end":
        this.#commandEnds(msg);
        break;
      case "patch_apply_begin":
        this.#finishMessage();
        this.#patches.set(msg.call_id, msg.changes);
        break;
      case "patch_apply_end":
        this.#patchEnds(msg);
        break;
      case "mcp_tool_call_begin":
        this.#finishMessage();
        this.#mcpCall = cells.mcpTitle(msg.invocation);
        break;
      case "mcp_tool_call_end":
        this.#mcpEnds(msg);
        break;
      case "plan_update":
        this.#plan.change(msg);
        break;
      case "background_event":
        this.#background(msg.message);
        break;
      case "error":
        this.#finishMessage();
        this.transcript.add("Error", msg.message, "prose");
        this.print(cells.errorCell(msg.message, this.context));
        break;
      case "turn_diff":
        this.#turnDiff = msg.unified_diff;
        break;
      case "task_started":
        this.#turnDiff = "";
        this.#isSilent = true;
        this.#ended = undefined;
        this.meter.setWindow(msg.model_context_window ?? undefined);
        break;
      case "token_count":
        this.meter.add(msg);
        break;
      case "task_complete":
        this.#endTurn();
        if (this.#isSilent) this.note(NO_ANSWER, cells.noAnswerCell(this.context));
        this.#isSilent = false;
        break;
      case "turn_aborted":
        this.interrupt();
        break;
      case "agent_reasoning_raw_content_delta":
      case "agent_reasoning_section_break":
      case "session_configured":
      case "exec_approval_request":
      case "apply_patch_approval_request":
      case "get_history_entry_response":
      case "mcp_list_tools_response":
      case "shutdown_complete":
        break;
    }
    // Not between the paragraphs of an answer.
    if (msg.type !== "agent_message_delta" && this.#plan.isDue) this.#printPlan();
  }

  /** What runs is stopped: as far as it has come it is printed. */
  interrupt(): void {
    this.settle();
    this.#finishMessage();
    const now = this.#options.now();
    const stopped = [...this.#commands.values()];
    for (const { title, startedAt, output } of stopped) {
      const facts = { title, elapsedMs: now - startedAt, lineCount: output.lineCount };
      this.transcript.add(`$ ${title}  (stopped)`, output.text, "verbatim");
      this.print(cells.interruptedCommandCell(facts, this.context));
    }
    this.#endTurn();
    this.note(cells.INTERRUPTED, cells.interruptedCell(this.context));
  }

  /** What is being done right now, newest last; at most `maxRows`, the newest of them. */
  liveRows(maxRows: number): readonly Row[] {
    this.settle();
    const rows = [...this.#messageRows(), ...this.#toolRows()];
    // What has been printed of it is still in sight.
    const isPlanSeen = !this.#plan.isUnprinted && this.#rowsFromPlan + rows.length <= maxRows;
    const plan = isPlanSeen ? [] : this.#plan.liveRows(maxRows, this.context);
    const room = Math.max(0, maxRows - plan.length);
    return [...rows.slice(Math.max(0, rows.length - room)), ...plan];
  }

  #printRows(rows: readonly Row[], gap = this.#gap): void {
    const cell = [...gap, ...rows];
    this.#hasPrinted = true;
    this.#endsWithMessage = false;
    this.#rowsFromPlan += cell.length;
    if (this.#options.onRows === undefined) this.#printed.push(...cell);
    else this.#options.onRows(cell);
  }

  /** The final text may hold more than its deltas did. */
  #message(text: string): void {
    if (text.startsWith(this.#streamed)) {
      this.#arrived = text.slice(this.#streamed.length);
      this.settle();
      // The history holds this one too; that made of deltas would be a second copy.
      this.#streamed = text;
    }
    this.#finishMessage();
  }

  #finishMessage(): void {
    for (const block of this.#loaded.stream.end()) this.#printBlock(block);
    if (this.#streamed !== "") this.transcript.add("Codex", this.#streamed, "prose");
    this.#streamed = "";
    this.#isPartlyPrinted = false;
    this.#reasoningHeading = "";
  }

  #printBlock(block: StreamedBlock): void {
    this.#isPartlyPrinted = true;
    const rows = this.#loaded.rows(block, this.markdownOptions);
    if (rows.length === 0) return;
    this.#flushExplored();
    this.#printRows(rows, this.#gapBefore(block));
    this.#endsWithMessage = true;
  }

  /** What sets a cell apart from the rows before it. */
  get #gap(): readonly Row[] {
    return this.#hasPrinted ? [[]] : [];
  }

  /** Nothing where an item follows the one before it in the text, and on the screen. */
  #gapBefore({ place }: StreamedBlock): readonly Row[] {
    return this.#endsWithMessage && place?.isSpaced === false ? [] : this.#gap;
  }

  get #loaded(): Markdown {
    if (this.#markdown === undefined)
      throw new TypeError("An event came before the view was loaded");
    return this.#markdown;
  }

  get markdownOptions(): MarkdownOptions {
    const { marks, width, isPlain } = this.#options;
    return { width: width(), isAscii: marks.done !== "✓", isPlain: isPlain?.() === true };
  }

  #reasoning(text: string): void {
    this.#reasoningHeading = "";
    this.transcript.add("Reasoning", text, "prose");
    if (!this.#options.hidesReasoning) this.print(cells.reasoningCell(text, this.context));
  }

  #commandBegins(msg: EventMsgOf<"exec_command_begin">): void {
    this.#finishMessage();
    const exploration = describeExploration(msg.parsed_cmd);
    if (exploration === undefined) this.#flushExplored();
    if (this.#options.isLines === true) {
      this.print([row(`${this.#options.marks.running} $ ${commandLine(msg.command)}`)]);
    }
    this.#commands.set(msg.call_id, {
      title: commandTitle(msg.command),
      line: commandLine(msg.command),
      startedAt: this.#options.now(),
      output: new RunningOutput(),
      exploration,
    });
  }

  #commandEnds(msg: EventMsgOf<"exec_command_end">): void {
    const command = this.#commands.get(msg.call_id);
    this.#commands.delete(msg.call_id);
    if (command === undefined) return;
    const facts = {
      title: command.title,
      exitCode: msg.exit_code,
      durationMs: millisecondsOf(msg.duration),
      output: msg.aggregated_output,
    };
    this.#ended = { callId: msg.call_id, output: msg.aggregated_output };
    const title = `$ ${command.title}  (exit ${msg.exit_code})`;
    this.transcript.add(title, msg.aggregated_output, "verbatim");
    if (command.exploration !== undefined && msg.exit_code === 0) {
      this.#explored.push(...command.exploration);
    } else {
      this.print(cells.commandCell(facts, this.context));
    }
  }

  #flushExplored(): void {
    const lines = this.#explored.splice(0);
    if (lines.length > 0) this.#printRows(cells.explorationCell(lines, this.context));
  }

  #patchEnds(msg: EventMsgOf<"patch_apply_end">): void {
    const begun = this.#patches.get(msg.call_id);
    this.#patches.delete(msg.call_id);
    if (begun === undefined) return;
    const { readPatched } = this.#options;
    const isWider = msg.success && readPatched !== undefined;
    const changes = isWider ? withContext(begun, readPatched) : begun;
    const message = msg.success ? msg.stdout : msg.stderr || msg.stdout;
    const diff = diffRows(changes, this.#options.cwd, UNBROKEN).map(rowText).join("\n");
    const title = `Patch ${cells.patchTitle(changes)}`;
    this.transcript.add(title, msg.success ? diff : `${message.trimEnd()}\n\n${diff}`, "verbatim");
    this.print(cells.patchCell({ changes, success: msg.success, message }, this.context));
  }

  #mcpEnds(msg: EventMsgOf<"mcp_tool_call_end">): void {
    this.#mcpCall = undefined;
    const { invocation, result } = msg;
    const text = "Ok" in result ? cells.mcpText(result.Ok) : result.Err;
    this.transcript.add(cells.mcpTitle(invocation), text, "verbatim");
    this.print(
      cells.mcpCell({ invocation, result, durationMs: millisecondsOf(msg.duration) }, this.context),
    );
  }

  #printPlan(): void {
    const rows = this.#plan.takeRows(this.context);
    const text = rows.map(rowText).join("\n");
    this.transcript.add("Plan", text.replace(/^Plan\s*/u, ""), "prose");
    this.print(rows);
    this.#rowsFromPlan = rows.length;
  }

  #background(message: string): void {
    // What a patch says of itself comes from the model, and is never news of an attempt.
    const isPatch = isPatchNotice(message);
    const attempt = isPatch ? undefined : parseRetry(message);
    if (attempt === undefined) {
      this.#finishMessage();
      this.transcript.add("Notice", message, "prose");
      const cell = isPatch ? cells.failedCell : cells.noticeCell;
      this.print(cell(message, this.context));
      return;
    }
    this.#cutMessage();
    this.#attempts.push(attempt);
    this.#retryAt = this.#options.now();
  }

  /** The answer starts again: what stands in the scrollback is marked, the rest is thrown away. */
  #cutMessage(): void {
    const wasPrinted = this.#isPartlyPrinted;
    this.#loaded.stream.discard();
    this.#streamed = "";
    this.#isPartlyPrinted = false;
    this.#reasoningHeading = "";
    if (wasPrinted)
      this.print(this.#wrapped("(stream cut here; answer restarts)", { color: YELLOW }));
  }

  #endRetry(msg: EventMsg): void {
    if (this.#attempts.length === 0 || msg.type === "turn_diff") return;
    const lines = describeAttempts(this.#attempts.splice(0));
    this.print(lines.flatMap((line) => cells.retryCell(line, this.context)));
  }

  #endTurn(): void {
    this.#finishMessage();
    this.#flushExplored();
    if (this.#plan.isUnprinted) this.#printPlan();
    this.#plan.end();
    this.#commands.clear();
    this.#patches.clear();
    this.#mcpCall = undefined;
  }

  #wrapped(text: string, style: Style): readonly Row[] {
    return wrapWords([span(text, style)], { width: this.#options.width() });
  }

  #messageRows(): readonly Row[] {
    const open = this.#markdown?.stream.open;
    if (open !== undefined && open.text.trim() !== "") {
      return [...this.#gapBefore(open), ...this.#loaded.rows(open, this.markdownOptions)];
    }
    if (this.#attempts.length > 0) return this.#retryRows();
    if (this.#reasoningHeading === "") return [];
    return [[], liveReasoningRow(this.#reasoningHeading, this.context)];
  }

  #retryRows(): readonly Row[] {
    const attempt = this.#attempts.at(-1);
    if (attempt === undefined) return [];
    const text = describeWaiting(attempt, this.#options.now() - this.#retryAt);
    return [[], ...cells.retryCell(text, this.context)];
  }

  #toolRows(): readonly Row[] {
    const { context } = this;
    const now = this.#options.now();
    const rows: Row[] = [];
    if (this.#explored.length > 0) rows.push([], liveExplorationRow(this.#explored, context));
    for (const { line, startedAt, output } of this.#commands.values()) {
      const command = { line, elapsedMs: now - startedAt, output };
      rows.push([], ...liveCommandRows(command, this.#isExpanded, context));
    }
    for (const changes of this.#patches.values()) rows.push([], livePatchRow(changes, context));
    if (this.#mcpCall !== undefined) rows.push([], ...liveCallRows(this.#mcpCall, context));
    return rows;
  }
}
