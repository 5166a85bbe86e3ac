import assert from "node:assert/strict";
import { suite, test } from "node:test";

import {
  pathRules,
  rulesetAttributes,
  unconfinedBelowAbi6,
} from "../../src/linux-sandbox/landlock.ts";
import type { WritableRoot } from "../../src/protocol/writable-roots.ts";

const abis = [1, 2, 3, 4, 5, 6, 7, 8] as const;
const root: WritableRoot = { path: "/ws", origin: "cwd" };

const EXECUTE = 1n << 0n;
const WRITE_FILE = 1n << 1n;
const READ_FILE = 1n << 2n;
const READ_DIR = 1n << 3n;
const MAKE_CHAR = 1n << 6n;
const MAKE_BLOCK = 1n << 11n;
const REFER = 1n << 13n;
const TRUNCATE = 1n << 14n;
const IOCTL_DEV = 1n << 15n;

test("rulesetAttributes handles every file right of the ABI", () => {
  const rights = abis.map((abi) => rulesetAttributes(abi, false).handledFileAccess);
  assert.deepEqual(rights, [
    0x1fffn, // 13 rights
    0x3fffn, // REFER
    0x7fffn, // TRUNCATE
    0x7fffn,
    0xffffn, // IOCTL_DEV
    0xffffn,
    0xffffn,
    0xffffn,
  ]);
});

test("rulesetAttributes handles TCP from ABI 4 on, only without network access", () => {
  const off = abis.map((abi) => rulesetAttributes(abi, false).handledNetworkAccess);
  assert.deepEqual(off, [0n, 0n, 0n, 3n, 3n, 3n, 3n, 3n]);
  const on = abis.map((abi) => rulesetAttributes(abi, true).handledNetworkAccess);
  assert.deepEqual(on, [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n]);
});

test("rulesetAttributes scopes signals and abstract sockets from ABI 6 on, always", () => {
  for (const network of [false, true]) {
    const scoped = abis.map((abi) => rulesetAttributes(abi, network).scoped);
    assert.deepEqual(scoped, [0n, 0n, 0n, 0n, 0n, 3n, 3n, 3n]);
  }
});

suite("pathRules", () => {
  for (const abi of abis) {
    const { handledFileAccess } = rulesetAttributes(abi, false);
    const rules = pathRules([root], abi);

    test(`ABI ${abi}: grants nothing that is not handled`, () => {
      for (const rule of rules) assert.equal(rule.access & ~handledFileAccess, 0n, rule.path);
    });

    test(`ABI ${abi}: the whole tree is for reading and running only`, () => {
      const whole = rules.find((rule) => rule.path === "/");
      assert.deepEqual(whole, {
        path: "/",
        access: EXECUTE | READ_FILE | READ_DIR,
        required: true,
      });
    });

    test(`ABI ${abi}: a root has every right but making device nodes`, () => {
      assert.deepEqual(rules.at(-1), {
        path: "/ws",
        access: handledFileAccess & ~(MAKE_CHAR | MAKE_BLOCK),
        required: true,
      });
    });

    test(`ABI ${abi}: without roots, only sinks and terminals may be written`, () => {
      const writable = pathRules([], abi).filter((rule) => (rule.access & ~0xdn) !== 0n);
      assert.deepEqual(
        writable.map((rule) => rule.path),
        ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/pts"],
      );
      for (const rule of writable) {
        const allowed = READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | IOCTL_DEV;
        assert.equal(rule.access & ~allowed, 0n, rule.path);
        assert.equal(rule.required, false, rule.path);
      }
    });
  }

  test("REFER is granted to roots only", () => {
    const referring = pathRules([root], 7).filter((rule) => (rule.access & REFER) !== 0n);
    assert.deepEqual(
      referring.map((rule) => rule.path),
      ["/ws"],
    );
  });
});

test("unconfinedBelowAbi6 names the gaps of older kernels", () => {
  assert.deepEqual(
    abis.map((abi) => unconfinedBelowAbi6(abi).length),
    [2, 2, 2, 2, 1, 0, 0, 0],
  );
});
