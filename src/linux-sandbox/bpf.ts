/**
 * Seccomp rules as data, compiled to classic BPF, and an evaluator for that BPF.
 *
 * Source of encodings: linux/filter.h, linux/bpf_common.h, linux/seccomp.h, linux/audit.h.
 */
import type { Architecture } from "./architecture.ts";

/** A test of one half of one argument. `mask` is applied before the comparison. */
export interface ArgumentTest {
  readonly argument: 0 | 1 | 2 | 3 | 4 | 5;
  readonly half: "low" | "high";
  readonly mask?: number;
  readonly is: "equal" | "not-equal";
  readonly value: number;
}

/** What a system call answers when a rule holds. */
export type SeccompAction =
  | { readonly kind: "errno"; readonly errno: number }
  | { readonly kind: "kill-process" };

/**
 * One call that is refused when any of `whenAny` holds; each alternative is a list of tests that
 * must all hold. An empty `whenAny` refuses always. `errno` is the kernel's number.
 */
export interface SeccompRule {
  readonly number: number;
  readonly whenAny: readonly (readonly ArgumentTest[])[];
  readonly errno: number;
}

/** struct sock_filter. */
export interface BpfInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** struct seccomp_data, as an evaluator sees it. Arguments are unsigned 64 bit. */
export interface SyscallEvent {
  readonly number: number;
  readonly auditArchitecture: number;
  readonly arguments: readonly bigint[];
}

const LD_ABS = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND_K = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JEQ = 0x15;
const JGE = 0x35;
const RET = 0x06;

const RET_ALLOW = 0x7fff0000;
const RET_ERRNO = 0x00050000;
const RET_KILL_PROCESS = 0x80000000;

const OFFSET_NUMBER = 0;
const OFFSET_ARCHITECTURE = 4;
const OFFSET_ARGUMENTS = 16;

const X32_BIT = 0x40000000; // __X32_SYSCALL_BIT, asm/unistd.h

export const ENOSYS = 38;

/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64. */
export function auditArchitecture(architecture: Architecture): number {
  return architecture === "x64" ? 0xc000003e : 0xc00000b7;
}

/**
 * The filter for `rules`: any other architecture kills the process, x32 calls answer ENOSYS,
 * refused calls answer their errno, all else is allowed.
 */
export function compileSeccomp(
  rules: readonly SeccompRule[],
  architecture: Architecture,
): readonly BpfInstruction[] {
  const program: BpfInstruction[] = [
    statement(LD_ABS, OFFSET_ARCHITECTURE),
    jump(JEQ, auditArchitecture(architecture), 1, 0),
    statement(RET, RET_KILL_PROCESS),
    statement(LD_ABS, OFFSET_NUMBER),
  ];
  if (architecture === "x64") {
    program.push(jump(JGE, X32_BIT, 0, 1), statement(RET, RET_ERRNO | ENOSYS));
  }
  for (const rule of rules) {
    const body = compileRule(rule);
    if (body.length > 255) throw new RangeError("Cannot build the filter: a jump over 255");
    program.push(jump(JEQ, rule.number, 0, body.length), ...body);
  }
  program.push(statement(RET, RET_ALLOW));
  if (program.length > 4096)
    throw new RangeError("Cannot build the filter: over 4096 instructions");
  return program;
}

/** struct sock_filter[], 8 bytes each, in this machine's (little) byte order. */
export function encodeBpf(program: readonly BpfInstruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, jt, jf, k }, index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  });
  return bytes;
}

/** Runs a filter as the kernel would: the action for one call. Used by tests. */
export function evaluateBpf(
  program: readonly BpfInstruction[],
  event: SyscallEvent,
): SeccompAction | { readonly kind: "allow" } {
  let accumulator = 0;
  for (let index = 0; index < program.length; index += 1) {
    const instruction = program[index];
    if (instruction === undefined) break;
    const { code, jt, jf, k } = instruction;
    if (code === LD_ABS) accumulator = loadWord(event, k);
    else if (code === AND_K) accumulator = (accumulator & k) >>> 0;
    else if (code === JEQ) index += accumulator === k ? jt : jf;
    else if (code === JGE) index += accumulator >= k ? jt : jf;
    else if (code === RET) return actionOf(k);
    else throw new RangeError(`Unknown BPF code ${code}`);
  }
  throw new RangeError("Filter ends without an answer");
}

function compileRule(rule: SeccompRule): readonly BpfInstruction[] {
  const refuse = statement(RET, RET_ERRNO | rule.errno);
  if (rule.whenAny.length === 0) return [refuse];
  const alternatives = rule.whenAny.flatMap((tests) => [...compileTests(tests), refuse]);
  return [...alternatives, statement(RET, RET_ALLOW)];
}

/** Falls through when all tests hold; otherwise jumps over the answer that follows. */
function compileTests(tests: readonly ArgumentTest[]): readonly BpfInstruction[] {
  const blocks = tests.map((test) => {
    const offset = OFFSET_ARGUMENTS + test.argument * 8 + (test.half === "high" ? 4 : 0);
    const load = [statement(LD_ABS, offset)];
    return test.mask === undefined ? load : [...load, statement(AND_K, test.mask >>> 0)];
  });
  const total = blocks.reduce((sum, block) => sum + block.length + 1, 0);
  const program: BpfInstruction[] = [];
  tests.forEach((test, index) => {
    program.push(...(blocks[index] ?? []));
    const beyondAnswer = total - program.length; // instructions left after this one, and the answer
    const value = test.value >>> 0;
    program.push(
      test.is === "equal" ? jump(JEQ, value, 0, beyondAnswer) : jump(JEQ, value, beyondAnswer, 0),
    );
  });
  return program;
}

function loadWord(event: SyscallEvent, offset: number): number {
  if (offset === OFFSET_NUMBER) return event.number >>> 0;
  if (offset === OFFSET_ARCHITECTURE) return event.auditArchitecture >>> 0;
  const argument = event.arguments[Math.floor((offset - OFFSET_ARGUMENTS) / 8)] ?? 0n;
  const shift = (offset - OFFSET_ARGUMENTS) % 8 === 4 ? 32n : 0n;
  return Number((BigInt.asUintN(64, argument) >> shift) & 0xffffffffn);
}

function actionOf(k: number): SeccompAction | { readonly kind: "allow" } {
  if (k === RET_ALLOW) return { kind: "allow" };
  if (k === RET_KILL_PROCESS) return { kind: "kill-process" };
  return { kind: "errno", errno: k & 0xffff };
}

function statement(code: number, k: number): BpfInstruction {
  return { code, jt: 0, jf: 0, k: k >>> 0 };
}

function jump(code: number, k: number, jt: number, jf: number): BpfInstruction {
  return { code, jt, jf, k: k >>> 0 };
}
