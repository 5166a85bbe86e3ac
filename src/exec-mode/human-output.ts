/**
 * The output of `codex exec` for people. When stdout is a terminal all of it goes there; otherwise
 * the progress goes to stderr, and stdout gets the final answer alone, for pipes.
 */
import type { Config } from "../config/config.ts";
import { modelAdvice } from "../core/model-advice.ts";
import { durationToMs } from "../protocol/event-encoding.ts";
import type { Event, EventMsg, EventMsgOf } from "../protocol/event.ts";
import type { FileChange } from "../protocol/file-change.ts";
import { isPatchNotice } from "../protocol/patch-notice.ts";
import { endsSilence, NO_ANSWER } from "../protocol/silent-turn.ts";
import { version } from "../runtime/version.ts";
import { joinWords } from "../shell/quote-words.ts";
import { describeRun, type EventPrinter } from "./event-printer.ts";
import type { OutputStream } from "./output-stream.ts";
import { formatDuration, formatTimestamp, printable, type Styles, styles } from "./styles.ts";

const MAX_OUTPUT_LINES = 20;
const RULE = "--------";

export interface HumanPrinterOptions {
  readonly progress: OutputStream;
  /** Undefined: the answer was shown with the progress, which is in the same place. */
  readonly answer: OutputStream | undefined;
  readonly isColored: boolean;
  readonly hidesReasoning: boolean;
  readonly now?: () => Date;
}

export function humanPrinter(options: HumanPrinterOptions): EventPrinter {
  return new HumanPrinter(options);
}

type Stream = "none" | "answer" | "reasoning";

class HumanPrinter implements EventPrinter {
  readonly #options: HumanPrinterOptions;
  readonly #style: Styles;
  /** What the last piece belonged to, and what of its text is shown already. */
  #streaming: Stream = "none";
  #shown = "";
  /** A turn runs, and nothing was said in it. */
  #isSilent = false;
  /** Commands and patches that run: their begin has what their end needs. */
  readonly #commands = new Map<string, string>();
  readonly #patches = new Map<string, { readonly startedAt: number; readonly auto: boolean }>();

  constructor(options: HumanPrinterOptions) {
    this.#options = options;
    this.#style = styles(options.isColored);
  }

  readonly begin = (config: Config, prompt: string): void => {
    const { bold, cyan } = this.#style;
    this.#block(`Codex ${version}`);
    this.#line(RULE);
    for (const [key, value] of Object.entries(describeRun(config))) {
      this.#line(`${bold(`${key}:`)} ${printable(value)}`);
    }
    this.#line(RULE);
    this.#block(cyan(bold("User instructions:")));
    this.#line(printable(prompt));
  };

  readonly event = ({ msg }: Event): void => {
    if (endsSilence(msg)) this.#isSilent = false;
    if (this.#text(msg)) return;
    this.#endStream();
    this.#other(msg);
  };

  readonly end = (lastMessage: string | null): void => {
    this.#endStream();
    const { answer } = this.#options;
    if (answer === undefined || lastMessage === null) return;
    answer.write(lastMessage.endsWith("\n") ? lastMessage : `${lastMessage}\n`);
  };

  /** Answers and thoughts, which come in pieces and then whole. False: something else. */
  #text(msg: EventMsg): boolean {
    const hides = this.#options.hidesReasoning;
    if (msg.type === "agent_message_delta") this.#piece("answer", msg.delta);
    else if (msg.type === "agent_message") this.#whole("answer", msg.message);
    else if (
      msg.type === "agent_reasoning_delta" ||
      msg.type === "agent_reasoning_raw_content_delta"
    ) {
      if (!hides) this.#piece("reasoning", msg.delta);
    } else if (msg.type === "agent_reasoning" || msg.type === "agent_reasoning_raw_content") {
      if (!hides) this.#whole("reasoning", msg.text);
    } else return msg.type === "agent_reasoning_section_break";
    return true;
  }

