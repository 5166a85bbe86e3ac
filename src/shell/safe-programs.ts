/**
 * Which programs only read, and with which words.
 *
 * Base: the known-safe commands of 0.23.0. Tightened: an option that writes, runs a program, names
 * a configuration or a list of files we cannot see is refused in every spelling and position, and
 * so is a word that the shell may turn into one.
 */
import {
  gitBranchOptions,
  gitDiffOptions,
  gitHistoryOptions,
  gitStatusOptions,
} from "./git-options.ts";
import {
  looksLikeOption,
  mayBecomeOption,
  type OptionTable,
  optionTable,
  sortWords,
} from "./option-table.ts";
import type { PlainWord } from "./plain-words.ts";

export interface SafeProgram {
  /** Judges the words after the program's name. */
  readonly accepts: (args: readonly PlainWord[]) => boolean;
  /** It opens the files that its words name. */
  readonly opensOperands: boolean;
  /**
   * What the directory holds decides what else runs (core.fsmonitor in a repository's
   * configuration, build.rs), so it is safe only in the session's own directory.
   */
  readonly obeysDirectory: boolean;
}

const talks: SafeProgram = { accepts: () => true, opensOperands: false, obeysDirectory: false };
const reads: SafeProgram = { accepts: () => true, opensOperands: true, obeysDirectory: false };

function reader(accepts: SafeProgram["accepts"]): SafeProgram {
  return { accepts, opensOperands: true, obeysDirectory: false };
}

export const safePrograms: ReadonlyMap<string, SafeProgram> = new Map<string, SafeProgram>([
  ["cat", reads],
  ["cd", { accepts: acceptsCd, opensOperands: false, obeysDirectory: false }],
  ["echo", talks],
  ["false", talks],
  ["grep", reads],
  ["head", reads],
  ["ls", talks],
  ["nl", reads],
  ["pwd", talks],
  ["tail", reads],
  ["true", talks],
  ["wc", reader(acceptsWc)],
  ["which", talks],
  ["find", { accepts: acceptsFind, opensOperands: false, obeysDirectory: false }],
  ["rg", reader((args) => sortWords(args, rgOptions) !== undefined)],
  ["sed", reader(acceptsSed)],
  ["git", { accepts: acceptsGit, opensOperands: true, obeysDirectory: true }],
  ["cargo", { accepts: acceptsCargo, opensOperands: true, obeysDirectory: true }],
]);

/** With two operands zsh replaces the one by the other in the current path. */
function acceptsCd(args: readonly PlainWord[]): boolean {
  return args.filter((word) => !looksLikeOption(word.text)).length <= 1;
}

/** --files0-from names a list of files, and getopt takes every beginning of it. */
function acceptsWc(args: readonly PlainWord[]): boolean {
  return sortWords(args, wcOptions) !== undefined;
}

const wcOptions = optionTable({
  flags: "clmLw",
  long: "bytes chars lines max-line-length words total help version",
});

/** Exactly `-n <N>p|<N>,<M>p <file>`: sed's language can write and run. */
function acceptsSed(args: readonly PlainWord[]): boolean {
  const [quiet, script, file] = args;
  if (args.length !== 3 || quiet === undefined || script === undefined || file === undefined) {
    return false;
  }
  if (!isLiteral(quiet, "-n") || script.expansion.kind !== "none") return false;
  if (!/^[0-9]+(?:,[0-9]+)?p$/u.test(script.text)) return false;
  return file.text !== "" && !file.text.startsWith("-") && !mayBecomeOption(file);
}

/** Primaries that only test or print, of GNU and BSD find. */
const findPrimaries = new Set(
  (
    "-name -iname -path -ipath -wholename -iwholename -regex -iregex -regextype -lname -ilname " +
    "-type -xtype -size -empty -mtime -mmin -atime -amin -ctime -cmin -newer -anewer -cnewer " +
    "-used -daystart -perm -user -group -uid -gid -nouser -nogroup -links -inum -samefile " +
    "-fstype -executable -readable -writable -maxdepth -mindepth -depth -d -mount -xdev -x " +
    "-follow -noleaf -prune -quit -print -print0 -printf -ls -true -false -not -and -or -a -o " +
    "-ignore_readdir_race -noignore_readdir_race -warn -nowarn -H -L -P -E -s -O0 -O1 -O2 -O3"
  ).split(" "),
);

/** Those that run, delete or write; find takes no abbreviations. */
const findActions =
  "-exec -execdir -ok -okdir -delete -fls -fprint -fprint0 -fprintf -files0-from".split(" ");

