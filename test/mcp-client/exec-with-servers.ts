/** `dist/codex exec --json` with a scripted model and real MCP servers, and what came of it. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { listProcesses } from "../../src/process/process-list.ts";
import { decodeEvent, type EventMsg } from "../../src/protocol/event.ts";
import { codexBinary, fixture, pinnedNode } from "../support/codex-binary.ts";
import {
  assistantMessage,
  functionCall,
  type ModelServer,
  respond,
  type ServerAnswer,
  startModelServer,
} from "../support/model-server.ts";
import { tempDir } from "../support/temp-dir.ts";
import type { McpServerScript } from "../fixtures/mcp-server.ts";

/** One server's table of config.toml, without its header. */
export function scriptedServer(script: McpServerScript, settings = ""): string {
  const args = [fixture("mcp-server.ts"), JSON.stringify(script)];
  return `command = ${JSON.stringify(pinnedNode)}\nargs = ${JSON.stringify(args)}\n${settings}\n`;
}

export interface Place {
  readonly home: string;
  readonly codexHome: string;
  readonly cwd: string;
  /** A file for a server to write to. */
  readonly log: string;
}

export function makePlace(t: TestContext): Place {
  const home = tempDir(t);
  const [codexHome, cwd] = [join(home, ".codex"), join(home, "work")];
  mkdirSync(codexHome);
  mkdirSync(cwd);
  return { home, codexHome, cwd, log: join(home, "server.log") };
}

export function writeConfig(
  { codexHome }: Place,
  url: string,
  servers: Readonly<Record<string, string>>,
): void {
  const tables = Object.entries(servers).map(([name, text]) => `[mcp_servers.${name}]\n${text}\n`);
  writeFileSync(
    join(codexHome, "config.toml"),
    `model_provider = "mock"
[model_providers.mock]
name = "mock"
base_url = "${url}"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
${tables.join("")}`,
  );
}

export function environment({ home, codexHome }: Place): NodeJS.ProcessEnv {
  return {
    HOME: home,
    CODEX_HOME: codexHome,
    PATH: process.env["PATH"],
    LANG: "C.UTF-8",
    SECRET_OF_OURS: "hidden",
  };
}

/** The model calls these tools, one in each answer, and then says "done". */
export function calls(
  ...list: readonly (readonly [name: string, args: unknown])[]
): readonly [ServerAnswer, ...ServerAnswer[]] {
  const [first, ...rest] = list.map(([name, args], index) =>
    respond(functionCall(name, args, `call_${index + 1}`)),
  );
  const last = respond(assistantMessage("done"));
  return first === undefined ? [last] : [first, ...rest, last];
}

export interface ExecRun {
  readonly code: number | null;
  readonly stderr: string;
  /** Of all events, in order. */
  readonly messages: readonly EventMsg[];
  /** What the model got of its calls, in order. */
  readonly outputs: readonly string[];
  readonly model: ModelServer;
  readonly durationMs: number;
}

export interface StartedExec {
  readonly child: ChildProcess;
  readonly model: ModelServer;
  /** Grows. */
  readonly messages: readonly EventMsg[];
  readonly run: Promise<ExecRun>;
}

export interface ExecInput {
  readonly place: Place;
  readonly servers: Readonly<Record<string, string>>;
  readonly script: readonly [ServerAnswer, ...ServerAnswer[]];
  readonly env?: NodeJS.ProcessEnv;
  readonly deadlineMs?: number;
}

export async function startExec(t: TestContext, input: ExecInput): Promise<StartedExec> {
  const { place } = input;
  const model = await startModelServer(t, input.script);
  writeConfig(place, model.url, input.servers);
  const startedAt = performance.now();
  const args = ["exec", "--json", "--skip-git-repo-check", "do it"];
  const child = spawn(codexBinary, args, {
    cwd: place.cwd,
    env: { ...environment(place), ...input.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  const messages: EventMsg[] = [];
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    const lines = `${rest}${piece}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = decodeEvent(line);
      if (event.ok) messages.push(event.value.msg);
    }
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    stderr += piece;
  });
  const deadlineMs = input.deadlineMs ?? 20_000;
  const run = new Promise<ExecRun>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`codex ran over ${deadlineMs} ms: ${stderr}`));
    }, deadlineMs);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      const durationMs = performance.now() - startedAt;
      resolve({ code, stderr, messages, outputs: outputsOf(model), model, durationMs });
    });
  });
  run.catch(() => undefined);
  return { child, model, messages, run };
}

export async function runExec(t: TestContext, input: ExecInput): Promise<ExecRun> {
  return (await startExec(t, input)).run;
}

function outputsOf(model: ModelServer): readonly string[] {
  const input = field(model.requests.at(-1)?.body, "input");
  if (!Array.isArray(input)) return [];
  return input.flatMap((item: unknown) =>
    field(item, "type") === "function_call_output" ? [String(field(item, "output"))] : [],
  );
}

/** The tools of a request by name. */
export function offeredTools(model: ModelServer, request = 0): ReadonlyMap<string, unknown> {
  const tools = field(model.requests[request]?.body, "tools");
  assert.ok(Array.isArray(tools));
  return new Map(tools.map((tool: unknown) => [String(field(tool, "name")), tool]));
}

export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

export function ofType<Type extends EventMsg["type"]>(
  messages: readonly EventMsg[],
  type: Type,
): readonly Extract<EventMsg, { readonly type: Type }>[] {
  return messages.filter(
    (message): message is Extract<EventMsg, { readonly type: Type }> => message.type === type,
  );
}

export function logLines(place: Place): readonly string[] {
  if (!existsSync(place.log)) return [];
  return readFileSync(place.log, "utf8").split("\n").slice(0, -1);
}

/** The processes that servers have noted and that still live. */
export function livingServers(place: Place): readonly number[] {
  const noted = logLines(place).flatMap((line) => /^pid (\d+)$/.exec(line)?.[1] ?? []);
  const living = new Set(listProcesses().flatMap(({ pid, isZombie }) => (isZombie ? [] : [pid])));
  return noted.map(Number).filter((pid) => living.has(pid));
}
