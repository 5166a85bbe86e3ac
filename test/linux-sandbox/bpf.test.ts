import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";

import {
  auditArchitecture,
  compileSeccomp,
  encodeBpf,
  ENOSYS,
  evaluateBpf,
  type ArgumentTest,
  type BpfInstruction,
  type SeccompRule,
} from "../../src/linux-sandbox/bpf.ts";
import type { Architecture } from "../../src/linux-sandbox/architecture.ts";

const architectures: readonly Architecture[] = ["x64", "arm64"];

const word = fc.oneof(
  fc.constantFrom(0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);

const argumentTest: fc.Arbitrary<ArgumentTest> = fc
  .record({
    argument: fc.constantFrom(0, 1, 2, 3, 4, 5),
    half: fc.constantFrom("low", "high"),
    is: fc.constantFrom("equal", "not-equal"),
    value: word,
    mask: fc.option(word, { nil: undefined }),
  })
  .map(({ mask, ...rest }) => (mask === undefined ? rest : { ...rest, mask }));

const rules: fc.Arbitrary<readonly SeccompRule[]> = fc.uniqueArray(
  fc.record({
    number: fc.integer({ min: 0, max: 500 }),
    whenAny: fc.array(fc.array(argumentTest, { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
    errno: fc.integer({ min: 1, max: 133 }),
  }),
  { maxLength: 20, selector: (rule) => rule.number },
);

const callArguments = fc.array(
  fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.constantFrom(0n, 1n, 1n << 32n)),
  { minLength: 6, maxLength: 6 },
);

/** What a list of rules means, without any BPF. */
function meaning(
  list: readonly SeccompRule[],
  number: number,
  args: readonly bigint[],
): ReturnType<typeof evaluateBpf> {
  const rule = list.find((candidate) => candidate.number === number);
  if (rule === undefined) return { kind: "allow" };
  const refused =
    rule.whenAny.length === 0 ||
    rule.whenAny.some((tests) => tests.every((each) => holds(each, args)));
  return refused ? { kind: "errno", errno: rule.errno } : { kind: "allow" };
}

function holds(condition: ArgumentTest, args: readonly bigint[]): boolean {
  const whole = args[condition.argument] ?? 0n;
  const half = condition.half === "low" ? whole & 0xffffffffn : whole >> 32n;
  const masked = half & BigInt(condition.mask ?? 0xffffffff);
  return (masked === BigInt(condition.value)) === (condition.is === "equal");
}

suite("compileSeccomp", () => {
  test("means what the rules say, for every number and argument", () => {
    fc.assert(
      fc.property(
        rules,
        fc.constantFrom(...architectures),
        fc.integer({ min: 0, max: 500 }),
        callArguments,
        (list, architecture, other, args) => {
          const program = compileSeccomp(list, architecture);
          for (const number of [other, ...list.map((rule) => rule.number)]) {
            const event = {
              number,
              auditArchitecture: auditArchitecture(architecture),
              arguments: args,
            };
            assert.deepEqual(evaluateBpf(program, event), meaning(list, number, args));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("kills a process that calls through any other architecture's table", () => {
    fc.assert(
      fc.property(rules, word, fc.integer({ min: 0, max: 500 }), (list, other, number) => {
        for (const architecture of architectures) {
          if (other === auditArchitecture(architecture)) continue;
          const program = compileSeccomp(list, architecture);
          assert.deepEqual(
            evaluateBpf(program, { number, auditArchitecture: other, arguments: [] }),
            { kind: "kill-process" },
          );
        }
      }),
    );
  });

  test("answers ENOSYS for every x32 number on x64", () => {
    const program = compileSeccomp([], "x64");
    for (const number of [0x40000000, 0x40000029, 0x7fffffff, 0x80000000, 0xffffffff]) {
      const event = { number, auditArchitecture: auditArchitecture("x64"), arguments: [] };
      assert.deepEqual(evaluateBpf(program, event), { kind: "errno", errno: ENOSYS });
    }
    const last = { number: 0x3fffffff, auditArchitecture: auditArchitecture("x64"), arguments: [] };
    assert.deepEqual(evaluateBpf(program, last), { kind: "allow" });
  });

  test("jumps forward only, inside the program, by at most 255", () => {
    fc.assert(
      fc.property(rules, fc.constantFrom(...architectures), (list, architecture) => {
        const program = compileSeccomp(list, architecture);
        program.forEach((instruction, index) => {
          if ((instruction.code & 7) !== 5) return;
          for (const jump of [instruction.jt, instruction.jf]) {
            assert.ok(jump >= 0 && jump <= 255);
            assert.ok(index + 1 + jump < program.length);
          }
        });
      }),
    );
  });

  test("throws where a rule is too long for BPF's 8-bit jumps, instead of cutting them off", () => {
    const tests = Array.from({ length: 90 }, (_, value): readonly ArgumentTest[] => [
      { argument: 0, half: "low", is: "equal", value },
    ]);
    assert.throws(
      () => compileSeccomp([{ number: 1, whenAny: tests, errno: 1 }], "x64"),
      RangeError,
    );
  });

  test("throws over 4096 instructions, the kernel's limit", () => {
    const many = Array.from({ length: 2050 }, (_, number) => ({ number, whenAny: [], errno: 1 }));
    assert.throws(() => compileSeccomp(many, "x64"), RangeError);
  });
});

test("encodeBpf writes struct sock_filter in little-endian order", () => {
  const program: readonly BpfInstruction[] = [
    { code: 0x15, jt: 1, jf: 2, k: 0xc000003e },
    { code: 0x06, jt: 0, jf: 0, k: 0x7fff0000 },
  ];
  assert.equal(Buffer.from(encodeBpf(program)).toString("hex"), "150001023e0000c0060000000000ff7f");
});

suite("evaluateBpf", () => {
  const event = { number: 0, auditArchitecture: 0, arguments: [] };

  test("refuses a program that ends without an answer", () => {
    assert.throws(() => evaluateBpf([], event), RangeError);
  });

  test("refuses an instruction it does not know", () => {
    assert.throws(() => evaluateBpf([{ code: 0x99, jt: 0, jf: 0, k: 0 }], event), RangeError);
  });
});
