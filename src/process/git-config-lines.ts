/** Which lines of a git configuration are plain facts, and not a way to run programs. */

/**
 * `text` without every setting that is not known to be harmless, and what was taken out. For the
 * configuration of a repository that a sandboxed command made: git itself writes only such facts.
 * `isItsWorkTree` judges core.worktree, which may be kept where git wrote it for a submodule.
 */
export function keepHarmlessSettings(
  text: string,
  isItsWorkTree: (value: string) => boolean = () => false,
): {
  readonly kept: string;
  readonly removed: readonly string[];
} {
  const lines = judgeLines(text, isItsWorkTree);
  const kept = lines.flatMap(({ line, isHarmless }) => (isHarmless ? [line] : []));
  const removed = lines.flatMap(({ line, isHarmless }) => (isHarmless ? [] : [line.trim()]));
  return { kept: kept.join("\n"), removed };
}

/** Whether all that is not known to be harmless is the same in both, in the same sections. */
export function differOnlyHarmlessly(left: string, right: string): boolean {
  const risky = (text: string): string =>
    JSON.stringify(
      judgeLines(text).flatMap(({ line, header, isHarmless }) =>
        isHarmless ? [] : [header, line],
      ),
    );
  return risky(left) === risky(right);
}

interface JudgedLine {
  readonly line: string;
  /** The line that began its section. */
  readonly header: string;
  readonly isHarmless: boolean;
}

function judgeLines(
  text: string,
  isItsWorkTree: (value: string) => boolean = () => false,
): readonly JudgedLine[] {
  let section = "";
  let sectionLine = "";
  return text.split("\n").map((line) => {
    const header = /^\s*\[([A-Za-z0-9.-]+)(?:\s+"(?:[^"\\]|\\.)*")?\]\s*$/.exec(line);
    if (header?.[1] !== undefined) {
      section = header[1].toLowerCase();
      sectionLine = line;
    }
    const setting = /^\s*([A-Za-z][A-Za-z0-9-]*)\s*=([^\\]*)$/.exec(line);
    const key = `${section}.${setting?.[1]?.toLowerCase() ?? ""}`;
    const value = setting?.[2]?.trim() ?? "";
    const isHarmless =
      line.trim() === "" ||
      header !== null ||
      harmlessKeys.has(key) ||
      (key === "core.worktree" && !/["#;]/.test(value) && isItsWorkTree(value));
    return { line, header: sectionLine, isHarmless };
  });
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
