/**
 * What a session in the terminal costs: each number with its limit, beside another build of Codex in
 * the same harness where there is one.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Figure } from "./figure.ts";
import { quantile } from "./measure.ts";
import { LAST_WORDS, type StreamingModel, startStreamingModel } from "./tui-model.ts";
import { Session } from "./tui-session.ts";

/** Name, unit and limit of everything that is measured; what a quick run leaves out is not shown. */
const BUDGETS = {
  "first frame, median": ["ms", 200],
  "key echo when idle, median": ["ms", 10],
  "idle CPU": ["%", 0.05],
  "idle wake-ups per second": ["/s", 2],
  "resident memory when idle": ["MB", 110],
  "CPU while waiting": ["%", 0.5],
  "terminal bytes while waiting": ["B/s", 100],
  "frames while waiting": ["/s", 1],
  "Esc to interrupted, silent model": ["ms", 100],
  "Esc to interrupted, streaming model": ["ms", 100],
  "CPU for a fast stream of 200 KB": ["ms", 2000],
  "terminal bytes per streamed byte, fast": ["x", 2.5],
  "frames during a fast stream": ["/s", 30],
  "sections missing or repeated, fast": ["", 0],
  "CPU while streaming at 2 KB/s": ["%", 5],
  "terminal bytes per streamed byte, 2 KB/s": ["x", 5],
  "frames while streaming at 2 KB/s": ["/s", 30],
  "sections missing or repeated, 2 KB/s": ["", 0],
  "key echo while streaming, median": ["ms", 30],
  "frames while streaming and typing": ["/s", 60],
  "full clears": ["", 0],
  "resident memory after 10 MB": ["MB", 200],
} as const satisfies Record<string, readonly [Figure["unit"], number]>;

type Name = keyof typeof BUDGETS;
type Numbers = Partial<Record<Name, number>>;

interface Effort {
  readonly starts: number;
  readonly echoes: number;
  readonly settleSeconds: number;
  readonly idleSeconds: number;
  readonly waitingSeconds: number;
  readonly streamingSeconds: number;
  readonly isLong: boolean;
}

const FULL: Effort = {
  starts: 9,
  echoes: 40,
  settleSeconds: 12,
  idleSeconds: 60,
  waitingSeconds: 20,
  streamingSeconds: 20,
  isLong: true,
};
const QUICK: Effort = {
  starts: 3,
  echoes: 15,
  settleSeconds: 10,
  idleSeconds: 5,
  waitingSeconds: 5,
  streamingSeconds: 6,
  isLong: false,
};

const SECTIONS = 412;
const LONG_BYTES = 10e6;
const SLOW_BYTES_PER_SECOND = 2048;
const TYPING_MS = 1500;
const INTERRUPT_DEADLINE_MS = 20_000;

interface Subject {
  readonly program: string;
  /** The composer is there. */
  readonly ready: RegExp;
  readonly interrupted: RegExp;
}

export interface TuiSubjects {
  readonly codex: string;
  /** Codex 0.23.0. */
  readonly peer: string | undefined;
  readonly isQuick: boolean;
}

export async function measureTui({
  codex,
  peer,
  isQuick,
}: TuiSubjects): Promise<readonly Figure[]> {
  const effort = isQuick ? QUICK : FULL;
  const model = await startStreamingModel();
  try {
    const own = await new Measurement(
      { program: codex, ready: /Ask for something/u, interrupted: /Interrupted/u },
      model,
      effort,
    ).run();
    const others =
      peer === undefined
        ? undefined
        : await new Measurement(
            { program: peer, ready: /send\b/u, interrupted: /interrupted/iu },
            model,
            effort,
          ).run();
    return figuresOf(own, others, isQuick);
  } finally {
    model.close();
  }
}

function figuresOf(own: Numbers, others: Numbers | undefined, isQuick: boolean): readonly Figure[] {
  return namesOf(BUDGETS).flatMap((name): readonly Figure[] => {
    if (isQuick && name === "resident memory after 10 MB") return [];
    const [unit, limit] = BUDGETS[name];
    const figure = { name, value: own[name] ?? Number.NaN, unit, limit };
    if (others === undefined) return [figure];
    return [{ ...figure, peer: { name: "0.23.0", value: others[name] ?? Number.NaN } }];
  });
}

function namesOf<Key extends string>(record: Readonly<Record<Key, unknown>>): readonly Key[] {
  const names: Key[] = [];
  for (const name in record) names.push(name);
  return names;
}

