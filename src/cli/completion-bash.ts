/** The completion script for bash, 3.2 (macOS) and later. */
import type { CommandSpec, ValueCompletion } from "./command-spec.ts";
import {
  commandNames,
  type CompletionCommand,
  completionCommands,
  flagCompletion,
  flagNames,
  flagsWithValue,
} from "./completion-model.ts";

/**
 * The function walks over the words before the cursor: flags that take a value, and names of
 * commands. At the cursor it proposes values, flags or commands of the command it has reached.
 */
export function bashCompletion(table: CommandSpec): string {
  const commands = completionCommands(table);
  return `# bash completion for codex. Load it with: source <(codex completion bash)
_codex() {
    local IFS=$' \\t\\n'
    local command=codex expect= operand= ended= glue= index word last=0 cur
    local -a words=("\${COMP_WORDS[0]}")
    COMPREPLY=()
    # bash makes words of their own of : and =. The = in --flag=value stays a limit between words.
    for ((index = 1; index <= COMP_CWORD; index++)); do
        word=\${COMP_WORDS[index]}
        if [[ $word == "=" && \${words[last]} == --* ]]; then
            if ((index == COMP_CWORD)); then words[++last]=; fi
        elif [[ $word == ":" || $word == "=" ]]; then
            words[last]+=$word glue=1
        elif [[ -n $glue ]]; then
            words[last]+=$word glue=
        else
            words[++last]=$word
        fi
    done
    cur=\${words[last]}
    for ((index = 1; index < last; index++)); do
        word=\${words[index]}
        if [[ -n $expect ]]; then expect=; continue; fi
        if [[ $word == "--" ]]; then ended=1; break; fi
        if [[ -n $operand && $word != -* ]]; then continue; fi
        case "$command $word" in
${commands.flatMap((command) => walk(command)).join("\n")}
            *) if [[ $word != -* ]]; then operand=$word; fi ;;
        esac
        if [[ -n $operand ]]; then
            case $command in
                ${stopping(commands).map(quote).join("|")}) ended=1; break ;;
            esac
        fi
    done
    if [[ -n $expect ]]; then _codex_propose "$expect"; return; fi
    if [[ $cur == -* && -z $ended ]]; then
        case $command in
${commands.map(({ path, flags }) => `            ${quote(path)}) _codex_words ${quote(flags.flatMap(flagNames).join(" "))} ;;`).join("\n")}
        esac
        return
    fi
    case $command in
${commands.map((command) => `            ${quote(command.path)}) ${proposeWords(command)} ;;`).join("\n")}
    esac
}

_codex_words() {
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
    # What is before the last : is a word of its own to bash, and must not come again.
    if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
        local prefix=\${cur%"\${cur##*:}"} index
        for ((index = 0; index < \${#COMPREPLY[@]}; index++)); do
            COMPREPLY[index]=\${COMPREPLY[index]#"$prefix"}
        done
    fi
}

_codex_propose() {
    local line kind=-f
    case $1 in
        words:*) _codex_words "\${1#words:}"; return ;;
        none) return ;;
        directory) kind=-d ;;
        command) kind=-c ;;
    esac
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen $kind -- "$cur")
    if [[ $kind != -c ]]; then compopt -o filenames 2>/dev/null; fi
}

complete -F _codex codex
`;
}

/** Commands whose first argument begins the command line of another program. */
function stopping(commands: readonly CompletionCommand[]): string[] {
  return commands.filter(({ spec }) => spec.stopsAtFirstArgument === true).map(({ path }) => path);
}

/** Lines of the `case` that follows the words before the cursor. */
function walk(command: CompletionCommand): string[] {
  const flags = flagsWithValue(command).map((flag) => {
    const patterns = flagNames(flag).map((name) => quote(`${command.path} ${name}`));
    return `            ${patterns.join("|")}) expect=${quote(expectation(flagCompletion(flag)))} ;;`;
  });
  const commands = command.commands.map((child) => {
    const patterns = commandNames(child).map((name) => quote(`${command.path} ${name}`));
    return `            ${patterns.join("|")}) command=${quote(`${command.path} ${child.name}`)} ;;`;
  });
  return [...flags, ...commands];
}

function expectation(completion: ValueCompletion | undefined): string {
  if (completion === undefined) return "none";
  return typeof completion === "string" ? completion : `words:${completion.join(" ")}`;
}

function proposeWords(command: CompletionCommand): string {
  const { argument, commands, spec } = command;
  const names = commands.map(({ name }) => name);
  const words = typeof argument === "object" ? [...names, ...argument] : names;
  const kind = typeof argument === "string" ? argument : undefined;
  if (kind !== undefined && spec.stopsAtFirstArgument === true) {
    return `if [[ -n $operand ]]; then _codex_propose file; else _codex_propose ${kind}; fi`;
  }
  if (kind !== undefined) return `_codex_propose ${kind}`;
  return words.length === 0
    ? ":"
    : `if [[ -z $operand$ended ]]; then _codex_words ${quote(words.join(" "))}; fi`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
