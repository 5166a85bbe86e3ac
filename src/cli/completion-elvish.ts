/** The completion script for elvish, 0.18 and later. */
import type { CommandSpec, FlagSpec } from "./command-spec.ts";
import {
  commandNames,
  type CompletionCommand,
  completionCommands,
  flagCompletion,
  flagNames,
  flagsWithValue,
} from "./completion-model.ts";

export function elvishCompletion(table: CommandSpec): string {
  const commands = completionCommands(table);
  return `# elvish completion for codex. Add it to ~/.config/elvish/rc.elv
set edit:completion:arg-completer[codex] = {|@words|
    var next = [
${commands.flatMap((command) => transitions(command)).join("\n")}
    ]
    var values = [
${commands.flatMap((command) => flagsWithValue(command).flatMap((flag) => values(command, flag))).join("\n")}
    ]
    var proposals = [
${commands.map((command) => `        &${quote(command.path)}=[${wordList(command)}]`).join("\n")}
    ]
    var path = codex
    var flag = ''
    for word $words[1..-1] {
        var step = $path' '$word
        if (not-eq $flag '') {
            set flag = ''
        } elif (has-key $values $step) {
            set flag = $step
        } elif (has-key $next $step) {
            set path = $next[$step]
        }
    }
    if (eq $flag '') {
        all $proposals[$path]
    } elif (eq $values[$flag] file) {
        edit:complete-filename $@words
    } else {
        all $values[$flag]
    }
}
`;
}

function transitions({ path, commands }: CompletionCommand): string[] {
  return commands.flatMap((child) =>
    commandNames(child).map(
      (name) => `        &${quote(`${path} ${name}`)}=${quote(`${path} ${child.name}`)}`,
    ),
  );
}

function values(command: CompletionCommand, flag: FlagSpec): string[] {
  const completion = flagCompletion(flag);
  const list = typeof completion === "object" ? completion.map(quote).join(" ") : "";
  const isPath = completion === "file" || completion === "directory";
  const proposed = isPath ? "file" : `[${list}]`;
  return flagNames(flag).map((name) => `        &${quote(`${command.path} ${name}`)}=${proposed}`);
}

function wordList({ commands, flags, argument }: CompletionCommand): string {
  const names = commands.map(({ name }) => name);
  const words = typeof argument === "object" ? argument : [];
  return [...names, ...words, ...flags.flatMap(flagNames)].map(quote).join(" ");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