  #other(msg: EventMsg): void {
    switch (msg.type) {
      case "exec_command_begin":
        return this.#commandBegin(msg);
      case "exec_command_end":
        return this.#commandEnd(msg);
      case "patch_apply_begin":
        return this.#patchBegin(msg);
      case "patch_apply_end":
        return this.#patchEnd(msg);
      case "mcp_tool_call_begin": {
        const { magenta, bold } = this.#style;
        return this.#block(`${magenta("tool")} ${bold(describeInvocation(msg.invocation))}`);
      }
      case "mcp_tool_call_end":
        return this.#toolEnd(msg);
      case "turn_diff":
        this.#block(this.#style.magenta("turn diff:"));
        return this.#line(this.#coloredDiff(msg.unified_diff));
      case "plan_update":
        return this.#plan(msg);
      case "token_count":
        return this.#block(`tokens used: ${msg.total_tokens - (msg.cached_input_tokens ?? 0)}`);
      case "background_event": {
        const { red, dim } = this.#style;
        return this.#block((isPatchNotice(msg.message) ? red : dim)(printable(msg.message)));
      }
      case "error":
        return this.#error(msg.message);
      case "turn_aborted":
        return this.#block(this.#style.red(`Stopped: ${msg.reason}`));
      case "exec_approval_request":
      case "apply_patch_approval_request":
        return this.#block(this.#style.red("Asked for an approval that nobody can give"));
      case "agent_message":
      case "agent_message_delta":
      case "agent_reasoning":
      case "agent_reasoning_delta":
      case "agent_reasoning_raw_content":
      case "agent_reasoning_raw_content_delta":
      case "agent_reasoning_section_break":
      case "exec_command_output_delta":
      case "get_history_entry_response":
      case "mcp_list_tools_response":
      case "session_configured":
      case "shutdown_complete":
        return undefined;
      case "task_started":
        this.#isSilent = true;
        return undefined;
      case "task_complete":
        if (this.#isSilent) this.#block(this.#style.dim(NO_ANSWER));
        this.#isSilent = false;
        return undefined;
    }
  }

