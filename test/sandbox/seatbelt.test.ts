/** What the generated profiles allow, asked on the disk of a Mac that is a table. */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  READ_ONLY_POLICY,
  WORKSPACE_WRITE_POLICY,
  type WorkspaceWritePolicy,
} from "../../src/protocol/sandbox-policy.ts";
import {
  isSeatbeltAvailable,
  launcherFailure,
  seatbeltCommand,
  type SeatbeltContext,
} from "../../src/sandbox/seatbelt.ts";
import { macDisk } from "../support/sbpl-mac-disk.ts";
import {
  ask,
  checkAll,
  group,
  named,
  profileOf,
  READ_OPERATIONS,
  readSandboxExecArguments,
  WRITE_OPERATIONS,
  type Group,
} from "../support/sbpl-questions.ts";

const project = "/Users/me/project";
const tmpdir = "/private/var/folders/ab/cd/T";

const disk = macDisk({
  [`${project}/src/main.rs`]: { text: "" },
  [`${project}/.git/HEAD`]: { text: "ref: refs/heads/main\n" },
  [`${project}/.git/hooks/pre-commit.sample`]: { text: "" },
  [`${project}/.git/config`]: { text: "[extensions]\n\tworktreeConfig = true\n" },
  [`${project}/.git/modules/lib/deep/HEAD`]: { text: "" },
  [`${project}/.git/worktrees/side/HEAD`]: { text: "" },
  [`${project}/.codex/config.toml`]: { text: "" },
  "/Users/me/.codex/auth.json": { text: "" },
  "/Users/me/cache": "directory",
  "/Users/me/side/.git": { text: `gitdir: ${project}/.git/worktrees/side\n` },
  "/private/tmp/repo/.git/HEAD": { text: "" },
  "/Users/me/link": { link: "project" },
});

const context: SeatbeltContext = {
  policyCwd: project,
  tmpdir: "/var/folders/ab/cd/T/",
  home: "/Users/me",
  codexHome: "/Users/me/.codex",
};

function workspaceWrite(changes: Partial<WorkspaceWritePolicy> = {}): WorkspaceWritePolicy {
  return { ...WORKSPACE_WRITE_POLICY, ...changes };
}

const device = { vnodeType: "CHARACTER-DEVICE" };
const PTY = "com.apple.sandbox.pty";
const TIOCSTI = 2147578994;
const TIOCGWINSZ = 1074295912;
const allow = "allow";
const deny = "deny";

