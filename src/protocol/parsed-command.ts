/** What a command is for, so that front ends can show "Read a.txt" instead of shell text. */
import * as z from "zod/mini";
import type { DeepReadonly } from "./decode.ts";

const nullablePath = z.nullable(z.string());
const nullableTargets = z.nullable(z.array(z.string()));

/** One key names the kind (as in 0.23.0); `cmd` is the shell-quoted text of that part. */
export const parsedCommandSchema = z.union([
  z.object({ Read: z.object({ cmd: z.string(), name: z.string() }) }),
  z.object({ ListFiles: z.object({ cmd: z.string(), path: nullablePath }) }),
  z.object({
    Search: z.object({ cmd: z.string(), query: z.nullable(z.string()), path: nullablePath }),
  }),
  z.object({
    Format: z.object({ cmd: z.string(), tool: z.string(), targets: nullableTargets }),
  }),
  z.object({ Test: z.object({ cmd: z.string() }) }),
  z.object({
    Lint: z.object({ cmd: z.string(), tool: z.string(), targets: nullableTargets }),
  }),
  z.object({ Noop: z.object({ cmd: z.string() }) }),
  z.object({ Unknown: z.object({ cmd: z.string() }) }),
]);
export type ParsedCommand = DeepReadonly<z.infer<typeof parsedCommandSchema>>;
