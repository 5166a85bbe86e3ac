/** Becomes the command: puts back what Node changed in this process, then execs. */
import { statSync } from "node:fs";

import { brand, bytesOf, quoted, type ByteString } from "../runtime/byte-string.ts";
import { SyscallError, type Libc } from "./libc.ts";

/** A program could not be started; `exitCode` is what a shell answers: 127 or 126. */
export interface ExecFailure {
  readonly exitCode: 126 | 127;
  readonly message: string;
}

/**
 * Replaces this process by the command; returns only when that failed.
 *
 * `environment` holds whole "name=value" entries and is passed on as it is. A program without a
 * slash is looked for in that environment's PATH, as execvp(3) does; a text file without "#!" is
 * given to /bin/sh, as execvp(3) does too.
 */
export function execProgram(
  libc: Libc,
  argv: readonly ByteString[],
  environment: readonly ByteString[],
): ExecFailure {
  const [program] = argv;
  if (program === undefined || program === "") {
    return { exitCode: 127, message: 'Cannot run "": the program name is empty' };
  }
  const envp = cStringArray(libc, environment);
  let failure: { readonly path: ByteString; readonly errno: string } | undefined;
  for (const path of candidatePaths(program, environment)) {
    const errno = execve(libc, path, cStringArray(libc, argv), envp);
    if (errno === "ENOEXEC") {
      const script = [brand("/bin/sh"), path, ...argv.slice(1)];
      const shellErrno = execve(libc, brand("/bin/sh"), cStringArray(libc, script), envp);
      return describe(program, path, shellErrno);
    }
    // Like execvp: go on past missing ones, and remember one that is there but refused.
    if (!passedOver.includes(errno)) return describe(program, path, errno);
    if (errno === "EACCES" || failure === undefined) failure = { path, errno };
  }
  return failure === undefined
    ? describe(program, program, "ENOENT")
    : describe(program, failure.path, failure.errno);
}

/** Where execvp looks. Source: execvp(3); with no PATH, confstr(_CS_PATH) of glibc. */
export function candidatePaths(
  program: ByteString,
  environment: readonly ByteString[],
): readonly ByteString[] {
  if (program.includes("/")) return [program];
  const entry = environment.find((pair) => pair.startsWith("PATH="));
  const path = entry === undefined ? "/bin:/usr/bin" : entry.slice("PATH=".length);
  return path.split(":").map((directory) => brand(`${directory || "."}/${program}`));
}

/** One execve(2) of one file; returns the symbolic error, since success does not return. */
export function execFile(
  libc: Libc,
  path: ByteString,
  argv: readonly ByteString[],
  environment: readonly ByteString[],
): string {
  return execve(libc, path, cStringArray(libc, argv), cStringArray(libc, environment));
}

/**
 * Undoes what Node's start did to the process, so that the command has what its user had: Node
 * ignores SIGPIPE and SIGXFSZ, blocks SIGUSR1, marks descriptors 0-2 close-on-exec, and raises the
 * soft limit of open files. Everything above 2 is closed at exec: no descriptor of ours, or of
 * whoever started us, reaches the command.
 */
export function restoreProcessState(libc: Libc, softOpenFiles: number | undefined): void {
  const defaultAction = new Uint8Array(32); // struct kernel sigaction, SIG_DFL
  for (const signal of [SIGPIPE, SIGXFSZ]) {
    libc.must("rt_sigaction", "rt_sigaction", signal, defaultAction, 0, SIGNAL_SET_BYTES);
  }
  const nothing = new Uint8Array(SIGNAL_SET_BYTES);
  libc.must("rt_sigprocmask", "rt_sigprocmask", SIG_SETMASK, nothing, 0, SIGNAL_SET_BYTES);
  if (softOpenFiles !== undefined) setSoftOpenFiles(libc, softOpenFiles);
  for (const fd of [0, 1, 2]) {
    const answer = libc.call("fcntl", fd, F_SETFD, 0);
    // A closed standard descriptor stays closed.
    if (!answer.ok && answer.errno !== "EBADF") throw new SyscallError("fcntl", answer.errno);
  }
  closeOnExecFrom3(libc);
}

/** Ends the process at once, without Node's own tidying up, which a filter may refuse. */
export function exitNow(libc: Libc, code: number): never {
  libc.call("exit_group", code);
  throw new SyscallError("exit_group", "returned");
}

const SIGPIPE = 13;
const SIGXFSZ = 25;
const SIG_SETMASK = 2;
const SIGNAL_SET_BYTES = 8;
const F_SETFD = 2;
const CLOSE_RANGE_CLOEXEC = 4;
const RLIMIT_NOFILE = 7;

/** The errors after which execvp tries the next directory. */
const passedOver = ["ENOENT", "ENOTDIR", "EACCES", "ESTALE", "ENODEV", "ETIMEDOUT"];

function setSoftOpenFiles(libc: Libc, soft: number): void {
  const limits = new BigUint64Array(2); // struct rlimit64: soft, hard
  libc.must("prlimit64", "prlimit64", 0, RLIMIT_NOFILE, 0, limits);
  const [current, hard] = limits;
  if (current === undefined || hard === undefined || BigInt(soft) >= current) return;
  limits[0] = BigInt(soft);
  libc.must("prlimit64", "prlimit64", 0, RLIMIT_NOFILE, limits);
}

// Every kernel with Landlock (5.13) has close_range with this flag (5.11).
function closeOnExecFrom3(libc: Libc): void {
  libc.must("close_range", "close_range", 3, 0xffffffff, CLOSE_RANGE_CLOEXEC);
}

function execve(libc: Libc, path: ByteString, argv: CStringArray, envp: CStringArray): string {
  const name = Buffer.concat([bytesOf(path), Buffer.of(0)]);
  const answer = libc.call("execve", name, argv.pointers, envp.pointers);
  return answer.ok ? "EINVAL" : answer.errno;
}

/** char *[] with its strings; both must stay referenced while the kernel reads them. */
interface CStringArray {
  readonly strings: Uint8Array;
  readonly pointers: BigUint64Array;
}

function cStringArray(libc: Libc, values: readonly ByteString[]): CStringArray {
  const strings = Buffer.from(`${values.join("\0")}\0`, "latin1");
  const pointers = new BigUint64Array(values.length + 1);
  const base = libc.address(strings);
  let offset = 0;
  values.forEach((value, index) => {
    pointers[index] = base + BigInt(offset);
    offset += value.length + 1;
  });
  return { strings, pointers };
}

function describe(program: ByteString, path: ByteString, errno: string): ExecFailure {
  if (errno === "ENOENT" || errno === "ENOTDIR") {
    const interpreter = exists(path) ? "its interpreter or loader was not found" : "not found";
    return { exitCode: 127, message: `Cannot run ${quoted(program)}: ${interpreter}` };
  }
  const reason = reasons[errno] ?? errno;
  return { exitCode: 126, message: `Cannot run ${quoted(program)}: ${reason}` };
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "it is not executable, or its directory may not be entered (EACCES)",
  EISDIR: "it is a directory (EISDIR)",
  ENOEXEC: "it is not a program for this machine (ENOEXEC)",
  E2BIG: "the arguments and environment are too long (E2BIG)",
  ETXTBSY: "it is open for writing (ETXTBSY)",
  EPERM: "the operating system refused (EPERM)",
};

function exists(path: ByteString): boolean {
  try {
    return statSync(bytesOf(path)).isFile();
  } catch {
    return false;
  }
}
