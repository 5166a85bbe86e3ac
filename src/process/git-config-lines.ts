/** Which lines of a git configuration are plain facts, and not a way to run programs. */

/**
 * `text` without every setting that is not known to be harmless, and what was taken out. For the
 * configuration of a repository that a sandboxed command made: git itself writes only such facts.
 */
export function keepHarmlessSettings(text: string): {
  readonly kept: string;
  readonly removed: readonly string[];
} {
  const kept: string[] = [];
  const removed: string[] = [];
  let section = "";
  for (const line of text.split("\n")) {
    const header = /^\s*\[([A-Za-z0-9.-]+)(?:\s+"(?:[^"\\]|\\.)*")?\]\s*$/.exec(line);
    if (header?.[1] !== undefined) section = header[1].toLowerCase();
    const key = /^\s*([A-Za-z][A-Za-z0-9-]*)\s*=[^\\]*$/.exec(line)?.[1]?.toLowerCase();
    const harmless =
      line.trim() === "" || header !== null || harmlessKeys.has(`${section}.${key ?? ""}`);
    (harmless ? kept : removed).push(line);
  }
  return { kept: kept.join("\n"), removed: removed.map((line) => line.trim()) };
}

// Source: git-config(1); what init, clone, remote add, branch and submodule write.
const harmlessKeys: ReadonlySet<string> = new Set([
  "core.repositoryformatversion",
  "core.filemode",
  "core.bare",
  "core.logallrefupdates",
  "core.ignorecase",
  "core.precomposeunicode",
  "core.symlinks",
  "extensions.objectformat",
  "extensions.refstorage",
  "extensions.worktreeconfig",
  "remote.url",
  "remote.fetch",
  "branch.remote",
  "branch.merge",
  "submodule.active",
  "submodule.url",
  "user.name",
  "user.email",
]);
