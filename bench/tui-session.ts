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
    // Programs that ask where the cursor is wait for the answer.
    this.#terminal.onData((answer) => this.#pty.write(answer));
    this.#pty.onData((data) => {
      this.#bytes += Buffer.byteLength(data);
      this.#recent = (this.#recent + data).slice(-65_536);
      this.#fullClears += data.split("\u001b[2J").length + data.split("\u001b[3J").length - 2;
      this.#terminal.write(data);
    });
  }

  get bytes(): number {
    return this.#bytes;
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

  end(): void {
    this.#pty.kill("SIGKILL");
  }

  #statusNumber(name: string): number {
    const status = readFileSync(`/proc/${this.#pty.pid}/status`, "utf8");
    return Number(new RegExp(`^${name}:\\s*(\\d+)`, "mu").exec(status)?.[1] ?? "0");
  }
}
