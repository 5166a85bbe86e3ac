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
  const facts = [
    directories.map(({ realPath }) => realPath),
    writes.map(({ realPath, content, attributes }) => [
      realPath,
      content,
      attributes === undefined ? null : [attributes.mode, attributes.uid, attributes.gid],
    ]),
    removals.map(({ realPath }) => realPath),
  ];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}
