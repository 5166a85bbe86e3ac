/** Finds a patch in a tool command. Pure text work: no shell is asked, nothing is run. */
import { posix } from "node:path";

export interface PatchInCommand {
  /** Not checked: a malformed patch is still meant as one, and its author is told. */
  readonly patchText: string;
  /** Of a leading `cd <directory> &&`; relative to the directory the command was to run in. */
  readonly directory: string | undefined;
}

const PROGRAMS: ReadonlySet<string | undefined> = new Set(["apply_patch", "applypatch"]);
const SHELLS: ReadonlySet<string> = new Set(["bash", "sh", "zsh"]);
const SHELL_FLAGS: ReadonlySet<string | undefined> = new Set(["-c", "-lc"]);

/**
 * `cd DIR &&` at most once, then the program, `<<WORD`, and nothing else on the line. A directory
 * is a plain word, or a quoted one in which the quotes hide nothing from bash.
 */
const SCRIPT_HEAD =
  /^\s*(?:cd[ \t]+(?:([\w./@%+=:,][\w./@%+=:,-]*)|'([^'\n]+)'|"([^"$`\\!\n]+)")[ \t]*&&\s*)?(?:apply_patch|applypatch)[ \t]*<<(-?)[ \t]*(?:'([^'\n]+)'|"([^"$`\\\n]+)"|\\?([\w.+-]+))[ \t]*\n/u;

/**
 * The patch, or undefined for any other command, also one that does more than apply a patch: what
 * stands after the heredoc would be lost. Such a script finds `apply_patch` on its PATH.
 *
 * Forms: `[apply_patch|applypatch, body]`; `[bash|sh|zsh, -c|-lc, script]`, shells by base name.
 * The body is taken as it is written, also where an unquoted word would let bash expand it.
 * Source: spec agent.md 6.1.
 */
export function patchInCommand(argv: readonly string[]): PatchInCommand | undefined {
  const [program, second, third] = argv;
  if (program === undefined || second === undefined) return undefined;
  if (argv.length === 2 && PROGRAMS.has(program)) {
    return { patchText: second, directory: undefined };
  }
  if (argv.length !== 3 || third === undefined) return undefined;
  const isShell = SHELLS.has(posix.basename(program)) && SHELL_FLAGS.has(second);
  return isShell ? patchInScript(third) : undefined;
}

function patchInScript(script: string): PatchInCommand | undefined {
  const head = SCRIPT_HEAD.exec(script);
  if (head === null) return undefined;
  const [whole, plain, single, double, dash, singleWord, doubleWord, plainWord] = head;
  const directory = plain ?? single ?? double;
  const word = singleWord ?? doubleWord ?? plainWord;
  if (word === undefined || directory?.startsWith("-") === true) return undefined;
  const patchText = heredocBody(script.slice(whole.length), word, dash === "-");
  return patchText === undefined ? undefined : { patchText, directory };
}

/** undefined when the end word is missing or anything but blanks follows it. */
function heredocBody(text: string, word: string, stripsTabs: boolean): string | undefined {
  const lines = text.split("\n").map((line) => (stripsTabs ? line.replace(/^\t+/u, "") : line));
  const end = lines.indexOf(word);
  if (end === -1 || lines.slice(end + 1).some((line) => line.trim() !== "")) return undefined;
  return lines
    .slice(0, end)
    .map((line) => `${line}\n`)
    .join("");
}
