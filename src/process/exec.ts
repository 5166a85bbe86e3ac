/**
 * One tool command: started, its output streamed and kept, ended when it is time, with an outcome.
 *
 * The end is that of the command's own process. What it left in the background may hold the pipes
 * open; for that the call waits a bounded time and no longer.
 */
import { isAbsolute } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Confinement } from "../linux-sandbox/helper-status.ts";
import type { SandboxPolicy } from "../protocol/sandbox-policy.ts";
import type { ByteString } from "../runtime/byte-string.ts";
import { NativeAddonError } from "../runtime/native-addon.ts";
import { keepV8Small } from "../runtime/v8-memory.ts";
import { wrap } from "../sandbox/sandbox.ts";
import {
  ABORTED,
  outcomeOfEnd,
  outcomeOfStop,
  type ExecOutcome,
  type StopCause,
} from "./exec-outcome.ts";
import { describeEnd, type ProcessEnd } from "./exit-status.ts";
import type { ApprovedFile } from "./approved-files.ts";
import type { HelperPool } from "./helper-pool.ts";
import type { CommandProcess, HandOver, HelperProcess } from "./helper-process.ts";
import { defaultCaptureLimits, emptyOutput, type CaptureLimits } from "./output-capture.ts";
import type { OutputListener } from "./output-deltas.ts";
import { OutputRecorder, type RecordedOutput } from "./output-recorder.ts";
import { findOrphans, ticksBefore } from "./orphans.ts";
import { ProcessTree } from "./process-tree.ts";
import { addRunning, countRunning, removeRunning } from "./running-commands.ts";
import {
  acceptFiles,
  acceptPlaces,
  approvedWritingOver,
  beginApprovedWriting,
  beginGuarding,
  endGuarding,
  isAnythingLeft,
  keepWhileLeftBehind,
  putBackBehindCommands,
} from "./left-behind.ts";
import type { PlaceChange } from "./place-change.ts";
import { guardWritablePlaces, type PlaceGuard } from "./place-guard.ts";
import { SpawnError } from "./spawn.ts";

export interface ExecRequest {
  /** Program and arguments; a program without a slash is looked for in the environment's PATH. */
  readonly argv: readonly string[];
  /** Where the command starts. Absolute. */
  readonly cwd: string;
  /** The session's directory, where workspace-write applies. Absolute. */
  readonly policyCwd: string;
  readonly policy: SandboxPolicy;
  /** The command's whole environment, filtered and marked: nothing is added to it. */
  readonly environment: readonly ByteString[];
  /**
   * Of a patch without a sandbox that goes by what the user has approved: what it leaves in
   * protected places when it succeeds. All else that changes there meanwhile is undone.
   */
  readonly approvedFiles?: readonly ApprovedFile[];
  /** This program's own settings, which no command may change. */
  readonly codexHome: string | undefined;
  /** Milliseconds from the hand-over to the process. Infinity: no limit. */
  readonly timeoutMs: number;
  /** Ends the command with all its descendants. */
  readonly signal?: AbortSignal;
  /**
   * Output as it arrives: at most MAX_DELTAS pieces of at most MAX_DELTA_BYTES. Must not throw; the
   * bytes are only valid until it returns.
   */
  readonly onOutput?: OutputListener;
  readonly limits?: CaptureLimits;
  /** How long a command that is to end may take from SIGTERM to SIGKILL. */
  readonly graceMs?: number;
  /** Where the process comes from; one for the whole program. */
  readonly helpers: HelperPool;
}

export interface ExecResult extends RecordedOutput {
  readonly outcome: ExecOutcome;
  /** From the hand-over to the end of the command's process. */
  readonly durationMs: number;
  /** A process that the command left behind still held its output open; the rest was not read. */
  readonly isOutputLeftOpen: boolean;
  /** What the policy came to on this kernel; undefined without a sandbox. */
  readonly confinement: Confinement | undefined;
  /** Changes to protected places that no mount could prevent, and whether they were undone. */
  readonly placeChanges: readonly PlaceChange[];
}

