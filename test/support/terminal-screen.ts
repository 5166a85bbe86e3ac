/**
 * The executable on a pseudo-terminal, and what a user would see of it: rows, scrollback, cursor.
 * Every wait has a deadline, and says what was on the screen when it has passed.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ReadStream } from "node:tty";
import { type IPty, spawn } from "@lydell/node-pty";
import headless from "@xterm/headless";
import { isEnvironmentContext } from "../../src/core/environment-context.ts";
import { readRollout } from "../../src/core/rollout-reader.ts";
import { textOfMessage } from "../../src/protocol/model-item.ts";
import { codexBinary } from "./codex-binary.ts";
import type { ModelServer } from "./model-server.ts";
import { tempDir } from "./temp-dir.ts";
import { until } from "./until.ts";

export interface TerminalOptions {
  /** In place of the executable and its arguments. */
  readonly program?: readonly string[];
  readonly args?: readonly string[];
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly place: Place;
  /** False: the terminal leaves what it is asked without an answer. Default: it answers. */
  readonly answers?: boolean;
}

/** Directories of one user: where they work, and where the program keeps its things. */
export interface Place {
  readonly workspace: string;
  readonly codexHome: string;
}

const DEADLINE_MS = 15_000;
const SLOW_READ_MS = 20;

export const ESC = "\u001b";

/** Control sequences that begin so and end as the pattern says, for what must not be written. */
export function sequence(pattern: string): RegExp {
  return new RegExp(`${ESC}${pattern}`, "u");
}

export const KEY = {
  enter: "\r",
  escape: "\u001b",
  up: "\u001b[A",
  down: "\u001b[B",
  tab: "\t",
  backspace: "\u007f",
  control: (letter: string): string => String.fromCharCode(letter.charCodeAt(0) - 0x60),
  paste: (text: string): string => `\u001b[200~${text}\u001b[201~`,
} as const;

/** A workspace with a repository that is trusted, and a provider that is the scripted server. */
export function makePlace(
  t: TestContext,
  server: ModelServer | undefined,
  extraConfig = "",
  isTrusted = true,
): Place {
  const root = tempDir(t);
  const workspace = join(root, "work");
  const codexHome = join(root, "home");
  mkdirSync(join(workspace, ".git"), { recursive: true });
  // What the question of trust looks for.
  if (!isTrusted) writeFileSync(join(workspace, ".git/HEAD"), "ref: refs/heads/main\n");
  mkdirSync(codexHome, { mode: 0o700 });
  const provider =
    server === undefined
      ? ""
      : `[model_providers.scripted]\nname = "scripted"\nbase_url = "${server.url}"\nwire_api = "responses"\nstream_max_retries = 3\n`;
  const head = server === undefined ? "" : 'model_provider = "scripted"\n';
  const trust = isTrusted ? `[projects."${workspace}"]\ntrust_level = "trusted"\n` : "";
  writeFileSync(join(codexHome, "config.toml"), `${head}${extraConfig}\n${provider}${trust}`);
  return { workspace, codexHome };
}

export class TerminalScreen {
  readonly #pty: IPty;
  readonly #terminal: headless.Terminal;
  /** Of the program's bytes: a read may end within a character. */
  readonly #decoder = new TextDecoder();
  #raw = "";
  #slowReader: NodeJS.Timeout | undefined;
  #isClosed = false;
  #exit: { readonly exitCode: number; readonly signal: number | undefined } | undefined;

