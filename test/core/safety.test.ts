import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assessCommand,
  assessDeniedCommand,
  assessPatch,
  type CommandDecision,
  describeAskReason,
  describePatchReason,
  type PatchFacts,
  SessionApprovals,
} from "../../src/core/safety.ts";
import { grantableRoot } from "../../src/core/patch-grants.ts";
import { approvalPolicySchema } from "../../src/protocol/approval.ts";
import {
  READ_ONLY_POLICY,
  SANDBOX_MODES,
  WORKSPACE_WRITE_POLICY,
} from "../../src/protocol/sandbox-policy.ts";

const decisions: Readonly<Record<string, CommandDecision>> = {
  S: { kind: "run-sandboxed" },
  U: { kind: "run-unsandboxed" },
  T: { kind: "ask", reason: "not-trusted" },
  E: { kind: "ask", reason: "escalation" },
  N: { kind: "ask", reason: "no-sandbox" },
  R: { kind: "reject", reason: "no-sandbox" },
};

/**
 * Columns: unknown command, the same with escalation wanted, trusted command, the same with
 * escalation wanted; then the four again when approved for the session.
 */
const table = `
  sandbox untrusted  read-only          T E S E  U U U U
  sandbox untrusted  workspace-write    T E S E  U U U U
  sandbox untrusted  danger-full-access T T U U  U U U U
  sandbox on-failure read-only          S S S S  U U U U
  sandbox on-failure workspace-write    S S S S  U U U U
  sandbox on-failure danger-full-access U U U U  U U U U
  sandbox on-request read-only          S E S E  U U U U
  sandbox on-request workspace-write    S E S E  U U U U
  sandbox on-request danger-full-access U U U U  U U U U
  sandbox never      read-only          S S S S  U U U U
  sandbox never      workspace-write    S S S S  U U U U
  sandbox never      danger-full-access U U U U  U U U U
  none    untrusted  read-only          T T U U  U U U U
  none    untrusted  workspace-write    T T U U  U U U U
  none    untrusted  danger-full-access T T U U  U U U U
  none    on-failure read-only          N N U U  U U U U
  none    on-failure workspace-write    N N U U  U U U U
  none    on-failure danger-full-access U U U U  U U U U
  none    on-request read-only          N N U U  U U U U
  none    on-request workspace-write    N N U U  U U U U
  none    on-request danger-full-access U U U U  U U U U
  none    never      read-only          R R U U  U U U U
  none    never      workspace-write    R R U U  U U U U
  none    never      danger-full-access U U U U  U U U U
`;

test("every cell of the command table", () => {
  const rows = new Map<string, readonly string[]>();
  for (const line of table.trim().split("\n")) {
    const [platform, approval, mode, ...cells] = line.trim().split(/ +/u);
    rows.set(`${platform} ${approval} ${mode}`, cells);
  }
  const booleans = [false, true];
  let cells = 0;
  for (const hasPlatformSandbox of booleans) {
    for (const approval of approvalPolicySchema.options) {
      for (const mode of SANDBOX_MODES) {
        const name = `${hasPlatformSandbox ? "sandbox" : "none"} ${approval} ${mode}`;
        for (const isApprovedForSession of booleans) {
          for (const isTrusted of booleans) {
            for (const wantsEscalation of booleans) {
              const column =
                Number(isApprovedForSession) * 4 + Number(isTrusted) * 2 + Number(wantsEscalation);
              const facts = {
                approval,
                mode,
                isTrusted,
                isApprovedForSession,
                wantsEscalation,
                hasPlatformSandbox,
              };
              const expected = decisions[rows.get(name)?.[column] ?? ""];
              assert.deepEqual(assessCommand(facts), expected, `${name}, column ${column}`);
              cells += 1;
            }
          }
        }
      }
    }
  }
  assert.equal(cells, 192);
});

test("a stopped command is asked about under untrusted and on-failure only", () => {
  assert.deepEqual(
    approvalPolicySchema.options.map((approval) => [approval, assessDeniedCommand(approval)]),
    [
      ["untrusted", "ask"],
      ["on-failure", "ask"],
      ["on-request", "tell-model"],
      ["never", "tell-model"],
    ],
  );
});

