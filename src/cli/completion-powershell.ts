/** The completion script for PowerShell, 5.0 and later. */
import type { CommandSpec } from "./command-spec.ts";
import {
  commandNames,
  type CompletionCommand,
  completionCommands,
  flagCompletion,
  flagNames,
  flagsWithValue,
} from "./completion-model.ts";

/** Files need no help: PowerShell proposes them where this proposes nothing. */
export function powershellCompletion(table: CommandSpec): string {
  const commands = completionCommands(table);
  return `# PowerShell completion for codex. Add it to $PROFILE
Register-ArgumentCompleter -Native -CommandName 'codex' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $next = @{
${commands.flatMap((command) => transitions(command)).join("\n")}
    }
    $values = @{
${commands.flatMap((command) => values(command)).join("\n")}
    }
    $words = @{
${commands.map((command) => `        ${quote(command.path)} = @(${wordList(command)})`).join("\n")}
    }
    $path = 'codex'
    $flag = $null
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
        if ($element.Extent.EndOffset -ge $cursorPosition -and $wordToComplete -ne '') { break }
        $word = "$path $($element.Extent.Text)"
        if ($flag) { $flag = $null }
        elseif ($values.ContainsKey($word)) { $flag = $word }
        elseif ($next.ContainsKey($word)) { $path = $next[$word] }
    }
    $proposals = if ($flag) { $values[$flag] } else { $words[$path] }
    $proposals | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
}
`;
}

function transitions({ path, commands }: CompletionCommand): string[] {
  return commands.flatMap((child) =>
    commandNames(child).map(
      (name) => `        ${quote(`${path} ${name}`)} = ${quote(`${path} ${child.name}`)}`,
    ),
  );
}

function values(command: CompletionCommand): string[] {
  return flagsWithValue(command).flatMap((flag) => {
    const completion = flagCompletion(flag);
    const list = typeof completion === "object" ? completion.map(quote).join(", ") : "";
    // Keys of a hash table do not tell -c from -C, and both take a value.
    const names = flagNames(flag).filter((name) => name !== "-C");
    return names.map((name) => `        ${quote(`${command.path} ${name}`)} = @(${list})`);
  });
}

function wordList({ commands, flags, argument }: CompletionCommand): string {
  const names = commands.map(({ name }) => name);
  const words = typeof argument === "object" ? argument : [];
  return [...names, ...words, ...flags.flatMap(flagNames)].map(quote).join(", ");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