/**
 * Runs one tool command to its end. A non-zero exit, a signal, a time-out and a sandbox that cannot
 * be set up are outcomes, and what was printed so far is always there.
 *
 * Errors: SpawnError when no process could be made or `cwd` cannot be entered.
 */
export async function execCommand(request: ExecRequest): Promise<ExecResult> {
  requireUsable(request);
  keepV8Small();
  if (request.signal?.aborted === true) return withoutRun(ABORTED);
  const wrapped = wrap(process.platform, request, request.helpers.softOpenFiles);
  switch (wrapped.kind) {
    case "cannot-confine":
      return withoutRun({ kind: "could-not-confine", message: wrapped.message });
    case "helper":
      return runThroughHelper(wrapped.message, request);
    case "direct":
      return runDirectly(wrapped.launcher, request);
  }
}

async function runThroughHelper(message: Uint8Array, request: ExecRequest): Promise<ExecResult> {
  const { helpers } = request;
  const isQuiet = (): boolean => countRunning() === 0 && !isAnythingLeft();
  let changedMeanwhile: readonly PlaceChange[] = [];
  let guard: PlaceGuard | undefined;
  let writing: Disposable | undefined;
  const takeGuard = (): void => {
    if (request.approvedFiles !== undefined) {
      writing = beginApprovedWriting(request.approvedFiles);
    }
    changedMeanwhile = [...changedMeanwhile, ...putBackBehindCommands()];
    guard = guardWritablePlaces({ ...request, isQuiet });
    if (guard !== undefined) beginGuarding(guard);
  };
  try {
    const [{ helper, wasWarm }] = await Promise.all([
      helpers.take(),
      // Before its command begins: what it changes should not outlive this program.
      request.policy.mode === "workspace-write" ? helpers.watch() : undefined,
    ]);
    while (approvedWritingOver() !== undefined) await approvedWritingOver();
    if (request.signal?.aborted === true) {
      helper.close(); // nothing has been said to it
      helpers.noteEnd();
      return withoutRun(ABORTED);
    }
    // Before the helper looks for places to seal: one that goes meanwhile would stop the command.
    changedMeanwhile = putBackBehindCommands();
    let run = await runHelper(helper, message, request, takeGuard);
    if (run.stop === undefined && run.status === undefined && wasWarm) {
      // A helper that died while it waited has run nothing, so the command can be tried once more.
      run = await runHelper(await helpers.startCold(), message, request, () => undefined);
    }
    if (request.approvedFiles === undefined) {
      while (approvedWritingOver() !== undefined) await approvedWritingOver();
    }
    const placeChanges = [...changedMeanwhile, ...endOfGuard(request, run, guard)];
    return { ...finish(request, run), placeChanges };
  } catch (error) {
    if (!(error instanceof NativeAddonError)) throw error;
    return withoutRun({ kind: "could-not-confine", message: error.message });
  } finally {
    if (guard !== undefined) endGuarding(guard);
    writing?.[Symbol.dispose]();
  }
}

/** Where no helper is needed: Seatbelt protects places by itself, so there is no guard either. */
async function runDirectly(launcher: readonly string[], request: ExecRequest): Promise<ExecResult> {
  const { startDirectly, judgeDirectEnd, explainDirectEnd } = await import("./direct-process.ts");
  const recorder = recorderFor(request);
  const startedAt = performance.now();
  const started = await startDirectly(launcher, request, (stream, bytes) =>
    recorder.add(stream, bytes),
  );
  if ("exitCode" in started) {
    recorder.add("stderr", Buffer.from(`codex: ${started.message}\n`));
    const { exitCode } = started;
    return { ...withoutRun({ kind: "exited", exitCode }), ...recorder.result() };
  }
  const { end, stop, durationMs, isOutputLeftOpen } = await follow(
    started,
    recorder,
    request,
    startedAt,
  );
  const explained = stop === undefined ? explainDirectEnd(end) : undefined;
  if (explained !== undefined) recorder.add("stderr", Buffer.from(`codex: ${explained}\n`));
  const output = recorder.result();
  const outcome =
    stop === undefined ? judgeDirectEnd(launcher, end, output.stderr) : outcomeOfStop(stop);
  const facts = { durationMs, isOutputLeftOpen, confinement: undefined, placeChanges: [] };
  return { ...output, ...facts, outcome };
}