test("only approvals for the session are kept, for exactly the same words in the same directory", () => {
  const approvals = new SessionApprovals();
  const rules = { approvalPolicy: "on-request", sandboxPolicy: WORKSPACE_WRITE_POLICY } as const;
  approvals.record(["make"], "/repo", "approved", rules);
  approvals.record(["make", "a"], "/repo", "denied", rules);
  approvals.record(["make", "b"], "/repo", "abort", rules);
  approvals.record(["make", "x y"], "/repo", "approved_for_session", rules);
  const asked = [
    ["make"],
    ["make", "a"],
    ["make", "b"],
    ["make", "x y"],
    ["make", "x", "y"],
    ["make", "x y", ""],
    [],
  ];
  assert.deepEqual(
    asked.map((argv) => approvals.has(argv, "/repo", rules)),
    [false, false, false, true, false, false, false],
  );
  assert.equal(approvals.has(["make", "x y"], "/repo/below", rules), false);
  // Who chooses other rules has allowed nothing yet, and going back does not bring it back.
  const others = [
    { ...rules, sandboxPolicy: READ_ONLY_POLICY },
    { ...rules, sandboxPolicy: { ...WORKSPACE_WRITE_POLICY, writable_roots: ["/other"] } },
    { ...rules, approvalPolicy: "untrusted" },
  ] as const;
  for (const other of others) {
    approvals.record(["make"], "/repo", "approved_for_session", rules);
    assert.equal(approvals.has(["make"], "/repo", rules), true);
    assert.equal(approvals.has(["make"], "/repo", other), false);
    assert.equal(approvals.has(["make"], "/repo", rules), false);
  }
});

const inRoot: PatchFacts = {
  approval: "on-request",
  mode: "workspace-write",
  hasPlatformSandbox: true,
  targets: ["/repo/src/a.ts"],
  writableRoots: ["/repo", "/tmp"],
  protectedPlaces: ["/repo/.git/hooks", "/repo/.git/config", "/repo/.codex", "/home/me/.codex"],
  grantedRoots: [],
};
const outside = ["/repo/src/a.ts", "/etc/hosts"];
const hook = "/repo/.git/hooks/pre-commit";

/** in the roots, outside, protected; "A" applied sandboxed, "U" unsandboxed, "?" asked, "-" rejected */
const patchTable = `
  sandbox untrusted  read-only          ? ? ?
  sandbox untrusted  workspace-write    ? ? ?
  sandbox untrusted  danger-full-access ? ? ?
  sandbox on-failure read-only          A A ?
  sandbox on-failure workspace-write    A A ?
  sandbox on-failure danger-full-access U U U
  sandbox on-request read-only          ? ? ?
  sandbox on-request workspace-write    A ? ?
  sandbox on-request danger-full-access U U U
  sandbox never      read-only          - - -
  sandbox never      workspace-write    A - -
  sandbox never      danger-full-access U U U
  none    untrusted  read-only          ? ? ?
  none    untrusted  workspace-write    ? ? ?
  none    untrusted  danger-full-access ? ? ?
  none    on-failure read-only          ? ? ?
  none    on-failure workspace-write    ? ? ?
  none    on-failure danger-full-access U U U
  none    on-request read-only          ? ? ?
  none    on-request workspace-write    ? ? ?
  none    on-request danger-full-access U U U
  none    never      read-only          - - -
  none    never      workspace-write    - - -
  none    never      danger-full-access U U U
`;

test("every cell of the patch table", () => {
  const letters = {
    "apply-sandboxed": "A",
    "apply-unsandboxed": "U",
    "apply-granted": "G",
    ask: "?",
    reject: "-",
  } as const;
  const lines: string[] = [];
  for (const platform of ["sandbox", "none"] as const) {
    for (const approval of approvalPolicySchema.options) {
      for (const mode of SANDBOX_MODES) {
        const facts: PatchFacts = {
          ...inRoot,
          approval,
          mode,
          hasPlatformSandbox: platform === "sandbox",
          writableRoots: mode === "workspace-write" ? inRoot.writableRoots : [],
        };
        const cells = [inRoot.targets, outside, [hook]].map(
          (targets) => letters[assessPatch({ ...facts, targets }).kind],
        );
        assert.deepEqual(assessPatch({ ...facts, targets: [] }), {
          kind: "reject",
          reason: { kind: "empty" },
        });
        lines.push(
          `  ${platform.padEnd(7)} ${approval.padEnd(10)} ${mode.padEnd(18)} ${cells.join(" ")}`,
        );
      }
    }
  }
  assert.equal(`\n${lines.join("\n")}\n`, patchTable);
});

