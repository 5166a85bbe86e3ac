/** The arguments of the `shell` function as models write them. */
import * as z from "zod/mini";
import { type Decoded, decodeJsonWith } from "../../protocol/decode.ts";

export interface ShellCall {
  /** Program and arguments; at least one word. */
  readonly command: readonly string[];
  /** Relative to the working directory of the turn; null: that directory. */
  readonly workdir: string | null;
  /** Null: the default. */
  readonly timeoutMs: number | null;
  readonly wantsEscalation: boolean;
  /** For the user, when escalation is asked for. */
  readonly justification: string | null;
}

const schema = z.object({
  command: z.array(z.string()).check(z.minLength(1, "command has no words")),
  workdir: z.nullish(z.string()),
  timeout: z.nullish(z.number()),
  timeout_ms: z.nullish(z.number()),
  with_escalated_permissions: z.nullish(z.boolean()),
  justification: z.nullish(z.string()),
});

/** `timeout` and `timeout_ms` are the same; both are milliseconds. */
export function decodeShellArguments(json: string): Decoded<ShellCall> {
  const decoded = decodeJsonWith(schema, json, "shell arguments");
  if (!decoded.ok) return decoded;
  const { command, workdir, timeout, timeout_ms: timeoutMs } = decoded.value;
  return {
    ok: true,
    value: {
      command,
      workdir: workdir ?? null,
      timeoutMs: timeout ?? timeoutMs ?? null,
      wantsEscalation: decoded.value.with_escalated_permissions ?? false,
      justification: decoded.value.justification ?? null,
    },
  };
}
