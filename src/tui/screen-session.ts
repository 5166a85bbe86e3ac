/** One session on a screen: connects terminal, screen and conversation, from the start to the end. */
import { wantsColors } from "../config/color-choice.ts";
import type { Config, ConfigFlags } from "../config/config.ts";
import type { ConversationManager } from "../core/conversation-manager.ts";
import { noticeCell } from "./cells.ts";
import { Chat } from "./chat.ts";
import { Composer, type ComposerRequest } from "./composer.ts";
import { ConversationView } from "./conversation-view.ts";
import { editInEditor } from "./external-editor.ts";
import { FileIndex } from "./file-index.ts";
import { pagerOf, showInPager } from "./external-pager.ts";
import { settleFirstRun } from "./first-run.ts";
import { hasAnimations, marksFor } from "./front-end.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { keepV8Calm } from "../runtime/v8-memory.ts";
import { notificationText, Notifier } from "./notifications.ts";
import type { TuiEnd, TuiOptions } from "./options.ts";
import { imageAt } from "./picture-path.ts";
import { readPatchedFile } from "./patched-file.ts";
import { PromptHistory } from "./prompt-history.ts";
import { Screen } from "./screen.ts";
import type { SlashHost } from "./slash-actions.ts";
import { Terminal } from "./terminal.ts";
import type { LentEnd } from "./terminal-program.ts";
import { toolRows } from "./tool-rows.ts";

export interface SessionInput {
  readonly options: TuiOptions;
  /** Loads what conversations need, once. */
  readonly loadManager: () => Promise<ConversationManager>;
  readonly resumePath: string | undefined;
  readonly isSandboxAvailable: boolean;
}

export function runScreenSession(input: SessionInput): Promise<TuiEnd> {
  return new ScreenSession(input).run();
}

const EXIT_CODES = { SIGHUP: 129, SIGTERM: 143, "end-of-input": 0 } as const;
const STOP_LIMIT_MS = 200;
/** With fewer than these, tables and boxes take more room than they are worth. */
const DRAWN_COLUMNS = 40;
const DRAWN_ROWS = 8;
/** Commands that run have this long to end, too; they are killed after two seconds. */
const HANG_UP_LIMIT_MS = 5000;

class ScreenSession {
  readonly #input: SessionInput;
  readonly #terminal: Terminal;
  readonly #view: ConversationView;
  readonly #composer: Composer;
  readonly #screen: Screen;
  readonly #chat: Chat;
  readonly #history: PromptHistory;
  readonly #notifier: Notifier;
  readonly #memory = new MemoryWatch(() => this.#screen.attention.lastKeyAt);
  /** Commands are for a conversation; before there is one they wait. */
  readonly #begun = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<TuiEnd>();
  #files: FileIndex | undefined;
  #reload: (flags: ConfigFlags) => Promise<Config>;
  #isEnding = false;
  /** The program that has the terminal. */
  #lent: { readonly stop: AbortController; readonly isOver: Promise<void> } | undefined;
  #hasFailed = false;

