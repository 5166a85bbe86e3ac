/** Directories outside of the writable roots that patches may write in, for the session, as the user has allowed. */
import { dirname } from "node:path";
import { READ_ONLY_POLICY, type SandboxPolicy } from "../protocol/sandbox-policy.ts";
import { isWithin } from "../protocol/writable-roots.ts";
import { foldName } from "./fold-name.ts";
import { type Rules, RulesWatch } from "./rules-watch.ts";

/** Granting a directory says nothing about what configures this program in it. */
const OWN_SETTINGS = /\/\.codex(?:\/|$)/u;

/** Of one session. */
export class PatchGrants {
  readonly #roots = new Set<string>();
  readonly #watch = new RulesWatch();

  /** Canonical. None that was granted under other rules. */
  under(rules: Rules): readonly string[] {
    if (this.#watch.haveChanged(rules)) this.#roots.clear();
    return [...this.#roots];
  }

  /** `root` is canonical. */
  add(root: string, rules: Rules): void {
    this.under(rules);
    this.#roots.add(root);
  }
}

/** The root that `path` is granted by. `path` and `roots` are canonical. */
export function grantOf(path: string, roots: readonly string[]): string | undefined {
  return roots.find(
    (root) => isWithin(path, root) && !OWN_SETTINGS.test(foldName(path.slice(root.length))),
  );
}

/** Where a policy applies, and which. */
export interface PolicyPlace {
  readonly cwd: string;
  readonly sandboxPolicy: SandboxPolicy;
}

/**
 * What a patch may write that a grant lets out of the roots: those, and `roots` of the grants. It is
 * no leave to write anywhere, because a command can put a link in the patch's way after it was judged.
 */
export function widenedBy(
  roots: readonly string[],
  { cwd, sandboxPolicy: policy }: PolicyPlace,
): PolicyPlace {
  const [first, ...others] = roots;
  if (first === undefined || policy.mode === "danger-full-access") {
    return { cwd, sandboxPolicy: READ_ONLY_POLICY };
  }
  if (policy.mode === "workspace-write") {
    const writable = [...policy.writable_roots, ...roots];
    return { cwd, sandboxPolicy: { ...policy, writable_roots: writable } };
  }
  // The working directory of a workspace-write policy is writable, and read-only has none.
  return {
    cwd: first,
    sandboxPolicy: {
      mode: "workspace-write",
      writable_roots: others,
      network_access: false,
      exclude_tmpdir_env_var: true,
      exclude_slash_tmp: true,
    },
  };
}

export interface GrantFacts {
  /** Of the patch, canonical. */
  readonly targets: readonly string[];
  readonly writableRoots: readonly string[];
  readonly cwd: string;
  readonly codexHome: string;
  /** Of the user; undefined: not known. */
  readonly home: string | undefined;
}

/**
 * The directory that may be granted with a patch: the one in which everything lies that it writes
 * outside of the roots. Undefined when that is more than one, or so much that nobody means it: a
 * directory above the workspace, the home or above it, or above our own settings.
 */
export function grantableRoot({
  targets,
  writableRoots,
  cwd,
  codexHome,
  home,
}: GrantFacts): string | undefined {
  const outside = targets.filter((path) => !writableRoots.some((root) => isWithin(path, root)));
  const [directory, ...others] = new Set(outside.map((path) => dirname(path)));
  if (directory === undefined || directory === "/" || others.length > 0) return undefined;
  const isAbove = directory !== cwd && isWithin(cwd, directory);
  const isHome = home !== undefined && directory !== cwd && isWithin(home, directory);
  if (isAbove || isHome || isWithin(codexHome, directory)) return undefined;
  return OWN_SETTINGS.test(foldName(directory)) ? undefined : directory;
}
