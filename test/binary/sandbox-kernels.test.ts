/**
 * Other kernels, emulated by strace's injection: without Landlock, with an older ABI, and with a
 * call that fails half-way. The verdicts are the same, or nothing is run at all.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";

import { bundledFixture } from "../support/bundled-fixture.ts";
import { pinnedNode } from "../support/codex-binary.ts";
import { run, type Command, type RunResult } from "../support/run.ts";
import {
  firstReason,
  landlockAbi,
  needsFreedom,
  needsProgram,
  needsSandbox,
} from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";
import { readOnly, underSandbox, workspaceWrite } from "../support/under-sandbox.ts";

const skip = firstReason(needsSandbox, needsProgram("strace"), needsFreedom);

/** Runs a command with calls answered by strace instead of the kernel. */
async function injected(injections: readonly string[], command: Command): Promise<RunResult> {
  const words = injections.flatMap((each) => ["-e", `inject=${each}`]);
  const names = injections.map((each) => each.split(":")[0]).join(",");
  return run([
    "strace",
    "-f",
    "-qq",
    "-o",
    "/dev/null",
    "-e",
    `trace=${names}`,
    ...words,
    ...command,
  ]);
}

const echo: Command = ["echo", "ran"];

/** Nothing ran, and one line says why. */
function assertRefused(ended: RunResult, message: RegExp): void {
  assert.equal(ended.code, 1);
  assert.equal(ended.signal, null);
  assert.equal(ended.stdout, "");
  assert.match(ended.stderr, /^codex-linux-sandbox: [A-Z][^\n]*[^.\n]\n$/);
  assert.match(ended.stderr, message);
}

suite("a kernel without Landlock", { skip }, () => {
  for (const [errno, cause] of [
    ["ENOSYS", /the kernel does not have it/],
    ["EOPNOTSUPP", /built in but not enabled at boot/],
  ] as const) {
    for (const [name, policy] of [
      ["read-only", readOnly],
      ["workspace-write", workspaceWrite()],
      ["workspace-write with network", workspaceWrite({ network_access: true })],
    ] as const) {
      test(`${errno}: ${name} refuses to run, and says how to check and to go on`, async () => {
        const command = underSandbox(policy, "/", echo);
        const ended = await injected([`landlock_create_ruleset:error=${errno}`], command);
        assertRefused(ended, cause);
        assert.match(ended.stderr, /cat \/sys\/kernel\/security\/lsm/);
        assert.match(ended.stderr, /danger-full-access/);
      });
    }
  }

  test("danger-full-access needs none", async () => {
    const command = underSandbox({ mode: "danger-full-access" }, "/", echo);
    const ended = await injected(["landlock_create_ruleset:error=ENOSYS"], command);
    assert.deepEqual(ended, { code: 0, signal: null, stdout: "ran\n", stderr: "" });
  });
});

interface Places {
  readonly workspace: string;
  readonly outside: string;
}

function makePlaces(t: TestContext): Places {
  const base = tempDir(t);
  const places = { workspace: join(base, "ws"), outside: join(base, "outside") };
  for (const place of Object.values(places)) {
    mkdirSync(join(place, "dir"), { recursive: true });
    writeFileSync(join(place, "victim"), "content\n");
  }
  return places;
}

/** What must be refused on every ABI, in whatever words. 512 is O_TRUNC, 3 no access mode. */
function refusedAttacks({ workspace, outside }: Places): readonly string[] {
  return [
    `write ${outside}/victim`,
    `append ${outside}/victim`,
    `truncate ${outside}/victim`,
    `open-flags ${outside}/victim 512`,
    `open-flags ${outside}/victim 515`,
    `open-flags ${outside}/victim 513`,
    `openat2-truncate ${outside}/victim`,
    ...(process.arch === "x64"
      ? [
          `open-flags-old ${outside}/victim 512`,
          `open-flags-old ${outside}/victim 515`,
          `creat ${outside}/victim`,
        ]
      : []),
    `create ${outside}/new`,
    `tmpfile ${outside}`,
    `mkdir ${outside}/new`,
    `unlink ${outside}/victim`,
    `rename ${workspace}/victim ${outside}/new`,
    `rename ${outside}/victim ${workspace}/new`,
    `link ${outside}/victim ${workspace}/new`,
    `mkchar ${workspace}/new`,
    "socket 2 1",
    "socket 2 2",
    "socket 16 3",
    "socket 1 2",
    "socketpair 1 2",
    "connect-unix /no/such/socket",
    "bind-unix @codex-test-kernels",
    "uring-setup",
    "clone-namespace 0x10000000",
  ];
}

/** What the workspace is for. */
function allowedAttacks({ workspace }: Places): readonly string[] {
  return [
    `append ${workspace}/victim`,
    `create ${workspace}/made`,
    `mkdir ${workspace}/made-dir`,
    `rename ${workspace}/made ${workspace}/renamed`,
    `unlink ${workspace}/renamed`,
    "socketpair 1 1",
  ];
}

async function attackEach(
  prefix: (command: Command) => Promise<RunResult>,
  attacks: readonly string[],
): Promise<readonly (readonly [attack: string, result: string])[]> {
  const ended = await prefix([pinnedNode, await bundledFixture("attack.ts"), "each", ...attacks]);
  assert.equal(ended.stderr, "");
  const results: unknown = JSON.parse(ended.stdout);
  assert.ok(Array.isArray(results));
  return attacks.map((attack, index) => [attack, String(results[index])]);
}

