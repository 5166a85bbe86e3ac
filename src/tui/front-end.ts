/** Screen or lines, colours or not: what the terminal and the user's settings ask for. */
import type { Environment } from "../config/codex-home.ts";
import type { TuiOptions } from "./options.ts";
import { ASCII_MARKS, hasUtf8Locale, type Marks, UNICODE_MARKS } from "./marks.ts";

export type FrontEnd = "screen" | "lines";

export function chooseFrontEnd({
  config,
  env,
  isScreenReader,
}: Pick<TuiOptions, "config" | "env" | "isScreenReader">): FrontEnd {
  const term = env["TERM"] ?? "";
  return term === "" || term === "dumb" || wantsScreenReader({ config, env, isScreenReader })
    ? "lines"
    : "screen";
}

export function wantsScreenReader({
  config,
  env,
  isScreenReader,
}: Pick<TuiOptions, "config" | "env" | "isScreenReader">): boolean {
  return isScreenReader || config.tui.screenReader || env["ACCESSIBLE"] === "1";
}

/** What changes by itself on the screen, such as elapsed seconds, is for people who watch it. */
export function hasAnimations({ config, env }: Pick<TuiOptions, "config" | "env">): boolean {
  return config.tui.animations && env["CI"] !== "true";
}

export function marksFor(env: Environment): Marks {
  return hasUtf8Locale(env) ? UNICODE_MARKS : ASCII_MARKS;
}

/** Whether a desktop notification by OSC 9 is understood. */
export function knowsOsc9(env: Environment): boolean {
  if ((env["TMUX"] ?? "") !== "") return false;
  const program = env["TERM_PROGRAM"] ?? "";
  return ["iTerm.app", "WezTerm", "ghostty"].includes(program) || env["TERM"] === "xterm-kitty";
}
