/** What can be wrong with the configuration, as facts; the words are derived from them. */
import { formatPath, type TomlPath } from "./toml-value.ts";

/** Where a setting was made. Lines and columns count characters from 1. */
export type ConfigPlace =
  | {
      readonly kind: "file";
      readonly file: string;
      readonly line?: number | undefined;
      readonly column?: number | undefined;
    }
  | { readonly kind: "argument"; readonly argument: string };

/** One thing wrong. `complaint` is a phrase such as `expected a string, found true`. */
export interface ConfigProblem {
  readonly place?: ConfigPlace | undefined;
  readonly key?: TomlPath | undefined;
  readonly complaint: string;
  /** A key that no version of codex is known to have: most likely a slip of the pen. */
  readonly isUnknownKey?: boolean;
}

/** For people: `/home/me/.codex/config.toml:3:9: model: expected a string, found 3`. */
export function formatProblem(problem: ConfigProblem): string {
  const parts: string[] = [];
  if (problem.place !== undefined) parts.push(formatPlace(problem.place));
  if (problem.key !== undefined && problem.key.length > 0) parts.push(formatPath(problem.key));
  parts.push(problem.complaint);
  return parts.join(": ");
}

export function formatPlace(place: ConfigPlace): string {
  if (place.kind === "argument") return place.argument;
  if (place.line === undefined) return place.file;
  const column = place.column === undefined ? "" : `:${place.column}`;
  return `${place.file}:${place.line}${column}`;
}

/** Of `warnings`, the unknown keys as what --strict-config makes of them: errors. */
export function refusedKeys(warnings: readonly ConfigProblem[]): ConfigProblem[] {
  return warnings
    .filter(({ isUnknownKey }) => isUnknownKey === true)
    .map((problem) => ({ ...problem, complaint: problem.complaint.replace(", ignored", "") }));
}

/** The configuration cannot be used. `problems` holds all that was found, the first one first. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly [ConfigProblem, ...ConfigProblem[]], options?: ErrorOptions) {
    super(formatFirst(problems), options);
    this.problems = problems;
  }
}

function formatFirst(problems: readonly [ConfigProblem, ...ConfigProblem[]]): string {
  const more = problems.length - 1;
  const hint = more === 0 ? "" : ` (and ${more} more, see "codex config check")`;
  return `${formatProblem(problems[0])}${hint}`;
}