/** One process from its start to its end. */
interface ProcessRun {
  readonly end: ProcessEnd;
  readonly stop: StopCause | undefined;
  readonly output: RecordedOutput;
  readonly durationMs: number;
  readonly isOutputLeftOpen: boolean;
}

/** Without a status and a stop, the helper ended before it reached the command. */
interface HelperRun extends ProcessRun {
  readonly status: HandOver;
}

/** `takeGuard` looks at the protected places, beside the helper that confines itself meanwhile. */
async function runHelper(
  helper: HelperProcess,
  message: Uint8Array,
  request: ExecRequest,
  takeGuard: () => void,
): Promise<HelperRun> {
  const recorder = recorderFor(request);
  try {
    helper.handOver(message, (stream, bytes) => recorder.add(stream, bytes));
    takeGuard();
  } catch (error) {
    helper.close(); // without a word from here its command does not begin
    throw error;
  }
  helper.letBegin();
  const startedAt = performance.now();
  const run = await follow(helper, recorder, request, startedAt);
  return { ...run, status: await helper.handOverStatus() };
}

function recorderFor({ limits = defaultCaptureLimits, onOutput }: ExecRequest): OutputRecorder {
  return new OutputRecorder(limits, onOutput);
}

async function follow(
  command: CommandProcess,
  recorder: OutputRecorder,
  request: ExecRequest,
  startedAt: number,
): Promise<ProcessRun> {
  const { child } = command;
  const { helpers } = request;
  const stopper = new Stopper(request);
  const over = Promise.withResolvers<void>();
  const running = {
    pid: child.pid,
    stop: (cause: StopCause, graceMs: number) => stopper.stop(cause, graceMs),
    over: over.promise,
  };
  addRunning(running);
  helpers.noteStart();
  try {
    await Promise.race([child.end, stopper.stopped]);
    const { given } = stopper;
    if (given !== undefined) {
      const elapsedMs = performance.now() - startedAt;
      await commandTree(child.pid, elapsedMs).end(given.graceMs);
      await Promise.race([child.end, sleep(UNENDING_MS, undefined, { ref: false })]);
    }
    const durationMs = performance.now() - startedAt;
    await drain(command);
    const isOutputLeftOpen = command.isOutputOpen;
    return {
      end: child.ended ?? { code: null, signal: "SIGKILL" },
      stop: given?.cause,
      output: recorder.result(),
      durationMs,
      isOutputLeftOpen,
    };
  } finally {
    command.close();
    stopper.forget();
    removeRunning(running);
    helpers.noteEnd();
    over.resolve();
  }
}

/**
 * All that belongs to a command. An orphan that left the session is taken for the command's when
 * it came up while only this command ran; otherwise it lives until all commands are ended.
 */
function commandTree(pid: number, elapsedMs: number): ProcessTree {
  const beganTicks = countRunning() === 1 ? ticksBefore(elapsedMs) : undefined;
  if (beganTicks === undefined) return new ProcessTree([pid]);
  return new ProcessTree([pid], (all) =>
    findOrphans(all).flatMap((orphan) => (orphan.startTicks >= beganTicks ? [orphan.pid] : [])),
  );
}

/** The first cause to end a command from outside, if there is one. */
class Stopper {
  readonly stopped: Promise<void>;
  given: { readonly cause: StopCause; readonly graceMs: number } | undefined;
  readonly #resolve: () => void;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;

