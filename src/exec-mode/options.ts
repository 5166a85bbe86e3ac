/** What `codex exec` was asked for, read from its command line by the CLI. */
import type { Environment } from "../config/codex-home.ts";
import type { ColorChoice } from "../config/color-choice.ts";
import type { Config } from "../config/config.ts";
import type { ModelSource } from "./loopback-server.ts";

export interface ExecOptions {
  /** Its approval policy does not count: exec asks nobody. */
  readonly config: Config;
  /** For model providers. What commands inherit is read from the process by this front end. */
  readonly env: Environment;
  /** Undefined: from standard input, with a note about that; "-": from there without one. */
  readonly prompt: string | undefined;
  /** Pictures for the first message, relative to the directory of the process. */
  readonly images: readonly string[];
  readonly skipGitRepoCheck: boolean;
  readonly color: ColorChoice;
  readonly json: boolean;
  /** Where the last answer is written, relative to the directory of the process. */
  readonly lastMessageFile: string | undefined;
  /** Exit code 3 when a policy refused something that never succeeded. */
  readonly failOnDenial: boolean;
  /** For the whole run; undefined: none. */
  readonly timeoutMs: number | undefined;
  /** A session to go on with. */
  readonly resume: ResumeTarget | undefined;
  /** A recording to answer from, instead of a model. */
  readonly replayFile: string | undefined;
  /** Where the model's answers are recorded. */
  readonly recordFile: string | undefined;
  /** What is asked instead of the configured provider; closed by the run. */
  readonly source?: ModelSource;
}

export type ResumeTarget = { readonly kind: "last" } | { readonly kind: "id"; readonly id: string };
