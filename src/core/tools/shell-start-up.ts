/**
 * What a shell prints before it comes to its script. A login profile may try to write where the
 * sandbox does not let it, at every start: that says nothing about the command.
 */
import { posix } from "node:path";
import type { CommandRequest, CommandRunner, EndedCommand } from "./command-runner.ts";

/** What a failed command printed, or a part of it. */
export interface PrintedText {
  readonly stdout: string;
  readonly stderr: string;
}

/** A start that takes longer is judged by what it has printed until then. */
const TIMEOUT_MS = 5_000;
const SHELLS = new Set(["bash", "zsh", "sh", "dash", "ksh"]);

/** Starts of shells, for one session: each is tried once under the same policy in the same directory. */
export class ShellStartUps {
  readonly #commands: CommandRunner;
  readonly #known = new Map<string, EndedCommand>();

  constructor(commands: CommandRunner) {
    this.#commands = commands;
  }

  /**
   * Starts the shell of `request` once more, confined as that was, with a script that does nothing.
   * Undefined: the request is no script for a shell, or its shell could not be started.
   */
  async of(
    request: Omit<CommandRequest, "onOutput" | "timeoutMs">,
  ): Promise<EndedCommand | undefined> {
    const argv = startOnly(request.argv);
    if (argv === undefined) return undefined;
    const key = JSON.stringify([argv, request.cwd, request.policyCwd, request.policy]);
    const known = this.#known.get(key);
    if (known !== undefined) return { ...known, placeChanges: [] };
    const result = await this.#commands.run({
      ...request,
      argv,
      timeoutMs: TIMEOUT_MS,
      onOutput: () => undefined,
    });
    if (result.kind !== "ended" || result.isAborted) return undefined;
    this.#known.set(key, result);
    return result;
  }
}

/** `bash -lc SCRIPT` as `bash -lc :`, `bash -l -c SCRIPT` likewise; undefined: something else. */
export function startOnly(argv: readonly string[]): readonly string[] | undefined {
  const [shell = ""] = argv;
  if (!SHELLS.has(posix.basename(shell))) return undefined;
  const script = argv.findIndex(
    (word, index) => index > 0 && !/^-[A-Za-z]+$|^--login$/u.test(word),
  );
  const flags = argv.slice(1, script);
  const isScript = script > 1 && flags.some((flag) => /^-[A-Za-z]*c/u.test(flag));
  return isScript ? [shell, ...flags, ":"] : undefined;
}

/** Without the lines of the start. What comes more often than the start prints it is the command's. */
export function withoutStartUp(printed: PrintedText, start: PrintedText): PrintedText {
  return {
    stdout: withoutLines(printed.stdout, start.stdout),
    stderr: withoutLines(printed.stderr, start.stderr),
  };
}

function withoutLines(text: string, start: string): string {
  const left = new Map<string, number>();
  for (const line of start.split("\n").map(comparable)) left.set(line, (left.get(line) ?? 0) + 1);
  const kept = text.split("\n").filter((line) => {
    const key = comparable(line);
    const count = left.get(key) ?? 0;
    left.set(key, count - 1);
    return count <= 0;
  });
  return kept.join("\n");
}

/** Names that mktemp and its like make, and process ids, are others at every start. */
function comparable(line: string): string {
  return line.replaceAll(
    /(?<=[._-]|\/tmp)(?:[0-9]{2,}|(?=[A-Za-z_]*[0-9]|[A-Z]*[a-z]+[A-Z]|[A-Z]{2,}[a-z])[A-Za-z0-9_]{6,16})(?![A-Za-z0-9_])/gu,
    "*",
  );
}
