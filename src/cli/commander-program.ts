/**
 * commander's program, made from the command table. It reads what `read-command-line.ts` leaves to
 * it, and it is what explains: help pages, and what is wrong with a command line.
 */
import { Argument, Command, CommanderError, Option } from "commander";
import { nearestName } from "../config/nearest-name.ts";
import {
  argumentUsage,
  type ArgumentSpec,
  builtInFlags,
  type CommandPath,
  type CommandSpec,
  type FlagSpec,
  flagUsage,
  HELP_FLAG,
  VERSION_FLAG,
} from "./command-spec.ts";
import {
  checkValue,
  describeBadValue,
  type Invocation,
  type LevelFlags,
  mergeLevels,
  UsageError,
} from "./invocation.ts";

/** A command to run, or a text that was asked for. */
export type Reading =
  | { readonly kind: "run"; readonly invocation: Invocation }
  | { readonly kind: "text"; readonly text: string };

/** Errors: UsageError. */
export function readWithCommander(
  table: CommandSpec,
  words: readonly string[],
  version: string,
): Reading {
  const sink = new Sink();
  const program = buildCommand(withoutCommands(table, words), [], sink, version);
  try {
    program.parse([...words], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "text", text: sink.text };
    throw explain(error, sink, words);
  }
  const { invocation } = sink;
  if (invocation === undefined) throw new UsageError([], "Cannot read the command line");
  return { kind: "run", invocation };
}

/** commander would look for a command behind `--` too; nobody who writes that means one. */
function withoutCommands(table: CommandSpec, words: readonly string[]): CommandSpec {
  const end = words.indexOf("--");
  return end === -1 ? table : withoutUnnamed(table, words.slice(0, end));
}

function withoutUnnamed(spec: CommandSpec, words: readonly string[]): CommandSpec {
  const index = words.findIndex((word) => findCommand(spec, word) !== undefined);
  const named = findCommand(spec, words[index] ?? "");
  if (named === undefined) return { ...spec, commands: [] };
  return { ...spec, commands: [withoutUnnamed(named, words.slice(index + 1))] };
}

/** The help page of a command. Errors: UsageError when there is none of that name. */
export function helpText(table: CommandSpec, words: readonly string[], version: string): string {
  let spec = table;
  const path: string[] = [];
  for (const word of words) {
    const child = findCommand(spec, word);
    if (child === undefined) throw unknownCommand(word, spec, path);
    path.push(child.name);
    spec = child;
  }
  const reading = readWithCommander(table, [...path, HELP_FLAG.long], version);
  return reading.kind === "text" ? reading.text : "";
}

/** What commander did: it tells by calling back. */
class Sink {
  text = "";
  /** The command that was being read when an error came up. */
  path: CommandPath = [];
  spec: CommandSpec | undefined;
  command: Command | undefined;
  invocation: Invocation | undefined;
}

const HELP_WIDTH = 100;

function buildCommand(
  spec: CommandSpec,
  path: CommandPath,
  sink: Sink,
  version: string,
  above: readonly Level[] = [],
): Command {
  const command = new Command(spec.name);
  const levels = [...above, { spec, path, command }];
  command
    .summary(spec.summary)
    .description([spec.summary, ...(spec.details ?? [])].join("\n\n"))
    .helpOption(flagUsage(HELP_FLAG), HELP_FLAG.help)
    .helpCommand(false)
    .enablePositionalOptions()
    .passThroughOptions(spec.stopsAtFirstArgument === true)
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: false })
    .configureOutput(outputTo(sink))
    .exitOverride((error) => {
      sink.path = path;
      sink.spec = spec;
      sink.command = command;
      throw error;
    })
    .addHelpText("after", `\nExample:\n  ${spec.example}\n\n${describeExitCodes(spec)}`);
  if (spec.aliases !== undefined) command.aliases([...spec.aliases]);
  if (builtInFlags(path).includes(VERSION_FLAG)) {
    command.version(`codex-cli ${version}`, flagUsage(VERSION_FLAG), VERSION_FLAG.help);
  }
  for (const flag of spec.flags) command.addOption(buildOption(flag, path));
  for (const argument of spec.arguments ?? []) command.addArgument(buildArgument(argument, path));
  for (const child of spec.commands ?? []) {
    const built = buildCommand(child, [...path, child.name], sink, version, levels);
    command.addCommand(built, { hidden: child.isHidden === true });
  }
  if (spec.isGroup !== true) {
    command.action(() => {
      sink.invocation = { path, flags: mergeLevels(levels.map(levelFlags)), words: command.args };
    });
  }
  return command;
}

/** One line, or one for each code when that would be too long. */
function describeExitCodes({ exitCodes }: CommandSpec): string {
  const line = `Exit codes: ${exitCodes}`;
  // A meaning may hold commas of its own; each code begins with a digit.
  return line.length <= HELP_WIDTH
    ? line
    : `Exit codes:\n  ${exitCodes.split(/, (?=\d)/).join("\n  ")}`;
}

