/**
 * Questions to git about a work tree that nobody has to trust: asked in the sandbox, read-only and
 * without a network, and no program that the repository names is run.
 */
import { MAX_DELTAS } from "../process/output-deltas.ts";
import type { CommandRunner } from "./tools/command-runner.ts";

export type GitAnswer =
  | {
      readonly kind: "ended";
      readonly exitCode: number;
      /** What it printed: at most `maxBytes`. */
      readonly output: Buffer;
      /** There was more than `maxBytes`. */
      readonly isCut: boolean;
    }
  | { readonly kind: "failed"; readonly reason: string };

export interface GitQuestion {
  /** For sh. Exit code 127: there is no git. */
  readonly script: string;
  /** An existing directory. */
  readonly cwd: string;
  readonly maxBytes: number;
  /** Ends git and everything that it has started; the answer is a failure. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Options for `git diff`: no external diff and no text conversion. Submodules have settings of their
 * own, which no option here reaches, so git does not enter them.
 */
export const DIFF_OPTIONS =
  "--no-color --no-ext-diff --no-textconv --ignore-submodules=dirty --submodule=short";

/** Of one script, in milliseconds. */
export const TIMEOUT_MS = 30_000;
const MAX_FILTERS = 1000;
const MAX_FILTER_BYTES = 256 * 1024;

/** Settings in the environment reach every git of a script, and outrank those of the repository. */
const SETTINGS: readonly (readonly [string, string])[] = [
  ["core.fsmonitor", "false"],
  ["core.quotePath", "true"],
];

/** What a filter is set to so that it is none. */
const NO_FILTER = [
  ["clean", ""],
  ["process", ""],
  ["required", "false"],
] as const;

const PRELUDE = `
command -v git > /dev/null || exit 127
git() { command git --no-pager --no-optional-locks "$@"; }
`;

const FILTERS = `${PRELUDE}
git config -z --name-only --get-regexp '^filter[.]'
exit 0
`;

/** An older git does not read settings in the environment, and would run what the repository says. */
const CHECK = `${PRELUDE}
git config --get codex.probe > /dev/null || { [ $? = 1 ] && exit 6; exit 4; }
`;

/** Never rejects for what the repository is. */
export async function askGit(runner: CommandRunner, question: GitQuestion): Promise<GitAnswer> {
  const { cwd, signal } = question;
  const filterQuestion = { script: FILTERS, cwd, maxBytes: MAX_FILTER_BYTES, signal };
  const found = await run(runner, filterQuestion, []);
  if (found.kind === "failed" || found.exitCode !== 0) return found;
  const filters = filterNames(found.output.toString("utf8"));
  if (found.isCut || filters === undefined) {
    return { kind: "failed", reason: "the repository has filters that cannot be turned off" };
  }
  const settings = [
    ...SETTINGS,
    ["codex.probe", "yes"] as const,
    ...filters.flatMap((name) =>
      NO_FILTER.map(([key, value]) => [`filter.${name}.${key}`, value] as const),
    ),
  ];
  const script = `${CHECK}${question.script}`;
  const answer = await run(runner, { ...question, script }, environmentOf(settings));
  if (answer.kind === "ended" && answer.exitCode === 6) {
    return { kind: "failed", reason: "this git is too old; 2.31 is needed" };
  }
  return answer;
}

/** Undefined: too many, or one whose name is no text. */
function filterNames(output: string): readonly string[] | undefined {
  const names = new Set<string>();
  for (const key of output.split("\0")) {
    const name = /^filter\.(.*)\.[^.]*$/su.exec(key)?.[1];
    if (name !== undefined) names.add(name);
  }
  const isPlain = names.size <= MAX_FILTERS && !output.includes("\ufffd");
  return isPlain ? [...names] : undefined;
}

/** Source: git-config(1), "Environment". A missing object is not fetched, by whatever program. */
function environmentOf(settings: readonly (readonly [string, string])[]): readonly string[] {
  return [
    "env",
    "GIT_ALLOW_PROTOCOL=none",
    "GIT_NO_LAZY_FETCH=1",
    `GIT_CONFIG_COUNT=${settings.length}`,
    ...settings.flatMap(([key, value], index) => [
      `GIT_CONFIG_KEY_${index}=${key}`,
      `GIT_CONFIG_VALUE_${index}=${value}`,
    ]),
  ];
}

async function run(
  runner: CommandRunner,
  { script, cwd, maxBytes, signal }: GitQuestion,
  prefix: readonly string[],
): Promise<GitAnswer> {
  const enough = new AbortController();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const result = await runner.run({
    argv: [...prefix, "sh", "-c", script],
    cwd,
    policyCwd: cwd,
    policy: { mode: "read-only" },
    timeoutMs: TIMEOUT_MS,
    signal: signal === undefined ? enough.signal : AbortSignal.any([enough.signal, signal]),
    onOutput: (stream, chunk) => {
      if (stream !== "stdout") return;
      const room = maxBytes - bytes;
      if (room > 0) pieces.push(Uint8Array.from(chunk.subarray(0, room)));
      bytes += chunk.length;
      // More pieces than these are not passed on.
      if (bytes > maxBytes || pieces.length >= MAX_DELTAS) enough.abort();
    },
  });
  if (result.kind === "not-started") return { kind: "failed", reason: result.reason };
  if (signal?.aborted === true) return { kind: "failed", reason: "it was cancelled" };
  const isCut = enough.signal.aborted;
  if (!isCut && result.timedOutAfterMs !== null) {
    return { kind: "failed", reason: "git took too long" };
  }
  const output = Buffer.concat(pieces);
  return { kind: "ended", exitCode: isCut ? 0 : result.exitCode, output, isCut };
}
