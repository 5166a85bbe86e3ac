import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { dropCapabilities } from "../../src/linux-sandbox/capabilities.ts";
import {
  SyscallError,
  type Libc,
  type SyscallAnswer,
  type SyscallArgument,
} from "../../src/linux-sandbox/libc.ts";
import type { SyscallName } from "../../src/linux-sandbox/syscall-numbers.ts";

const LAST = 40; // CAP_CHECKPOINT_RESTORE
const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const KEPT = [0, 1, 3, 4, 5, 6, 7];

/** A kernel with 41 capabilities, all of them held; what it is told is kept. */
class FakeKernel implements Libc {
  readonly architecture = "x64";
  readonly bounding = new Set(Array.from({ length: LAST + 1 }, (_, index) => index));
  readonly calls: string[] = [];
  sets = [0xffffffff, 0xffffffff, 0, 0x1ff, 0x1ff, 0];
  readonly refusals: ReadonlyMap<string, string>;

  constructor(refusals: Readonly<Record<string, string>> = {}) {
    this.refusals = new Map(Object.entries(refusals));
  }

  call(name: SyscallName, ...args: readonly SyscallArgument[]): SyscallAnswer {
    const [first, second] = args;
    const key = name === "prctl" ? `prctl ${String(first)}` : name;
    this.calls.push(name === "prctl" ? `${key} ${String(second)}` : key);
    const errno = this.refusals.get(key);
    if (errno !== undefined) return { ok: false, errno };
    if (key === `prctl ${PR_CAPBSET_READ}`) {
      if (Number(second) > LAST) return { ok: false, errno: "EINVAL" };
      return { ok: true, value: this.bounding.has(Number(second)) ? 1 : 0 };
    }
    if (key === `prctl ${PR_CAPBSET_DROP}`) this.bounding.delete(Number(second));
    if (second instanceof Uint8Array) {
      const view = new DataView(second.buffer);
      if (name === "capget") this.sets.forEach((set, i) => view.setUint32(i * 4, set, true));
      if (name === "capset") this.sets = this.sets.map((_, i) => view.getUint32(i * 4, true));
    }
    return { ok: true, value: 0 };
  }

  must(what: string, name: SyscallName, ...args: readonly SyscallArgument[]): number {
    const answer = this.call(name, ...args);
    if (!answer.ok) throw new SyscallError(what, answer.errno);
    return answer.value;
  }

  address(): bigint {
    return 0n;
  }
}

suite("dropCapabilities", () => {
  test("keeps file ownership, signals and users, in every set, and nothing else", () => {
    const kernel = new FakeKernel();
    dropCapabilities(kernel);
    assert.deepEqual([...kernel.bounding], KEPT);
    const mask = KEPT.reduce((sum, capability) => sum + 2 ** capability, 0);
    assert.deepEqual(kernel.sets, [mask, mask, 0, 0, 0, 0]);
    assert.ok(kernel.calls.includes("prctl 47 4"), "the ambient set is cleared");
  });

  test("leaves a process without capabilities without them", () => {
    const kernel = new FakeKernel();
    kernel.sets = [0, 0, 0, 0, 0, 0];
    dropCapabilities(kernel);
    assert.deepEqual(kernel.sets, [0, 0, 0, 0, 0, 0]);
  });

  test("goes on without the right to change the bounding set", () => {
    const kernel = new FakeKernel({ [`prctl ${PR_CAPBSET_DROP}`]: "EPERM" });
    dropCapabilities(kernel);
    assert.equal(kernel.sets[0], 0xfb);
  });

  for (const [call, what] of [
    [`prctl ${PR_CAPBSET_DROP}`, "prctl(PR_CAPBSET_DROP)"],
    ["prctl 47", "prctl(PR_CAP_AMBIENT)"],
    ["capget", "capget"],
    ["capset", "capset"],
  ] as const) {
    test(`gives up when ${what} fails`, () => {
      const kernel = new FakeKernel({ [call]: "EINVAL" });
      assert.throws(() => dropCapabilities(kernel), {
        name: "SyscallError",
        message: `${what} failed: EINVAL`,
        call: what,
        errno: "EINVAL",
      });
    });
  }
});
