/** What has to be said, or refused, on a system without a sandbox of ours. Pure. */
import type { SandboxPolicy } from "../protocol/sandbox-policy.ts";

/** `sentence` is for standard error, as it is. */
export type SandboxNotice =
  | { readonly kind: "confined" }
  | { readonly kind: "unconfined"; readonly sentence: string }
  | { readonly kind: "refused"; readonly sentence: string };

/**
 * To be asked by front ends that run commands without asking (`codex exec`), before the first turn.
 *
 * Without a sandbox, commands run only where the user chose danger-full-access, and even then one
 * sentence says so; every other policy would promise what nobody keeps.
 */
export function sandboxNotice(platform: NodeJS.Platform, policy: SandboxPolicy): SandboxNotice {
  if (platform === "linux" || platform === "darwin") return { kind: "confined" };
  const system = platform === "win32" ? "Windows" : `"${platform}"`;
  if (policy.mode === "danger-full-access") {
    return {
      kind: "unconfined",
      sentence: `There is no sandbox on ${system} yet: commands run with all your rights`,
    };
  }
  const advice = platform === "win32" ? ", or run codex in WSL 2" : "";
  return {
    kind: "refused",
    sentence:
      `Cannot run commands under ${policy.mode}: there is no sandbox on ${system} yet; ` +
      `choose danger-full-access (-s danger-full-access) to run them with all your rights${advice}`,
  };
}

/**
 * How well "only for its owner" is kept for a file that holds a secret; undefined where file modes
 * keep it. Windows ignores the mode; what a file inherits from the user's profile is for the user,
 * the system and administrators.
 */
export function ownerOnlyNote(
  platform: NodeJS.Platform,
  path: string,
  userProfile: string | undefined,
): string | undefined {
  if (platform !== "win32") return undefined;
  if (userProfile !== undefined && isBelow(path, userProfile)) return undefined;
  return (
    `${JSON.stringify(path)} lies outside of your profile: Windows does not keep other users ` +
    "from it unless its directory does"
  );
}

/** Windows compares names without regard to case. Both absolute. */
function isBelow(path: string, directory: string): boolean {
  const fold = (text: string): string => text.replaceAll("/", "\\").toLowerCase();
  const inner = fold(path);
  if (/(?:^|\\)\.\.(?:\\|$)/.test(inner)) return false;
  return inner.startsWith(`${fold(directory).replace(/\\+$/, "")}\\`);
}
