/**
 * Landlock: which access rights a policy grants beneath which paths, and the calls that enforce it.
 *
 * Source: linux/landlock.h and the kernel's userspace-api/landlock documentation. Rights are bits;
 * a right that is handled and not granted is denied. Everything known up to ABI 7 is used.
 */
import type { WritableRoot } from "../protocol/writable-roots.ts";

import { SyscallError, type Libc } from "./libc.ts";

const EXECUTE = 1n << 0n;
const WRITE_FILE = 1n << 1n;
const READ_FILE = 1n << 2n;
const READ_DIR = 1n << 3n;
const REMOVE_DIR = 1n << 4n;
const REMOVE_FILE = 1n << 5n;
const MAKE_DIR = 1n << 7n;
const MAKE_REG = 1n << 8n;
const MAKE_SOCK = 1n << 9n;
const MAKE_FIFO = 1n << 10n;
const MAKE_SYM = 1n << 12n;
const REFER = 1n << 13n;
const TRUNCATE = 1n << 14n;
const IOCTL_DEV = 1n << 15n;

const READ = EXECUTE | READ_FILE | READ_DIR;
const WRITE_CONTENT = WRITE_FILE | TRUNCATE;
/** MAKE_CHAR (6) and MAKE_BLOCK (11) are left out: nobody may make a disk's node in a workspace. */
const WRITE_TREE =
  WRITE_CONTENT |
  REMOVE_DIR |
  REMOVE_FILE |
  MAKE_DIR |
  MAKE_REG |
  MAKE_SOCK |
  MAKE_FIFO |
  MAKE_SYM |
  REFER |
  IOCTL_DEV;

/** Rights that make sense on something that is not a directory; the kernel refuses others there. */
const FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;

const NET_BIND_TCP = 1n << 0n;
const NET_CONNECT_TCP = 1n << 1n;
const SCOPE_ABSTRACT_UNIX_SOCKET = 1n << 0n;
const SCOPE_SIGNAL = 1n << 1n;

/** struct landlock_ruleset_attr, as far as an ABI has it: 8, 16 or 24 bytes. */
export interface RulesetAttributes {
  readonly handledFileAccess: bigint;
  readonly handledNetworkAccess: bigint;
  readonly scoped: bigint;
}

/** One path-beneath rule. `required`: the command may not start when the path cannot be opened. */
export interface PathRule {
  readonly path: string; // byte string
  readonly access: bigint;
  readonly required: boolean;
}

/** What the ruleset handles on a kernel with this ABI. */
export function rulesetAttributes(abi: number, networkAccess: boolean): RulesetAttributes {
  return {
    handledFileAccess: knownFileRights(abi),
    // A second belt behind seccomp: no TCP port may be bound or connected to.
    handledNetworkAccess: abi >= 4 && !networkAccess ? NET_BIND_TCP | NET_CONNECT_TCP : 0n,
    scoped: abi >= 6 ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0n,
  };
}

/**
 * The rules of a policy: everything may be read and run; data sinks and terminals may be written,
 * and the roots may be written beneath. Terminals are granted because programs with a terminal of
 * their own (script, expect) need the master and the new slave.
 */
export function pathRules(roots: readonly WritableRoot[], abi: number): readonly PathRule[] {
  const known = knownFileRights(abi);
  const device = READ_FILE | WRITE_CONTENT | IOCTL_DEV;
  const rule = (path: string, access: bigint, required: boolean): PathRule => ({
    path,
    access: access & known,
    required,
  });
  return [
    rule("/", READ, true),
    rule("/dev/null", device, false),
    rule("/dev/zero", device, false),
    rule("/dev/full", device, false),
    rule("/dev/tty", device, false),
    rule("/dev/ptmx", device, false),
    rule("/dev/pts", READ_DIR | device, false),
    ...roots.map((root) => rule(root.path, READ | WRITE_TREE, true)),
  ];
}

/** What the kernel does not confine on this ABI, in words for people; empty from ABI 6 on. */
export function unconfinedBelowAbi6(abi: number): readonly string[] {
  const gaps: string[] = [];
  if (abi < 6) gaps.push("signals to your other processes");
  if (abi < 5) gaps.push("device controls (ioctl) on devices your user may open");
  return gaps;
}

/**
 * The ABI the kernel offers, 1 or higher. 0 means it has no Landlock or Landlock is not enabled
 * (the answer ENOSYS or EOPNOTSUPP is in `errno`).
 */
export function probeLandlock(libc: Libc): { readonly abi: number; readonly errno?: string } {
  const answer = libc.call("landlock_create_ruleset", 0, 0, CREATE_RULESET_VERSION);
  return answer.ok ? { abi: answer.value } : { abi: 0, errno: answer.errno };
}

