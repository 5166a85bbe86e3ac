/** What the command line asks of the terminal UI. */
import type { Environment } from "../config/codex-home.ts";
import type { ColorChoice } from "../config/color-choice.ts";
import type { Config, ConfigFlags } from "../config/config.ts";
import type { Message } from "./composer.ts";

export interface TuiOptions {
  readonly config: Config;
  /** The configuration read anew, with these flags besides those of the command line. */
  readonly reload: (flags: ConfigFlags) => Promise<Config>;
  readonly env: Environment;
  readonly prompt: Message | undefined;
  /** A session to go on with. */
  readonly resume: ResumeChoice | undefined;
  readonly isScreenReader: boolean;
  readonly color: ColorChoice;
}

export type ResumeChoice =
  | { readonly kind: "last" }
  | { readonly kind: "id"; readonly id: string }
  /** From a list. */
  | { readonly kind: "choose" };

export interface TuiEnd {
  readonly exitCode: number;
  /** The user wants to see the demo instead. */
  readonly wantsDemo: boolean;
}
