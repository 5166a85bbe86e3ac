import assert from "node:assert/strict";
import { test } from "node:test";
import { SANDBOX_MODES, WORKSPACE_WRITE_POLICY } from "../../src/protocol/sandbox-policy.ts";
import { decodeSandboxPolicy } from "../../src/protocol/sandbox-policy-schema.ts";

test("every mode decodes, with defaults for what is missing", () => {
  assert.deepEqual(decodeSandboxPolicy({ mode: "read-only", network_access: true }), {
    ok: true,
    value: { mode: "read-only" },
  });
  assert.deepEqual(decodeSandboxPolicy({ mode: "danger-full-access" }), {
    ok: true,
    value: { mode: "danger-full-access" },
  });
  assert.deepEqual(decodeSandboxPolicy({ mode: "workspace-write", later: 1 }), {
    ok: true,
    value: WORKSPACE_WRITE_POLICY,
  });
  assert.equal(SANDBOX_MODES.length, 3);
});

test("defaults are not shared between two decoded policies", () => {
  const [first, second] = [{ mode: "workspace-write" }, { mode: "workspace-write" }].map((value) =>
    decodeSandboxPolicy(value),
  );
  assert.ok(first?.ok && second?.ok);
  assert.ok(first.value.mode === "workspace-write" && second.value.mode === "workspace-write");
  assert.notEqual(first.value.writable_roots, second.value.writable_roots);
});

const broken: readonly (readonly [value: unknown, reason: string])[] = [
  ["read-only", "expected object"],
  [null, "expected object"],
  [{}, "missing mode"],
  [
    { mode: "full" },
    `unknown value "full" at mode, expected one of "danger-full-access", "read-only", "workspace-write"`,
  ],
  [{ mode: "workspace-write", network_access: "yes" }, "expected boolean at network_access"],
  [{ mode: "workspace-write", writable_roots: ["/a", 1] }, "expected string at writable_roots[1]"],
  [{ mode: "workspace-write", writable_roots: null }, "expected array at writable_roots"],
];

test("anything else is refused with the reason", () => {
  for (const [value, reason] of broken) {
    const message = `Cannot read sandbox policy: ${reason}`;
    assert.deepEqual(decodeSandboxPolicy(value), { ok: false, message });
  }
});