function acceptsFind(args: readonly PlainWord[]): boolean {
  return args.every((word, index) => {
    const { expansion } = word;
    if (mayBecomeOption(word) && expansion.kind === "glob") {
      // "*.rs" becomes names that end in ".rs", and no action does.
      return (
        expansion.suffix !== "" && !findActions.some((name) => name.endsWith(expansion.suffix))
      );
    }
    if (!looksLikeOption(word.text) || findPrimaries.has(word.text)) return true;
    return isFindValue(word.text, args[index - 1]?.text);
  });
}

/** "-7", "-10k" (less than) and "-u+x", "-0644" (at least these bits) are values, not primaries. */
function isFindValue(text: string, primary: string | undefined): boolean {
  if (/^-[0-9]+[a-zA-Z]?$/u.test(text)) return true;
  if (primary === "-perm") return /^-[ugoa]*[+=][rwxXst]+$/u.test(text);
  return /^-newer[aBcm][aBcmt]$/u.test(text);
}

/** Without --pre, --hostname-bin and --search-zip (-z), which run programs. Source: rg(1) 13 to 15. */
const rgOptions: OptionTable = optionTable({
  flags: "nNiSswxvclLoqpuUaFPIHhVb0.",
  valued: "ABCEMTdefgjmrt",
  long: `
    files files-with-matches files-without-match count count-matches line-number no-line-number
    ignore-case smart-case case-sensitive word-regexp line-regexp invert-match only-matching quiet
    pretty hidden no-hidden no-ignore no-ignore-vcs no-ignore-parent no-ignore-dot
    no-ignore-exclude no-ignore-files no-ignore-global no-ignore-messages no-messages no-require-git
    unrestricted multiline multiline-dotall text binary fixed-strings pcre2 follow no-follow
    heading no-heading with-filename no-filename vimgrep json stats trim column no-column
    byte-offset null null-data crlf passthru passthrough one-file-system glob-case-insensitive
    type-list no-config no-unicode auto-hybrid-regex stop-on-nonmatch include-zero block-buffered
    line-buffered mmap no-mmap debug trace version help max-columns-preview sort-files`,
  longValued: `
    after-context before-context context glob iglob type type-not type-add type-clear regexp file
    max-count max-columns max-depth maxdepth max-filesize encoding color colors sort sortr threads
    replace engine path-separator context-separator field-context-separator field-match-separator
    dfa-size-limit regex-size-limit ignore-file`,
});

function acceptsGit(args: readonly PlainWord[]): boolean {
  const [subcommand, ...rest] = args;
  // Anything before the subcommand (-c, -C, --git-dir, --exec-path) changes which programs run.
  if (subcommand === undefined || subcommand.expansion.kind !== "none") return false;
  // "%G?", "%+GS", "%(signature)" and "%(*signature)" make git start gpg.program.
  if (rest.some((word) => /%[-+ ]?G|\(\*?signature/u.test(word.text))) return false;
  switch (subcommand.text) {
    case "log":
    case "show":
      return sortWords(rest, gitHistoryOptions) !== undefined;
    case "diff":
      return sortWords(rest, gitDiffOptions) !== undefined;
    case "status":
      return sortWords(rest, gitStatusOptions) !== undefined;
    case "branch":
      return acceptsGitBranch(rest);
    default:
      return false;
  }
}

/** With one of these `git branch` lists; without, a name makes a new branch. */
const branchFilters = /^--(?:list|contains|no-contains|merged|no-merged|points-at)(?:=|$)/u;

function acceptsGitBranch(args: readonly PlainWord[]): boolean {
  const sorted = sortWords(args, gitBranchOptions);
  if (sorted === undefined) return false;
  // "--sort --list x" would swallow --list and make a branch.
  if (sorted.options.some((text) => text === "--sort" || text === "--format")) return false;
  return sorted.operands.length === 0 || sorted.options.some((text) => branchFilters.test(text));
}

/** Without --config, -Z, --manifest-path and --target-dir. build.rs runs all the same. */
const cargoCheckOptions = optionTable({
  flags: "qvr",
  valued: "pjF",
  long: `
    quiet verbose workspace all lib bins tests benches examples all-targets all-features
    no-default-features release locked offline frozen keep-going ignore-rust-version help`,
  longValued: "package exclude bin test bench example features jobs profile message-format color",
});

function acceptsCargo(args: readonly PlainWord[]): boolean {
  const [subcommand, ...rest] = args;
  if (subcommand === undefined || !isLiteral(subcommand, "check")) return false;
  return sortWords(rest, cargoCheckOptions) !== undefined;
}

function isLiteral(word: PlainWord, text: string): boolean {
  return word.expansion.kind === "none" && word.text === text;
}
