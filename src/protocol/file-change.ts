/** What a patch does to one file, as shown to users. */
import * as z from "zod/mini";
import type { DeepReadonly } from "./decode.ts";

/**
 * `unified_diff` holds hunks only, without a file header, and one line of context per side; all of
 * the file where a question is about a protected place that it lies in.
 */
export const fileChangeSchema = z.union([
  z.literal("delete"),
  z.object({ add: z.object({ content: z.string() }) }),
  z.object({
    update: z.object({ unified_diff: z.string(), move_path: z.nullable(z.string()) }),
  }),
]);
export type FileChange = DeepReadonly<z.infer<typeof fileChangeSchema>>;

/** Keys are absolute paths, not normalised: `/repo/../outside.txt` stays as the patch named it. */
export const fileChangesSchema = z.record(z.string(), fileChangeSchema);
export type FileChanges = DeepReadonly<z.infer<typeof fileChangesSchema>>;
