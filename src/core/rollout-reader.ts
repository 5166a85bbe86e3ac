/** Finds and reads session files. Lines that nobody understands are skipped, not fatal. */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { sessionsDirectory } from "../config/codex-home.ts";
import { type ConversationId, isConversationId } from "../protocol/ids.ts";
import { decodeModelItem, type ModelItem } from "../protocol/model-item.ts";
import { reasoningEffortSchema } from "../protocol/reasoning.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";
import { withAllOutputs } from "./history.ts";
import { ResumeError } from "./resume-error.ts";
import type { RolloutState } from "./rollout.ts";
import { checkNotInUse } from "./rollout-claim.ts";

/** Of requests of a session, as far as its file tells. */
export interface EarlierUsage {
  /** Tokens that the very first request sent: instructions, tools and hardly any conversation. */
  readonly firstInput: number | undefined;
  /** Tokens of the last request and its answer; undefined also when the history was replaced since. */
  readonly lastTotal: number | undefined;
}

export const NO_USAGE: EarlierUsage = { firstInput: undefined, lastTotal: undefined };

export interface StoredSession extends RolloutState {
  readonly path: string;
  readonly id: ConversationId;
  /** Null in files of other programs. */
  readonly cwd: string | null;
  /** Complete: a call whose output was never written has one that says so. */
  readonly history: readonly ModelItem[];
  readonly usage: EarlierUsage;
  /** Of `history`, those behind which a turn was interrupted. */
  readonly interruptedAt: ReadonlySet<ModelItem>;
  /** Lines that are no record of any program, and so are missing in `history`. */
  readonly unreadableLines: number;
}

const metaSchema = z.object({ id: z.string(), cwd: z.optional(z.nullable(z.string())) });
const compactedSchema = z.object({
  record_type: z.literal("compacted"),
  history: z.array(z.unknown()),
});
const usageSchema = z.object({
  record_type: z.literal("token_count"),
  input_tokens: z.number(),
  total_tokens: z.number(),
});
const abortedSchema = z.object({ record_type: z.literal("turn_aborted") });
const completeSchema = z.object({ record_type: z.literal("turn_complete") });
const modelSchema = z.object({
  record_type: z.literal("turn_context"),
  model: z.string(),
  effort: z._default(z.nullable(reasoningEffortSchema), null),
});

/**
 * Only looks at it: another program may be writing its last line. Errors: ResumeError when this is no
 * session file.
 */
export function readRollout(path: string): StoredSession {
  const descriptor = openRollout(path, constants.O_RDONLY);
  try {
    return readOpen(path, descriptor).session;
  } finally {
    closeSync(descriptor);
  }
}

export interface ClaimedSession extends StoredSession {
  /** A descriptor to append with, which claims the file: see rollout-claim.ts. */
  readonly claim: number;
}

/**
 * To go on with it. A last line without its line end was being written when the process died; it is
 * removed from the file, so that what is appended begins a line.
 *
 * Errors: ResumeError when this is no session file, or another process is in the session.
 */
export function takeUpRollout(path: string): ClaimedSession {
  const claim = openRollout(path, constants.O_RDWR | constants.O_APPEND);
  try {
    checkNotInUse(path);
    const { session, size, end } = readOpen(path, claim);
    if (end < size) ftruncateSync(claim, end);
    return { ...session, claim };
  } catch (error) {
    closeSync(claim);
    throw error;
  }
}

/** `end`: bytes up to the last whole line. */
function readOpen(path: string, descriptor: number) {
  const { size } = fstatSync(descriptor);
  if (size > MAX_ROLLOUT_BYTES) {
    const limit = MAX_ROLLOUT_BYTES / 1024 / 1024;
    throw new ResumeError(`Cannot resume "${path}": more than ${limit} MiB`);
  }
  const bytes = readFileSync(descriptor);
  const end = bytes.lastIndexOf("\n") + 1;
  const session = parseRollout(path, bytes.toString("utf8", 0, end).split("\n"));
  return { session, size: bytes.length, end };
}

/** Read as one text, of which V8 takes little more. */
const MAX_ROLLOUT_BYTES = 256 * 1024 * 1024;

function parseRollout(path: string, [first, ...lines]: readonly string[]): StoredSession {
  const meta = metaSchema.safeParse(parseLine(first ?? ""));
  if (!meta.success || !isConversationId(meta.data.id)) {
    throw new ResumeError(
      `Cannot resume "${path}": not a session file; "codex resume" without one lists those that are`,
    );
  }
  let history: ModelItem[] = [];
  let usage = NO_USAGE;
  let interruptedAt = new Set<ModelItem>();
  let model: RolloutState["model"];
  const end = new TurnEnd();
  let unreadableLines = 0;
  for (const line of lines) {
    if (line.trim() === "") continue;
    const record = parseLine(line);
    if (typeof record !== "object" || record === null) unreadableLines += 1;
    if (!isOfSession(record)) {
      const items = itemOf(record);
      history.push(...items);
      for (const item of items) end.item(item);
      continue;
    }
    const compacted = compactedSchema.safeParse(record);
    const counted = usageSchema.safeParse(record);
    const context = modelSchema.safeParse(record);
    if (compacted.success) {
      const before = history;
      history = compacted.data.history.flatMap(itemOf);
      interruptedAt = stillThere(interruptedAt, before, history);
      usage = { ...usage, lastTotal: undefined };
      end.replaced();
    } else if (counted.success) {
      const { input_tokens: input, total_tokens: lastTotal } = counted.data;
      usage = { firstInput: usage.firstInput ?? input, lastTotal };
      end.answered();
    } else if (context.success) {
      model = { model: context.data.model, effort: context.data.effort };
      end.begun();
    } else if (abortedSchema.safeParse(record).success) {
      const last = history.at(-1);
      if (last !== undefined) interruptedAt.add(last);
      end.recorded();
    } else if (completeSchema.safeParse(record).success) {
      end.recorded();
    }
  }
  const lastItem = history.at(-1);
  const isTurnOpen = lastItem !== undefined && end.isMissing;
  if (isTurnOpen) interruptedAt.add(lastItem);
  const { id, cwd } = meta.data;
  const complete = withAllOutputs(history);
  return {
    path,
    id,
    cwd: cwd ?? null,
    history: complete,
    usage,
    interruptedAt,
    model,
    isTurnOpen,
    unreadableLines,
  };
}

