/** Where a workspace-write command may write, seen on disk: roots, links, TMPDIR, two runs in a row. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";

import type { SandboxPolicy } from "../../src/protocol/sandbox-policy.ts";
import { run, type RunResult } from "../support/run.ts";
import {
  firstReason,
  needsFreedom,
  needsPlatformSandbox,
  needsRoot,
  needsSandbox,
} from "../support/skip-reasons.ts";
import { tempDir, tempDirBesideTmp } from "../support/temp-dir.ts";
import { readOnly, underSandbox, workspaceWrite } from "../support/under-sandbox.ts";

interface Places {
  readonly base: string;
  readonly workspace: string;
  readonly outside: string;
  readonly home: string;
}

// Not in /tmp, so that /tmp as a root says nothing about them.
function makePlaces(t: TestContext): Places {
  const base = tempDirBesideTmp(t);
  const [workspace, outside, home] = ["ws", "outside", "home"].map((name) => join(base, name));
  assert.ok(workspace !== undefined && outside !== undefined && home !== undefined);
  for (const place of [workspace, outside, home]) mkdirSync(place);
  writeFileSync(join(outside, "victim"), "content\n");
  return { base, workspace, outside, home };
}

async function shell(
  policy: SandboxPolicy,
  { workspace, home }: Places,
  script: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  const environment = { PATH: process.env["PATH"], HOME: home, ...env };
  const command = underSandbox(policy, workspace, ["sh", "-c", script], environment);
  return run(command, { cwd: workspace, env: environment });
}

function assertDenied(ended: RunResult): void {
  assert.notEqual(ended.code, 0);
  assert.match(ended.stderr, /Permission denied|cannot create|Operation not permitted/);
}

const skip = firstReason(needsSandbox, needsFreedom);

suite("writable roots on disk", { skip: firstReason(needsPlatformSandbox, needsFreedom) }, () => {
  test("the workspace, and nothing beside it", async (t) => {
    const places = makePlaces(t);
    const inside = await shell(workspaceWrite(), places, "echo x > made && cat made");
    assert.equal(inside.stdout, "x\n");
    assertDenied(await shell(workspaceWrite(), places, `echo x > ${places.outside}/victim`));
    assertDenied(await shell(workspaceWrite(), places, "echo x > ../new"));
    assertDenied(await shell(readOnly, places, "echo x > other"));
    assert.equal(readFileSync(join(places.outside, "victim"), "utf8"), "content\n");
  });

  test("a named root, a file as a root, and a missing one that is passed over", async (t) => {
    const places = makePlaces(t);
    const file = join(places.outside, "victim");
    const byFile = workspaceWrite({ writable_roots: [file, "/no/such/root"] });
    assert.equal((await shell(byFile, places, `echo new > ${file}`)).code, 0);
    assert.equal(readFileSync(file, "utf8"), "new\n");
    assertDenied(await shell(byFile, places, `echo x > ${places.outside}/other`));
    assertDenied(await shell(byFile, places, `rm ${file}`));
    const byDirectory = workspaceWrite({ writable_roots: [places.outside] });
    assert.equal((await shell(byDirectory, places, `rm ${file}`)).code, 0);
  });

  test("a relative root is refused, and nothing runs", { skip }, async (t) => {
    const places = makePlaces(t);
    const policy = workspaceWrite({ writable_roots: ["outside"] });
    const ended = await shell(policy, places, "echo ran");
    assert.equal(ended.code, 2);
    assert.equal(ended.stdout, "");
    assert.match(ended.stderr, /writable_roots\[0\] "outside" is not absolute/);
  });

  test("/tmp is a root unless it is excluded", async (t) => {
    const places = makePlaces(t);
    const inTmp = tempDir(t, "/tmp");
    const script = `echo x > ${inTmp}/made`;
    assertDenied(await shell(workspaceWrite(), places, script));
    const withTmp = workspaceWrite({ exclude_slash_tmp: false });
    assert.equal((await shell(withTmp, places, script)).code, 0);
  });

  test("a link that a command made does not lead the next one out", async (t) => {
    const places = makePlaces(t);
    const root = join(places.workspace, "data");
    mkdirSync(root);
    const policy = workspaceWrite({ writable_roots: [root] });
    const swap = await shell(policy, places, `rmdir data && ln -s ${places.outside} data`);
    assert.equal(swap.code, 0);
    assertDenied(await shell(policy, places, "echo x > data/victim"));
    assertDenied(await shell(policy, places, `echo x > ${places.outside}/victim`));
    assert.equal(readFileSync(join(places.outside, "victim"), "utf8"), "content\n");
  });

  test("a workspace under /tmp that was replaced by a link is no root", async (t) => {
    const places = makePlaces(t);
    const inTmp = tempDir(t, "/tmp");
    const workspace = join(inTmp, "ws");
    mkdirSync(workspace);
    const moved = { ...places, workspace };
    const policy = workspaceWrite({ exclude_slash_tmp: false });
    const swap = `mv ${workspace} ${inTmp}/old && ln -s ${places.outside} ${workspace}`;
    assert.equal((await shell(policy, moved, swap)).code, 0);
    assertDenied(await shell(policy, moved, `echo x > ${places.outside}/victim`));
    assert.equal(readFileSync(join(places.outside, "victim"), "utf8"), "content\n");
  });

  test("a root whose way leads through a writable place does not lead out of it", async (t) => {
    const places = makePlaces(t);
    const inTmp = tempDir(t, "/tmp");
    const target = join(inTmp, "data");
    mkdirSync(target);
    const link = join(places.base, "link");
    symlinkSync(target, link);
    const policy = workspaceWrite({ writable_roots: [link], exclude_slash_tmp: false });
    const swap = `mv ${target} ${target}.old && ln -s ${places.outside} ${target}`;
    assert.equal((await shell(policy, places, swap)).code, 0);
    assertDenied(await shell(policy, places, `echo x > ${places.outside}/victim`));
    assert.equal(readFileSync(join(places.outside, "victim"), "utf8"), "content\n");
  });

  test("a hard link of an outside file cannot be made and written through", async (t) => {
    const places = makePlaces(t);
    const victim = join(places.outside, "victim");
    assert.notEqual((await shell(workspaceWrite(), places, `ln ${victim} own`)).code, 0);
    assert.equal(existsSync(join(places.workspace, "own")), false);
  });

  test("everything under ${TMPDIR} is the caller's only where it is one", async (t) => {
    const places = makePlaces(t);
    const scratch = join(places.base, "scratch");
    mkdirSync(scratch);
    const policy = workspaceWrite({ exclude_tmpdir_env_var: false });
    const script = `echo x > ${scratch}/made`;
    assertDenied(await shell(workspaceWrite(), places, script, { TMPDIR: scratch }));
    assert.equal((await shell(policy, places, script, { TMPDIR: scratch })).code, 0);
  });
});

suite("a hostile TMPDIR grants nothing", { skip: firstReason(skip, needsRoot) }, () => {
  const cases: readonly (readonly [name: string, tmpdir: (places: Places) => string])[] = [
    ["..", () => ".."],
    [".", () => "."],
    ["/", () => "/"],
    ["//", () => "//"],
    ["/tmp/..", () => "/tmp/.."],
    ["empty", () => ""],
    ["missing", ({ base }) => join(base, "none")],
    ["$HOME", ({ home }) => home],
    ["above $HOME", ({ base }) => base],
    ["above the workspace", ({ base }) => base],
    ["a hidden directory of $HOME", ({ home }) => join(home, ".config")],
    ["a link", ({ base }) => join(base, "link")],
    ["through a link", ({ base }) => join(base, "link/dir")],
    ["/etc", () => "/etc"],
    ["/proc", () => "/proc"],
    ["/sys", () => "/sys"],
    ["/dev", () => "/dev"],
    ["/var", () => "/var"],
  ];
  for (const [name, tmpdir] of cases) {
    test(name, async (t) => {
      const places = makePlaces(t);
      mkdirSync(join(places.home, ".config"));
      mkdirSync(join(places.outside, "dir"));
      symlinkSync(places.outside, join(places.base, "link"));
      const policy = workspaceWrite({ exclude_tmpdir_env_var: false });
      const targets = [places.base, places.outside, `${places.outside}/dir`, places.home];
      const more = [`${places.home}/.config`, "/etc", "/proc/sys/kernel", "/dev", "/var/spool"];
      const script = [...targets, ...more]
        .map((directory) => `(: > ${directory}/codex-made) 2>/dev/null && echo ${directory}`)
        .join("\n");
      const ended = await shell(policy, places, `${script}\ntrue`, { TMPDIR: tmpdir(places) });
      t.after(() =>
        run(["rm", "-f", "/etc/codex-made", "/dev/codex-made", "/var/spool/codex-made"]),
      );
      assert.equal(ended.stdout, "");
      assert.equal(ended.code, 0);
    });
  }

  test("/home, when HOME is unset", async (t) => {
    const places = makePlaces(t);
    const policy = workspaceWrite({ exclude_tmpdir_env_var: false });
    const command = underSandbox(policy, places.workspace, [
      "sh",
      "-c",
      "(: > /home/codex-made) 2>/dev/null && echo made; true",
    ]);
    const ended = await run(command, { env: { PATH: process.env["PATH"], TMPDIR: "/home" } });
    t.after(() => run(["rm", "-f", "/home/codex-made"]));
    assert.equal(ended.stdout, "");
  });
});

suite("one sandbox inside another", { skip }, () => {
  test("never gives more than the outer one", async (t) => {
    const places = makePlaces(t);
    const inner = (policy: SandboxPolicy, script: string): string =>
      underSandbox(policy, places.base, ["sh", "-c", script])
        .map((word) => `'${word}'`)
        .join(" ");
    const outer = workspaceWrite({ exclude_slash_tmp: false });
    const wider = workspaceWrite({ writable_roots: ["/"], network_access: true });
    const write = `echo x > ${places.outside}/victim`;
    assertDenied(await shell(outer, places, inner(wider, write)));
    assertDenied(await shell(outer, places, inner({ mode: "danger-full-access" }, write)));
    const own = await shell(
      outer,
      places,
      inner(wider, `echo x > ${places.workspace}/made; cat ${places.workspace}/made`),
    );
    assert.deepEqual(own, { code: 0, signal: null, stdout: "x\n", stderr: "" });
    const narrower = await shell(outer, places, inner(readOnly, `echo x > ${places.workspace}/y`));
    assertDenied(narrower);
    assert.equal(readFileSync(join(places.outside, "victim"), "utf8"), "content\n");
  });

  test("inside read-only it runs confined or refuses in one line", async (t) => {
    const places = makePlaces(t);
    const inner = underSandbox(readOnly, places.base, ["sh", "-c", "echo ran"]);
    const ended = await run(underSandbox(readOnly, places.workspace, inner));
    if (ended.code === 0) assert.equal(ended.stdout, "ran\n");
    else {
      assert.equal(ended.code, 1);
      assert.equal(ended.stdout, "");
      assert.match(ended.stderr, /^codex-linux-sandbox: Cannot [^\n]+\n$/);
    }
  });

  test("sixteen deep the kernel's limit ends it without running anything unconfined", async (t) => {
    const places = makePlaces(t);
    const policy = workspaceWrite({ exclude_slash_tmp: false });
    let command: readonly string[] = ["sh", "-c", `echo x > ${places.outside}/victim`];
    for (let depth = 0; depth < 17; depth += 1) {
      command = underSandbox(policy, places.workspace, command);
    }
    const ended = await run(command);
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, /landlock_restrict_self failed: E2BIG/);
    assert.equal(readFileSync(join(places.outside, "victim"), "utf8"), "content\n");
  });
});
