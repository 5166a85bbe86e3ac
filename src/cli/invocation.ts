/** A command line that has been understood: which command, which flags, which words. */
import { type CommandPath, type CommandSpec, type FlagSpec, flagUsage } from "./command-spec.ts";
import { nearestName } from "../config/nearest-name.ts";

/** Long name to the values given, in order. A switch, and a value left out, is an empty list. */
export type FlagValues = ReadonlyMap<string, readonly string[]>;

export interface Invocation {
  /** Names, not aliases. Empty: no command, an interactive session. */
  readonly path: CommandPath;
  readonly flags: FlagValues;
  readonly words: readonly string[];
}

/** The command line is not one that codex has. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly path: CommandPath;

  constructor(path: CommandPath, message: string) {
    super(message);
    this.path = path;
  }
}

export function hasFlag({ flags }: Invocation, long: string): boolean {
  return flags.has(long);
}

export function flagText({ flags }: Invocation, long: string): string | undefined {
  return flags.get(long)?.at(-1);
}

export function flagTexts({ flags }: Invocation, long: string): readonly string[] {
  return flags.get(long) ?? [];
}

/** Flags of one command on the way to the one that runs. */
export interface LevelFlags {
  readonly spec: CommandSpec;
  readonly path: CommandPath;
  readonly flags: FlagValues;
}

/**
 * Flags in front of a subcommand count for it, and its own win over them. Errors: UsageError when
 * the subcommand has no such flag (ignoring it would be worse), and for flags that exclude another.
 */
export function mergeLevels(levels: readonly LevelFlags[]): FlagValues {
  const last = levels.at(-1);
  const merged = new Map<string, readonly string[]>();
  if (last === undefined) return merged;
  for (const level of levels) {
    for (const [long, values] of level.flags) {
      const spec = last.spec.flags.find((flag) => flag.long === long);
      if (spec === undefined) throw notForCommand(long, last.path);
      for (const value of values) checkValue(spec, value, last.path);
      const before = spec.isRepeatable === true ? (merged.get(long) ?? []) : [];
      merged.set(long, [...before, ...values]);
    }
  }
  checkConflicts(last, merged);
  return merged;
}

/** Errors: UsageError for an empty value, and for one that is none of the choices. */
export function checkValue(spec: FlagSpec, value: string, path: CommandPath): void {
  const problem = describeBadValue(spec, value);
  if (problem === undefined) return;
  throw new UsageError(path, `Option "${flagUsage(spec)}": ${problem}`);
}

/** A phrase, or `undefined` when the value is good. */
export function describeBadValue(
  spec: Pick<FlagSpec, "choices" | "mayBeEmpty">,
  value: string,
): string | undefined {
  if (value === "" && spec.mayBeEmpty !== true) return "expected a value, found an empty one";
  const { choices } = spec;
  if (choices === undefined || choices.includes(value)) return undefined;
  const near = nearestName(value, choices);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  const expected = choices.length === 1 ? choices[0] : `one of ${choices.join(", ")}`;
  return `expected ${expected}, found ${JSON.stringify(value)}${hint}`;
}

function notForCommand(long: string, path: CommandPath): UsageError {
  return new UsageError(path, `Option "${long}" has no meaning for "codex ${path.join(" ")}"`);
}

function checkConflicts({ spec, path }: LevelFlags, flags: FlagValues): void {
  const named = flags.get("--sandbox")?.at(-1);
  for (const { long, conflicts, sandbox } of spec.flags) {
    if (sandbox !== undefined && flags.has(long) && named !== undefined && named !== sandbox) {
      const message = `Option "${long}" means "--sandbox ${sandbox}", so it excludes "--sandbox ${named}"`;
      throw new UsageError(path, message);
    }
    const other = conflicts?.find((name) => flags.has(long) && flags.has(name));
    if (other !== undefined) {
      throw new UsageError(path, `Options "${long}" and "${other}" exclude each other`);
    }
  }
}
