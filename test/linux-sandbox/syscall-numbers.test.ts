import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { suite, test, type TestContext } from "node:test";

import { hostArchitecture, type Architecture } from "../../src/linux-sandbox/architecture.ts";
import { syscallNames, syscallNumber } from "../../src/linux-sandbox/syscall-numbers.ts";

/** Kernel headers as Debian's linux-libc-dev installs them. */
const headers: Readonly<Record<Architecture, string>> = {
  x64: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
  arm64: "/usr/include/asm-generic/unistd.h",
};

/** Name to number. The generic header says 3264 where 32-bit systems differ. */
function readHeader(path: string): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const match = /^#define __NR(?:3264)?_(\w+)\s+(\d+)\b/.exec(line);
    if (match?.[1] !== undefined) numbers.set(match[1], Number(match[2]));
  }
  return numbers;
}

function compareWithHeader(t: TestContext, architecture: Architecture): void {
  const known = readHeader(headers[architecture]);
  assert.ok(known.size > 250, `only ${known.size} numbers were found`);
  const newest = Math.max(...[...known.values()].filter((number) => number < 1000));
  const newer: string[] = [];
  for (const name of syscallNames()) {
    const number = syscallNumber(name, architecture);
    if (number !== undefined && number > newest) {
      newer.push(name);
      continue;
    }
    assert.equal(number, known.get(name), name);
  }
  t.diagnostic(`${newer.length} newer than the headers, not compared: ${newer.join(" ")}`);
}

suite("syscallNumber", () => {
  for (const architecture of ["x64", "arm64"] as const) {
    const path = headers[architecture];
    const skip = existsSync(path) ? false : `${path} is missing (package linux-libc-dev)`;
    test(`agrees with the kernel's header on ${architecture}`, { skip }, (t) => {
      compareWithHeader(t, architecture);
    });
  }

  test("gives no number twice", () => {
    for (const architecture of ["x64", "arm64"] as const) {
      const numbers = syscallNames()
        .map((name) => syscallNumber(name, architecture))
        .filter((number) => number !== undefined);
      assert.equal(new Set(numbers).size, numbers.length);
    }
  });

  test("is the same on both from 424 on", () => {
    for (const name of syscallNames()) {
      const number = syscallNumber(name, "x64");
      if (number !== undefined && number >= 424) {
        assert.equal(syscallNumber(name, "arm64"), number, name);
      }
    }
  });
});

test("hostArchitecture knows two machines", () => {
  assert.deepEqual(["x64", "arm64", "ia32", "riscv64"].map(hostArchitecture), [
    "x64",
    "arm64",
    undefined,
    undefined,
  ]);
});
