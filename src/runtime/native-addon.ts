/**
 * Loads koffi's native addon, the way to libc, without leaving a file behind.
 *
 * Only the addon itself is used; koffi's JavaScript wrapper costs 6 ms and adds nothing here.
 * In the packed executable the addon's bytes go into an anonymous file (O_TMPFILE with O_EXCL:
 * it has no name, can never get one, and vanishes with its descriptor), which dlopen reads through
 * /proc/self/fd. A named temporary file could be replaced by another process of the same user
 * between writing and loading.
 */
import { closeSync, openSync, writeSync } from "node:fs";

import { isPacked, readAsset } from "./assets.ts";

/** A C value going in: integers, or the address of memory we own. */
export type NativeArgument = number | bigint;

/** The part of koffi's addon that this program uses. Source: koffi.dev, "Functions". */
export interface NativeAddon {
  /** Opens a library; null means what is already in this process (libc). */
  load(path: string | null): NativeLibrary;
  /** The address of a buffer's first byte. Keep the buffer referenced while C may use it. */
  address(memory: Uint8Array | BigUint64Array): bigint;
  /** errno of the last call made on this thread. */
  errno(): number;
}

export interface NativeLibrary {
  /** Binds one C function by its prototype. Integer results up to 2^53 arrive as numbers. */
  func(prototype: string): (...args: NativeArgument[]) => unknown;
}

/** koffi's addon could not be loaded from any place; each attempt and its reason are listed. */
export class NativeAddonError extends Error {
  override readonly name = "NativeAddonError";
  readonly attempts: readonly string[];

  constructor(attempts: readonly string[]) {
    const cause = commonCauses.find(({ sign }) => attempts.every((text) => sign.test(text)));
    super(
      `Cannot load the native addon: ${
        cause?.words ??
        `no directory allows an anonymous executable file (${attempts.join("; ")}); set TMPDIR to a writable directory that is not mounted noexec`
      }`,
    );
    this.attempts = attempts;
  }
}

/** What is no matter of the directory. */
const commonCauses: readonly { readonly sign: RegExp; readonly words: string }[] = [
  {
    sign: /EMFILE|ENFILE|Too many open files/u,
    words: "too many files are open; raise the limit with ulimit -n",
  },
  { sign: /\/proc\/self\/fd\/\d+: .*No such file/u, words: "/proc is not mounted here" },
];

// __O_TMPFILE | O_DIRECTORY; O_DIRECTORY differs between the two (asm/fcntl.h).
const O_TMPFILE = process.arch === "arm64" ? 0o20040000 : 0o20200000;
const O_RDWR = 0o2;
const O_EXCL = 0o200;
const O_CLOEXEC = 0o2000000;
const RTLD_LAZY = 1;

let loaded: NativeAddon | undefined;

/**
 * The addon, loaded once per process. About 1.5 ms the first time.
 *
 * `directories` are tried in order for the anonymous file; see anonymousFileDirectories.
 * Errors: NativeAddonError when every directory refuses.
 */
export function loadNativeAddon(directories: readonly string[]): NativeAddon {
  loaded ??= isPacked() ? loadPacked(directories) : loadFromPackage();
  return loaded;
}

/**
 * Directories that may hold the anonymous file, best first: memory before disk, and the system's
 * own before those that the environment names (a file system of an attacker's making could serve
 * other bytes than were written). Containers often mount /dev/shm noexec, so one is not enough.
 */
export function anonymousFileDirectories(
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const named = [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], environment["HOME"]];
  const all = ["/dev/shm", "/tmp", "/var/tmp", ...named];
  const absolute = all.filter((path): path is string => path?.startsWith("/") === true);
  return [...new Set(absolute)];
}

function loadPacked(directories: readonly string[]): NativeAddon {
  const attempts: string[] = [];
  for (const directory of directories) {
    let fd: number | undefined;
    try {
      fd = openSync(directory, O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC, 0o700);
      writeAll(fd, readAsset("koffi.node"));
      return open(`/proc/self/fd/${fd}`);
    } catch (error) {
      attempts.push(`${directory}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
  throw new NativeAddonError(attempts);
}

function loadFromPackage(): NativeAddon {
  const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);
  return open(
    require.resolve(`@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`),
  );
}

function open(path: string): NativeAddon {
  const target: { exports: unknown } = { exports: {} };
  process.dlopen(target, path, RTLD_LAZY);
  if (!isNativeAddon(target.exports)) throw new TypeError("Cannot use the native addon: not koffi");
  return target.exports;
}

function isNativeAddon(value: unknown): value is NativeAddon {
  return (
    typeof value === "object" &&
    value !== null &&
    "load" in value &&
    typeof value.load === "function" &&
    "address" in value &&
    typeof value.address === "function" &&
    "errno" in value &&
    typeof value.errno === "function"
  );
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;) {
    offset += writeSync(fd, bytes, offset, bytes.length - offset);
  }
}
