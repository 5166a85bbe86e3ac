/**
 * Known read-only commands, which need no approval. They run inside the sandbox all the same: this
 * is a judgement about what a command is for, made from its words alone.
 */
import { posix } from "node:path";
import type { BashGrammar } from "./bash-grammar.ts";
import type { PlainWord } from "./plain-words.ts";
import { isDeviceDirectory, mayNameDevice, SOMEWHERE } from "./reads-device.ts";
import { type SafeProgram, safePrograms } from "./safe-programs.ts";
import { type PlainCommand, splitCommand } from "./split-words.ts";

/** Absolute directories without symbolic links. */
export interface CommandPlace {
  /** Where the command starts. */
  readonly workdir: string;
  /** The directory that the user opened the session in. */
  readonly sessionCwd: string;
}

/**
 * Whether `argv`, or every command of the plain script in `[bash|sh|zsh, -c|-lc, script]`, is one
 * that only reads. Programs are known by their bare name, unquoted and as typed.
 */
export function isSafeCommand(
  argv: readonly string[],
  place: CommandPlace,
  grammar: BashGrammar,
): boolean {
  if (argv.some((word) => word.includes("\0") || !word.isWellFormed())) return false;
  if (isDeviceDirectory(place.workdir)) return false;
  const commands = splitCommand(argv, grammar);
  if (commands === undefined) return false;
  // `cd` may fail, or run in a subshell of a pipeline: from then on both directories count.
  const directories = [posix.resolve(place.workdir)];
  for (const command of commands) {
    if (!isSafe(command, directories, place.sessionCwd)) return false;
    const target = directoryAfter(command);
    if (target !== undefined) {
      directories.push(...directories.map((from) => posix.resolve(from, target)));
      if (directories.length > MAX_DIRECTORIES) return false;
    }
  }
  return true;
}

const MAX_DIRECTORIES = 64;

function isSafe(
  command: PlainCommand,
  directories: readonly string[],
  sessionCwd: string,
): boolean {
  const [name, ...args] = command.words;
  if (name === undefined || name.quoted || name.expansion.kind !== "none") return false;
  const program = safePrograms.get(name.text);
  if (program === undefined || !program.accepts(args)) return false;
  if (program.obeysDirectory && directories.some((directory) => directory !== sessionCwd)) {
    return false;
  }
  return !opensDevice(name, program, args, directories);
}

function opensDevice(
  name: PlainWord,
  program: SafeProgram,
  args: readonly PlainWord[],
  directories: readonly string[],
): boolean {
  if (name.text === "cd") {
    // Whatever is opened by a relative name afterwards would be one.
    return args.some((word) => mayNameDevice(entryOf(word), directories));
  }
  return program.opensOperands && args.some((word) => mayNameDevice(word, directories));
}

function entryOf(word: PlainWord): PlainWord {
  return { ...word, text: `${word.text}/entry` };
}

/** Where `cd` goes, relative to where it stands; undefined for other commands. */
function directoryAfter(command: PlainCommand): string | undefined {
  const [name, ...args] = command.words;
  if (name?.text !== "cd") return undefined;
  const [target] = args;
  if (args.length !== 1 || target === undefined || target.expansion.kind !== "none")
    return SOMEWHERE;
  return target.text === "" || target.text.startsWith("-") ? SOMEWHERE : target.text;
}
