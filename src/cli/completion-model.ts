/** The command table as completion scripts need it, the same for every shell. */
import {
  type ArgumentSpec,
  builtInFlags,
  type CommandSpec,
  eachCommand,
  type FlagSpec,
  type ValueCompletion,
  visibleCommands,
  visibleFlags,
} from "./command-spec.ts";

export interface CompletionCommand {
  /** With "codex": `codex debug landlock`. */
  readonly path: string;
  readonly flags: readonly FlagSpec[];
  readonly commands: readonly CommandSpec[];
  /** What completes at the first word that is no flag and no command; nothing: no proposals. */
  readonly argument: ValueCompletion | undefined;
  readonly spec: CommandSpec;
}

/** Every command that is not hidden. */
export function completionCommands(table: CommandSpec): readonly CompletionCommand[] {
  return [...eachCommand(table)]
    .filter(([, spec]) => spec.isHidden !== true)
    .map(([path, spec]) => ({
      path: [table.name, ...path].join(" "),
      flags: [...visibleFlags(spec), ...builtInFlags(path)],
      commands: visibleCommands(spec),
      argument: argumentCompletion(spec.arguments?.[0], table),
      spec,
    }));
}

/** What completes at the value of a flag; nothing: no proposals. */
export function flagCompletion(flag: FlagSpec): ValueCompletion | undefined {
  return flag.choices ?? flag.completion;
}

/** Flags with a value that has to follow. */
export function flagsWithValue(command: CompletionCommand): readonly FlagSpec[] {
  return command.flags.filter(
    ({ value, isValueOptional }) => value !== undefined && isValueOptional !== true,
  );
}

export function flagNames({ long, short }: FlagSpec): readonly string[] {
  return short === undefined ? [long] : [short, long];
}

export function commandNames({ name, aliases }: CommandSpec): readonly string[] {
  return [name, ...(aliases ?? [])];
}

function argumentCompletion(
  argument: ArgumentSpec | undefined,
  table: CommandSpec,
): ValueCompletion | undefined {
  if (argument?.name === "COMMAND" && argument.completion === undefined) {
    return visibleCommands(table).map(({ name }) => name); // `codex help`
  }
  return argument?.choices ?? argument?.completion;
}
