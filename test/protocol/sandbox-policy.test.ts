import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DANGER_FULL_ACCESS_POLICY,
  hasFullDiskWrite,
  hasNetworkAccess,
  READ_ONLY_POLICY,
  summarizeSandboxPolicy,
  WORKSPACE_WRITE_POLICY,
} from "../../src/protocol/sandbox-policy.ts";

const networked = { ...WORKSPACE_WRITE_POLICY, network_access: true };

test("only full access and an explicit wish open the network", () => {
  assert.equal(hasNetworkAccess(READ_ONLY_POLICY), false);
  assert.equal(hasNetworkAccess(WORKSPACE_WRITE_POLICY), false);
  assert.equal(hasNetworkAccess(networked), true);
  assert.equal(hasNetworkAccess(DANGER_FULL_ACCESS_POLICY), true);
});

test("only full access writes everywhere", () => {
  assert.equal(hasFullDiskWrite(READ_ONLY_POLICY), false);
  assert.equal(hasFullDiskWrite(networked), false);
  assert.equal(hasFullDiskWrite(DANGER_FULL_ACCESS_POLICY), true);
});

test("the summary names what is writable and the network when it is open", () => {
  assert.equal(summarizeSandboxPolicy(READ_ONLY_POLICY), "read-only");
  assert.equal(summarizeSandboxPolicy(DANGER_FULL_ACCESS_POLICY), "danger-full-access");
  assert.equal(
    summarizeSandboxPolicy(WORKSPACE_WRITE_POLICY),
    "workspace-write [workdir, /tmp, $TMPDIR]",
  );
  assert.equal(
    summarizeSandboxPolicy({
      mode: "workspace-write",
      writable_roots: ["/srv", "/opt"],
      network_access: true,
      exclude_tmpdir_env_var: true,
      exclude_slash_tmp: true,
    }),
    "workspace-write [workdir, /srv, /opt] (network access enabled)",
  );
});