  constructor({ timeoutMs, signal, graceMs = DEFAULT_GRACE_MS }: ExecRequest) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.stopped = promise;
    this.#resolve = resolve;
    this.#onAbort = () => this.stop({ kind: "aborted" }, graceMs);
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted === true) this.#onAbort();
    if (timeoutMs !== Infinity) {
      const cause: StopCause = { kind: "timed-out", afterMs: timeoutMs };
      const delay = Math.min(Math.max(0, timeoutMs), LONGEST_TIMER_MS);
      this.#timer = setTimeout(() => this.stop(cause, graceMs), delay);
    }
  }

  stop(cause: StopCause, graceMs: number): void {
    this.given ??= { cause, graceMs };
    this.#resolve();
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}

const DEFAULT_GRACE_MS = 2_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const UNENDING_MS = 1_000;
/** No helper takes so long that is ever to begin. */
const SLOW_START_MS = 2_000;
const QUIET_MS = 250;
const LONGEST_DRAIN_MS = 2_000;

/** Reads what is still coming, until the pipes end, or are quiet, or it goes on for too long. */
async function drain(command: CommandProcess): Promise<void> {
  const deadline = performance.now() + LONGEST_DRAIN_MS;
  const end = command.outputEnd();
  while (command.isOutputOpen && performance.now() < deadline) {
    const before = command.receivedBytes;
    const pause = new AbortController();
    const timer = sleep(QUIET_MS, undefined, { signal: pause.signal }).catch(() => undefined);
    await Promise.race([end, timer]);
    pause.abort();
    if (command.receivedBytes === before) return;
  }
}

function finish(request: ExecRequest, run: HelperRun): Omit<ExecResult, "placeChanges"> {
  const { status, stop, end, output, durationMs, isOutputLeftOpen } = run;
  if (status?.kind === "no-directory") {
    throw new SpawnError("directory", request.cwd, status.errno);
  }
  const confinement = status?.kind === "starting" ? status.confinement : undefined;
  const result = { ...output, durationMs, isOutputLeftOpen, confinement };
  if (stop?.kind === "timed-out" && status === undefined && stop.afterMs >= SLOW_START_MS) {
    // Where processes are short, Node neither starts nor ends: no command has used up that time.
    const message = `Cannot confine the command: the sandbox helper did not begin within ${stop.afterMs} ms`;
    return { ...result, outcome: { kind: "could-not-confine", message } };
  }
  if (stop !== undefined) return { ...result, outcome: outcomeOfStop(stop) };
  if (status?.kind === "starting") return { ...result, outcome: outcomeOfEnd(end) };
  const message =
    status?.message ??
    `Cannot confine the command: the sandbox helper ended before it began (${describeEnd(end)})`;
  return { ...result, outcome: { kind: "could-not-confine", message } };
}

function withoutRun(outcome: ExecOutcome): ExecResult {
  return {
    outcome,
    stdout: emptyOutput,
    stderr: emptyOutput,
    aggregated: emptyOutput,
    durationMs: 0,
    isOutputLeftOpen: false,
    confinement: undefined,
    placeChanges: [],
  };
}

function endOfGuard(
  { policy, approvedFiles }: ExecRequest,
  run: HelperRun,
  guard: PlaceGuard | undefined,
): readonly PlaceChange[] {
  if (approvedFiles !== undefined) {
    // Also when it was to be stopped: what it writes elsewhere stays as well.
    const isWritten = run.status?.kind === "starting" && run.end.code === 0;
    if (isWritten) acceptFiles(approvedFiles);
  } else if (policy.mode === "danger-full-access") acceptPlaces();
  const changes = guard?.putBack() ?? [];
  const late = putBackBehindCommands();
  if (guard !== undefined) keepWhileLeftBehind(guard);
  return [...changes, ...late];
}

/** Errors: SpawnError with EINVAL, as the kernel has no way to take such words. */
function requireUsable({ argv, cwd, environment }: ExecRequest): void {
  const [program = ""] = argv;
  if (argv.length === 0 || [...argv, ...environment].some((word) => word.includes("\0"))) {
    throw new SpawnError("program", program, "EINVAL");
  }
  if (!isAbsolute(cwd) || cwd.includes("\0")) throw new SpawnError("directory", cwd, "EINVAL");
}
