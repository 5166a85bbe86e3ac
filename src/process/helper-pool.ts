/**
 * One warm helper ready, a cold start when there is none.
 *
 * A start of this executable takes about 20 ms, most of it before any of our code runs. A model
 * thinks for seconds before it calls a tool, so a helper is started meanwhile and waits. It is used
 * once; the next one is started when its command has ended, not beside it.
 */
import { readFileSync } from "node:fs";

import { bindLibc, type Libc } from "../linux-sandbox/libc.ts";
import { inheritedSoftOpenFiles } from "../linux-sandbox/original-limits.ts";
import { hostArchitecture } from "../linux-sandbox/architecture.ts";
import { anonymousFileDirectories, loadNativeAddon } from "../runtime/native-addon.ts";
import { HelperTemplate } from "./helper-template.ts";
import type { GuardJournal } from "./guard-journal.ts";
import { HelperProcess, type HelperProgram } from "./helper-process.ts";
import { journalOfGuards } from "./left-behind.ts";
import { adoptOrphans, reapOrphans } from "./orphans.ts";
import { loadSpawning } from "./spawn.ts";
import { WatcherLink } from "./watcher-link.ts";

export interface HelperPoolOptions {
  readonly program: HelperProgram;
  /** An idle helper is given up after so many milliseconds. */
  readonly idleMs?: number;
  /** False: every command is a cold start. */
  readonly keepsWarm?: boolean;
  /** Whether the system has hardly any memory left; by default what the kernel says. */
  readonly isMemoryShort?: () => boolean;
  /** False: nothing ends a command's children when this program is killed. */
  readonly watchesOrphans?: boolean;
}

export class HelperPool {
  readonly #options: HelperPoolOptions;
  #libc: Libc | undefined;
  #template: HelperTemplate | undefined;
  #templateFailures = 0;
  #watcher: WatcherLink | undefined;
  #settling: NodeJS.Timeout | undefined;
  #warm: WarmHelper[] = [];
  /** How many should wait: one, and more while commands follow each other faster than helpers start. */
  #wanted = 1;
  #warming: Promise<void> | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #softOpenFiles: { readonly value: number | undefined } | undefined;
  #isClosed = false;

  constructor(options: HelperPoolOptions) {
    this.#options = options;
  }

  /** The soft limit of open files that the user had, when it is known. */
  get softOpenFiles(): number | undefined {
    this.#softOpenFiles ??= { value: inheritedSoftOpenFiles() };
    return this.#softOpenFiles.value;
  }

