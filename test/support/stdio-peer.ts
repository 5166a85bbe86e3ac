/** `dist/codex` as a program that is spoken to line by line, and the home it runs in. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { codexBinary } from "./codex-binary.ts";
import { makeTempDir, removeDir } from "./temp-dir.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export interface PeerOptions {
  /** Of the scripted model. */
  readonly url: string;
  /** Lines of config.toml. */
  readonly config?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface PeerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const DEADLINE_MS = 20_000;

export interface PeerHome {
  readonly codexHome: string;
  readonly cwd: string;
  readonly env: Record<string, string>;
}

/** Directories of their own, and a configuration that names the scripted model. */
export function makePeerHome(t: TestContext, options: PeerOptions): PeerHome {
  const root = makeTempDir();
  t.after(() => removeDir(root));
  const codexHome = join(root, "home");
  const cwd = join(root, "work");
  mkdirSync(codexHome);
  mkdirSync(cwd);
  const config = [
    'model = "gpt-5"',
    'model_provider = "mock"',
    ...(options.config ?? []),
    "[model_providers.mock]",
    'name = "mock"',
    `base_url = "${options.url}"`,
    'wire_api = "responses"',
    "request_max_retries = 0",
    "stream_max_retries = 0",
  ];
  writeFileSync(join(codexHome, "config.toml"), `${config.join("\n")}\n`);
  const env = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: root,
    CODEX_HOME: codexHome,
    ...options.env,
  };
  return { codexHome, cwd, env };
}

/** Ended with the test, by its pid. */
export class StdioPeer {
  readonly home: PeerHome;
  readonly process: ChildProcessWithoutNullStreams;
  readonly exit: Promise<PeerExit>;
  /** Everything that came on standard output, decoded. */
  readonly lines: JsonObject[] = [];
  stderr = "";
  #seen = 0;
  #rest = "";
  #wake: () => void = () => undefined;
  #isOver = false;

  constructor(t: TestContext, args: readonly string[], options: PeerOptions) {
    this.home = makePeerHome(t, options);
    this.process = spawn(codexBinary, args, { cwd: this.home.cwd, env: this.home.env });
    this.process.stdout.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    this.process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.process.stdin.on("error", () => undefined); // EPIPE, when it has ended
    this.exit = new Promise((resolve) => {
      this.process.on("close", (code, signal) => {
        this.#isOver = true;
        this.#wake();
        resolve({ code, signal });
      });
    });
    t.after(() => this.process.kill("SIGKILL"));
  }

  send(...values: readonly JsonObject[]): void {
    this.sendRaw(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
  }

  sendRaw(bytes: string | Uint8Array): void {
    this.process.stdin.write(bytes);
  }

  closeInput(): void {
    this.process.stdin.end();
  }

  /** The next line that fits; those before it are passed over. */
  async next(what: string, fits: (line: JsonObject) => boolean): Promise<JsonObject> {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      while (this.#seen < this.lines.length) {
        const line = this.lines[this.#seen++];
        if (line !== undefined && fits(line)) return line;
      }
      const left = deadline - Date.now();
      if (this.#isOver || left <= 0) break;
      await this.#change(left);
    }
    const tail = this.lines.slice(-5).map((line) => JSON.stringify(line).slice(0, 300));
    assert.fail(`no ${what}; stderr: ${this.stderr}; last lines: ${tail.join("\n")}`);
  }

  /** Fails when the program does not end in time. */
  async ended(): Promise<PeerExit> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`still alive; ${this.stderr}`)), DEADLINE_MS);
    });
    try {
      return await Promise.race([this.exit, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const value: unknown = JSON.parse(line); // nothing but protocol may come here
      assert.ok(isJsonObject(value), line);
      this.lines.push(value);
    }
    this.#wake();
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands at a dotted path, for example `params.msg.type`. */
export function at(value: unknown, path: string): unknown {
  let current = value;
  for (const key of path.split(".")) {
    if (typeof current !== "object" || current === null) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}