/** Descriptors. The rules hold on to what they name by themselves; an exec closes all of them. */
export interface Ruleset {
  readonly fd: number;
  readonly pathFds: readonly number[];
}

/**
 * Creates the ruleset with all its rules; nothing is enforced yet.
 * Errors: SyscallError, also when a required path cannot be opened.
 */
export function prepareRuleset(
  libc: Libc,
  attributes: RulesetAttributes,
  rules: readonly PathRule[],
  abi: number,
): Ruleset {
  const fd = libc.must(
    "landlock_create_ruleset",
    "landlock_create_ruleset",
    encodeAttributes(attributes, abi),
    attributeSize(abi),
    0,
  );
  return { fd, pathFds: rules.flatMap((rule) => addRule(libc, fd, rule)) };
}

export function enforceRuleset(libc: Libc, rulesetFd: number): void {
  libc.must("landlock_restrict_self", "landlock_restrict_self", rulesetFd, 0);
}

const CREATE_RULESET_VERSION = 1;
const RULE_PATH_BENEATH = 1;

function knownFileRights(abi: number): bigint {
  if (abi >= 5) return (IOCTL_DEV << 1n) - 1n;
  if (abi >= 3) return (TRUNCATE << 1n) - 1n;
  if (abi === 2) return (REFER << 1n) - 1n;
  return (MAKE_SYM << 1n) - 1n;
}

function attributeSize(abi: number): number {
  if (abi >= 6) return 24;
  return abi >= 4 ? 16 : 8;
}

function encodeAttributes(attributes: RulesetAttributes, abi: number): BigUint64Array {
  const all = [
    attributes.handledFileAccess,
    attributes.handledNetworkAccess,
    attributes.scoped,
  ] as const;
  return new BigUint64Array(all.slice(0, attributeSize(abi) / 8));
}

/** The descriptor of the path; none for a device that this system does not have. */
function addRule(libc: Libc, rulesetFd: number, rule: PathRule): readonly number[] {
  // Rights that files have, too, are the same for a directory: no need to know which it is.
  const forAny = (rule.access & ~FILE_RIGHTS) === 0n;
  const opened = forAny ? openAny(libc, rule.path) : openPath(libc, rule.path);
  if (!opened.ok) {
    if (!rule.required) return [];
    throw new SyscallError(`opening ${JSON.stringify(rule.path)}`, opened.errno);
  }
  const directory = opened.isDirectory;
  const access = directory ? rule.access : rule.access & FILE_RIGHTS;
  // struct landlock_path_beneath_attr: packed, u64 allowed_access, s32 parent_fd.
  const attribute = new Uint8Array(12);
  const view = new DataView(attribute.buffer);
  view.setBigUint64(0, access, true);
  view.setInt32(8, opened.fd, true);
  libc.must("landlock_add_rule", "landlock_add_rule", rulesetFd, RULE_PATH_BENEATH, attribute, 0);
  return [opened.fd];
}

type OpenedPath =
  | { readonly ok: true; readonly fd: number; readonly isDirectory: boolean }
  | { readonly ok: false; readonly errno: string };

const AT_FDCWD = -100;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const O_NOFOLLOW = 0o400000;
const O_DIRECTORY = process.arch === "arm64" ? 0o40000 : 0o200000;
const RESOLVE_NO_SYMLINKS = 4n;

/**
 * Opens a canonical path without following any link: roots were resolved a moment ago, and a link
 * that appeared since then would point the rule somewhere else.
 */
function openPath(libc: Libc, path: string): OpenedPath {
  const asDirectory = openNoLinks(libc, path, O_DIRECTORY);
  if (asDirectory.ok) return { ok: true, fd: asDirectory.value, isDirectory: true };
  return asDirectory.errno === "ENOTDIR" ? openAny(libc, path) : asDirectory;
}

/** `isDirectory` is not known then: false, the answer that grants less. */
function openAny(libc: Libc, path: string): OpenedPath {
  const opened = openNoLinks(libc, path, 0);
  return opened.ok ? { ok: true, fd: opened.value, isDirectory: false } : opened;
}

function openNoLinks(libc: Libc, path: string, extraFlags: number) {
  const name = Buffer.from(`${path}\0`, "latin1");
  const flags = O_PATH | O_CLOEXEC | extraFlags;
  // struct open_how: u64 flags, mode, resolve.
  const how = new BigUint64Array([BigInt(flags), 0n, RESOLVE_NO_SYMLINKS]);
  const answer = libc.call("openat2", AT_FDCWD, name, how, how.byteLength);
  if (answer.ok || answer.errno !== "ENOSYS") return answer;
  return libc.call("openat", AT_FDCWD, name, flags | O_NOFOLLOW);
}