class Measurement {
  readonly #subject: Subject;
  readonly #model: StreamingModel;
  readonly #effort: Effort;
  readonly #numbers: Numbers = {};
  /** It does not start: nothing can be measured. */
  #hasNoFrame = false;

  constructor(subject: Subject, model: StreamingModel, effort: Effort) {
    this.#subject = subject;
    this.#model = model;
    this.#effort = effort;
  }

  /** What fails is told and left out: the rest counts. */
  async run(): Promise<Numbers> {
    const parts = [
      this.#starts,
      this.#idle,
      this.#waiting,
      this.#fast,
      this.#slow,
      this.#typing,
      ...(this.#effort.isLong ? [this.#long] : []),
    ];
    for (const part of parts) {
      if (this.#hasNoFrame) break;
      try {
        await part();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        console.error(`${this.#subject.program}: ${reason}`);
      }
    }
    return this.#numbers;
  }

  readonly #starts = async (): Promise<void> => {
    const times: number[] = [];
    for (let round = 0; round < this.#effort.starts; round += 1) {
      await this.#withSession(async (session) => {
        times.push(session.elapsedMs);
      });
    }
    this.#numbers["first frame, median"] = median(times);
  };

  readonly #idle = (): Promise<void> =>
    this.#withSession(async (session) => {
      const { echoes, settleSeconds, idleSeconds } = this.#effort;
      await sleep(1000);
      this.#numbers["key echo when idle, median"] = median(await echoesOf(session, echoes));
      session.type("\u0015");
      // What is left of the start, such as a last collection of garbage, is no idle time.
      await sleep(settleSeconds * 1000);
      const used = await usage(session, () => sleep(idleSeconds * 1000));
      this.#numbers["idle CPU"] = used.cpuPercent;
      this.#numbers["idle wake-ups per second"] = used.wakeUpsPerSecond;
      this.#numbers["resident memory when idle"] = session.rssMb();
    });

  readonly #waiting = (): Promise<void> =>
    this.#withSession(async (session) => {
      this.#model.play({ kind: "silent" });
      await send(session, "go");
      await sleep(2000);
      const used = await usage(session, () => sleep(this.#effort.waitingSeconds * 1000));
      this.#numbers["CPU while waiting"] = used.cpuPercent;
      this.#numbers["terminal bytes while waiting"] = used.bytesPerSecond;
      this.#numbers["frames while waiting"] = used.framesPerSecond;
      this.#numbers["Esc to interrupted, silent model"] = await this.#interrupt(session);
    });

  readonly #fast = (): Promise<void> =>
    this.#withSession(async (session) => {
      const text = sections(SECTIONS);
      this.#model.play({ kind: "fast", text });
      await sleep(500);
      await send(session, "go");
      const used = await usage(session, () => showsAll(session));
      this.#numbers["CPU for a fast stream of 200 KB"] = used.cpuMs;
      this.#numbers["terminal bytes per streamed byte, fast"] = used.bytes / text.length;
      this.#numbers["frames during a fast stream"] = used.framesPerSecond;
      this.#numbers["sections missing or repeated, fast"] = wrongSections(session, SECTIONS);
      this.#numbers["full clears"] = session.fullClears;
    });

  readonly #slow = (): Promise<void> =>
    this.#withSession(async (session) => {
      const text = this.#slowText(1);
      const bytesPerSecond = SLOW_BYTES_PER_SECOND;
      this.#model.play({ kind: "slow", text, bytesPerSecond });
      // As long as a user takes to type: what is left of the start is no streaming.
      await sleep(TYPING_MS);
      await send(session, "go");
      await session.shows(/Section 0/u);
      const used = await usage(session, () => showsAll(session));
      this.#numbers["CPU while streaming at 2 KB/s"] = used.cpuPercent;
      this.#numbers["terminal bytes per streamed byte, 2 KB/s"] = used.bytes / text.length;
      this.#numbers["frames while streaming at 2 KB/s"] = used.framesPerSecond;
      const count = text.split("## Section").length - 1;
      this.#numbers["sections missing or repeated, 2 KB/s"] = wrongSections(session, count);
    });

  readonly #typing = (): Promise<void> =>
    this.#withSession(async (session) => {
      const bytesPerSecond = SLOW_BYTES_PER_SECOND;
      this.#model.play({ kind: "slow", text: this.#slowText(10), bytesPerSecond });
      await send(session, "go");
      await session.shows(/Section 1/u);
      let echoes: readonly number[] = [];
      const used = await usage(session, async () => {
        echoes = await echoesOf(session, this.#effort.echoes);
      });
      this.#numbers["key echo while streaming, median"] = median(echoes);
      this.#numbers["frames while streaming and typing"] = used.framesPerSecond;
      this.#numbers["Esc to interrupted, streaming model"] = await this.#interrupt(session);
    });

  readonly #long = (): Promise<void> =>
    this.#withSession(async (session) => {
      const text = sections(Math.round(LONG_BYTES / sections(1).length));
      this.#model.play({ kind: "fast", text });
      await send(session, "go");
      await showsAll(session);
      await sleep(2000);
      this.#numbers["resident memory after 10 MB"] = session.rssMb();
    });

  /** As long as the measurement takes, and so many times. */
  #slowText(times: number): string {
    const bytes = SLOW_BYTES_PER_SECOND * this.#effort.streamingSeconds * times;
    return sections(Math.ceil(bytes / sections(1).length));
  }

  async #interrupt(session: Session): Promise<number> {
    session.type("\u001b");
    return session.shows(this.#subject.interrupted, INTERRUPT_DEADLINE_MS);
  }

  /** `use` begins when the composer is there. */
  async #withSession(use: (session: Session) => Promise<void>): Promise<void> {
    const home = mkdtempSync(join(tmpdir(), "codex-tui-bench-"));
    const cwd = join(home, "work");
    const codexHome = join(home, "settings");
    mkdirSync(join(cwd, ".git"), { recursive: true });
    mkdirSync(codexHome);
    const provider = `name = "s"\nbase_url = "${this.#model.url}"\nwire_api = "responses"`;
    writeFileSync(
      join(codexHome, "config.toml"),
      `model_provider = "s"\n[model_providers.s]\n${provider}\n[projects."${cwd}"]\ntrust_level = "trusted"\n`,
    );
    const session = new Session({ program: this.#subject.program, cwd, codexHome });
    try {
      this.#hasNoFrame = true;
      await session.shows(this.#subject.ready);
      this.#hasNoFrame = false;
      await use(session);
    } finally {
      session.end();
      await sleep(100);
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    }
  }
}

interface Usage {
  readonly cpuMs: number;
  readonly cpuPercent: number;
  readonly bytes: number;
  readonly bytesPerSecond: number;
  readonly framesPerSecond: number;
  readonly wakeUpsPerSecond: number;
}

/** Of the session, while `work` lasts. */
async function usage(session: Session, work: () => Promise<void>): Promise<Usage> {
  const before = [session.cpuMs(), session.bytes, session.frames, session.wakeUps()] as const;
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const cpuMs = session.cpuMs() - before[0];
  const bytes = session.bytes - before[1];
  return {
    cpuMs,
    cpuPercent: cpuMs / (seconds * 10),
    bytes,
    bytesPerSecond: bytes / seconds,
    framesPerSecond: (session.frames - before[2]) / seconds,
    wakeUpsPerSecond: (session.wakeUps() - before[3]) / seconds,
  };
}

/** The first of the letters that are typed; each is typed once, so that no old one is taken for it. */
const FIRST_LETTER = 0x00c0;
const BETWEEN_KEYS_MS = 60;

/** Ends with the first key that has no echo. */
async function echoesOf(session: Session, count: number): Promise<readonly number[]> {
  const echoes: number[] = [];
  for (let round = 0; round < count; round += 1) {
    const echo = await session.echoOf(String.fromCharCode(FIRST_LETTER + round));
    echoes.push(echo);
    if (Number.isNaN(echo)) break;
    await sleep(BETWEEN_KEYS_MS);
  }
  return echoes.some(Number.isNaN) ? [] : echoes;
}

async function showsAll(session: Session): Promise<void> {
  await session.shows(new RegExp(LAST_WORDS, "u"));
}

async function send(session: Session, text: string): Promise<void> {
  session.type(`\u001b[200~${text}\u001b[201~`);
  await sleep(100);
  session.type("\r");
}

function sections(count: number): string {
  const filler = "Words that fill a line of the terminal, and then some more of them. ".repeat(7);
  return Array.from(
    { length: count },
    (_, index) => `## Section ${index}\n\n${filler}\n\n- one\n- two\n\n`,
  ).join("");
}

function wrongSections(session: Session, count: number): number {
  const shown = [...session.text().matchAll(/Section (\d+)\b/gu)].map((match) => Number(match[1]));
  const times = new Map<number, number>();
  for (const index of shown) times.set(index, (times.get(index) ?? 0) + 1);
  return Array.from({ length: count }, (_, index) => times.get(index)).filter((one) => one !== 1)
    .length;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
