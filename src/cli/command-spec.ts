/** The shape of the command table. Parser, help, completions and the man page are made from it. */
import type { SandboxMode } from "../protocol/sandbox-policy.ts";

/** What a shell completes at a value: names of files, directories or programs, or these words. */
export type ValueCompletion = "file" | "directory" | "command" | readonly string[];

export interface FlagSpec {
  /** With its dashes: `--model`. */
  readonly long: string;
  /** With its dash: `-m`. */
  readonly short?: string;
  /** Name of the value in help texts. A flag without one is a switch. */
  readonly value?: string;
  /** The value may be left out. */
  readonly isValueOptional?: boolean;
  /** An empty value has a meaning of its own, or a complaint. */
  readonly mayBeEmpty?: boolean;
  readonly isRepeatable?: boolean;
  /** Nothing but these is accepted. */
  readonly choices?: readonly string[];
  readonly completion?: ValueCompletion;
  /** Long names of flags that cannot be given at the same time. */
  readonly conflicts?: readonly string[];
  /** The sandbox that it stands for: naming another beside it is refused, not overruled. */
  readonly sandbox?: SandboxMode;
  readonly isHidden?: boolean;
  readonly help: string;
}

export interface ArgumentSpec {
  readonly name: string;
  readonly isRequired?: boolean;
  /** Takes all words that follow; the last argument only. */
  readonly isVariadic?: boolean;
  readonly choices?: readonly string[];
  readonly completion?: ValueCompletion;
  readonly help: string;
}

export interface CommandSpec {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One line without a full stop, for lists. */
  readonly summary: string;
  /** More, for the command's own page. Paragraphs. */
  readonly details?: readonly string[];
  readonly flags: readonly FlagSpec[];
  readonly arguments?: readonly ArgumentSpec[];
  readonly commands?: readonly CommandSpec[];
  /** Cannot run by itself, only one of its commands can. */
  readonly isGroup?: boolean;
  /** Flags after the first argument belong to the argument. */
  readonly stopsAtFirstArgument?: boolean;
  readonly isHidden?: boolean;
  /** One command line. */
  readonly example: string;
  /** One line: what the numbers mean. */
  readonly exitCodes: string;
}

/** The names from the root to a command, without "codex": `["debug", "landlock"]`. */
export type CommandPath = readonly string[];

/** Every command with its path, parents first. */
export function* eachCommand(
  command: CommandSpec,
  path: CommandPath = [],
): Generator<readonly [CommandPath, CommandSpec]> {
  yield [path, command];
  for (const child of command.commands ?? []) yield* eachCommand(child, [...path, child.name]);
}

export function visibleCommands(command: CommandSpec): readonly CommandSpec[] {
  return (command.commands ?? []).filter((child) => child.isHidden !== true);
}

export function visibleFlags(command: CommandSpec): readonly FlagSpec[] {
  return command.flags.filter((flag) => flag.isHidden !== true);
}

export const HELP_FLAG: FlagSpec = { long: "--help", short: "-h", help: "Show this help" };
export const VERSION_FLAG: FlagSpec = {
  long: "--version",
  short: "-V",
  help: "Show the version",
};

/** The flags that commander adds by itself to the command at `path`. */
export function builtInFlags(path: CommandPath): readonly FlagSpec[] {
  const hasVersion = path.length === 0 || path.join(" ") === "exec";
  return hasVersion ? [HELP_FLAG, VERSION_FLAG] : [HELP_FLAG];
}

/** As a user may write it: `-m, --model <MODEL>`. */
export function flagUsage(flag: FlagSpec): string {
  const names = flag.short === undefined ? flag.long : `${flag.short}, ${flag.long}`;
  if (flag.value === undefined) return names;
  return flag.isValueOptional === true ? `${names} [${flag.value}]` : `${names} <${flag.value}>`;
}

export function argumentUsage({ name, isRequired, isVariadic }: ArgumentSpec): string {
  const word = isVariadic === true ? `${name}...` : name;
  return isRequired === true ? `<${word}>` : `[${word}]`;
}
