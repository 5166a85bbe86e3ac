/** The completion script for zsh: a function for each command, all made of _arguments. */
import type { CommandSpec, FlagSpec, ValueCompletion } from "./command-spec.ts";
import {
  commandNames,
  type CompletionCommand,
  completionCommands,
  flagCompletion,
  flagNames,
} from "./completion-model.ts";

/** Works as an autoloaded function named _codex, and when it is sourced. */
export function zshCompletion(table: CommandSpec): string {
  const commands = completionCommands(table);
  return `#compdef codex
# zsh completion for codex. Put it into a directory of $fpath under the name _codex.

${commands.map((command) => commandFunction(command)).join("\n")}
if [ "$funcstack[1]" = "_codex" ]; then
    _codex "$@"
else
    compdef _codex codex
fi
`;
}

function commandFunction(command: CompletionCommand): string {
  const hasCommands = command.commands.length > 0;
  const words = wordSpecs(command).map((spec) => `\\\n        ${spec}`);
  const lines = [
    `${functionName(command.path)}() {`,
    `    local context state state_descr line`,
    `    typeset -A opt_args`,
    `    _arguments -C -S ${[flagLines(command), ...words].join(" ")}`,
    ...(hasCommands ? dispatch(command) : []),
    `}`,
    ...(hasCommands ? listFunction(command) : []),
  ];
  return `${lines.join("\n")}\n`;
}

function flagLines(command: CompletionCommand): string {
  const specs = command.flags.flatMap((flag) => flagSpecs(flag));
  return specs.map((spec) => `\\\n        ${spec}`).join(" ");
}

function functionName(path: string): string {
  return `_${path.replaceAll(/[ -]/g, "_")}`;
}

function flagSpecs(flag: FlagSpec): string[] {
  const names = flagNames(flag);
  const exclusion = flag.isRepeatable === true ? "*" : `(${names.join(" ")})`;
  const value =
    flag.value === undefined
      ? ""
      : `${flag.isValueOptional === true ? "::" : ":"}${flag.value}:${action(flagCompletion(flag))}`;
  return names.map((name) => {
    const equals = flag.value !== undefined && name.startsWith("--") ? "=" : "";
    return quote(`${exclusion}${name}${equals}[${escape(flag.help)}]${value}`);
  });
}

function wordSpecs(command: CompletionCommand): string[] {
  if (command.commands.length > 0) {
    return [quote(`1: :${functionName(command.path)}_commands`), quote("*::argument:->command")];
  }
  if (command.spec.stopsAtFirstArgument === true) {
    return [quote("(-)1:program:_command_names -e"), quote("*::argument:_normal")];
  }
  const name = command.spec.arguments?.[0]?.name;
  return name === undefined ? [] : [quote(`1:${name}:${action(command.argument)}`)];
}

/** Goes on in the function of the command that was named. */
function dispatch(command: CompletionCommand): string[] {
  return [
    `    case $state in`,
    `        command)`,
    `            case $line[1] in`,
    ...command.commands.map((child) => {
      const patterns = commandNames(child).join("|");
      return `                ${patterns}) ${functionName(`${command.path} ${child.name}`)} ;;`;
    }),
    // A prompt: flags may still follow.
    `                *) _arguments -S ${flagLines(command)} ;;`,
    `            esac ;;`,
    `    esac`,
  ];
}

function listFunction(command: CompletionCommand): string[] {
  return [
    `${functionName(command.path)}_commands() {`,
    `    local -a commands=(`,
    ...command.commands.map((child) => `        ${quote(`${child.name}:${child.summary}`)}`),
    `    )`,
    `    _describe -t commands 'codex command' commands`,
    `}`,
  ];
}

function action(completion: ValueCompletion | undefined): string {
  switch (completion) {
    case undefined:
      return " ";
    case "file":
      return "_files";
    case "directory":
      return "_files -/";
    case "command":
      return "_command_names -e";
    default:
      return `(${completion.map((word) => word.replaceAll(":", "\\:")).join(" ")})`;
  }
}

function escape(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
