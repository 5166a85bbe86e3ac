/** What a user has approved of a patch, in a form that fits into one word of a command line. */
import type { PlannedEdits } from "./plan-edits.ts";

/** The flag after which the digest of the approved edits stands; then the patch, unless it is read from standard input. */
export const APPROVED_FLAG = "--codex-approved";

/** In every message about something that was changed between the question and the write. */
export const NOT_AS_SHOWN = "is no longer what the user was shown";

/**
 * SHA-256 in hexadecimal over every real path and the whole content, mode and owner that it gets.
 * Equal for two plans exactly when they leave the same files behind.
 */
export function digestOfEdits({ directories, writes, removals }: PlannedEdits): string {
  // Loaded here because other patches, which have to start fast, do not need it.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const hash = createHash("sha256");
  // In parts, since one string cannot hold the contents of many large files.
  const add = (...facts: readonly unknown[]): unknown => hash.update(`${JSON.stringify(facts)}\n`);
  for (const { realPath } of directories) add("directory", realPath);
  for (const { realPath, content, attributes } of writes) {
    const { mode, uid, gid } = attributes ?? {};
    const bytes = Buffer.from(content);
    add("file", realPath, mode ?? null, uid ?? null, gid ?? null, bytes.length);
    hash.update(bytes);
  }
  for (const { realPath } of removals) add("removal", realPath);
  return hash.digest("hex");
}
