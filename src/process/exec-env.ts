/**
 * The environment of a command, from ours and the `shell_environment_policy`.
 *
 * Pure over "name=value" entries, so that entries which are no valid UTF-8, or stand twice, go
 * through byte for byte. Source of the order of steps: the seeds' table of the policy's fields.
 */
import { brand, byteStringFromText, textOf, type ByteString } from "../runtime/byte-string.ts";

export interface ShellEnvironmentPolicy {
  /** The start: the core names below, everything, or nothing. */
  readonly inherit: "core" | "all" | "none";
  /** When false, names that contain KEY, SECRET or TOKEN go first, in any letter case. */
  readonly ignoreDefaultExcludes: boolean;
  /** Patterns of names to drop: `*` and `?`, whole name, any letter case. */
  readonly exclude: readonly string[];
  /** Set whatever was inherited; immune to the two rules before. */
  readonly set: Readonly<Record<string, string>>;
  /** When not empty, only names that match one of these patterns stay, also those of `set`. */
  readonly includeOnly: readonly string[];
  /** Run commands through the user's shell profile (macOS with zsh). */
  readonly useProfile: boolean;
}

export const defaultShellEnvironmentPolicy: ShellEnvironmentPolicy = {
  inherit: "core",
  ignoreDefaultExcludes: false,
  exclude: [],
  set: {},
  includeOnly: [],
  useProfile: false,
};

/** Why a name is not in the command's environment, for showing to people. */
export type DropReason =
  | "not core"
  | "inherit is none"
  | "looks secret"
  | "excluded"
  | "not included";

export interface FilteredEnvironment {
  readonly entries: readonly ByteString[];
  readonly dropped: readonly { readonly name: ByteString; readonly reason: DropReason }[];
}

/** Applies the policy. Asynchronous only because the glob library is loaded when patterns exist. */
export async function filterEnvironment(
  inherited: readonly ByteString[],
  policy: ShellEnvironmentPolicy,
  platform: NodeJS.Platform = process.platform,
): Promise<FilteredEnvironment> {
  const excluded = await nameMatcher(policy.exclude);
  const included = await nameMatcher(policy.includeOnly);
  const dropped: { name: ByteString; reason: DropReason }[] = [];
  const kept = inherited.filter((entry) => {
    const name = nameOfEntry(entry);
    const reason = dropReason(name, policy, excluded, platform);
    if (reason !== undefined) dropped.push({ name, reason });
    return reason === undefined;
  });
  const entries = setEntries(kept, policy.set);
  if (policy.includeOnly.length === 0) return { entries, dropped };
  return {
    entries: entries.filter((entry) => {
      const name = nameOfEntry(entry);
      if (included(name)) return true;
      dropped.push({ name, reason: "not included" });
      return false;
    }),
    dropped,
  };
}

/** Puts each name's value in place of whatever entries had that name; new names come last. */
export function setEntries(
  entries: readonly ByteString[],
  values: Readonly<Record<string, string>>,
): readonly ByteString[] {
  const added = Object.entries(values).map(([name, value]) =>
    byteStringFromText(`${name}=${value}`),
  );
  if (added.length === 0) return entries;
  const names = new Set(added.map(nameOfEntry));
  return [...entries.filter((entry) => !names.has(nameOfEntry(entry))), ...added];
}

/** The part before the first "="; an entry may also lack one. */
export function nameOfEntry(entry: ByteString): ByteString {
  const end = entry.indexOf("=");
  return end === -1 ? entry : brand(entry.slice(0, end));
}

// Names are case-sensitive on Unix. From TERM on: what terminals, clocks and texts need.
const coreNames: ReadonlySet<string> = new Set(
  "HOME LOGNAME PATH SHELL USER USERNAME TMPDIR TEMP TMP TERM COLORTERM TZ LANG LANGUAGE".split(
    " ",
  ),
);

// Without these, programs on Windows find neither the system nor their own settings. Source: the
// list of system environment variables in Microsoft's documentation of user profiles.
const windowsCoreNames: ReadonlySet<string> = new Set(
  (
    "SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT OS NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE " +
    "USERPROFILE USERDOMAIN HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA PROGRAMDATA ALLUSERSPROFILE " +
    "PUBLIC PROGRAMFILES PROGRAMFILES(X86) PROGRAMW6432 COMMONPROGRAMFILES " +
    "COMMONPROGRAMFILES(X86) COMMONPROGRAMW6432 COMPUTERNAME PSMODULEPATH"
  ).split(" "),
);

function isCore(name: string, platform: NodeJS.Platform): boolean {
  if (platform !== "win32") return coreNames.has(name) || name.startsWith("LC_");
  const upper = name.toUpperCase(); // names have no letter case there
  return coreNames.has(upper) || windowsCoreNames.has(upper) || upper.startsWith("LC_");
}

const secretWords = ["KEY", "SECRET", "TOKEN"];

function dropReason(
  name: ByteString,
  policy: ShellEnvironmentPolicy,
  excluded: (name: ByteString) => boolean,
  platform: NodeJS.Platform,
): DropReason | undefined {
  if (policy.inherit === "none") return "inherit is none";
  if (policy.inherit === "core" && !isCore(name, platform)) return "not core";
  const upper = name.toUpperCase();
  if (!policy.ignoreDefaultExcludes && secretWords.some((word) => upper.includes(word))) {
    return "looks secret";
  }
  return excluded(name) ? "excluded" : undefined;
}

async function nameMatcher(patterns: readonly string[]): Promise<(name: ByteString) => boolean> {
  if (patterns.length === 0) return () => false;
  const { globMatcher } = await import("./glob-matcher.ts");
  const matches = patterns.map(globMatcher);
  return (name) => matches.some((match) => match(textOf(name)));
}