  /** Has a helper started for the next command, if there is none. Never fails: a cold start tells. */
  async prepare(): Promise<void> {
    if (!usesHelpers()) {
      await loadSpawning();
      return;
    }
    if (!this.#needsMore()) return;
    this.#warming ??= this.#warmUp();
    await this.#warming;
  }

  /**
   * A helper that waits for its command: the warm one, or else a new one.
   * Errors: SpawnError, NativeAddonError.
   */
  async take(): Promise<{ readonly helper: HelperProcess; readonly wasWarm: boolean }> {
    if (this.#usable() === undefined) await this.#warming;
    const warm = this.#usable();
    if (warm !== undefined) {
      this.#warm = this.#warm.filter((each) => each !== warm);
      if (this.#warm.length === 0) clearTimeout(this.#idleTimer);
      this.#followPace(warm);
      return { helper: warm.helper, wasWarm: true };
    }
    const copy = await this.#usableTemplate?.fork();
    // As with a warm one: should it fail, the command has not begun.
    if (copy !== undefined) return { helper: copy, wasWarm: true };
    return { helper: await this.startCold(), wasWarm: false };
  }

  /**
   * A helper that is taken while it still starts makes its command wait. Then the next ones are
   * started beside commands, on other processors, until the pace slackens.
   */
  #followPace({ startedAt }: WarmHelper): void {
    const isHurried = performance.now() - startedAt < START_MS;
    this.#wanted = isHurried ? Math.min(this.#wanted + 1, mostWarm()) : 1;
    if (this.#wanted > 1) void this.prepare();
  }

  /** Errors: SpawnError, NativeAddonError. */
  async startCold(): Promise<HelperProcess> {
    return HelperProcess.start(this.#bind(), this.#options.program);
  }

  /** For a program that is to be spoken to: never a warm one. Errors: as above. */
  async startWithInput(): Promise<HelperProcess> {
    return HelperProcess.start(this.#bind(), this.#options.program, "pipe");
  }

  /** To be told when a command or a server began. */
  noteStart(): void {
    this.#watcherLink()?.noteStart();
  }

  /**
   * Resolves when somebody is there to end a command and to put back what it changed, should this
   * program be killed; undefined when that is so already. Never rejects.
   */
  watch(): Promise<void> | undefined {
    return this.#watcherLink()?.ready();
  }

  #watcherLink(): WatcherLink | undefined {
    if (this.#watcher !== undefined) return this.#watcher;
    if (this.#options.watchesOrphans === false || process.platform === "win32") return undefined;
    this.#watcher = new WatcherLink(this.#options.program, this.#openJournal());
    return this.#watcher;
  }

  /** Where commands need no helper, protected places need no guard. */
  #openJournal(): GuardJournal | undefined {
    if (!usesHelpers()) return undefined;
    try {
      return journalOfGuards(this.#bind());
    } catch {
      return undefined; // the command itself will tell
    }
  }

  /**
   * To be told when a command ended. Soon after, when its result has been dealt with, the next
   * helper is started and what is left of the command is looked at.
   */
  noteEnd(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      this.#settle().catch(() => undefined);
    }, SETTLE_MS).unref();
  }

  /** Gives up the waiting helper and starts no other. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#settling);
    this.#watcher?.close();
    this.#drop();
  }

  /** The warm helper's process id, for measuring and for tests. */
  get warmPid(): number | undefined {
    return this.#usable()?.helper.child.pid;
  }

  /** All helpers that wait. */
  get waitingPids(): readonly number[] {
    return this.#warm.map(({ helper }) => helper.child.pid);
  }

  get templatePid(): number | undefined {
    return this.#template?.pid;
  }

  get watcherPid(): number | undefined {
    return this.#watcher?.pid;
  }

  async #settle(): Promise<void> {
    if (usesHelpers()) reapOrphans(this.#bind());
    this.#watcher?.look();
    if (this.#isMemoryShort()) this.#drop();
    await this.prepare();
  }

  #needsMore(): boolean {
    if (this.#isClosed || this.#options.keepsWarm === false) return false;
    this.#forgetEnded();
    return this.#warm.length < this.#wanted && !this.#isMemoryShort();
  }

  async #warmUp(): Promise<void> {
    try {
      await loadSpawning();
      do {
        const helper = await this.#startWarm();
        if (this.#isClosed) helper?.close();
        else if (helper !== undefined) this.#keep(helper);
      } while (this.#needsMore());
    } catch {
      // Memory, processes or descriptors are short. The command itself will say so.
    } finally {
      this.#warming = undefined;
    }
  }

  /**
   * A copy of the template, which is started for the first of them; else a new process. Undefined
   * when this was closed meanwhile.
   */
  async #startWarm(): Promise<HelperProcess | undefined> {
    if (this.#usableTemplate === undefined && this.#templateFailures < MOST_TEMPLATE_FAILURES) {
      this.#templateFailures += 1;
      this.#template = await HelperTemplate.start(this.#bind(), this.#options.program);
      if (this.#isClosed) {
        this.#drop();
        return undefined;
      }
    }
    const copy = await this.#usableTemplate?.fork();
    if (copy === undefined) return this.startCold();
    this.#templateFailures = 0;
    return copy;
  }

  get #usableTemplate(): HelperTemplate | undefined {
    return this.#template?.isUsable === true ? this.#template : undefined;
  }

  #keep(helper: HelperProcess): void {
    this.#warm.push({ helper, startedAt: performance.now() });
    this.#watchIdle(this.#options.idleMs ?? DEFAULT_IDLE_MS);
  }

  /** Looks once a minute whether others need the memory. */
  #watchIdle(leftMs: number): void {
    clearTimeout(this.#idleTimer);
    const untilLookMs = Math.min(leftMs, MEMORY_LOOK_MS);
    this.#idleTimer = setTimeout(() => {
      if (leftMs <= untilLookMs || this.#isMemoryShort()) this.#drop();
      else this.#watchIdle(leftMs - untilLookMs);
    }, untilLookMs).unref();
  }

  #isMemoryShort(): boolean {
    return (this.#options.isMemoryShort ?? isMemoryShort)();
  }

  #drop(): void {
    clearTimeout(this.#idleTimer);
    for (const { helper } of this.#warm.splice(0)) helper.close();
    this.#template?.close();
    this.#template = undefined;
    this.#wanted = 1;
  }

  /** The one that has had most time to start. */
  #usable(): WarmHelper | undefined {
    this.#forgetEnded();
    return this.#warm[0];
  }

  #forgetEnded(): void {
    for (const { helper } of this.#warm) if (helper.child.ended !== undefined) helper.close();
    this.#warm = this.#warm.filter(({ helper }) => helper.child.ended === undefined);
  }

  #bind(): Libc {
    if (this.#libc === undefined) {
      const architecture = hostArchitecture(process.arch);
      if (architecture === undefined) throw new TypeError(`No system calls for ${process.arch}`);
      const directories = anonymousFileDirectories(this.#options.program.environment);
      this.#libc = bindLibc(loadNativeAddon(directories), architecture);
      adoptOrphans(this.#libc);
    }
    return this.#libc;
  }
}

/** Elsewhere commands are started as they are; what is left here is the care for what they leave. */
function usesHelpers(): boolean {
  return process.platform === "linux";
}

interface WarmHelper {
  readonly helper: HelperProcess;
  /** By performance.now(). */
  readonly startedAt: number;
}

/** In a row; a kernel or a Node that does not bear forks is not asked again. */
const MOST_TEMPLATE_FAILURES = 2;

/** More than a start takes on a machine that is not overloaded. */
const START_MS = 60;
/** Each holds about 10 MB of its own. */
const MOST_WARM = 4;

function mostWarm(): number {
  return Math.min(MOST_WARM, process.getBuiltinModule("node:os").availableParallelism());
}

const SETTLE_MS = 50;
const DEFAULT_IDLE_MS = 5 * 60_000;
const MEMORY_LOOK_MS = 60_000;
const SHORT_MEMORY_KIB = 256 * 1024;

/** A waiting helper holds about 10 MB of its own; not worth it where the system is nearly full. */
function isMemoryShort(): boolean {
  try {
    const available = /^MemAvailable: +([0-9]+) kB/m.exec(readFileSync("/proc/meminfo", "latin1"));
    return available?.[1] !== undefined && Number(available[1]) < SHORT_MEMORY_KIB;
  } catch {
    return false;
  }
}