/** The same under every policy that confines. */
const always: readonly Group[] = [
  group(allow, READ_OPERATIONS, ["/", "/etc/hosts", "/Users/me/.ssh/id", `${project}/.git/config`]),
  group(allow, READ_OPERATIONS, ["/System/Library/x", "/Users/other/x", "/dev/urandom"]),
  ask(allow, { operation: "process-exec", path: "/bin/sh" }, { operation: "process-fork" }),
  ask(allow, { operation: "signal", target: "self" }),
  ask(allow, { operation: "signal", target: "same-sandbox" }),
  ask(deny, { operation: "signal", target: "others" }),
  ask(allow, { operation: "process-info-pidinfo", target: "same-sandbox" }),
  ask(deny, { operation: "process-info-pidinfo", target: "others" }),
  ask(allow, { operation: "pseudo-tty" }),
  group(allow, ["file-write-data"], ["/dev/null", "/dev/zero", "/dev/tty"], device),
  group(deny, ["file-write-data"], ["/dev/null", "/dev/zero", "/dev/tty"], {
    vnodeType: "REGULAR-FILE",
  }),
  group(deny, ["file-write-unlink", "file-write-create", "file-write-mode"], ["/dev/null"], device),
  group(allow, ["file-write-data"], ["/dev/fd/1", "/dev/fd/2", "/dev/fd/63"], device),
  group(deny, ["file-write-data"], ["/dev/fd/x", "/dev/fd", "/dev/disk0", "/dev/rdisk1"], device),
  group(deny, ["file-write-data"], ["/dev/bpf0", "/dev/kmem", "/dev/cu.usb"], device),
  group(allow, ["file-write-data", "file-ioctl"], ["/dev/ptmx"], device),
  group(allow, ["file-write-data"], ["/dev/ttys004"], { ...device, extensions: [PTY] }),
  group(deny, ["file-write-data"], ["/dev/ttys004"], device),
  group(deny, ["file-write-data"], ["/dev/ttys004x", "/dev/tty.usb"], { extensions: [PTY] }),
  group(allow, ["file-ioctl"], ["/dev/tty", "/dev/ttys004", "/dev/ptmx"], { command: TIOCGWINSZ }),
  group(deny, ["file-ioctl"], ["/dev/tty", "/dev/ttys004", "/dev/ptmx"], { command: TIOCSTI }),
  group(deny, ["file-ioctl"], ["/dev/disk0", `${project}/x`, "/dev/console"], {
    command: TIOCGWINSZ,
  }),
  ask(allow, { operation: "ipc-posix-sem", objectName: "/mp-abcdef" }),
  named(deny, "ipc-posix-shm-write-data", ["/psm_1", "apple.cfprefs.501v1"]),
  ask(deny, { operation: "ipc-sysv-shm" }),
  named(allow, "sysctl-read", [
    "hw.activecpu",
    "hw.ncpu",
    "hw.pagesize",
    "hw.memsize",
    "hw.physicalcpu_max",
    "hw.perflevel0.physicalcpu",
    "hw.optional.arm.FEAT_SHA512",
    "hw.optional.arm64",
    "hw.optional.armv8_2_sha512",
    "kern.hostname",
    "kern.maxfilesperproc",
    "kern.osproductversion",
    "kern.osrelease",
    "kern.version",
    "sysctl.proc_cputype",
    "machdep.cpu.brand_string",
    "vm.loadavg",
    "net.routetable.0.0.3.0",
  ]),
  named(deny, "sysctl-read", [
    "kern.proc.all",
    "kern.procargs2.1",
    "hw",
    "security.mac",
    "kern.bootargs",
  ]),
  named(deny, "sysctl-write", ["kern.hostname", "hw.ncpu"]),
  named(allow, "mach-lookup", ["com.apple.system.opendirectoryd.libinfo"]),
  named(deny, "mach-lookup", [
    "com.apple.SecurityServer",
    "com.apple.securityd",
    "com.apple.pasteboard.1",
    "com.apple.windowserver.active",
    "com.apple.coreservices.launchservicesd",
    "com.apple.tccd",
    "com.apple.distributed_notifications@Uv3",
    "com.docker.socket",
  ]),
  named(deny, "mach-register", ["com.example.mine"]),
  ask(
    deny,
    ...["iokit-open", "user-preference-read", "user-preference-write", "appleevent-send"].map(
      (operation) => ({ operation }),
    ),
    ...["lsopen", "job-creation", "nvram-set", "system-reboot", "mach-priv-task-port"].map(
      (operation) => ({ operation }),
    ),
    { operation: "file-mount", path: "/" },
    { operation: "file-chroot", path: "/" },
    { operation: "file-revoke", path: "/dev/ttys004" },
  ),
  // Nobody's places, whatever the policy.
  group(deny, WRITE_OPERATIONS, ["/", "/etc/hosts", "/private/etc/hosts", "/usr/bin/ls"]),
  group(deny, WRITE_OPERATIONS, ["/Users/me/.zshrc", "/Users/me/.codex/auth.json", "/Users/me"]),
  group(deny, WRITE_OPERATIONS, [`${project}-2/x`, "/Users/me/proj", "/private/var/db/x"]),
];

const noNetwork: readonly Group[] = [
  ask(
    deny,
    { operation: "network-outbound", address: "example.org:443" },
    { operation: "network-outbound", address: "localhost:80" },
    { operation: "network-outbound", address: "/private/var/run/docker.sock" },
    { operation: "network-outbound", address: "/private/var/run/mDNSResponder" },
    { operation: "network-bind", address: "localhost:8080" },
    { operation: "network-bind", address: `${project}/socket` },
    { operation: "network-inbound", address: "*:8080" },
    { operation: "system-socket" },
  ),
  named(deny, "mach-lookup", ["com.apple.trustd.agent", "com.apple.dnssd.service"]),
];

const sealed = [
  `${project}/.git/hooks`,
  `${project}/.git/hooks/pre-commit`,
  `${project}/.git/HOOKS/pre-commit`,
  `${project}/.git/config`,
  `${project}/.git/Config`,
  `${project}/.git/config.worktree`,
  `${project}/.git/commondir`,
  `${project}/.git/modules/lib/deep/config`,
  `${project}/.git/modules/lib/deep/hooks/post-checkout`,
  `${project}/.git/worktrees/side/config.worktree`,
  `${project}/.codex`,
  `${project}/.codex/config.toml`,
  `${project}/.CODEX/config.toml`,
];