test("a patch is asked about with the path and the rule", () => {
  const reasonFor = (targets: readonly string[]): unknown => {
    const decision = assessPatch({ ...inRoot, targets });
    return decision.kind === "ask" ? decision.reason : decision.kind;
  };
  assert.deepEqual(reasonFor(outside), { kind: "outside-roots", path: "/etc/hosts" });
  assert.deepEqual(reasonFor([hook]), { kind: "protected", path: hook, place: "/repo/.git/hooks" });
  assert.deepEqual(reasonFor(["/repo/.git/config"]), {
    kind: "protected",
    path: "/repo/.git/config",
    place: "/repo/.git/config",
  });
  assert.equal(reasonFor(["/repo/.git/config.bak"]), "apply-sandboxed");
  for (const path of ["/repo/sub/.git", "/repo/sub/.git/config", "/repo/sub/.GIT/hooks/x"]) {
    assert.deepEqual(reasonFor([path]), { kind: "protected", path, place: "/repo/sub/.git" });
  }
  assert.equal(reasonFor(["/repo/sub/.gitignore"]), "apply-sandboxed");
  assert.deepEqual(reasonFor(["/repo-evil/a"]), { kind: "outside-roots", path: "/repo-evil/a" });
  for (const path of [
    "/repo/.GIT/Hooks/x",
    "/repo/.git",
    "/repo/.co\u200bdex/x",
    "/repo/.git/hoo\u212as/x",
  ]) {
    const decision = assessPatch({ ...inRoot, targets: [path] });
    assert.ok(decision.kind === "ask" && decision.reason.kind === "protected", path);
  }
  for (const path of [
    "/repo/../etc/x",
    "src/a.ts",
    "",
    "/repo//a",
    "/repo/./a",
    "/repo/a/",
    "/repo/src/../.git/hooks/x",
  ]) {
    for (const approval of ["on-request", "on-failure"] as const) {
      const decision = assessPatch({ ...inRoot, approval, targets: [path] });
      assert.deepEqual(decision, { kind: "ask", reason: { kind: "outside-roots", path } });
    }
  }
  assert.equal(reasonFor(["/repo/a..b", "/repo/.a", "/repo/...", "/tmp/x"]), "apply-sandboxed");
});

test("reasons are words for people", () => {
  assert.equal(
    describePatchReason({ kind: "outside-roots", path: "/etc/hosts" }),
    'writing outside of the project: "/etc/hosts" is in no writable root',
  );
  assert.equal(
    describePatchReason({ kind: "read-only", path: "/repo/a", more: ["/repo/b"] }),
    'the sandbox is read-only: no writing to "/repo/a"; and to "/repo/b"',
  );
  assert.equal(describePatchReason({ kind: "empty" }), "empty patch");
  for (const reason of ["not-trusted", "escalation", "no-sandbox"] as const) {
    assert.match(describeAskReason(reason), /^[A-Z][^.]+[^.]$/u);
  }
});

test("a granted directory is written in without a question, and nothing but it", () => {
  const granted = { ...inRoot, grantedRoots: ["/srv/data"] };
  const kindFor = (facts: Partial<PatchFacts>): string =>
    assessPatch({ ...granted, ...facts }).kind;
  const inside = ["/repo/src/a.ts", "/srv/data/deep/b"];
  assert.deepEqual(assessPatch({ ...granted, targets: inside }), {
    kind: "apply-granted",
    roots: ["/srv/data"],
  });
  assert.equal(kindFor({ targets: inside, approval: "on-failure" }), "apply-granted");
  assert.equal(kindFor({ targets: ["/repo/src/a.ts"] }), "apply-sandboxed");
  assert.equal(kindFor({ targets: [...inside, "/srv/other"] }), "ask");
  assert.equal(kindFor({ targets: ["/srv/database"] }), "ask");
  assert.equal(kindFor({ targets: ["/srv/data/../other"] }), "ask");
  assert.equal(kindFor({ targets: ["/srv/data/.git/hooks/x"] }), "ask");
  assert.equal(kindFor({ targets: ["/srv/data/.codex/config.toml"] }), "ask");
  assert.equal(kindFor({ targets: inside, approval: "untrusted" }), "ask");
  assert.equal(kindFor({ targets: inside, hasPlatformSandbox: false }), "ask");
  assert.equal(kindFor({ targets: [...inside, "/etc/x"], approval: "never" }), "reject");
  assert.equal(kindFor({ targets: ["/etc/x"], approval: "on-failure" }), "apply-sandboxed");
});

test("what may be granted is one directory, and none above the workspace or our settings", () => {
  const grantable = (...targets: string[]): string | undefined =>
    grantableRoot({
      targets,
      writableRoots: ["/home/me/repo"],
      cwd: "/home/me/repo",
      codexHome: "/srv/settings",
      home: "/home/me",
    });
  assert.equal(grantable("/srv/data/a", "/srv/data/b", "/home/me/repo/c"), "/srv/data");
  assert.equal(grantable("/home/me/other/a"), "/home/me/other");
  assert.equal(grantable("/srv/data/a", "/srv/b"), undefined);
  assert.equal(grantable("/home/me/.bashrc"), undefined);
  assert.equal(grantable("/etc"), undefined);
  assert.equal(grantable("/home/x"), undefined);
  assert.equal(grantable("/srv/x"), undefined);
  assert.equal(grantable("/home/me/.codex/x"), undefined);
  assert.equal(grantable("/srv/data/.co\u{200b}dEx/x"), undefined);
  assert.equal(grantable("/srv/.codex/x"), undefined);
  assert.equal(grantable("/home/me/repo/c"), undefined);
});
