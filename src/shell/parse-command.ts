/**
 * What a command is for, so that front ends can show "Read a.txt" instead of shell text. For
 * display only: nothing may be allowed because of it.
 *
 * Source: the 28 parsed commands recorded from 0.23.0.
 */
import type { ParsedCommand } from "../protocol/parsed-command.ts";
import type { BashGrammar } from "./bash-grammar.ts";
import { classifyTool } from "./classify-tool.ts";
import { dropOptions, takeOption } from "./display-options.ts";
import { joinWords } from "./quote-words.ts";
import { findScript, splitCommand } from "./split-words.ts";

/**
 * One entry per command of a plain script, without those that only shape another's output
 * (`| wc -l`). A script that is not plain is one Unknown with its whole text; other commands are
 * one entry. Never empty.
 */
export function parseCommand(
  argv: readonly string[],
  grammar: BashGrammar,
): readonly ParsedCommand[] {
  const commands = splitCommand(argv, grammar);
  if (commands === undefined) {
    return [{ Unknown: { cmd: findScript(argv)?.script ?? joinWords(argv) } }];
  }
  const parsed: ParsedCommand[] = [];
  for (const { words, joint } of commands) {
    const texts = words.map((word) => word.text);
    if (joint === "|" && onlyFormats(texts)) continue;
    parsed.push(classify(texts));
  }
  const meaningful = parsed.filter((entry) => !("Noop" in entry));
  return meaningful.length > 0 ? meaningful : parsed.slice(0, 1);
}

/** Whether a command at the end of a pipe merely counts, cuts or sorts what comes in. */
function onlyFormats(words: readonly string[]): boolean {
  const [program = "", ...args] = words;
  const onlyOptions = args.every((arg) => arg.startsWith("-"));
  switch (program) {
    case "wc":
    case "nl":
    case "uniq":
    case "column":
      return onlyOptions;
    case "sort":
      return onlyOptions && !args.some((arg) => arg.startsWith("-o") || arg.startsWith("--o"));
    case "cut":
    case "tr":
      return true;
    case "head":
    case "tail":
      return args.length <= 1 && onlyOptions;
    case "sed":
      return args.length === 2 && args[0] === "-n" && isLineRange(args[1]);
    default:
      return false;
  }
}

function classify(words: readonly string[]): ParsedCommand {
  const cmd = joinWords(words);
  const [program = "", ...args] = words;
  switch (program) {
    case "true":
      return args.length === 0 ? { Noop: { cmd } } : { Unknown: { cmd } };
    case "cat":
      return read(cmd, dropOptions(args, ""));
    case "nl":
      return read(cmd, dropOptions(args, "bdfhilnsvw"));
    case "head":
    case "tail":
      return read(cmd, dropOptions(args, "nc"));
    case "sed":
      return args[0] === "-n" && isLineRange(args[1])
        ? read(cmd, args.slice(2))
        : { Unknown: { cmd } };
    case "ls":
      return { ListFiles: { cmd, path: dropOptions(args, "ITw")[0] ?? null } };
    case "rg":
    case "grep":
      return search(cmd, program, args);
    case "fd":
    case "fdfind":
      return searchPlain(cmd, dropOptions(args, "dtEegS"));
    case "find":
      return find(cmd, args);
    default:
      return classifyTool(cmd, words) ?? { Unknown: { cmd } };
  }
}

/** Exactly one file; several, or none, are not shown as reading something. */
function read(cmd: string, files: readonly string[]): ParsedCommand {
  const [file] = files;
  if (files.length !== 1 || file === undefined || file === "-") return { Unknown: { cmd } };
  return { Read: { cmd, name: lastPart(file) } };
}

const searchValueOptions = { rg: "ABCEMTdefgjmrt", grep: "ABCDdefm" } as const;

function search(cmd: string, program: "rg" | "grep", args: readonly string[]): ParsedCommand {
  const pattern = takeOption(args, "-e", "--regexp");
  const rest = dropOptions(args, searchValueOptions[program]);
  if (program === "rg" && args.includes("--files")) {
    return { Search: { cmd, query: null, path: rest[0] ?? null } };
  }
  if (pattern !== undefined) return { Search: { cmd, query: pattern, path: rest[0] ?? null } };
  return searchPlain(cmd, rest);
}

function searchPlain(cmd: string, operands: readonly string[]): ParsedCommand {
  return { Search: { cmd, query: operands[0] ?? null, path: operands[1] ?? null } };
}

const findQueries = new Set([
  "-name",
  "-iname",
  "-path",
  "-ipath",
  "-wholename",
  "-regex",
  "-iregex",
]);

function find(cmd: string, args: readonly string[]): ParsedCommand {
  const at = args.findIndex((arg) => findQueries.has(arg));
  const first = args.find((arg) => !["-H", "-L", "-P"].includes(arg));
  const path = first === undefined || /^[-(!]/u.test(first) ? null : first;
  return { Search: { cmd, query: (at === -1 ? undefined : args[at + 1]) ?? null, path } };
}

function isLineRange(text: string | undefined): boolean {
  return text !== undefined && /^[0-9]+(?:,(?:[0-9]+|\$))?p$/u.test(text);
}

function lastPart(path: string): string {
  return path.split("/").findLast((part) => part !== "") ?? path;
}
