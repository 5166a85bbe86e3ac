/**
 * The text of a Seatbelt profile and its parameters.
 *
 * The text is made of fixed words and of numbers. Every path is a parameter: a value that the
 * profile refers to by name, so that no directory name can become a rule.
 */
import { posix } from "node:path";

import { isWithin } from "../protocol/writable-roots.ts";

export interface SeatbeltProfile {
  readonly text: string;
  /** In the order of the argument vector. */
  readonly parameters: readonly ProfileParameter[];
}

export interface ProfileParameter {
  /** Capital letters, digits and "_". */
  readonly name: string;
  readonly value: string;
}

/** What a policy grants here. All paths are canonical. */
export interface ProfileRules {
  readonly readsWholeDisk: boolean;
  readonly networkAccess: boolean;
  readonly roots: readonly string[];
  /** Written neither themselves nor beneath; they need not exist. */
  readonly sealed: readonly string[];
  /** Directories in which `.codex` is sealed in every spelling. */
  readonly workspaces: readonly string[];
  /** Directories in which git's hooks and settings are sealed in every spelling. */
  readonly gitDirectories: readonly string[];
}

/** `base` is seatbelt/base.sbpl. */
export function seatbeltProfile(base: string, rules: ProfileRules): SeatbeltProfile {
  const parameters = new Parameters();
  const write = writeRules(rules, parameters);
  const parts = [
    base.trimEnd(),
    ...(rules.readsWholeDisk ? [READ_RULE] : []),
    ...write,
    ...(rules.networkAccess ? [NETWORK_RULES] : []),
  ];
  return { text: `${parts.join("\n")}\n`, parameters: parameters.list };
}

/** `-p`, the text, one `-DNAME=value` per parameter: what sandbox-exec(1) takes before `--`. */
export function profileArguments({ text, parameters }: SeatbeltProfile): readonly string[] {
  return ["-p", text, ...parameters.map(({ name, value }) => `-D${name}=${value}`)];
}

class Parameters {
  readonly list: ProfileParameter[] = [];

  /** How the profile's text refers to a value. The value itself goes nowhere near the text. */
  refer(name: string, value: string): string {
    this.list.push({ name, value });
    return `(param "${name}")`;
  }
}

const READ_RULE = "(allow file-read*)";

/**
 * The exceptions are part of each root's grant, not denials behind it: a grant never given needs no
 * order of rules to be right, and others saw the denial of a subpath lose against a grant.
 */
function writeRules(rules: ProfileRules, parameters: Parameters): readonly string[] {
  if (rules.roots.length === 0) return [];
  const roots = rules.roots.map((root, index) => rootFilter(root, index, rules, parameters));
  const isWritable = (path: string): boolean => rules.roots.some((root) => isWithin(path, root));
  const spellings = [
    ...rules.workspaces.filter(isWritable).map((path, index) => ({
      directory: parameters.refer(`WORKSPACE_${index}`, path),
      names: CODEX_NAME,
    })),
    ...rules.gitDirectories.filter(isWritable).map((path, index) => ({
      directory: parameters.refer(`GIT_DIRECTORY_${index}`, path),
      names: GIT_NAMES,
    })),
  ].map(({ directory, names }) => `(require-not ${beneath(directory, names)})`);
  const grant = `(require-all\n  (require-any\n    ${roots.join("\n    ")})`;
  const pinned = directoriesAbove(rules.sealed, rules.roots);
  return [
    `(allow file-write* file-link ${[grant, ...spellings].join("\n  ")}))`,
    ...pinRule(pinned.map((path, index) => parameters.refer(`PINNED_${index}`, path))),
  ];
}

/** A sealed place is an exception of every root that it lies in. */
function rootFilter(
  root: string,
  index: number,
  { sealed }: ProfileRules,
  parameters: Parameters,
): string {
  const name = `WRITABLE_ROOT_${index}`;
  const grant = `(subpath ${parameters.refer(name, root)})`;
  const exceptions = sealed
    .filter((place) => isWithin(place, root))
    .map((place, number) => parameters.refer(`${name}_RO_${number}`, place))
    .map((reference) => `(require-not (subpath ${reference}))`);
  return exceptions.length === 0 ? grant : `(require-all ${[grant, ...exceptions].join(" ")})`;
}

/**
 * The directories from each sealed place up to its root. Moved away with what is in them, the place
 * would have another name, and rules go by names.
 */
function directoriesAbove(sealed: readonly string[], roots: readonly string[]): readonly string[] {
  const above = new Set<string>();
  for (const place of sealed) {
    for (const root of roots) {
      if (!isWithin(place, root)) continue;
      for (let path = place; path.length > root.length;) {
        path = posix.dirname(path);
        above.add(path);
      }
    }
  }
  return [...above].toSorted();
}

/** Creating is denied as well: a swap of two names creates both anew. */
function pinRule(references: readonly string[]): readonly string[] {
  if (references.length === 0) return [];
  const filters = references.map((reference) => `(literal ${reference})`);
  return [`(deny file-write-create file-write-unlink\n  ${filters.join("\n  ")})`];
}

/**
 * A Mac's disk usually takes .git/Hooks for .git/hooks, but a rule sees the letters with which a
 * command creates it. `commondir` would tell git to look for all of them elsewhere.
 * Source: gitrepository-layout(5).
 */
const GIT_NAMES =
  "([hH][oO][oO][kK][sS]|[cC][oO][mM][mM][oO][nN][dD][iI][rR]" +
  "|[cC][oO][nN][fF][iI][gG]([.][wW][oO][rR][kK][tT][rR][eE][eE])?)";
const CODEX_NAME = "[.][cC][oO][dD][eE][xX]";

function beneath(directory: string, names: string): string {
  return `(regex (string-append "^" (regex-quote ${directory}) "/${names}(/|$)"))`;
}

/**
 * Names are looked up and certificates checked by services, not in the process: without them go,
 * curl and swift reach nobody although they may connect.
 */
const NETWORK_RULES = `(allow network-outbound network-inbound network-bind system-socket)
(allow mach-lookup
  (global-name "com.apple.dnssd.service")
  (global-name "com.apple.networkd")
  (global-name "com.apple.ocspd")
  (global-name "com.apple.SystemConfiguration.configd")
  (global-name "com.apple.SystemConfiguration.DNSConfiguration")
  (global-name "com.apple.trustd")
  (global-name "com.apple.trustd.agent"))`;
