/**
 * A session line by line, for terminals without cursor movement and for screen readers: plain text,
 * nothing is ever drawn anew, and every answer is a typed word.
 */
import { type Answer, type Question } from "./approval-question.ts";
import type { CellContext } from "./cells.ts";
import { failedCell, noticeCell } from "./cells.ts";
import { Chat } from "./chat.ts";
import { ConversationView } from "./conversation-view.ts";
import { settleFirstRun } from "./first-run.ts";
import { marksFor, wantsScreenReader } from "./front-end.ts";
import { LineInput } from "./line-input.ts";
import { menuLines, menuPrompt, readChoice } from "./line-menu.ts";
import { answerHint, questionLines, readAnswer } from "./line-question.ts";
import { ASCII_MARKS, type Marks } from "./marks.ts";
import type { MenuRequest } from "./menu.ts";
import { notificationText, Notifier } from "./notifications.ts";
import type { TuiEnd } from "./options.ts";
import { readPatchedFile } from "./patched-file.ts";
import type { SessionInput } from "./screen-session.ts";
import { askForSession, resumeSession } from "./session-list.ts";
import { sanitizeText } from "./sanitize.ts";
import type { SideWork } from "./side-work.ts";
import { runSlashCommand, type SlashHost } from "./slash-actions.ts";
import { parseSlash, type SlashCommand } from "./slash-commands.ts";
import { statusRow } from "./status-line.ts";
import { type Row, rowText } from "./styled.ts";
import { setBlocking } from "./terminal.ts";
import { toolRows } from "./tool-rows.ts";
import type { Ui } from "./ui.ts";

export function runLineSession(input: SessionInput): Promise<TuiEnd> {
  return new LineSession(input).run();
}

const EXIT_SIGNALS = { SIGHUP: 129, SIGTERM: 143 } as const;
/** A line that comes this soon after a question was not written for it. */
const GUARD_MS = 400;
const QUIT_ARMED_MS = 2000;
/** A screen reader breaks paragraphs itself. */
const UNBROKEN = 100_000;
const PROMPT = "> ";
/** Nobody reads so far ahead of a slow terminal: the model has to wait for it. */
const FULL_CHARACTERS = 1024 * 1024;
/** A terminal that takes nothing any more must not keep the program that was told to end. */
const HANG_UP_LIMIT_MS = 5000;

class LineSession implements Ui {
  readonly frontEnd = "lines";
  sideWork: SideWork | undefined;
  readonly #input: SessionInput;
  readonly #stdout = process.stdout;
  readonly #lines: LineInput;
  readonly #marks: Marks;
  readonly #isScreenReader: boolean;
  readonly #view: ConversationView;
  readonly #chat: Chat;
  readonly #notifier: Notifier;
  readonly #ended = Promise.withResolvers<TuiEnd>();
  /** Takes lines instead of the conversation; undefined when there will be none. */
  #asker: ((line: string | undefined) => void) | undefined;
  #question: { readonly question: Question; readonly shownAt: number } | undefined;
  #waitingQuestions: Question[] = [];
  /** They may ask something of their own, and then a question of the agent has to wait. */
  #runningCommands = 0;
  #isEnding = false;
  #images: string[] = [];
  /** Lines that ended with a backslash. */
  #begun: string[] = [];
  #shownStatus = "";
  #quitArmedUntil = 0;
  #lastLineAt = 0;
  #hasPrompt = false;
  /** The cursor is at the start of a line. */
  #isFresh = true;
  #isReady = false;
  #isAnswerHeld = false;

