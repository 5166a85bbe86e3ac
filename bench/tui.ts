/**
 * `node bench/tui.ts [peer executable]`: what a session in the terminal costs, each number with its
 * limit, beside another build of Codex in the same harness. Writes bench/tui-results.json.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Session } from "./tui-session.ts";

const root = dirname(import.meta.dirname);
const SECTIONS = 412;
const SETTLE_SECONDS = 12;
const IDLE_SECONDS = 20;
const WAITING_SECONDS = 10;
const LONG_MB = 10;

interface Subject {
  readonly name: string;
  readonly program: string;
  /** The composer is there. */
  readonly ready: RegExp;
  readonly interrupted: RegExp;
}

const subjects: Subject[] = [
  {
    name: "codex",
    program: join(root, "dist", "codex"),
    ready: /Ask for something/u,
    interrupted: /Interrupted/u,
  },
];
const [peer] = process.argv.slice(2);
if (peer !== undefined) {
  subjects.push({ name: "peer", program: peer, ready: /send\b/u, interrupted: /interrupted/iu });
}

type Answer = (response: ServerResponse) => Promise<void>;
let answer: Answer = silent;
const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    answer(response).catch(() => response.destroy());
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

type Numbers = Record<string, number>;
const results: Record<string, Numbers> = {};
try {
  for (const subject of subjects) {
    const numbers: Numbers = {};
    results[subject.name] = numbers;
    try {
      await measure(subject, numbers);
    } catch (error) {
      // What was measured until then counts.
      console.error(`${subject.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
} finally {
  server.closeAllConnections();
  server.close();
}

const LIMITS: Readonly<Record<string, number>> = {
  "first frame, median of 9 (ms)": 200,
  "key echo when idle, median (ms)": 10,
  "idle CPU (%)": 0.05,
  "idle wake-ups per second": 2,
  "resident memory when idle (MB)": 110,
  "CPU while waiting (%)": 0.5,
  "bytes per second while waiting": 100,
  "Esc to interrupted (ms)": 100,
  "CPU for a fast stream (ms)": 2000,
  "terminal bytes per streamed byte": 2.5,
  "sections missing or repeated": 0,
  "full clears": 0,
  "resident memory after 10 MB (MB)": 200,
};
console.log(
  `${"".padEnd(38)}${"limit".padStart(9)}${subjects.map(({ name }) => name.padStart(10)).join("")}`,
);
for (const [name, limit] of Object.entries(LIMITS)) {
  const values = subjects.map((subject) =>
    (results[subject.name]?.[name] ?? Number.NaN).toFixed(1).padStart(10),
  );
  console.log(`${name.padEnd(38)}${String(limit).padStart(9)}${values.join("")}`);
}
writeFileSync(
  join(import.meta.dirname, "tui-results.json"),
  `${JSON.stringify(results, undefined, 2)}\n`,
);
process.exit(0);

async function measure(subject: Subject, numbers: Numbers): Promise<void> {
  const frames: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    await withSession(subject, async (session) => {
      await session.shows(subject.ready);
      frames.push(session.elapsedMs);
    });
  }
  numbers["first frame, median of 9 (ms)"] = median(frames);
  await withSession(subject, async (session) => {
    await session.shows(subject.ready);
    await sleep(1000);
    const echoes: number[] = [];
    for (let round = 0; round < 40; round += 1) {
      echoes.push(await session.echo("x"));
      await sleep(60);
    }
    numbers["key echo when idle, median (ms)"] = median(echoes);
    session.type("\u0015");
    // What is left of the start, such as a last collection of garbage, is no idle time.
    await sleep(SETTLE_SECONDS * 1000);
    const [cpu, wakeUps] = [session.cpuMs(), session.wakeUps()];
    await sleep(IDLE_SECONDS * 1000);
    numbers["idle CPU (%)"] = (session.cpuMs() - cpu) / (IDLE_SECONDS * 10);
    numbers["idle wake-ups per second"] = (session.wakeUps() - wakeUps) / IDLE_SECONDS;
    numbers["resident memory when idle (MB)"] = session.rssMb();
    answer = silent;
    await send(session, "go");
    await sleep(2000);
    const [waitingCpu, bytes] = [session.cpuMs(), session.bytes];
    await sleep(WAITING_SECONDS * 1000);
    numbers["CPU while waiting (%)"] = (session.cpuMs() - waitingCpu) / (WAITING_SECONDS * 10);
    numbers["bytes per second while waiting"] = (session.bytes - bytes) / WAITING_SECONDS;
    session.type("\u001b");
    numbers["Esc to interrupted (ms)"] = await session.shows(subject.interrupted, 20_000);
  });
  await withSession(subject, async (session) => {
    await session.shows(subject.ready);
    const text = sections(SECTIONS);
    answer = (response) => stream(response, text);
    await sleep(500);
    const [cpu, bytes] = [session.cpuMs(), session.bytes];
    await send(session, "go");
    await session.shows(/the very end/u);
    await sleep(1500);
    numbers["CPU for a fast stream (ms)"] = session.cpuMs() - cpu;
    numbers["terminal bytes per streamed byte"] = (session.bytes - bytes) / text.length;
    const shown = [...session.text().matchAll(/Section (\d+)\b/gu)].map((match) =>
      Number(match[1]),
    );
    const wrong = Array.from({ length: SECTIONS }, (_, index) => index).filter(
      (index) => shown.filter((one) => one === index).length !== 1,
    );
    numbers["sections missing or repeated"] = wrong.length;
    numbers["full clears"] = session.fullClears;
  });
  await withSession(subject, async (session) => {
    await session.shows(subject.ready);
    const text = sections(Math.round((LONG_MB * 1e6) / sections(1).length));
    answer = (response) => stream(response, text);
    await send(session, "go");
    await session.shows(/the very end/u);
    await sleep(2000);
    numbers["resident memory after 10 MB (MB)"] = session.rssMb();
  });
}

async function send(session: Session, text: string): Promise<void> {
  session.type(`\u001b[200~${text}\u001b[201~`);
  await sleep(100);
  session.type("\r");
}

async function withSession(
  subject: Subject,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "codex-tui-bench-"));
  const cwd = join(home, "work");
  const codexHome = join(home, "settings");
  mkdirSync(join(cwd, ".git"), { recursive: true });
  mkdirSync(codexHome);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen");
  const provider = `name = "s"\nbase_url = "http://127.0.0.1:${address.port}/v1"\nwire_api = "responses"`;
  writeFileSync(
    join(codexHome, "config.toml"),
    `model_provider = "s"\n[model_providers.s]\n${provider}\n[projects."${cwd}"]\ntrust_level = "trusted"\n`,
  );
  const session = new Session({ program: subject.program, cwd, codexHome });
  try {
    await use(session);
  } finally {
    session.end();
    await sleep(100);
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  }
}

function sections(count: number): string {
  const filler = "Words that fill a line of the terminal, and then some more of them. ".repeat(5);
  return Array.from(
    { length: count },
    (_, index) => `## Section ${index}\n\n${filler}\n\n- one\n- two\n\n`,
  ).join("");
}

async function silent(): Promise<void> {
  // The headers are sent, and nothing follows.
}

async function stream(response: ServerResponse, text: string): Promise<void> {
  const whole = `${text}the very end\n`;
  await write(response, { type: "response.created", response: { id: "r" } });
  for (let at = 0; at < whole.length; at += 256) {
    await write(response, { type: "response.output_text.delta", delta: whole.slice(at, at + 256) });
  }
  const content = [{ type: "output_text", text: whole, annotations: [] }];
  const item = { type: "message", id: "m", role: "assistant", status: "completed", content };
  await write(response, { type: "response.output_item.done", output_index: 0, item });
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  await write(response, { type: "response.completed", response: { id: "r", output: [], usage } });
  response.end();
}

function write(response: ServerResponse, event: Readonly<Record<string, unknown>>): Promise<void> {
  return new Promise((resolve) => {
    const data = `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`;
    if (response.write(data)) resolve();
    else response.once("drain", resolve);
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
