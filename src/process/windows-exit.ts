/**
 * Exit codes of Windows: 32 bits without a sign, and no signals. A process that the system ended
 * carries an NTSTATUS as its code. Source: the list of NTSTATUS values in ntstatus.h.
 */

/** The code as Windows counts it; some interfaces hand it over as a negative number. */
export function windowsExitCode(code: number): number {
  return code >>> 0;
}

/** What a code says about how the process ended, in words; undefined for a program's own code. */
export function describeWindowsExit(code: number): string | undefined {
  const status = windowsExitCode(code);
  const known = STATUS_WORDS.get(status);
  if (known !== undefined) return `${known} (0x${status.toString(16).toUpperCase()})`;
  // Severity "error" and not set by a customer: the two top bits on, the third off.
  return status >>> 29 === 0b110
    ? `ended by the system (0x${status.toString(16).toUpperCase()})`
    : undefined;
}

const STATUS_WORDS: ReadonlyMap<number, string> = new Map([
  [0xc0000005, "access violation"],
  [0xc000001d, "illegal instruction"],
  [0xc00000fd, "stack overflow"],
  [0xc0000135, "a library was not found"],
  [0xc0000139, "a library lacks a function"],
  [0xc000013a, "interrupted by Ctrl-C"],
  [0xc0000142, "a library could not be initialised"],
  [0xc0000374, "heap corruption"],
  [0xc0000409, "ended itself after a fatal error"],
]);
