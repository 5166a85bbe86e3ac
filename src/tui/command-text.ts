/** A command as text: short for cells, exact for questions. */
import type { ParsedCommand } from "../protocol/parsed-command.ts";
import { joinWords } from "../shell/quote-words.ts";
import { sanitizeLine } from "./sanitize.ts";

/** A program of the workspace that calls itself a shell is none: it must be seen. */
const SHELLS = /^(?:\/(?:usr\/)?(?:local\/)?bin\/)?(?:ba|z|da|k)?sh$/u;

/** The script of `bash -lc SCRIPT`, else the words, quoted where a shell would need it. */
export function commandTitle(argv: readonly string[]): string {
  const [program = "", flag, script] = argv;
  const isScript = argv.length === 3 && SHELLS.test(program) && (flag === "-c" || flag === "-lc");
  return isScript && script !== undefined ? script : joinWords(argv);
}

/** One line. */
export function commandLine(argv: readonly string[]): string {
  return sanitizeLine(commandTitle(argv).trim());
}

/** Undefined unless every part only looks around. */
export function describeExploration(
  parts: readonly ParsedCommand[],
): readonly string[] | undefined {
  const lines: string[] = [];
  for (const part of parts) {
    const line = explorationLine(part);
    if (line === undefined) return undefined;
    lines.push(sanitizeLine(line));
  }
  return lines.length === 0 ? undefined : lines;
}

function explorationLine(part: ParsedCommand): string | undefined {
  if ("Read" in part) return `read ${part.Read.name}`;
  if ("ListFiles" in part) return `list ${part.ListFiles.path ?? "files"}`;
  if (!("Search" in part)) return undefined;
  const { query, path, cmd } = part.Search;
  if (query === null) return `search ${cmd}`;
  return `search '${query}'${path === null ? "" : ` in ${path}`}`;
}
