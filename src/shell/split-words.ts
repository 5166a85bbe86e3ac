/**
 * The words of a plain shell script, as the shell will hand them to programs.
 *
 * Plain: commands of words, joined by `&&`, `||`, `;`, `|` or new lines. No expansion that could
 * compute something, no redirection, assignment, group, background job, comment, reserved word.
 */
import { type BashGrammar, MAX_SCRIPT_LENGTH, type SyntaxNode } from "./bash-grammar.ts";
import {
  type Joint,
  literalWord,
  type PlainWord,
  readPlainTokens,
  type ShellName,
  type ShellToken,
} from "./plain-words.ts";

export interface PlainCommand {
  /** At least one. */
  readonly words: readonly PlainWord[];
  /** What stands before it; undefined for the first. A new line is `;`. */
  readonly joint: Joint | undefined;
}

/**
 * The commands of `[program, …]`, or of the script in `[bash|sh|zsh, -c|-lc, script]`.
 * Undefined for a script that is not plain; never empty.
 */
export function splitCommand(
  argv: readonly string[],
  grammar: BashGrammar,
): readonly PlainCommand[] | undefined {
  const shellScript = findScript(argv);
  if (shellScript !== undefined) {
    return splitScript(shellScript.script, shellScript.shell, grammar);
  }
  return argv.length === 0 ? undefined : [{ words: argv.map(literalWord), joint: undefined }];
}

export interface ShellScript {
  readonly shell: ShellName;
  readonly script: string;
}

/** Exactly three words, the shell by its bare name: a path could name any program. */
export function findScript(argv: readonly string[]): ShellScript | undefined {
  const [shell, flag, script] = argv;
  if (argv.length !== 3 || script === undefined) return undefined;
  if (shell !== "bash" && shell !== "sh" && shell !== "zsh") return undefined;
  return flag === "-c" || flag === "-lc" ? { shell, script } : undefined;
}

/**
 * Two readings must agree on every word and every operator: our own, which decodes, and the
 * grammar's, which knows what else shells understand. tree-sitter takes `a\<newline>b` for two
 * words and a carriage return for a blank; bash does not.
 */
export function splitScript(
  script: string,
  shell: ShellName,
  grammar: BashGrammar,
): readonly PlainCommand[] | undefined {
  if (script.length > MAX_SCRIPT_LENGTH) return undefined;
  const tokens = readPlainTokens(script, shell);
  if (tokens === undefined) return undefined;
  const commands = groupCommands(tokens);
  if (commands === undefined) return undefined;
  const parsed = grammar.readTree(script, readLeaves);
  if (parsed === undefined || !sameLeaves(tokens, parsed)) return undefined;
  return commands;
}

function groupCommands(tokens: readonly ShellToken[]): readonly PlainCommand[] | undefined {
  const commands: PlainCommand[] = [];
  let words: PlainWord[] = [];
  let joint: Joint | undefined;
  const finish = (next: Joint): boolean => {
    if (words.length === 0) return false;
    commands.push({ words, joint });
    words = [];
    joint = next;
    return true;
  };
  for (const token of tokens) {
    if (token.kind === "word") {
      if (words.length === 0 && !canStartCommand(token.word)) return undefined;
      words.push(token.word);
    } else if (token.kind === "newline") {
      if (words.length > 0) finish(";");
    } else if (!finish(token.joint)) return undefined;
  }
  if (words.length > 0) commands.push({ words, joint });
  else if (joint !== ";") return undefined; // nothing at all, or a dangling operator
  return commands;
}

/** Of bash and zsh; `{`, `}` and `(` are no plain words anyway. */
const reservedWords = new Set(
  (
    "! [[ ]] case coproc do done elif else end esac fi for foreach function if in nocorrect " +
    "repeat select then time until while"
  ).split(" "),
);

function canStartCommand(word: PlainWord): boolean {
  if (word.expansion.kind !== "none" || word.text === "") return false;
  if (word.quoted) return true;
  return !reservedWords.has(word.text) && !word.text.includes("=");
}

/** A word's place, or an operator's text and place. */
interface Leaf {
  readonly joint: string | undefined;
  readonly start: number;
  readonly end: number;
}

/** Undefined as soon as a node is of any other kind than those of plain scripts. */
function readLeaves(root: SyntaxNode): readonly Leaf[] | undefined {
  const leaves: Leaf[] = [];
  // Depth first without recursion: `a && b && …` nests once per command.
  const stack: SyntaxNode[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    switch (node.type) {
      case "program":
      case "list":
      case "pipeline":
      case "command":
      case "command_name":
        if (!node.isNamed) return undefined;
        stack.push(...node.children.toReversed());
        break;
      case "word":
      case "number":
      case "raw_string":
      case "string":
      case "concatenation":
        if (!node.isNamed || node.isMissing) return undefined;
        // What a string or a concatenation such as [ab]* holds was judged by our own reading.
        leaves.push({ joint: undefined, start: node.startIndex, end: node.endIndex });
        break;
      case "&&":
      case "||":
      case "|":
      case ";":
        leaves.push({ joint: node.type, start: node.startIndex, end: node.endIndex });
        break;
      case "\n":
        break;
      default:
        return undefined;
    }
  }
  return leaves;
}

function sameLeaves(tokens: readonly ShellToken[], leaves: readonly Leaf[]): boolean {
  const seen = tokens.filter((token) => token.kind !== "newline");
  if (seen.length !== leaves.length) return false;
  return seen.every((token, index) => {
    const leaf = leaves[index];
    if (leaf === undefined || leaf.start !== token.start || leaf.end !== token.end) return false;
    return leaf.joint === (token.kind === "joint" ? token.joint : undefined);
  });
}
