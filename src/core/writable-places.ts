/** Where the commands and patches of a turn may write, as canonical paths of this moment's disk. */
import type { SandboxInForce } from "../process/sandbox-denial.ts";
import { findProtectedPlaces, workspaceDirectories } from "../protocol/protected-places.ts";
import { resolveWritableRoots } from "../protocol/writable-roots.ts";
import { canonical, realDisk } from "../sandbox/disk-facts.ts";
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
  const writable = resolveWritableRoots(policy, {
    cwd,
    tmpdir: input.tmpdir,
    home: input.home,
    realpath: realDisk.realpath,
    readlink: realDisk.readlink,
  });
  const directories = workspaceDirectories(writable);
  const codexHome = canonical(input.codexHome, realDisk);
  const { sealed, unborn, included } = findProtectedPlaces(directories, codexHome, realDisk);
  return {
    policy,
    writableRoots: writable.roots.map((root) => root.path),
    // A repository that does not exist yet would bring hooks and settings along.
    protectedPlaces: [...sealed.map((place) => place.path), ...unborn, ...included],
  };
}