  constructor(input: SessionInput) {
    this.#input = input;
    const { options, loadManager, isSandboxAvailable } = input;
    const { config, env } = options;
    this.#reload = options.reload;
    const marks = marksFor(env);
    // These two and no others are told by Node when the size changes.
    const { stdin, stdout } = process;
    this.#terminal = new Terminal({
      stdin,
      stdout,
      isTmux: (env["TMUX"] ?? "") !== "",
      reportsFocus: config.tui.notifications !== false,
    });
    this.#view = new ConversationView({
      cwd: config.cwd,
      readPatched: readPatchedFile,
      marks,
      hidesReasoning: config.hideAgentReasoning,
      now: () => performance.now(),
      width: () => Math.max(1, this.#terminal.columns - 1),
      isPlain: () => this.#terminal.columns < DRAWN_COLUMNS || this.#terminal.rows < DRAWN_ROWS,
      onRows: (rows) => this.#screen.printed(rows),
    });
    this.#history = new PromptHistory((offset) => this.#chat.requestHistory(offset));
    this.#composer = new Composer({
      history: this.#history,
      marks,
      findFiles: (query) => this.#findFiles(query),
      imageAt: (text) => imageAt(text, this.#chat.rules.cwd),
    });
    this.#screen = new Screen({
      terminal: this.#terminal,
      view: this.#view,
      composer: this.#composer,
      marks,
      hasColors: wantsColors(options.color, true, env),
      config,
      hasAnimations: hasAnimations({ config, env }),
      actions: {
        request: (request) => this.#run(this.#request(request)),
        answer: (question, answer) => this.#chat.answer(question, answer),
        quit: () => this.#end(0),
        suspend: () => this.#suspend(),
        editDraft: () => this.#run(this.#editDraft()),
        editLastMessage: () => this.#run(this.#editLastMessage()),
        showInPager: (lines) => this.#showInPager(lines),
      },
    });
    this.#notifier = new Notifier({ env, config, write: this.#terminal.write });
    this.#chat = new Chat({
      loadManager,
      view: this.#view,
      config,
      isSandboxAvailable,
      now: () => performance.now(),
      listener: {
        onChange: () => this.#screen.changed(),
        onTurnStart: () => this.#memory.turnBegan(),
        onQuestion: (question) => {
          this.#screen.ask(question);
          this.#notifier.notify(notificationText("question"), this.#screen.attention);
        },
        onTurnEnd: () => {
          this.#memory.turnEnded();
          this.#screen.turnEnded();
          this.#notifier.notify(notificationText("turn-end"), this.#screen.attention);
        },
        onHistoryEntry: ({ offset, entry }) => {
          this.#composer.historyArrived(this.#history.received(offset, entry?.text));
          this.#screen.keyAnswered();
        },
        onTools: (tools) => this.#screen.print(toolRows(tools, this.#view.context)),
        onSession: (count) => this.#history.setStoredCount(count),
      },
    });
  }

  async run(): Promise<TuiEnd> {
    this.#terminal.start({
      onKey: (key) => this.#screen.key(key),
      onResize: () => this.#screen.resized(),
      onReady: () => this.#screen.ready(),
      onHangUp: (reason) => this.#hangUp(EXIT_CODES[reason]),
    });
    process.on("SIGINT", this.#interrupted);
    process.on("uncaughtException", this.#failed);
    try {
      this.#run(this.#begin());
      return await this.#ended.promise;
    } finally {
      this.#isEnding = true;
      process.off("SIGINT", this.#interrupted);
      // A terminal that goes away is told by the end of its input, too, often before the signal.
      // Until all is in the session file, that one must not end the process.
      const signalled = (signal: NodeJS.Signals): void =>
        this.#hangUp(signal === "SIGHUP" ? EXIT_CODES.SIGHUP : EXIT_CODES.SIGTERM);
      process.on("SIGHUP", signalled);
      process.on("SIGTERM", signalled);
      await this.#takeBack();
      await this.#terminal.synchronized.settled();
      try {
        const { openQuestion } = this.#screen;
        if (openQuestion !== undefined) this.#chat.abandon(openQuestion);
        // What stands in the live region would go with it.
        if (this.#chat.turn !== undefined) this.#view.interrupt();
        this.#screen.end();
      } finally {
        this.#terminal.stop();
      }
      await this.#chat.end();
      const canBeResumed = await this.#chat.canBeResumed();
      process.off("uncaughtException", this.#failed);
      process.off("SIGHUP", signalled);
      process.off("SIGTERM", signalled);
      if (canBeResumed) {
        this.#terminal.write(
          `To go on with this session: codex resume ${this.#chat.sessionId}\r\n`,
        );
      }
    }
  }

  /** Somebody sends the signal by hand: the same as the key. */
  readonly #interrupted = (): void => {
    // The key was for the program that has the terminal.
    if (this.#lent !== undefined) return;
    this.#screen.key({ kind: "chord", letter: "c", ctrl: true, alt: false });
  };

  /** From the program that has the terminal, if one has it. */
  async #takeBack(): Promise<void> {
    this.#lent?.stop.abort();
    await this.#lent?.isOver;
  }

  /** What nothing has caught ends the session too; the second time there is nothing to rely on. */
  readonly #failed = (error: Error): void => {
    if (this.#hasFailed) process.exit(1);
    this.#hasFailed = true;
    this.#ended.reject(error);
  };

  /** A failure that nobody expected ends the session, after the terminal is put back. */
  #run(work: Promise<void>): void {
    work.catch((error: unknown) => this.#ended.reject(error));
  }

  /** A terminal that takes nothing any more must not keep the program. */
  #hangUp(exitCode: number): void {
    this.#end(exitCode);
    setTimeout(() => process.exit(exitCode), HANG_UP_LIMIT_MS).unref();
  }

  #end(exitCode: number, wantsDemo = false): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#ended.resolve({ exitCode, wantsDemo });
  }

  async #begin(): Promise<void> {
    const { options, resumePath } = this.#input;
    const settled = await settleFirstRun(options, this.#screen);
    if (settled.kind !== "ready") {
      this.#end(0, settled.kind === "demo");
      return;
    }
    this.#chat.setConfig(settled.config);
    this.#screen.attach(this.#chat);
    // The composer is shown and takes keys before what a conversation needs is loaded.
    await nextFrame();
    if (resumePath === undefined) await this.#chat.begin();
    else await this.#resume(resumePath);
    this.#begun.resolve();
    keepV8Calm();
    this.#memory.begin();
    if (options.resume?.kind === "choose" && !(await this.#chooseSession("quits"))) {
      this.#end(0);
      return;
    }
    if (options.prompt !== undefined) this.#chat.send(options.prompt);
  }

  /** False when the user chose none. */
  async #chooseSession(onEscape?: "quits"): Promise<boolean> {
    const { askForSession } = await import("./session-list.ts");
    const answer = await askForSession({
      codexHome: this.#chat.config.codexHome,
      except: this.#chat.sessionId,
      choose: (menu) => this.#screen.choose(menu),
      onEscape,
    });
    if (answer.kind === "empty") {
      this.#screen.print(noticeCell("There is no earlier session", this.#view.context));
      return true;
    }
    if (answer.kind === "chosen") await this.#resume(answer.path);
    return answer.kind === "chosen";
  }

  async #resume(path: string): Promise<void> {
    const { resumeSession } = await import("./session-list.ts");
    await resumeSession(path, this.#chat, this.#view);
    this.#screen.changed();
  }

  async #request(request: ComposerRequest): Promise<void> {
    switch (request.kind) {
      case "send":
        this.#chat.send(request.message);
        break;
      case "command": {
        const { runSlashCommand } = await import("./slash-actions.ts");
        await this.#begun.promise;
        await runSlashCommand(request.command, request.argument, this.#slashHost());
        break;
      }
      case "refused-command":
        this.#screen.hint(request.problem);
        break;
    }
  }

  #showInPager(lines: readonly string[]): boolean {
    const { env } = this.#input.options;
    const pager = pagerOf(env);
    if (pager === undefined) return false;
    const { cwd } = this.#chat.rules;
    this.#run(this.#lendTo((signal) => showInPager(pager, lines, { env, cwd, signal })));
    return true;
  }

  /** The terminal is another program's until `work` is over; what it answers with is shown. */
  async #lendTo(work: (signal: AbortSignal) => Promise<LentEnd>): Promise<void> {
    const stop = new AbortController();
    const isOver = Promise.withResolvers<void>();
    this.#lent = { stop, isOver: isOver.promise };
    this.#screen.lend();
    let end: LentEnd = { leftBehind: true };
    try {
      end = await work(stop.signal);
    } finally {
      if (end.leftBehind === true) this.#terminal.reclaim();
      this.#lent = undefined;
      if (!this.#isEnding) this.#screen.resume();
      isOver.resolve();
    }
    if (end.problem !== undefined) this.#screen.hint(end.problem);
  }

  async #editLastMessage(): Promise<void> {
    const rewound = await this.#chat.rewind();
    if (rewound === undefined) return;
    const { message, lostImages, isTakenBack } = rewound;
    this.#composer.setMessage(message);
    const outcome = isTakenBack
      ? "The last message and what followed it are taken back; files stay as they are (/undo)"
      : "The last message is here again; the model still knows it, for it cannot be taken back";
    const text = lostImages === 0 ? outcome : `${outcome}. Pictures to attach again: ${lostImages}`;
    this.#view.note(text, noticeCell(text, this.#view.context));
    this.#screen.changed();
  }

  #slashHost(): SlashHost {
    return {
      ui: this.#screen,
      chat: this.#chat,
      view: this.#view,
      reload: this.#reload,
      insert: (text) => this.#composer.editor.insert(text),
      giveBack: (text) => this.#composer.editor.insert(text),
      attachImage: (path) => this.#composer.attachImage(path),
      copy: (text) => this.#terminal.write(clipboardSequence(text)),
      showTranscript: () => this.#screen.openTranscript(),
      chooseSession: async () => void (await this.#chooseSession()),
      quit: () => this.#end(0),
    };
  }

  #findFiles(query: string): readonly string[] {
    this.#files ??= new FileIndex(this.#chat.rules.cwd, () => this.#screen.keyAnswered());
    return this.#files.find(query);
  }

  #suspend(): void {
    this.#screen.suspend();
    let isSuspended = true;
    const resume = (): void => {
      if (!isSuspended) return;
      isSuspended = false;
      process.off("SIGCONT", resume);
      if (!this.#isEnding) this.#screen.resume();
    };
    process.on("SIGCONT", resume);
    // The timer keeps the program alive, which nothing else does without input; and where there is
    // no shell to stop for, the signal is ignored and the session goes on.
    setTimeout(resume, STOP_LIMIT_MS);
    process.kill(process.pid, "SIGTSTP");
  }

  async #editDraft(): Promise<void> {
    const { editor } = this.#composer;
    const { env } = this.#input.options;
    await this.#lendTo(async (signal) => {
      const result = await editInEditor(editor.text, { env, cwd: this.#chat.rules.cwd, signal });
      if (result.kind === "kept") return result;
      this.#composer.setMessage({ text: result.text, imagePaths: editor.imagePaths });
      return {};
    });
  }
}

/** Frames that are due are drawn in one of these, and those before this one first. */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Asks the terminal to put text into the clipboard. Source: xterm's control sequences, OSC 52. */
function clipboardSequence(text: string): string {
  return `\u001b]52;c;${Buffer.from(text).toString("base64")}\u0007`;
}
