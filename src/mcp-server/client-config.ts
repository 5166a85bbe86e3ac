/** The configuration of a conversation that a client asks for. */
import { ConfigError } from "../config/config-error.ts";
import { type Config, type ConfigInput, loadConfig } from "../config/config.ts";
import { overridesFromJson } from "../config/overrides.ts";
import type { ApprovalPolicy } from "../protocol/approval.ts";
import {
  hasNetworkAccess,
  SANDBOX_MODES,
  type SandboxMode,
  type SandboxPolicy,
  summarizeSandboxPolicy,
} from "../protocol/sandbox-policy.ts";

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

export class ClientConfigs {
  readonly #base: ConfigInput;
  readonly #standing: SandboxPolicy;
  readonly #complain: (message: string) => void;

  /** `standing`: the sandbox that the command line and config.toml come to, without a client. */
  constructor(base: ConfigInput, standing: SandboxPolicy, complain: (message: string) => void) {
    this.#base = base;
    this.#standing = standing;
    this.#complain = complain;
  }

  /** What the client says wins over the command line. The file is read anew each time. */
  async load(settings: ClientSettings): Promise<ClientConfig> {
    const base = this.#base;
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
      const config = await loadConfig({ ...base, overrides, flags });
      this.tellWider(config.sandboxPolicy);
      return { ok: true, config };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { ok: false, message: error.message };
    }
  }

  /** The client may have it wider; whoever started this program should not have to guess. */
  tellWider(policy: SandboxPolicy): void {
    const isWider =
      rankOf(policy) > rankOf(this.#standing) ||
      (hasNetworkAccess(policy) && !hasNetworkAccess(this.#standing));
    if (!isWider) return;
    const [given, standing] = [policy, this.#standing].map(summarizeSandboxPolicy);
    this.#complain(`The client asked for another sandbox: ${given} instead of ${standing}`);
  }
}

function rankOf({ mode }: SandboxPolicy): number {
  return SANDBOX_MODES.indexOf(mode);
}

function present<T extends object>(fields: T): Partial<T> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  const result: Partial<T> = {};
  Object.assign(result, Object.fromEntries(entries));
  return result;
}