  constructor(input: SessionInput) {
    this.#input = input;
    const { options, loadManager, isSandboxAvailable } = input;
    const { config, env } = options;
    this.#isScreenReader = wantsScreenReader(options);
    this.#marks = this.#isScreenReader ? ASCII_MARKS : marksFor(env);
    this.#view = new ConversationView({
      cwd: config.cwd,
      readPatched: readPatchedFile,
      marks: this.#marks,
      hidesReasoning: config.hideAgentReasoning,
      isLines: true,
      now: () => performance.now(),
      width: () => this.#width,
      isPlain: () => true,
    });
    this.#notifier = new Notifier({ env, config, write: (text) => this.#write(text) });
    this.#chat = new Chat({
      loadManager,
      view: this.#view,
      config,
      isSandboxAvailable,
      now: () => performance.now(),
      listener: {
        onChange: () => this.#flush(),
        onTurnStart: () => undefined,
        onQuestion: (question) => this.#arrived(question),
        onTurnEnd: (kind) => this.#turnEnded(kind),
        onHistoryEntry: () => undefined,
        onTools: (tools) => this.print(toolRows(tools, this.#view.context)),
        onSession: () => undefined,
      },
    });
    this.#lines = new LineInput(process.stdin, {
      onLine: (line) => this.#line(line),
      onEnd: () => this.#end(0),
    });
  }

  async run(): Promise<TuiEnd> {
    process.on("SIGINT", this.#interrupted);
    process.on("uncaughtException", this.#failed);
    const handlers = Object.entries(EXIT_SIGNALS).map(([signal, code]) => {
      const handler = (): void => this.#hangUp(code);
      process.on(signal, handler);
      return () => process.off(signal, handler);
    });
    this.#stdout.on("error", () => this.#end(EXIT_SIGNALS.SIGHUP));
    // Ctrl-C is heard while a slow terminal takes what was written.
    setBlocking(this.#stdout, false);
    try {
      this.#run(this.#begin());
      return await this.#ended.promise;
    } finally {
      process.off("SIGINT", this.#interrupted);
      process.off("uncaughtException", this.#failed);
      this.#lines.close();
      this.#isReady = false;
      this.sideWork?.cancel();
      const open = this.#question?.question ?? this.#waitingQuestions[0];
      if (open !== undefined) this.#chat.abandon(open);
      // The signals of a terminal that goes away come behind the end of its input; until all is in
      // the session file, they must not end the process.
      await this.#chat.end();
      const canBeResumed = await this.#chat.canBeResumed();
      for (const remove of handlers) remove();
      this.#flush();
      if (!this.#isFresh) this.#write("\n");
      if (canBeResumed) {
        this.#write(`To go on with this session: codex resume ${this.#chat.sessionId}\n`);
      }
    }
  }

  /** What nothing has caught ends the session. */
  readonly #failed = (error: Error): void => this.#ended.reject(error);

  get cellContext(): CellContext {
    return this.#view.context;
  }

  readonly print = (rows: readonly Row[]): void => {
    this.#view.print(rows);
    this.#flush();
  };

  readonly choose = (menu: MenuRequest): Promise<string | undefined> => {
    const open = this.#question;
    if (open !== undefined) {
      // A number must not be taken for the answer to the other one: it is asked again afterwards.
      this.#question = undefined;
      this.#waitingQuestions.unshift(open.question);
    }
    if (this.#waitingQuestions.length > 0) this.#sayThatQuestionWaits();
    this.#write(`${menuLines(menu).join("\n")}\n${menuPrompt(menu)}`);
    // The last that was asked gets the line; nobody answers what stands above it.
    this.#asker?.(undefined);
    return new Promise((resolve) => {
      this.#asker = (line) => {
        const isGivenUp = line === undefined || line.trim() === "";
        const choice = isGivenUp ? undefined : readChoice(line, menu);
        if (!isGivenUp && choice === undefined) {
          this.#write(`Not understood. ${menuPrompt(menu)}`);
          return;
        }
        this.#asker = undefined;
        resolve(choice?.id);
      };
    });
  };

  readonly readSecret = async (title: string): Promise<string | undefined> => {
    this.#write(`${title} (not shown while typing): `);
    const secret = await this.#lines.readSecret();
    this.#write("\n");
    return secret;
  };

  get #width(): number {
    return this.#isScreenReader ? UNBROKEN : Math.max(20, (this.#stdout.columns || 80) - 1);
  }

  #write(text: string): void {
    this.#isFresh = text.endsWith("\n");
    try {
      this.#stdout.write(text, this.#written);
    } catch {
      this.#end(EXIT_SIGNALS.SIGHUP);
    }
    if (!this.#isAnswerHeld && this.#stdout.writableLength > FULL_CHARACTERS) this.#hold(true);
  }

  readonly #written = (): void => {
    if (this.#isAnswerHeld && this.#stdout.writableLength < FULL_CHARACTERS / 2) this.#hold(false);
  };

  #hold(isHeld: boolean): void {
    this.#isAnswerHeld = isHeld;
    this.#chat.holdAnswer(isHeld);
  }

  /** What is finished, and a prompt when it is the user's turn. */
  #flush(): void {
    const rows = this.#view.takePrinted();
    if (rows.length > 0) {
      const start = this.#isFresh ? "" : "\n";
      this.#hasPrompt = false;
      this.#write(`${start}${rows.map((cells) => `${rowText(cells)}\n`).join("")}`);
    }
    this.#showPrompt();
  }

  #showPrompt(): void {
    if (!this.#isReady || this.#hasPrompt || this.#asker !== undefined) return;
    if (this.#chat.turn !== undefined || this.#question !== undefined) return;
    this.#showStatus();
    this.#hasPrompt = true;
    this.#write(PROMPT);
  }

  /** Only when it says something new. */
  #showStatus(): void {
    const { rules, allowedCount } = this.#chat;
    const contextLeft = this.#view.meter.percentLeft;
    const row = statusRow(
      { ...rules, allowedCount, contextLeft, turn: undefined },
      UNBROKEN,
      this.#marks,
    );
    const text = rowText(row);
    if (text === this.#shownStatus) return;
    this.#shownStatus = text;
    this.#write(`${text}\n`);
  }

  #run(work: Promise<void>): void {
    work.catch((error: unknown) => this.#ended.reject(error));
  }

  #hangUp(exitCode: number): void {
    this.#end(exitCode);
    setTimeout(() => process.exit(exitCode), HANG_UP_LIMIT_MS).unref();
  }

  #end(exitCode: number, wantsDemo = false): void {
    this.#isEnding = true;
    this.#asker?.(undefined);
    this.#ended.resolve({ exitCode, wantsDemo });
  }

  async #begin(): Promise<void> {
    const { options, resumePath } = this.#input;
    const settled = await settleFirstRun(options, this);
    if (settled.kind !== "ready") {
      this.#end(0, settled.kind === "demo");
      return;
    }
    this.#chat.setConfig(settled.config);
    if (resumePath === undefined) await this.#chat.begin();
    else await resumeSession(resumePath, this.#chat, this.#view);
    if (options.resume?.kind === "choose" && !(await this.#chooseSession("quits"))) {
      this.#end(0);
      return;
    }
    this.#isReady = true;
    if (options.prompt !== undefined) this.#chat.send(options.prompt);
    this.#flush();
  }

  #line(line: string): void {
    this.#hasPrompt = false;
    this.#isFresh = true;
    this.#lastLineAt = performance.now();
    if (this.#asker !== undefined) {
      this.#asker(line);
      return;
    }
    const open = this.#question;
    if (open !== undefined && performance.now() - open.shownAt >= GUARD_MS) {
      this.#answerLine(line, open.question);
      return;
    }
    if (line.endsWith("\\")) {
      this.#begun.push(line.slice(0, -1));
      return;
    }
    const text = [...this.#begun.splice(0), line].join("\n").trimEnd();
    this.#message(sanitizeText(text));
  }

  #message(text: string): void {
    if (text === "" && this.#images.length === 0) {
      this.#showPrompt();
      return;
    }
    const slash = parseSlash(text);
    if (slash?.kind === "command") {
      this.#run(this.#command(slash.command, slash.argument));
    } else if (slash !== undefined) {
      this.print(failedCell(slash.problem, this.#view.context));
    } else {
      if (this.#chat.turn !== undefined) this.#write("Queued.\n");
      this.#chat.send({ text: text.trim(), imagePaths: this.#images.splice(0) });
    }
  }

  async #command(command: SlashCommand, argument: string): Promise<void> {
    this.#runningCommands += 1;
    try {
      await runSlashCommand(command, argument, this.#slashHost());
    } finally {
      this.#runningCommands -= 1;
    }
    this.#flush();
    this.#askNext();
  }

  #arrived(question: Question): void {
    this.#waitingQuestions.push(question);
    if (this.#asker !== undefined) this.#sayThatQuestionWaits();
    this.#askNext();
    this.#notifier.notify(notificationText("question"), {
      lastKeyAt: this.#lastLineAt,
      hasFocus: true,
    });
  }

  #sayThatQuestionWaits(): void {
    const text = "The agent has a question; it follows when this is answered";
    this.print(noticeCell(text, this.#view.context));
  }

  /** One at a time, and none while a menu is open. */
  #askNext(): void {
    if (this.#question !== undefined || this.#runningCommands > 0 || this.#isEnding) return;
    const question = this.#waitingQuestions.shift();
    if (question === undefined) return;
    this.#flush();
    this.#question = { question, shownAt: performance.now() };
    this.#write(`${questionLines(question, this.#chat.rules.cwd, this.#width).join("\n")}\n`);
  }

  #answerLine(line: string, question: Question): void {
    const answer = readAnswer(line, question);
    if (answer === undefined) this.#write(answerHint(question));
    else this.#answer(question, answer);
  }

  #answer(question: Question, answer: Answer): void {
    this.#question = undefined;
    this.#chat.answer(question, answer);
    this.#askNext();
  }

  #turnEnded(kind: "complete" | "interrupted"): void {
    this.#question = undefined;
    this.#waitingQuestions = [];
    if (this.#isScreenReader && kind === "complete") {
      this.print(noticeCell("Assistant finished", this.#view.context));
    }
    this.#notifier.notify(notificationText("turn-end"), {
      lastKeyAt: this.#lastLineAt,
      hasFocus: true,
    });
  }

  readonly #interrupted = (): void => {
    const now = performance.now();
    const open = this.#question;
    if (open !== undefined) {
      this.#answer(open.question, { decision: "abort" });
    } else if (this.#asker !== undefined) {
      this.#write("\n");
      this.#asker(undefined);
    } else if (this.#chat.turn !== undefined) {
      const messages = this.#chat.interrupt();
      for (const { text, imagePaths } of messages) {
        this.#images.push(...imagePaths);
        const pictures = imagePaths.length === 0 ? "" : " (its pictures go with the next message)";
        this.print(noticeCell(`Not sent: ${text}${pictures}`, this.#view.context));
      }
    } else if (this.sideWork !== undefined) {
      this.#write("\n");
      this.sideWork.cancel();
    } else if (now < this.#quitArmedUntil) {
      this.#end(0);
    } else {
      this.#quitArmedUntil = now + QUIT_ARMED_MS;
      this.#hasPrompt = false;
      this.#write("\nPress Ctrl-C again to quit\n");
      this.#showPrompt();
    }
  };

  /** False when the user chose none. */
  async #chooseSession(onEscape?: "quits"): Promise<boolean> {
    const answer = await askForSession({
      codexHome: this.#chat.config.codexHome,
      except: this.#chat.sessionId,
      choose: this.choose,
      onEscape,
    });
    if (answer.kind === "empty") {
      this.print(noticeCell("There is no earlier session", this.#view.context));
      return true;
    }
    if (answer.kind === "chosen") await resumeSession(answer.path, this.#chat, this.#view);
    return answer.kind === "chosen";
  }

  #slashHost(): SlashHost {
    return {
      ui: this,
      chat: this.#chat,
      view: this.#view,
      reload: this.#input.options.reload,
      insert: () => this.print(noticeCell("Name the file in your message", this.#view.context)),
      giveBack: () => undefined,
      attachImage: (path) => {
        this.#images.push(path);
        this.print(noticeCell(`Goes with the next message: ${path}`, this.#view.context));
      },
      copy: () =>
        this.print(
          noticeCell("This terminal has no clipboard; /raw prints the answer", this.#view.context),
        ),
      showTranscript: () => {
        const lines = this.#view.transcriptLines();
        this.#write(`${lines.map(({ text }) => text).join("\n")}\n`);
      },
      chooseSession: async () => void (await this.#chooseSession()),
      quit: () => this.#end(0),
    };
  }
}