  constructor(t: TestContext, options: TerminalOptions) {
    const { columns = 80, rows = 24, place, answers = true } = options;
    this.#terminal = new headless.Terminal({
      cols: columns,
      rows,
      scrollback: 20_000,
      allowProposedApi: true,
    });
    const [program = codexBinary, ...args] = options.program ?? [
      codexBinary,
      ...(options.args ?? []),
    ];
    this.#pty = spawn(program, args, {
      name: options.env?.["TERM"] ?? "xterm-256color",
      cols: columns,
      rows,
      cwd: place.workspace,
      // Bytes, since a slow reader takes them where it likes.
      encoding: null,
      env: {
        PATH: process.env["PATH"] ?? "/bin:/usr/bin",
        HOME: place.codexHome,
        CODEX_HOME: place.codexHome,
        LANG: "C.UTF-8",
        TERM: "xterm-256color",
        ...options.env,
      },
    });
    this.#pty.onData((data: string | Buffer) => this.#take(Buffer.from(data)));
    this.#terminal.onData((answer) => {
      if (answers && this.#exit === undefined && !this.#isClosed) this.#pty.write(answer);
    });
    this.#pty.onExit(({ exitCode, signal }) => {
      this.#exit = { exitCode, signal };
    });
    t.after(() => {
      clearInterval(this.#slowReader);
      if (this.#exit === undefined) this.#pty.kill("SIGKILL");
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** Everything the program has written. */
  get raw(): string {
    return this.#raw;
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  /** A message, as a terminal that marks pastes sends it: keys this fast would be a paste too. */
  send(message: string): void {
    this.type(`${KEY.paste(message)}${KEY.enter}`);
  }

  resize(columns: number, rows: number): void {
    this.resizeSilently(columns, rows);
    this.tellSize();
  }

  /** What the program writes from now on is shown in this size, while it knows only the old one. */
  resizeSilently(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  tellSize(): void {
    this.#pty.resize(this.#terminal.cols, this.#terminal.rows);
  }

  /** Stops taking what the program writes: soon the kernel takes no more of it either. */
  stopReading(): void {
    this.#pty.pause();
  }

  /** As over a slow line, until `readOn`. */
  readSlowly(bytesPerSecond: number): void {
    const most = Math.ceil((bytesPerSecond * SLOW_READ_MS) / 1000);
    // The descriptor cannot be read beside the stream, which has taken some of it already.
    const stream: unknown = Reflect.get(this.#pty, "_socket");
    assert.ok(stream instanceof ReadStream);
    this.#pty.pause();
    this.#slowReader = setInterval(() => {
      stream.read(Math.min(most, stream.readableLength));
    }, SLOW_READ_MS);
  }

  readOn(): void {
    clearInterval(this.#slowReader);
    this.#pty.resume();
  }

  #take(bytes: Uint8Array): void {
    const text = this.#decoder.decode(bytes, { stream: true });
    this.#raw += text;
    this.#terminal.write(text);
  }

  /** Closes the user's side, as a terminal window does: the kernel hangs up. */
  close(): void {
    this.#isClosed = true;
    const destroy: unknown = Reflect.get(this.#pty, "destroy");
    assert.ok(typeof destroy === "function");
    Reflect.apply(destroy, this.#pty, []);
  }

  /** The program and its pid are gone. */
  async ended(deadlineMs = DEADLINE_MS): Promise<void> {
    await this.#expect(
      () => !existsSync(`/proc/${this.pid}`),
      "the end of the program",
      deadlineMs,
    );
  }

  /** What is on the screen now. */
  rows(): readonly string[] {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: this.#terminal.rows }, (_, index) =>
      this.#line(active.baseY + index),
    );
  }

  /** The same as one text, without empty rows at its end. */
  screenText(): string {
    return this.rows().join("\n").trimEnd();
  }

  /** Scrollback and screen. */
  allRows(): readonly string[] {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: active.length }, (_, index) => this.#line(index));
  }

  text(): string {
    return this.allRows().join("\n");
  }

  get cursor(): { readonly row: number; readonly column: number } {
    const { active } = this.#terminal.buffer;
    return { row: active.cursorY, column: active.cursorX };
  }

  async waitFor(pattern: RegExp | string, deadlineMs = DEADLINE_MS): Promise<void> {
    const matches = (): boolean => {
      const text = this.text();
      return typeof pattern === "string" ? text.includes(pattern) : pattern.test(text);
    };
    await this.#expect(matches, `${String(pattern)} on the screen`, deadlineMs);
  }

  /** On the screen itself. */
  async waitForRows(pattern: RegExp, deadlineMs = DEADLINE_MS): Promise<void> {
    const matches = (): boolean => pattern.test(this.screenText());
    await this.#expect(matches, `${String(pattern)} on the screen`, deadlineMs);
  }

  async waitUntil(holds: () => boolean, what: string, deadlineMs = DEADLINE_MS): Promise<void> {
    await this.#expect(holds, what, deadlineMs);
  }

  /**
   * Until the question takes keys. It says so itself: that it does not say yet that they go to the
   * draft may mean that half of it is on the screen.
   */
  async questionTakesKeys(): Promise<void> {
    await this.waitFor(/^(?:Press a key of|Keys: )/mu);
  }

  async exitCode(deadlineMs = DEADLINE_MS): Promise<number> {
    await this.#expect(() => this.#exit !== undefined, "the end of the program", deadlineMs);
    return this.#exit?.exitCode ?? -1;
  }

  async #expect(holds: () => boolean, what: string, deadlineMs: number): Promise<void> {
    if (await until(holds, deadlineMs)) return;
    assert.fail(`Waited ${deadlineMs} ms for ${what}; there is:\n${this.text().trimEnd()}`);
  }

  #line(index: number): string {
    return this.#terminal.buffer.active.getLine(index)?.translateToString(true) ?? "";
  }
}

export interface Told {
  /** On the screen itself. */
  readonly rows: RegExp;
  /** From the start of the scrollback to the end of the screen. */
  readonly scrollback: RegExp;
  /** The session file, line by line as `sessionLog` gives it. */
  readonly log: readonly (string | RegExp)[];
}

/** What a scenario leaves: on the screen, in the scrollback, and in the log of its events. */
export function assertTold(screen: TerminalScreen, place: Place, told: Told): void {
  assert.match(screen.screenText(), told.rows);
  assert.match(screen.text(), told.scrollback);
  const log = sessionLog(place);
  for (const [index, expected] of told.log.entries()) {
    const line = log[index] ?? "";
    if (typeof expected === "string") assert.equal(line, expected);
    else assert.match(line, expected);
  }
  assert.equal(log.length, told.log.length, log.join("\n"));
}

/** An empty draft and the status line below it are the end of the screen. */
export const IDLE = /^› Ask for something\n[^\n]* · [^\n]*$(?![^])/mu;

/** The records of the only session file, parsed. A line that is being written is none yet. */
export function sessionRecords(place: Place): readonly unknown[] {
  const lines = readFileSync(sessionFile(place), "utf8").split("\n").slice(0, -1);
  return lines.map((line): unknown => JSON.parse(line));
}

/**
 * What the model was told and has answered, one line for each item, in the order of the file; nothing
 * where there was no session.
 */
export function sessionLog(place: Place): readonly string[] {
  if (!existsSync(join(place.codexHome, "sessions"))) return [];
  return readRollout(sessionFile(place)).history.flatMap((item): readonly string[] => {
    if (item.type === "message") {
      return isEnvironmentContext(item) ? [] : [`${item.role}: ${textOfMessage(item)}`];
    }
    if (item.type === "function_call") return [`call: ${item.name} ${item.arguments}`];
    if (item.type !== "function_call_output") return [item.type];
    const { output } = item;
    return [`output: ${typeof output === "string" ? output : JSON.stringify(output)}`];
  });
}

function sessionFile({ codexHome }: Place): string {
  const root = join(codexHome, "sessions");
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => name.endsWith(".jsonl"));
  assert.equal(files.length, 1, "one session file");
  return join(root, files[0] ?? "");
}