suite("older Landlock ABIs", { skip }, () => {
  for (const abi of [1, 2, 3, 4, 5, 6, 7]) {
    const tooNew =
      abi > landlockAbi ? `the kernel has ABI ${landlockAbi} and cannot play ABI ${abi}` : false;
    test(`ABI ${abi}: the same verdicts on files and network`, { skip: tooNew }, async (t) => {
      const places = makePlaces(t);
      const older = async (command: Command): Promise<RunResult> =>
        injected(
          [`landlock_create_ruleset:retval=${abi}:when=1`],
          underSandbox(workspaceWrite(), places.workspace, command),
        );
      const refused = await attackEach(older, refusedAttacks(places));
      assert.deepEqual(
        refused.filter(([, result]) => result === "ok"),
        [],
      );
      assert.equal(readFileSync(join(places.outside, "victim"), "utf8"), "content\n");
      assert.deepEqual(readdirSync(places.outside).toSorted(), ["dir", "victim"]);
      const allowed = await attackEach(older, allowedAttacks(places));
      assert.deepEqual(
        allowed.filter(([, result]) => result !== "ok"),
        [],
      );
    });
  }

  test("the attacks of this test work without the sandbox", async (t) => {
    const places = makePlaces(t);
    const machineSays: Readonly<Record<string, string>> = {
      "connect-unix /no/such/socket": "ENOENT",
    };
    for (const attack of refusedAttacks(places)) {
      // One at a time, each with the files as they were.
      writeFileSync(join(places.outside, "victim"), "content\n");
      writeFileSync(join(places.workspace, "victim"), "content\n");
      await run(["rm", "-rf", join(places.outside, "new"), join(places.workspace, "new")]);
      const [[, result] = []] = await attackEach(async (command) => run(command), [attack]);
      assert.equal(result, machineSays[attack] ?? "ok", attack);
    }
  });
});

/** The helper's calls of that name, as strace shows them, one a line. */
async function callsOf(t: TestContext, command: Command, name: string): Promise<readonly string[]> {
  const log = join(tempDir(t), "log");
  await run(["strace", "-qq", "-o", log, "-e", `trace=${name}`, ...command]);
  return readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line.startsWith(`${name}(`));
}

suite("a call that fails half-way", { skip }, () => {
  const command = underSandbox(workspaceWrite(), "/usr", echo);
  const faults: readonly (readonly [name: string, text: string, errno: string, what: RegExp])[] = [
    ["prctl", "PR_SET_PDEATHSIG", "EINVAL", /prctl\(PR_SET_PDEATHSIG\) failed: EINVAL/],
    ["prctl", "PR_CAPBSET_DROP", "EINVAL", /prctl\(PR_CAPBSET_DROP\) failed: EINVAL/],
    ["prctl", "PR_CAP_AMBIENT", "EINVAL", /prctl\(PR_CAP_AMBIENT\) failed: EINVAL/],
    ["prctl", "PR_SET_NO_NEW_PRIVS", "EPERM", /prctl\(PR_SET_NO_NEW_PRIVS\) failed: EPERM/],
    ["landlock_create_ruleset", "handled_access_fs", "ENOMEM", /landlock_create_ruleset failed/],
    ["landlock_add_rule", "READ_FILE", "EINVAL", /landlock_add_rule failed: EINVAL/],
    ["landlock_restrict_self", "", "E2BIG", /landlock_restrict_self failed: E2BIG/],
    ["seccomp", "SECCOMP_SET_MODE_FILTER", "EINVAL", /seccomp failed: EINVAL/],
    ["seccomp", "SECCOMP_SET_MODE_FILTER", "ENOSYS", /seccomp failed: ENOSYS/],
    ["capget", "", "EINVAL", /capget failed: EINVAL/],
    ["capset", "", "EPERM", /capset failed: EPERM/],
    ["close_range", "CLOSE_RANGE_CLOEXEC", "ENOSYS", /close_range failed: ENOSYS/],
    ["rt_sigaction", "SIGXFSZ, {sa_handler=SIG_DFL", "EINVAL", /rt_sigaction failed: EINVAL/],
    ["rt_sigprocmask", "SIG_SETMASK, [], NULL, 8", "EINVAL", /rt_sigprocmask failed: EINVAL/],
    ["openat2", '"/"', "EPERM", /opening "\/" failed: EPERM/],
  ];
  for (const [name, text, errno, what] of faults) {
    test(`${name} ${text}: ${errno} runs nothing`, async (t) => {
      const calls = await callsOf(t, command, name);
      // One that succeeds: that there are no more capabilities is told by a failure.
      const isMeant = (line: string): boolean => line.includes(text) && !line.includes(" = -1 ");
      const when = 1 + calls.findLastIndex(isMeant);
      assert.notEqual(when, 0, calls.join("\n"));
      assertRefused(await injected([`${name}:error=${errno}:when=${when}`], command), what);
    });
  }

  test("every landlock_add_rule counts", async (t) => {
    const last = (await callsOf(t, command, "landlock_add_rule")).length;
    assert.ok(last >= 4, `${last} rules`);
    const injection = `landlock_add_rule:error=ENOMEM:when=${last}`;
    assertRefused(await injected([injection], command), /landlock_add_rule failed: ENOMEM/);
  });

  test("a kernel without openat2 opens the roots another way", async () => {
    const ended = await injected(["openat2:error=ENOSYS"], command);
    assert.deepEqual(ended, { code: 0, signal: null, stdout: "ran\n", stderr: "" });
  });
});
