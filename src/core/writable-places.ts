/** Where the commands and patches of a turn may write, as canonical paths of this moment's disk. */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import type { SandboxInForce } from "../process/sandbox-denial.ts";
import { resolveWritableRoots } from "../protocol/writable-roots.ts";
import type { TurnContext } from "./turn-context.ts";

export interface PlacesInput {
  readonly context: Pick<TurnContext, "cwd" | "sandboxPolicy">;
  readonly codexHome: string;
  /** Of the commands' environment. */
  readonly tmpdir: string | undefined;
  readonly home: string | undefined;
}

export function writablePlaces(input: PlacesInput): SandboxInForce {
  const { cwd, sandboxPolicy: policy } = input.context;
  const { roots } = resolveWritableRoots(policy, {
    cwd,
    tmpdir: input.tmpdir,
    home: input.home,
    realpath: realPath,
  });
  const paths = roots.map((root) => root.path);
  return {
    policy,
    writableRoots: paths,
    protectedPlaces: [
      ...paths.flatMap((root) => PROTECTED_NAMES.map((name) => join(root, name))),
      realPath(input.codexHome) ?? input.codexHome,
    ],
  };
}

/**
 * What a change of these would run later, outside of any sandbox: hooks and settings of git (also
 * of submodules and worktrees) and our own settings.
 */
const PROTECTED_NAMES = [
  ".git/hooks",
  ".git/config",
  ".git/config.worktree",
  ".git/modules",
  ".git/worktrees",
  ".codex",
];

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
