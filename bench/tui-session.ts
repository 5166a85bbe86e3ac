/** One session on a pseudo-terminal, with the numbers the kernel keeps about it. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { type IPty, spawn } from "@lydell/node-pty";
import headless from "@xterm/headless";

export interface SessionOptions {
  readonly program: string;
  readonly cwd: string;
  readonly codexHome: string;
  readonly scrollback?: number;
}

const BEGIN_UPDATE = "\u001b[?2026h";
const END_UPDATE = "\u001b[?2026l";

export const COLUMNS = 100;
export const ROWS = 32;
const DEADLINE_MS = 60_000;
const MS_PER_TICK = 10; // sysconf(_SC_CLK_TCK) is 100 on Linux

export class Session {
  readonly #pty: IPty;
  readonly #terminal: headless.Terminal;
  readonly #startedAt = performance.now();
  #bytes = 0;
  #recent = "";
  #fullClears = 0;
  #frames = 0;
  /** Between the marks of a synchronized update: these writes are of one frame. */
  #isInUpdate = false;

  constructor({ program, cwd, codexHome, scrollback = 200_000 }: SessionOptions) {
    this.#terminal = new headless.Terminal({
      cols: COLUMNS,
      rows: ROWS,
      scrollback,
      allowProposedApi: true,
    });
    const env = {
      PATH: process.env["PATH"] ?? "/bin",
      HOME: codexHome,
      CODEX_HOME: codexHome,
      LANG: "C.UTF-8",
    };
    this.#pty = spawn(program, [], { name: "xterm-256color", cols: COLUMNS, rows: ROWS, cwd, env });
    // Programs that ask where the cursor is wait for the answer; frames are marked, and so counted,
    // by those that ask for that.
    this.#terminal.onData((answer) => this.#pty.write(answer));
    this.#pty.onData((data) => {
      this.#bytes += Buffer.byteLength(data);
      this.#recent = (this.#recent + data).slice(-65_536);
      this.#countFrames(data);
      this.#fullClears += data.split("\u001b[2J").length + data.split("\u001b[3J").length - 2;
      this.#terminal.write(data);
    });
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Synchronized updates, and what was written outside of them, piece by piece. */
  get frames(): number {
    return this.#frames;
  }

  get fullClears(): number {
    return this.#fullClears;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  /** User and system time of the process. */
  cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#pty.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  }

  /** How often its threads have waited for something. */
  wakeUps(): number {
    return this.#statusNumber("voluntary_ctxt_switches");
  }

  rssMb(): number {
    return this.#statusNumber("VmRSS") / 1024;
  }

  text(): string {
    const { active } = this.#terminal.buffer;
    const rows: string[] = [];
    for (let index = 0; index < active.length; index += 1) {
      rows.push(active.getLine(index)?.translateToString(true) ?? "");
    }
    return rows.join("\n");
  }

  screen(): string {
    const { active } = this.#terminal.buffer;
    const rows = Array.from({ length: ROWS }, (_, index) => active.getLine(active.baseY + index));
    return rows.map((line) => line?.translateToString(true) ?? "").join("\n");
  }

  /** Milliseconds until the screen shows it. */
  async shows(pattern: RegExp, deadlineMs = DEADLINE_MS): Promise<number> {
    const start = performance.now();
    while (!pattern.test(this.screen())) {
      if (performance.now() - start > deadlineMs) {
        throw new Error(`${String(pattern)} did not appear; there is:\n${this.screen()}`);
      }
      await sleep(1);
    }
    return performance.now() - start;
  }

  /** Milliseconds from a key to the first byte that comes back. */
  async echo(key: string): Promise<number> {
    const before = this.#bytes;
    const start = performance.now();
    this.type(key);
    while (this.#bytes === before) await new Promise((resolve) => setImmediate(resolve));
    return performance.now() - start;
  }

  /**
   * Milliseconds from a character that was nowhere before to its echo; not a number when there is
   * none in time.
   */
  async echoOf(character: string, deadlineMs = 1000): Promise<number> {
    this.#recent = "";
    const start = performance.now();
    this.type(character);
    while (!this.#recent.includes(character)) {
      if (performance.now() - start > deadlineMs) return Number.NaN;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return performance.now() - start;
  }

  end(): void {
    this.#pty.kill("SIGKILL");
  }

  #countFrames(data: string): void {
    const begun = data.split(BEGIN_UPDATE).length - 1;
    if (begun > 0 || !this.#isInUpdate) this.#frames += Math.max(1, begun);
    const [lastBegin, lastEnd] = [data.lastIndexOf(BEGIN_UPDATE), data.lastIndexOf(END_UPDATE)];
    if (lastBegin !== lastEnd) this.#isInUpdate = lastBegin > lastEnd;
  }

  #statusNumber(name: string): number {
    const status = readFileSync(`/proc/${this.#pty.pid}/status`, "utf8");
    return Number(new RegExp(`^${name}:\\s*(\\d+)`, "mu").exec(status)?.[1] ?? "0");
  }
}
