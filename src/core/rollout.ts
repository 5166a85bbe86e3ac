/**
 * The session file: `sessions/YYYY/MM/DD/rollout-<local time>-<id>.jsonl`. The first line says
 * which session it is; then come the items of the history, one a line, each written in one call the
 * moment it is known. A process that is killed loses nothing but the line it was writing.
 *
 * What else is known of the session has a `record_type` in place of an item's `type`: readers skip
 * what they do not know of these, as 0.23.0 was seen to do.
 */
import { closeSync, fstatSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  PRIVATE_DIRECTORY_MODE,
  PRIVATE_FILE_MODE,
  sessionsDirectory,
} from "../config/codex-home.ts";
import type { TokenUsage } from "../protocol/event.ts";
import type { ModelItem } from "../protocol/model-item.ts";
import type { ReasoningEffort } from "../protocol/reasoning.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";
import { makeDirectories } from "../runtime/make-directories.ts";
import { readGitInfo } from "./git-info.ts";
import { SessionInUseError } from "./resume-error.ts";
import { claimRollout } from "./rollout-claim.ts";

export interface RolloutSession {
  readonly id: string;
  readonly codexHome: string;
  readonly cwd: string;
  /** AGENTS.md, as the model gets it. */
  readonly instructions: string | null;
}

/** Who answers. */
export interface SessionModel {
  readonly model: string;
  /** Null: the model does not reason, or nobody knows. */
  readonly effort: ReasoningEffort | null;
}

/** What the file says of a session that goes on. */
export interface RolloutState {
  readonly model: SessionModel | undefined;
  /** Its last turn has no end: the process was killed in it. */
  readonly isTurnOpen: boolean;
}

/** Where items go. A failure to write is told once and ends the writing, not the session. */
export class Rollout {
  readonly #open: () => number;
  readonly #path: () => string;
  readonly #onProblem: (message: string) => void;
  #descriptor: number | null = null;
  #isBroken = false;
  /** What the file says of it. */
  #model: SessionModel | undefined;
  /** To be closed before anything else is written: what follows would hide it. */
  #isTurnOpen = false;

  private constructor(
    path: () => string,
    open: () => number,
    onProblem: (message: string) => void,
  ) {
    this.#path = path;
    this.#open = open;
    this.#onProblem = onProblem;
  }

  /** The file is made with the first item: a session without any leaves none. */
  static start(
    session: RolloutSession,
    onProblem: (message: string) => void,
    now: () => Date = () => new Date(),
  ): Rollout {
    let begun: string | undefined;
    const open = (): number => {
      if (begun !== undefined) return claimRollout(begun);
      const time = now();
      const path = rolloutPath(session.codexHome, session.id, time);
      begun = path;
      makeDirectories(dirname(path), PRIVATE_DIRECTORY_MODE);
      const descriptor = openSync(path, "ax", PRIVATE_FILE_MODE);
      writeLine(descriptor, {
        id: session.id,
        timestamp: time.toISOString(),
        cwd: session.cwd,
        instructions: session.instructions,
        git: readGitInfo(session.cwd) ?? {},
      });
      return descriptor;
    };
    return new Rollout(() => begun ?? sessionsDirectory(session.codexHome), open, onProblem);
  }

  /**
   * Goes on in an existing file, which `takeUpRollout` has repaired; `state` is what that says, and
   * `claim` its descriptor, which is closed here.
   */
  static resume(
    path: string,
    onProblem: (message: string) => void,
    state?: RolloutState,
    claim?: number,
  ): Rollout {
    const rollout = new Rollout(
      () => path,
      () => claimRollout(path),
      onProblem,
    );
    rollout.#descriptor = claim ?? null;
    rollout.rest();
    rollout.#model = state?.model;
    rollout.#isTurnOpen = state?.isTurnOpen ?? false;
    return rollout;
  }

  append(item: ModelItem): void {
    this.#write(item);
  }

  /** The history is these items from here on. */
  appendCompacted(items: readonly ModelItem[]): void {
    this.#write({ record_type: "compacted", history: items });
  }

  /** What the user's turn that begins is answered with; nothing while it stays the same. */
  appendModel({ model, effort }: SessionModel): void {
    if (this.#model?.model === model && this.#model.effort === effort) return;
    this.#model = { model, effort };
    this.#write({ record_type: "turn_context", model, effort });
  }

  /** The turn was interrupted here. */
  appendAborted(): void {
    this.#write(TURN_ABORTED);
  }

  /** The turn has ended by itself. */
  appendComplete(): void {
    this.#write({ record_type: "turn_complete" });
  }

  /** What the last request took. */
  appendUsage(usage: TokenUsage): void {
    this.#write({ record_type: "token_count", ...usage });
  }

  /**
   * Until there is more to write. The file stays open, which keeps other processes out of it; but a
   * server may have thousands of sessions, so only those that were last at work do.
   */
  rest(): void {
    if (this.#descriptor === null) return;
    RESTING.add(this);
    const [longest] = RESTING;
    if (longest !== undefined && RESTING.size > MOST_RESTING) longest.#release();
  }

  close(): void {
    this.#release();
    this.#isBroken = true;
  }

  #release(): void {
    RESTING.delete(this);
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  /** Ready to be written to. */
  #awake(): number {
    const hasRested = RESTING.delete(this);
    // Removed, or replaced by another: what is written would be lost with the old one.
    if (hasRested && this.#descriptor !== null && fstatSync(this.#descriptor).nlink === 0) {
      this.#release();
    }
    this.#descriptor ??= this.#open();
    return this.#descriptor;
  }

  #write(record: object): void {
    if (this.#isBroken) return;
    try {
      const descriptor = this.#awake();
      if (this.#isTurnOpen) writeLine(descriptor, TURN_ABORTED);
      this.#isTurnOpen = false;
      writeLine(descriptor, record);
    } catch (error) {
      this.close();
      const file = JSON.stringify(this.#path());
      this.#onProblem(
        `Cannot write the session file ${file}: ${reasonOf(error)}; what follows is not kept for "codex resume"`,
      );
    }
  }
}

/** In the order in which they came to rest. */
const RESTING = new Set<Rollout>();
const MOST_RESTING = 64;

const TURN_ABORTED = { record_type: "turn_aborted", reason: "interrupted" };

function reasonOf(error: unknown): string {
  if (error instanceof SessionInUseError) return `process ${error.pid} has taken the session up`;
  return describeFileProblem(error);
}

function writeLine(descriptor: number, record: object): void {
  let rest = Buffer.from(`${JSON.stringify(record)}\n`);
  while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
}

/** Local time in the name, as people look for it. */
export function rolloutPath(codexHome: string, id: string, time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const year = String(time.getFullYear());
  const month = two(time.getMonth() + 1);
  const day = two(time.getDate());
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join("-");
  const name = `rollout-${year}-${month}-${day}T${clock}-${id}.jsonl`;
  return join(sessionsDirectory(codexHome), year, month, day, name);
}