const workspace: readonly Group[] = [
  group(allow, WRITE_OPERATIONS, [
    `${project}/new`,
    `${project}/src/main.rs`,
    `${project}/.git/index.lock`,
    `${project}/.git/refs/heads/config`,
    `${project}/.git/refs/heads/hooks/x`,
    `${project}/.git/modules/lib/deep/index`,
    `${project}/.git/worktrees/side/HEAD`,
    `${project}/sub/.git/config`,
    `${project}/.codexrc`,
    `${project}/.gitignore`,
  ]),
  group(deny, WRITE_OPERATIONS, sealed),
  // Moved away, the sealed places would have other names.
  group(
    deny,
    ["file-write-unlink", "file-write-create"],
    [
      project,
      `${project}/.git`,
      `${project}/.git/modules`,
      `${project}/.git/modules/lib`,
      `${project}/.git/modules/lib/deep`,
      `${project}/.git/worktrees`,
    ],
  ),
  // But archives and copies set times and modes of what they unpack into.
  group(allow, ["file-write-times", "file-write-mode"], [project, `${project}/.git`]),
];

test("read-only: reads everything, writes nothing but sinks and its own terminals", () => {
  const { args } = seatbeltCommand(READ_ONLY_POLICY, context, ["ls"], disk);
  const groups = [
    ...always,
    ...noNetwork,
    group(deny, WRITE_OPERATIONS, [`${project}/x`, project, `${tmpdir}/x`, "/private/tmp/x"]),
    group(deny, WRITE_OPERATIONS, sealed),
  ];
  assert.ok(checkAll(profileOf(args), groups) >= 150);
  assert.deepEqual([...readSandboxExecArguments(args).parameters], []);
});

test("workspace-write: its roots, without what would run later outside", () => {
  const { args, skippedRoots } = seatbeltCommand(workspaceWrite(), context, ["ls"], disk);
  const groups = [
    ...always,
    ...noNetwork,
    ...workspace,
    group(allow, WRITE_OPERATIONS, [`${tmpdir}/x`, "/private/tmp/x"]),
    group(deny, WRITE_OPERATIONS, ["/tmp/x", "/var/folders/ab/cd/T/x"]), // never canonical
    group(deny, WRITE_OPERATIONS, ["/private/var/folders/ab/cd/C/x", "/Users/me/cache/x"]),
  ];
  assert.ok(checkAll(profileOf(args), groups) >= 150);
  assert.deepEqual(skippedRoots, []);
});

test("workspace-write with the network and other roots", () => {
  const policy = workspaceWrite({
    network_access: true,
    writable_roots: ["/Users/me/cache"],
    exclude_slash_tmp: true,
    exclude_tmpdir_env_var: true,
  });
  const { args } = seatbeltCommand(policy, context, ["ls"], disk);
  const groups = [
    ...always,
    ...workspace,
    group(allow, WRITE_OPERATIONS, ["/Users/me/cache/x"]),
    group(deny, WRITE_OPERATIONS, [`${tmpdir}/x`, "/private/tmp/x", "/Users/me/cache/.codex/x"]),
    ask(
      allow,
      { operation: "network-outbound", address: "example.org:443" },
      { operation: "network-outbound", address: "/private/var/run/mDNSResponder" },
      { operation: "network-bind", address: "localhost:8080" },
      { operation: "network-inbound", address: "*:8080" },
      { operation: "system-socket" },
    ),
    named(allow, "mach-lookup", ["com.apple.trustd.agent", "com.apple.dnssd.service"]),
  ];
  assert.ok(checkAll(profileOf(args), groups) >= 150);
});

test("a protected place stays protected under a root that covers the workspace", () => {
  const { args } = seatbeltCommand(
    workspaceWrite(),
    { ...context, policyCwd: "/tmp/repo" },
    ["ls"],
    disk,
  );
  assert.deepEqual(
    readSandboxExecArguments(args).parameters.get("WRITABLE_ROOT_0"),
    "/private/tmp",
  );
  checkAll(profileOf(args), [
    group(allow, WRITE_OPERATIONS, ["/private/tmp/x", "/private/tmp/repo/.git/index"]),
    group(deny, WRITE_OPERATIONS, [
      "/private/tmp/repo/.git/config",
      "/private/tmp/repo/.git/hooks/x",
      "/private/tmp/repo/.codex",
      "/private/tmp/.codex/x",
    ]),
    group(deny, ["file-write-unlink"], ["/private/tmp/repo", "/private/tmp/repo/.git"]),
  ]);
});