  #error(message: string): void {
    this.#block(this.#style.red(`ERROR: ${printable(message)}`));
    const advice = modelAdvice(message);
    if (advice !== undefined) this.#line(advice);
  }

  #commandBegin(msg: EventMsgOf<"exec_command_begin">): void {
    const command = printable(joinWords(msg.command));
    this.#commands.set(msg.call_id, command);
    const { magenta, bold } = this.#style;
    this.#block(`${magenta("exec")} ${bold(command)} in ${printable(msg.cwd)}`);
  }

  #commandEnd(msg: EventMsgOf<"exec_command_end">): void {
    const { green, red, bold } = this.#style;
    const command = bold(this.#commands.get(msg.call_id) ?? "command");
    this.#commands.delete(msg.call_id);
    const duration = formatDuration(durationToMs(msg.duration));
    const isSuccess = msg.exit_code === 0;
    const outcome = isSuccess ? "succeeded" : `exited ${msg.exit_code}`;
    const title = `${command} ${outcome} in ${duration}:`;
    this.#block(isSuccess ? green(title) : red(title));
    this.#output(msg.aggregated_output);
  }

  #patchBegin(msg: EventMsgOf<"patch_apply_begin">): void {
    this.#patches.set(msg.call_id, { startedAt: Date.now(), auto: msg.auto_approved });
    const { magenta } = this.#style;
    this.#block(`${magenta("apply_patch")} auto_approved=${String(msg.auto_approved)}:`);
    for (const [path, change] of Object.entries(msg.changes)) this.#change(path, change);
  }

  #change(path: string, change: FileChange): void {
    const { magenta, green } = this.#style;
    const name = printable(path);
    if (change === "delete") return this.#line(magenta(`D ${name}`));
    if ("add" in change) {
      this.#line(magenta(`A ${name}`));
      for (const line of linesOf(change.add.content)) this.#line(green(printable(line)));
      return;
    }
    const { unified_diff: diff, move_path: target } = change.update;
    this.#line(magenta(target === null ? `M ${name}` : `R ${name} -> ${printable(target)}`));
    if (diff !== "") this.#line(this.#coloredDiff(diff));
  }

  #patchEnd(msg: EventMsgOf<"patch_apply_end">): void {
    const { green, red } = this.#style;
    const begun = this.#patches.get(msg.call_id);
    this.#patches.delete(msg.call_id);
    const duration = formatDuration(begun === undefined ? 0 : Date.now() - begun.startedAt);
    const name = `apply_patch(auto_approved=${String(begun?.auto ?? false)})`;
    const title = `${name} ${msg.success ? "exited 0" : "failed"} in ${duration}:`;
    this.#block(msg.success ? green(title) : red(title));
    this.#output(msg.success ? msg.stdout : msg.stderr);
  }

  #toolEnd(msg: EventMsgOf<"mcp_tool_call_end">): void {
    const { green, red } = this.#style;
    const isSuccess = "Ok" in msg.result && msg.result.Ok.isError !== true;
    const duration = formatDuration(durationToMs(msg.duration));
    const call = describeInvocation(msg.invocation);
    const title = `${call} ${isSuccess ? "success" : "failed"} in ${duration}:`;
    this.#block(isSuccess ? green(title) : red(title));
    this.#output("Ok" in msg.result ? JSON.stringify(msg.result.Ok, undefined, 2) : msg.result.Err);
  }

  #plan({ explanation, plan }: EventMsgOf<"plan_update">): void {
    const reason = explanation === null ? "" : ` ${printable(explanation)}`;
    this.#block(`${this.#style.magenta("plan:")}${reason}`);
    const marks = { completed: "[x]", in_progress: "[>]", pending: "[ ]" } as const;
    for (const { step, status } of plan) this.#line(`${marks[status]} ${printable(step)}`);
  }

  #output(text: string): void {
    const lines = linesOf(printable(text));
    const shown = lines.length > MAX_OUTPUT_LINES ? lines.slice(-MAX_OUTPUT_LINES) : lines;
    const cut = lines.length - shown.length;
    if (cut > 0) this.#line(this.#style.dim(`[${cut} lines before these]`));
    for (const line of shown) this.#line(this.#style.dim(line));
  }

  #coloredDiff(diff: string): string {
    const { red, green } = this.#style;
    const colored = linesOf(printable(diff)).map((line) => {
      if (line.startsWith("+") && !line.startsWith("+++")) return green(line);
      return line.startsWith("-") && !line.startsWith("---") ? red(line) : line;
    });
    return colored.join("\n");
  }

  /** A part of a text that grows. */
  #piece(stream: Exclude<Stream, "none">, delta: string): void {
    if (this.#streaming !== stream) {
      this.#endStream();
      this.#title(stream);
      this.#streaming = stream;
    }
    this.#shown += delta;
    this.#options.progress.write(printable(delta));
  }

  /** The whole text: what its pieces have not shown yet. */
  #whole(stream: Exclude<Stream, "none">, text: string): void {
    if (this.#streaming === stream && text.startsWith(this.#shown)) {
      this.#options.progress.write(printable(text.slice(this.#shown.length)));
      this.#shown = text;
      return this.#endStream();
    }
    this.#endStream();
    this.#title(stream);
    this.#line(printable(text));
  }

  #title(stream: Exclude<Stream, "none">): void {
    const { magenta, italic } = this.#style;
    this.#block(magenta(italic(stream === "answer" ? "codex" : "thinking")));
  }

  #endStream(): void {
    if (this.#streaming === "none") return;
    if (!this.#shown.endsWith("\n")) this.#options.progress.write("\n");
    this.#streaming = "none";
    this.#shown = "";
  }

  #block(text: string): void {
    const time = formatTimestamp(this.#options.now?.() ?? new Date());
    this.#line(`${this.#style.dim(`[${time}]`)} ${text}`);
  }

  #line(text: string): void {
    this.#options.progress.write(`${text}\n`);
  }
}

function describeInvocation({
  server,
  tool,
  arguments: args,
}: EventMsgOf<"mcp_tool_call_begin">["invocation"]): string {
  const text = args === null || args === undefined ? "" : JSON.stringify(args);
  return printable(`${server}.${tool}(${text})`);
}

/** Without the empty one after the last line end. */
function linesOf(text: string): readonly string[] {
  if (text === "") return [];
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
}
