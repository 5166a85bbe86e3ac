import assert from "node:assert/strict";
import { test } from "node:test";

import { ownerOnlyNote, sandboxNotice } from "../../src/sandbox/windows-notice.ts";
import {
  DANGER_FULL_ACCESS_POLICY,
  READ_ONLY_POLICY,
  WORKSPACE_WRITE_POLICY,
} from "../../src/protocol/sandbox-policy.ts";

const policies = [READ_ONLY_POLICY, WORKSPACE_WRITE_POLICY, DANGER_FULL_ACCESS_POLICY];

test("Linux and macOS have a sandbox, and nothing is said", () => {
  for (const platform of ["linux", "darwin"] as const) {
    for (const policy of policies) {
      assert.deepEqual(sandboxNotice(platform, policy), { kind: "confined" });
    }
  }
});

test("elsewhere only danger-full-access goes on, after one sentence", () => {
  assert.deepEqual(
    policies.map((policy) => sandboxNotice("win32", policy)),
    [
      {
        kind: "refused",
        sentence:
          "Cannot run commands under read-only: there is no sandbox on Windows yet; choose " +
          "danger-full-access (-s danger-full-access) to run them with all your rights, or run " +
          "codex in WSL 2",
      },
      {
        kind: "refused",
        sentence:
          "Cannot run commands under workspace-write: there is no sandbox on Windows yet; choose " +
          "danger-full-access (-s danger-full-access) to run them with all your rights, or run " +
          "codex in WSL 2",
      },
      {
        kind: "unconfined",
        sentence: "There is no sandbox on Windows yet: commands run with all your rights",
      },
    ],
  );
  assert.equal(sandboxNotice("freebsd", READ_ONLY_POLICY).kind, "refused");
});

test("a secret outside of the profile is worth a note on Windows alone", () => {
  const profile = "C:\\Users\\me";
  assert.equal(ownerOnlyNote("linux", "/tmp/auth.json", "/home/me"), undefined);
  assert.equal(ownerOnlyNote("win32", "C:\\Users\\me\\.codex\\auth.json", profile), undefined);
  assert.equal(ownerOnlyNote("win32", "c:/users/ME/.codex/auth.json", `${profile}\\`), undefined);
  for (const path of [
    "D:\\codex\\auth.json",
    "C:\\Users\\mean\\auth.json",
    "C:\\Users\\me\\..\\other\\auth.json",
  ]) {
    assert.match(ownerOnlyNote("win32", path, profile) ?? "", /lies outside of your profile/);
  }
  assert.match(ownerOnlyNote("win32", "D:\\x", undefined) ?? "", /Windows does not keep/);
});