function outputTo(sink: Sink) {
  const write = (text: string): void => {
    sink.text += text;
  };
  return {
    writeOut: write,
    writeErr: write,
    getOutHelpWidth: () => HELP_WIDTH,
    getErrHelpWidth: () => HELP_WIDTH,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  };
}

interface Level {
  readonly spec: CommandSpec;
  readonly path: CommandPath;
  readonly command: Command;
}

function buildOption(flag: FlagSpec, path: CommandPath): Option {
  const option = new Option(flagUsage(flag), describeFlag(flag)).hideHelp(flag.isHidden === true);
  if (flag.value === undefined) return option;
  return option.argParser((written: string, before: string[] | undefined) => {
    // As in other command line parsers, `-m=o3` is `-m o3`.
    const value = written.startsWith("=") ? written.slice(1) : written;
    checkValue(flag, value, path);
    return flag.isRepeatable === true ? [...(before ?? []), value] : [value];
  });
}

function describeFlag({ help, choices, isRepeatable }: FlagSpec): string {
  const values = choices === undefined ? "" : ` [${choices.join(", ")}]`;
  return `${help}${values}${isRepeatable === true ? " (repeatable)" : ""}`;
}

function buildArgument(spec: ArgumentSpec, path: CommandPath): Argument {
  const { choices } = spec;
  if (choices === undefined) return new Argument(argumentUsage(spec), spec.help);
  const help = `${spec.help} [${choices.join(", ")}]`;
  return new Argument(argumentUsage(spec), help).argParser((value: string) => {
    const problem = describeBadValue({ choices }, value);
    if (problem !== undefined) throw new UsageError(path, `${spec.name}: ${problem}`);
    return value;
  });
}

function levelFlags({ spec, path, command }: Level): LevelFlags {
  const flags = new Map<string, readonly string[]>();
  const options: Readonly<Record<string, unknown>> = command.opts();
  for (const flag of spec.flags) {
    const value = options[new Option(flagUsage(flag)).attributeName()];
    if (value === undefined) continue;
    flags.set(flag.long, Array.isArray(value) ? value.map(String) : []);
  }
  return { spec, path, flags };
}

function findCommand(spec: CommandSpec, word: string): CommandSpec | undefined {
  return spec.commands?.find(
    ({ name, aliases }) => name === word || aliases?.includes(word) === true,
  );
}

/** commander's complaint in our words. */
function explain(error: CommanderError, sink: Sink, words: readonly string[]): UsageError {
  const { path, spec, command } = sink;
  const name = ["codex", ...path].join(" ");
  const quoted = /'([^']*)'/s.exec(error.message)?.[1] ?? "";
  switch (error.code) {
    case "commander.unknownOption":
      return new UsageError(
        path,
        `Unknown option "${quoted}" for "${name}"${nearFlag(quoted, spec)}`,
      );
    case "commander.optionMissingArgument":
      return new UsageError(path, `Option "${quoted}": expected a value, found none`);
    case "commander.missingArgument":
      return new UsageError(path, `Missing argument ${quoted} for "${name}"`);
    case "commander.help":
      return new UsageError(path, `"${name}" needs a command: ${commandNames(spec).join(", ")}`);
    case "commander.unknownCommand":
      return unknownCommand(quoted, spec, path);
    case "commander.excessArguments":
      return excessArguments(command?.args ?? words, spec, path);
    default:
      return new UsageError(path, error.message.replace(/^error: /, ""));
  }
}

function nearFlag(written: string, spec: CommandSpec | undefined): string {
  const [name = ""] = written.split("=");
  const known = ["--help", ...(spec?.flags ?? []).map(({ long }) => long)];
  const near = name.startsWith("--") ? nearestName(name, known) : undefined;
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

function commandNames(spec: CommandSpec | undefined): string[] {
  return (spec?.commands ?? []).filter(({ isHidden }) => isHidden !== true).map(({ name }) => name);
}

function unknownCommand(
  word: string,
  spec: CommandSpec | undefined,
  path: CommandPath,
): UsageError {
  const near = nearestName(word, commandNames(spec));
  const known = commandNames(spec).join(", ");
  const hint = near === undefined ? `; there are ${known}` : `; did you mean "${near}"?`;
  return new UsageError(path, `Unknown command ${JSON.stringify(word)}${hint}`);
}

function excessArguments(
  args: readonly string[],
  spec: CommandSpec | undefined,
  path: CommandPath,
): UsageError {
  const [first = ""] = args;
  const takesPrompt = spec?.arguments?.some(({ name }) => name === "PROMPT") === true;
  const isCommandLike = spec?.commands !== undefined && spec.commands.length > 0;
  if (isCommandLike && (!takesPrompt || nearestName(first, commandNames(spec)) !== undefined)) {
    return unknownCommand(first, spec, path);
  }
  const name = ["codex", ...path].join(" ");
  const limit = spec?.arguments?.length ?? 0;
  const hint = takesPrompt ? "; put a prompt of several words in quotes" : "";
  const expected = `expected ${limit === 0 ? "none" : `at most ${limit}`}, found ${args.length}`;
  return new UsageError(path, `Too many arguments for "${name}": ${expected}${hint}`);
}
