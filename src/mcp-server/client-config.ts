/** The configuration of a conversation that a client asks for. */
import { ConfigError } from "../config/config-error.ts";
import { type Config, type ConfigInput, loadConfig } from "../config/config.ts";
import { overridesFromJson } from "../config/overrides.ts";
import type { ApprovalPolicy } from "../protocol/approval.ts";
import type { SandboxMode } from "../protocol/sandbox-policy.ts";

export interface ClientSettings {
  readonly model?: string | undefined;
  readonly profile?: string | undefined;
  /** A relative one starts at the working directory of the server. */
  readonly cwd?: string | undefined;
  readonly approvalPolicy?: ApprovalPolicy | undefined;
  readonly sandbox?: SandboxMode | undefined;
  /** Keys of config.toml, dotted as for `-c`. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly baseInstructions?: string | undefined;
}

export type ClientConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly message: string };

/** What the client says wins over the command line. The file is read anew each time. */
export async function loadClientConfig(
  base: ConfigInput,
  settings: ClientSettings,
): Promise<ClientConfig> {
  try {
    const overrides = [...(base.overrides ?? []), ...overridesFromJson(settings.config ?? {})];
    const flags = {
      ...base.flags,
      ...present({
        model: settings.model,
        profile: settings.profile,
        cd: settings.cwd,
        approvalPolicy: settings.approvalPolicy,
        sandboxMode: settings.sandbox,
        baseInstructions: settings.baseInstructions,
      }),
    };
    return { ok: true, config: await loadConfig({ ...base, overrides, flags }) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { ok: false, message: error.message };
  }
}

function present<T extends object>(fields: T): Partial<T> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  const result: Partial<T> = {};
  Object.assign(result, Object.fromEntries(entries));
  return result;
}