/** Whether the last turn of a file has ended, or its process was killed in it. */
class TurnEnd {
  #last: ModelItem | undefined;
  #hasEnds = false;
  #isOfCodex = false;
  #isAnswered = false;

  item(item: ModelItem): void {
    this.#last = item;
    this.#isAnswered = false;
  }

  /** Tells who wrote the file. */
  begun(): void {
    this.#isOfCodex = true;
  }

  answered(): void {
    this.#isAnswered = true;
  }

  /** The history is another one: that happens between turns. */
  replaced(): void {
    this.#last = undefined;
  }

  recorded(): void {
    this.#hasEnds = true;
    this.#last = undefined;
  }

  get isMissing(): boolean {
    const last = this.#last;
    if (last === undefined) return false;
    if (this.#hasEnds || last.type !== "message" || last.role !== "assistant") return true;
    // Without any end, this may be a first turn, or a file of a program that writes none. There, what
    // a whole answer ends with has to do.
    return this.#isOfCodex && !this.#isAnswered;
  }
}

/** Of items that stand at the same place in `after`, which has taken the place of `before`. */
function stillThere(
  items: ReadonlySet<ModelItem>,
  before: readonly ModelItem[],
  after: readonly ModelItem[],
): Set<ModelItem> {
  const same = after.filter((item, index) => {
    const old = before[index];
    if (old === undefined || !items.has(old)) return false;
    return JSON.stringify(old) === JSON.stringify(item);
  });
  return new Set(same);
}

/** Errors: ResumeError when there is none, or the text is no session id. */
export function findRollout(codexHome: string, id: string): string {
  const wanted = id.toLowerCase();
  if (!isConversationId(wanted)) {
    throw new ResumeError(
      `Cannot resume "${id}": not a session id; "codex resume" without one lists them`,
    );
  }
  for (const path of sessionFiles(codexHome)) {
    if (path.endsWith(`-${wanted}.jsonl`)) return path;
  }
  throw new ResumeError(
    `Cannot resume "${id}": no such session in "${sessionsDirectory(codexHome)}"`,
  );
}

/** Whether `findRollout` leads to a session with something in it. */
export function isStored(codexHome: string, id: string): boolean {
  const path = sessionFiles(codexHome).find((each) => each.endsWith(`-${id}.jsonl`));
  if (path === undefined) return false;
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/**
 * The session that was written to last. An empty file is none: its disk was full, or its program
 * killed, before anything was said. Errors: ResumeError when there is none.
 */
export function findLastRollout(codexHome: string): string {
  let newest: { readonly path: string; readonly time: number } | undefined;
  for (const path of sessionFiles(codexHome)) {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status?.isFile() === true && status.size === 0) continue;
    const time = status?.mtimeMs ?? 0;
    // Newest names come first; of files of one time the first is meant.
    if (newest === undefined || time > newest.time) newest = { path, time };
  }
  if (newest !== undefined) return newest.path;
  throw new ResumeError(`Cannot resume: no session in "${sessionsDirectory(codexHome)}"`);
}

/** All of them, newest names first. */
export function sessionFiles(codexHome: string): readonly string[] {
  const root = sessionsDirectory(codexHome);
  const files: string[] = [];
  for (const year of namesIn(root, /^\d{4}$/u)) {
    for (const month of namesIn(join(root, year), /^\d{2}$/u)) {
      for (const day of namesIn(join(root, year, month), /^\d{2}$/u)) {
        const directory = join(root, year, month, day);
        const names = namesIn(directory, /^rollout-.*\.jsonl$/u);
        files.push(...names.map((name) => join(directory, name)));
      }
    }
  }
  return files;
}

function namesIn(directory: string, pattern: RegExp): readonly string[] {
  try {
    const names = readdirSync(directory).filter((name) => pattern.test(name));
    return names.toSorted().toReversed();
  } catch {
    return [];
  }
}

function openRollout(path: string, access: number): number {
  let descriptor: number;
  try {
    // A FIFO must not hold the program.
    descriptor = openSync(path, access | constants.O_NONBLOCK);
  } catch (error) {
    const reason = describeFileProblem(error);
    throw new ResumeError(`Cannot resume "${path}": ${reason}`, { cause: error });
  }
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw new ResumeError(`Cannot resume "${path}": not a regular file`);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Something else than an item. */
function isOfSession(record: unknown): boolean {
  return typeof record === "object" && record !== null && "record_type" in record;
}

function itemOf(value: unknown): readonly ModelItem[] {
  const item = decodeModelItem(value);
  return item === null ? [] : [item];
}