test("a worktree's own pointer and the repository behind it", () => {
  const policy = workspaceWrite({ writable_roots: [project] });
  const side = { ...context, policyCwd: "/Users/me/side" };
  const { args } = seatbeltCommand(policy, side, ["ls"], disk);
  checkAll(profileOf(args), [
    group(allow, WRITE_OPERATIONS, ["/Users/me/side/x", `${project}/.git/worktrees/side/index`]),
    group(deny, WRITE_OPERATIONS, ["/Users/me/side/.git", ...sealed]),
  ]);
});

test("our own settings are protected where a root holds them", () => {
  const home = { ...context, policyCwd: "/Users/me" };
  const { args } = seatbeltCommand(workspaceWrite(), home, ["ls"], disk);
  checkAll(profileOf(args), [
    group(allow, WRITE_OPERATIONS, ["/Users/me/notes", `${project}/x`]),
    group(deny, WRITE_OPERATIONS, ["/Users/me/.codex", "/Users/me/.codex/auth.json"]),
  ]);
  const elsewhere = { ...context, codexHome: "/Users/me/link/settings/codex" };
  checkAll(profileOf(seatbeltCommand(workspaceWrite(), elsewhere, ["ls"], disk).args), [
    group(deny, WRITE_OPERATIONS, [`${project}/settings/codex/config.toml`]),
    group(deny, ["file-write-unlink"], [`${project}/settings`]),
  ]);
});

test("a repository may be made, and a link in the way to the workspace does not count", () => {
  const fresh = { ...context, policyCwd: "/Users/me/cache" };
  const { args } = seatbeltCommand(workspaceWrite(), fresh, ["git", "init"], disk);
  checkAll(profileOf(args), [
    group(allow, WRITE_OPERATIONS, ["/Users/me/cache/.git", "/Users/me/cache/.git/config"]),
    group(deny, WRITE_OPERATIONS, ["/Users/me/cache/.codex/config.toml"]),
  ]);
  const linked = { ...context, policyCwd: "/Users/me/link" };
  const { parameters } = readSandboxExecArguments(
    seatbeltCommand(workspaceWrite(), linked, ["ls"], disk).args,
  );
  assert.equal(parameters.get("WRITABLE_ROOT_0"), project);
});

test("TMPDIR names a place for temporary files or nothing", () => {
  const roots = (value: string | undefined): readonly string[] => {
    const policy = workspaceWrite({ exclude_slash_tmp: true });
    const { args } = seatbeltCommand(policy, { ...context, tmpdir: value }, ["ls"], disk);
    return [...readSandboxExecArguments(args).parameters]
      .filter(([name]) => /^WRITABLE_ROOT_\d+$/.test(name))
      .map(([, path]) => path);
  };
  assert.deepEqual(roots("/var/folders/ab/cd/T/"), [project, tmpdir]);
  assert.deepEqual(roots("/tmp"), [project, "/private/tmp"]);
  for (const bad of [
    "..",
    "/",
    "",
    "/Users",
    "/Users/me",
    "/System",
    "/Library",
    "/etc",
    "/var/db",
  ]) {
    assert.deepEqual(roots(bad), [project], bad);
  }
  assert.deepEqual(roots("/Users/me/link"), [project]);
  assert.deepEqual(roots(undefined), [project]);
});

test("the vector: -p, the text, parameters as single words, --, the command untouched", () => {
  const command = ["printf", "%s", "--", "-D", "x=y", "-p", ""];
  const { program, args } = seatbeltCommand(workspaceWrite(), context, command, disk);
  assert.equal(program, "/usr/bin/sandbox-exec");
  const parsed = readSandboxExecArguments(args);
  assert.deepEqual(parsed.command, command);
  assert.deepEqual(
    [...parsed.parameters].filter(([name]) => /^WRITABLE_ROOT_\d+$/.test(name)),
    [
      ["WRITABLE_ROOT_0", project],
      ["WRITABLE_ROOT_1", "/private/tmp"],
      ["WRITABLE_ROOT_2", tmpdir],
    ],
  );
});

test("an exit code of sandbox-exec's own is told from the command's", () => {
  const missing = "sandbox-exec: execvp() of 'nope' failed: No such file or directory\n";
  assert.equal(launcherFailure(71, missing), 127);
  assert.equal(launcherFailure(65, "sandbox-exec: unbound variable: X\n"), 1);
  assert.equal(launcherFailure(64, "sandbox-exec: Usage: ...\n"), 1);
  assert.equal(launcherFailure(71, "failed\n"), undefined);
  assert.equal(launcherFailure(1, missing), undefined);
});

test("whether a program may be run is asked of the file", () => {
  assert.equal(isSeatbeltAvailable(process.execPath), true);
  assert.equal(isSeatbeltAvailable("/nonexistent/sandbox-exec"), false);
});
