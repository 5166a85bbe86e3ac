/** The completion script for fish, 3.0 and later. */
import type { CommandSpec, FlagSpec, ValueCompletion } from "./command-spec.ts";
import {
  commandNames,
  type CompletionCommand,
  completionCommands,
  flagCompletion,
  flagNames,
  flagsWithValue,
} from "./completion-model.ts";

/** One function finds the command before the cursor; every proposal is bound to one command. */
export function fishCompletion(table: CommandSpec): string {
  const commands = completionCommands(table);
  return `# fish completion for codex. Put it into ~/.config/fish/completions/codex.fish
function __codex_command
    set -l words (commandline -opc)
    set -l path codex
    set -l skip 0
    set -l operand 0
    for word in $words[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        if test $operand = 1; and not string match -q -- '-*' $word
            continue
        end
        switch "$path $word"
${commands.flatMap((command) => walk(command)).join("\n")}
            case ${stopping(commands)
              .map((path) => quote(`${path} --`))
              .join(" ")}
                continue
            case '* --'
                echo "$path +"
                return
            case '* -*'
                continue
            case ${stopping(commands)
              .map((path) => quote(`${path} *`))
              .join(" ")}
                echo "$path +"
                return
            case '*'
                set operand 1
        end
    end
    echo $path
end

function __codex_at
    test (__codex_command) = "$argv"
end

complete -c codex -f
${commands.flatMap((command) => proposals(command)).join("\n")}
`;
}

/** Commands whose first argument begins the command line of another program. */
function stopping(commands: readonly CompletionCommand[]): string[] {
  return commands.filter(({ spec }) => spec.stopsAtFirstArgument === true).map(({ path }) => path);
}

function walk(command: CompletionCommand): string[] {
  const flags = flagsWithValue(command).flatMap(flagNames);
  const lines: string[] = [];
  if (flags.length > 0) {
    const patterns = flags.map((name) => quote(`${command.path} ${name}`)).join(" ");
    lines.push(`            case ${patterns}`, `                set skip 1`);
  }
  for (const child of command.commands) {
    const patterns = commandNames(child).map((name) => quote(`${command.path} ${name}`));
    const reached = quote(`${command.path} ${child.name}`);
    lines.push(`            case ${patterns.join(" ")}`, `                set path ${reached}`);
  }
  return lines;
}

function proposals(command: CompletionCommand): string[] {
  const at = `complete -c codex -n ${quote(`__codex_at ${command.path}`)}`;
  const flags = command.flags.map((flag) => `${at} ${flagOptions(flag)}`);
  const commands = command.commands.map(
    ({ name, summary }) => `${at} -a ${quote(name)} -d ${quote(summary)}`,
  );
  return [...flags, ...commands, ...argumentProposals(command, at)];
}

function flagOptions(flag: FlagSpec): string {
  const short = flag.short === undefined ? [] : ["-s", flag.short.slice(1)];
  const value = flag.value === undefined ? [] : valueOptions(flagCompletion(flag));
  const optional = flag.isValueOptional === true ? [] : value;
  return ["-l", flag.long.slice(2), ...short, ...optional, "-d", quote(flag.help)].join(" ");
}

function valueOptions(completion: ValueCompletion | undefined): string[] {
  switch (completion) {
    case undefined:
      return ["-x"];
    case "file":
      return ["-r", "-F"];
    case "directory":
      return ["-x", "-a", quote("(__fish_complete_directories)")];
    case "command":
      return ["-x", "-a", quote("(__fish_complete_command)")];
    default:
      return ["-x", "-a", quote(completion.join(" "))];
  }
}

function argumentProposals({ argument, path, spec }: CompletionCommand, at: string): string[] {
  if (argument === undefined) return [];
  if (typeof argument === "object") return [`${at} -a ${quote(argument.join(" "))}`];
  const own = `${at} ${valueOptions(argument).slice(1).join(" ")}`;
  if (spec.stopsAtFirstArgument !== true) return [own];
  // Behind the program stand its own arguments, most often files.
  return [own, `complete -c codex -n ${quote(`__codex_at ${path} +`)} -F`];
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
