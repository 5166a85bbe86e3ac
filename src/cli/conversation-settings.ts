/** Flags that decide on a conversation, as input of the configuration. */
import { isAbsolute } from "node:path";
import { COLOR_CHOICES, type ColorChoice } from "../config/color-choice.ts";
import { type Config, type ConfigInput, loadConfig } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";
import { APPROVAL_POLICIES } from "./command-table.ts";
import { flagText, flagTexts, hasFlag, type Invocation } from "./invocation.ts";
import { complain } from "./output.ts";
import { oneOf, sandboxModeFlag } from "./flag-choices.ts";
import type { ProcessContext } from "./process-context.ts";

/**
 * For what works in a directory: none was chosen where the current one is removed, and the home,
 * which stands for it elsewhere, must not become a workspace by accident.
 *
 * Errors: ConfigError. Warnings go to standard error.
 */
export function loadWorkConfig(invocation: Invocation, context: ProcessContext): Promise<Config> {
  if (context.isCwdRemoved && !isAbsolute(flagText(invocation, "--cd") ?? "")) {
    const complaint =
      "The current directory was removed: go to another one, or name one with --cd and a whole path";
    throw new ConfigError([{ complaint }]);
  }
  return loadConversationConfig(invocation, context);
}

/** Errors: ConfigError. Warnings go to standard error. */
export async function loadConversationConfig(
  invocation: Invocation,
  context: ProcessContext,
): Promise<Config> {
  const config = await loadConfig(configInput(invocation, context));
  for (const warning of config.warnings) complain(warning);
  return config;
}

export function configInput(invocation: Invocation, context: ProcessContext): ConfigInput {
  return {
    codexHome: context.codexHome,
    cwd: context.cwd,
    home: context.home,
    env: context.env,
    overrides: flagTexts(invocation, "--config"),
    isStrict: hasFlag(invocation, "--strict-config"),
    flags: {
      model: flagText(invocation, "--model"),
      profile: flagText(invocation, "--profile"),
      oss: hasFlag(invocation, "--oss"),
      cd: flagText(invocation, "--cd"),
      ...permissionFlags(invocation),
    },
  };
}

/** The two shorthands win over -a, as in codex 0.23.0. They exclude each other and another -s. */
function permissionFlags(
  invocation: Invocation,
): Pick<NonNullable<ConfigInput["flags"]>, "approvalPolicy" | "sandboxMode"> {
  if (hasFlag(invocation, "--dangerously-bypass-approvals-and-sandbox")) {
    return { approvalPolicy: "never", sandboxMode: "danger-full-access" };
  }
  if (hasFlag(invocation, "--full-auto")) {
    return { approvalPolicy: "on-failure", sandboxMode: "workspace-write" };
  }
  return {
    approvalPolicy: oneOf(APPROVAL_POLICIES, flagText(invocation, "--ask-for-approval")),
    sandboxMode: sandboxModeFlag(invocation),
  };
}

export function colorChoice(invocation: Invocation): ColorChoice {
  return oneOf(COLOR_CHOICES, flagText(invocation, "--color")) ?? "auto";
}
