import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  describeDenial,
  describeNeededGrant,
  type FailedCommand,
  type FileFacts,
  findSandboxDenial,
  inspectDisk,
  retryQuestion,
  type SandboxDenial,
  type SandboxInForce,
} from "../../src/process/sandbox-denial.ts";
import { needsBinary } from "../support/codex-binary.ts";
import { run } from "../support/run.ts";
import { makeTempDir, removeDir } from "../support/temp-dir.ts";
import { spawnCommandUnderSandbox, workspaceWrite } from "../support/under-sandbox.ts";

const workspace: SandboxInForce = {
  policy: workspaceWrite(),
  writableRoots: ["/repo", "/tmp"],
  protectedPlaces: ["/repo/.git/hooks", "/repo/.git/config", "/repo/.codex"],
};
const readOnly: SandboxInForce = {
  policy: { mode: "read-only" },
  writableRoots: [],
  protectedPlaces: [],
};
const withNetwork: SandboxInForce = {
  ...workspace,
  policy: workspaceWrite({ network_access: true }),
};

/** A machine of an ordinary user: the home, the repository and /tmp are theirs, the rest is root's. */
function inspect(path: string): FileFacts {
  const mine = (name: string): boolean => /^\/(?:home\/me|repo|tmp)(?:\/|$)/u.test(name);
  const locked = path.startsWith("/repo/locked");
  return {
    realPath: path,
    exists: /^\/(?:repo|tmp)$|\.(?:txt|ts|json|toml|sh)$|\/(?:config|hosts|locked|readonly)$/u.test(
      path,
    ),
    isWritable: mine(path) && !locked && !path.endsWith(".sh") && !path.endsWith("/readonly"),
    isOwned: mine(path),
    isParentWritable:
      mine(path.slice(0, path.lastIndexOf("/"))) && !path.startsWith("/repo/locked/"),
  };
}

interface Failure {
  readonly argv?: readonly string[];
  readonly exitCode?: number | null;
  readonly timedOut?: boolean;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly workdir?: string;
}

function judge(failure: Failure, sandbox = workspace): SandboxDenial | undefined {
  const command: FailedCommand = {
    argv: ["bash", "-lc", "x"],
    workdir: "/repo",
    exitCode: 1,
    timedOut: false,
    stdout: "",
    stderr: "",
    ...failure,
  };
  return findSandboxDenial(command, sandbox, inspect);
}

/** "path: rule", or "address". */
function verdict(failure: Failure, sandbox = workspace): string {
  const denial = judge(failure, sandbox);
  if (denial === undefined) return "own";
  return denial.kind === "path" ? `${denial.path}: ${denial.rule}` : `net ${denial.address ?? "?"}`;
}

test("a denial names the path, the rule, the words and what would help", () => {
  const denial = judge({ stderr: "touch: cannot touch '/home/me/x': Permission denied\n" });
  assert.deepEqual(denial, {
    kind: "path",
    path: "/home/me/x",
    rule: "outside-roots",
    errno: "EACCES",
    evidence: "touch: cannot touch '/home/me/x': Permission denied",
  });
  assert.equal(
    describeDenial(denial),
    'The sandbox did not let the command change "/home/me/x": it is in no writable root',
  );
  assert.equal(describeNeededGrant(denial), 'a writable root that holds "/home/me"');
  assert.equal(
    retryQuestion(denial),
    'command failed; retry without sandbox? The sandbox did not let the command change "/home/me/x": it is in no writable root',
  );
  const network = judge({ exitCode: 6, stderr: "curl: (6) Could not resolve host: example.com\n" });
  assert.deepEqual(network, {
    kind: "address",
    address: "example.com",
    rule: "no-network",
    errno: "EAI_AGAIN",
    evidence: "curl: (6) Could not resolve host: example.com",
  });
  assert.equal(
    describeDenial(network),
    'The sandbox did not let the command reach "example.com": the policy gives no network access',
  );
});

/** What programs print under the Linux sandbox, read-only, in /repo (recorded). */
const pathTexts: readonly (readonly [string, string])[] = [
  ["touch: cannot touch 'x': Permission denied", "/repo/x"],
  ["mkdir: cannot create directory ‘y’: Permission denied", "/repo/y"],
  ["rm: cannot remove 'a.txt': Permission denied", "/repo/a.txt"],
  ["mv: cannot move 'a.txt' to 'b': Permission denied", "/repo/b"],
  ["cp: cannot create regular file 'b': Permission denied", "/repo/b"],
  ["ln: failed to create symbolic link 'b': Permission denied", "/repo/b"],
  ["ln: failed to create hard link 'b' => 'a.txt': Permission denied", "/repo/a.txt"],
  ["tee: z: Permission denied", "/repo/z"],
  ["chmod: changing permissions of 'a.txt': Operation not permitted", "/repo/a.txt"],
  ["truncate: cannot open 'a.txt' for writing: Permission denied", "/repo/a.txt"],
  ["bash: line 1: out: Permission denied", "/repo/out"],
  ["bash: line 12: src/out.txt: Permission denied", "/repo/src/out.txt"],
  ["dash: 1: cannot create out: Permission denied", "/repo/out"],
  ["zsh:1: permission denied: out", "/repo/out"],
  ["sh: /repo/out: Read-only file system", "/repo/out"],
  ["fatal: Unable to create '/repo/.git/index.lock': Permission denied", "/repo/.git/index.lock"],
  [
    "fatal: cannot lock ref 'refs/heads/z': Unable to create '/repo/.git/refs/heads/z.lock': Permission denied",
    "/repo/.git/refs/heads/z.lock",
  ],
  ["error: cannot open '.git/FETCH_HEAD': Permission denied", "/repo/.git/FETCH_HEAD"],
  [
    "error: could not lock config file /home/me/.gitconfig: Permission denied",
    "/home/me/.gitconfig",
  ],
  ["fatal: could not create work tree dir 'b': Permission denied", "/repo/b"],
  ["sed: couldn't open temporary file ./sed8k1tEp: Permission denied", "/repo/sed8k1tEp"],
  ["PermissionError: [Errno 13] Permission denied: 'x'", "/repo/x"],
  ["OSError: [Errno 30] Read-only file system: '/repo/x'", "/repo/x"],
  ["PermissionError: [Errno 13] Permission denied: 'a.txt' -> 'b'", "/repo/b"],
  [
    "FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', '/var/tmp', '/repo']",
    "/repo",
  ],
  ["Error: EACCES: permission denied, mkdir 'q'", "/repo/q"],
  ["Error: EROFS: read-only file system, open '/repo/q.json'", "/repo/q.json"],
  [
    "[Error: EPERM: operation not permitted, rename '/repo/a.txt' -> '/repo/b.txt'] {",
    "/repo/b.txt",
  ],
  [
    "npm error code EACCES\nnpm error syscall mkdir\nnpm error path /home/me/.npm/_cacache\nnpm error errno -13",
    "/home/me/.npm/_cacache",
  ],
  [
    "error: failed to open: /repo/target/debug/.cargo-lock\n\nCaused by:\n  Permission denied (os error 13)\nfile `/repo/target`",
    "/repo/target",
  ],
  [
    "error: couldn't prepare build directory\n\nCaused by:\n  failed to create directory `/repo/target`\n\nCaused by:\n  Permission denied (os error 13)",
    "/repo/target",
  ],
  ["go: could not create module cache: mkdir /home/me/go: permission denied", "/home/me/go"],
  [
    "failed to initialize build cache at /home/me/.cache/go-build: mkdir /home/me/.cache/go-build: read-only file system",
    "/home/me/.cache/go-build",
  ],
  [
    "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/home/me/.local/lib'",
    "/home/me/.local/lib",
  ],
  ["/usr/bin/ld: cannot open output file a.out: Permission denied", "/repo/a.out"],
  ["Cannot create temporary file in /tmp/: Permission denied", "/tmp"],
  [
    "mktemp: failed to create file via template ‘/tmp/tmp.XXXXXXXXXX’: Permission denied",
    "/tmp/tmp.XXXXXXXXXX",
  ],
  ["tar: x.tar: Cannot open: Permission denied", "/repo/x.tar"],
  ["gzip: a.txt.gz: Permission denied", "/repo/a.txt.gz"],
  ["find: cannot delete ‘./a.txt’: Permission denied", "/repo/a.txt"],
  ["patch: **** Can't create temporary file /tmp/pp0n5BLh : Permission denied", "/tmp/pp0n5BLh"],
  ["dd: failed to open 'x': Permission denied", "/repo/x"],
  ["java.io.FileNotFoundException: /repo/x (Permission denied)", "/repo/x"],
  ["\u001b[31mError: EACCES: permission denied, open '/repo/x'\u001b[0m", "/repo/x"],
];

test("the path is found in the words of many programs", () => {
  for (const [stderr, path] of pathTexts) {
    assert.equal(verdict({ stderr: `${stderr}\n` }, readOnly), `${path}: read-only`, stderr);
    assert.equal(verdict({ stdout: `${stderr}\n` }, readOnly), `${path}: read-only`, stderr);
  }
});

const networkTexts: readonly (readonly [string, string])[] = [
  ["curl: (6) Could not resolve host: example.com", "example.com"],
  [
    "curl: (7) Failed to connect to 127.0.0.1 port 3000 after 0 ms: Couldn't connect to server",
    "127.0.0.1:3000",
  ],
  [
    "fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com",
    "github.com",
  ],
  [
    "ssh: Could not resolve hostname example.com: Temporary failure in name resolution",
    "example.com",
  ],
  ["ssh: connect to host 1.2.3.4 port 22: Operation not permitted", "1.2.3.4:22"],
  ["wget: unable to resolve host address ‘example.com’", "example.com"],
  [
    "bash: socket: Operation not permitted\nbash: line 1: /dev/tcp/1.1.1.1/80: Operation not permitted",
    "1.1.1.1:80",
  ],
  [
    "bash: line 1: example.com: Temporary failure in name resolution\nbash: line 1: /dev/tcp/example.com/80: Invalid argument",
    "example.com",
  ],
  ["urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>", "?"],
  [
    '  File "/usr/lib/python3.11/socket.py", line 232, in __init__\n    _socket.socket.__init__(self, family, type, proto, fileno)\nPermissionError: [Errno 1] Operation not permitted',
    "?",
  ],
  ["TypeError: fetch failed\n  [cause]: Error: getaddrinfo EAI_AGAIN example.com\n", "example.com"],
  ["Error: connect EPERM 1.1.1.1:80 - Local (undefined:undefined)", "1.1.1.1:80"],
  ["Error: listen EPERM: operation not permitted 0.0.0.0:3000", "0.0.0.0:3000"],
  [
    "npm error code EAI_AGAIN\nnpm error syscall getaddrinfo\nnpm error request to https://registry.npmjs.org/x failed, reason: getaddrinfo EAI_AGAIN registry.npmjs.org",
    "registry.npmjs.org",
  ],
  [
    "warning: spurious network error (1 try remaining): [6] Could not resolve hostname (Could not resolve host: index.crates.io)\n\nCaused by:\n  [6] Could not resolve hostname (Could not resolve host: index.crates.io)",
    "index.crates.io",
  ],
  [
    'go: example.com/m@v1: Get "https://proxy.golang.org/x": dial tcp: lookup proxy.golang.org: dial udp 8.8.8.8:53: socket: operation not permitted',
    "proxy.golang.org",
  ],
  [
    "ERROR: Exception: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': https://pypi.org/simple/x/",
    "pypi.org",
  ],
  ["ping: connect: Network is unreachable", "?"],
  ["Temporary failure resolving 'deb.debian.org'", "deb.debian.org"],
  ["dial unix /var/run/docker.sock: connect: operation not permitted", "/var/run/docker.sock"],
  [
    "SocketError: Failed to open TCP connection to rubygems.org:443 (getaddrinfo: Temporary failure in name resolution)",
    "rubygems.org:443",
  ],
];

test("the address is found in the words of many programs", () => {
  for (const [stderr, address] of networkTexts) {
    assert.equal(verdict({ stderr: `${stderr}\n` }), `net ${address}`, stderr);
    assert.equal(verdict({ stderr: `${stderr}\n` }, withNetwork), "own", stderr);
  }
  const python = { stderr: "PermissionError: [Errno 1] Operation not permitted\n  socket.py" };
  const argv = ["python3", "-c", "import socket; socket.create_connection(('1.1.1.1', 80))"];
  assert.equal(verdict({ ...python, argv }), "net 1.1.1.1");
});

test("how a command ended can rule the sandbox out", () => {
  const stderr = "touch: cannot touch '/home/me/x': Permission denied\n";
  for (const exitCode of [0, 124, 126, 127, 129, 130, 137, 139, 143, 159, null]) {
    assert.equal(verdict({ stderr, exitCode }), "own", String(exitCode));
  }
  for (const exitCode of [1, 2, 3, 100, 101, 128, 255]) {
    assert.equal(verdict({ stderr, exitCode }), "/home/me/x: outside-roots", String(exitCode));
  }
  assert.equal(verdict({ stderr, timedOut: true }), "own");
  const full: SandboxInForce = { ...workspace, policy: { mode: "danger-full-access" } };
  assert.equal(verdict({ stderr }, full), "own");
});

test("a path that the policy allows, or that its mode forbids, is no denial", () => {
  const own = [
    "touch: cannot touch '/repo/locked/x': Permission denied",
    "touch: cannot touch '/etc/x': Permission denied",
    "cat: /etc/shadow: Permission denied",
    "bash: line 1: /repo/src/x: Permission denied",
    "bash: line 1: /tmp/x: Permission denied",
    "bash: /home/me/readonly: Permission denied",
    "find: ‘/root’: Permission denied",
    "cat: /proc/1/environ: Permission denied",
    "bash: line 1: kill: (1) - Operation not permitted",
    "chown: changing ownership of '/home/me/a.txt': Operation not permitted",
    "make: /home/me/build.txt: Permission denied",
    "Error: spawn /home/me/a.txt EACCES",
    "exec: fork/exec /home/me/a.txt: permission denied",
    "PytestCacheWarning: could not create cache path /home/me/x: [Errno 13] Permission denied: '/home/me/x'",
    "npm warn logfile could not create: Error: EACCES: permission denied, open '/home/me/x'",
    "Permission denied",
    "Permission denied (publickey).",
    "remote: Permission to a/b.git denied to me",
    "bash: line 1: /dev/null: Permission denied",
    "open \u0000: Permission denied",
    "connect ECONNREFUSED 127.0.0.1:5432",
    "error: read-only property",
    "",
  ];
  for (const stderr of own) assert.equal(verdict({ stderr }), "own", stderr);
  assert.equal(
    verdict({
      stderr:
        "  File \"subprocess.py\", line 1, in _execute_child\nPermissionError: [Errno 13] Permission denied: '/home/me/a.txt'",
    }),
    "own",
  );
});

test("protected places are denied inside a writable root", () => {
  assert.equal(
    verdict({ stderr: "bash: line 1: .git/hooks/pre-commit: Read-only file system" }),
    "/repo/.git/hooks/pre-commit: protected-place",
  );
  assert.equal(
    verdict({ stderr: "error: could not lock config file .git/config: Read-only file system" }),
    "/repo/.git/config: protected-place",
  );
});

/** One day's work in /repo under workspace-write without network, as (exit code, output, verdict). */
const transcript: readonly (readonly [string, number | null, string, string])[] = [
  ["rg -n TODO src", 0, "src/a.ts:3:// TODO", "own"],
  ["rg -n FIXME src", 1, "", "own"],
  ["grep -rn 'Permission denied' src", 1, "", "own"],
  ["cat missing.txt", 1, "cat: missing.txt: No such file or directory", "own"],
  ["ls nowhere", 2, "ls: cannot access 'nowhere': No such file or directory", "own"],
  ["exit 3", 3, "", "own"],
  ["foo", 127, "bash: line 1: foo: command not found", "own"],
  ["./run.sh", 126, "bash: line 1: ./run.sh: Permission denied", "own"],
  ["sleep 100", 124, "", "own"],
  ["node crash.js", 139, "Segmentation fault (core dumped)", "own"],
  ["kill -9 $$", null, "", "own"],
  ["npm test", 1, "FAIL src/a.test.ts\n  expected 1 to equal 2\nnpm error code ELIFECYCLE", "own"],
  ["pytest -q", 1, "E   AssertionError: assert 1 == 2\n1 failed in 0.02s", "own"],
  [
    "pytest -q",
    1,
    "E   PermissionError: [Errno 13] Permission denied: '/repo/locked/x'\n1 failed",
    "own",
  ],
  ["cargo test", 101, "thread 'main' panicked at src/lib.rs:3:5:\nassertion failed", "own"],
  ["cargo build", 101, "error[E0308]: mismatched types", "own"],
  ["tsc --noEmit", 2, "src/a.ts(1,7): error TS2322: Type 'string' is not assignable", "own"],
  ["eslint .", 1, "/repo/src/a.ts\n  1:1  error  Unexpected var", "own"],
  ["git commit -m x", 1, "nothing to commit, working tree clean", "own"],
  ["git merge x", 1, "CONFLICT (content): Merge conflict in a.txt", "own"],
  ["git checkout nope", 1, "error: pathspec 'nope' did not match any file(s) known to git", "own"],
  ["make", 2, "make: *** No targets specified and no makefile found.  Stop.", "own"],
  ["cat /etc/shadow", 1, "cat: /etc/shadow: Permission denied", "own"],
  ["cp a.txt /etc/x", 1, "cp: cannot create regular file '/etc/x': Permission denied", "own"],
  ["touch locked/x", 1, "touch: cannot touch 'locked/x': Permission denied", "own"],
  ["python x.py", 1, "KeyError: 'network'", "own"],
  ["node server.js", 1, "Error: connect ECONNREFUSED 127.0.0.1:5432", "own"],
  ["diff a b", 1, "1c1\n< Operation not permitted\n---\n> Permission denied", "own"],
  ["psql", 2, 'psql: error: connection to server failed: FATAL: role "me" does not exist', "own"],
  ["timeout 1 make", 124, "make: *** [all] Terminated", "own"],
  [
    "npm install",
    1,
    "npm error code EAI_AGAIN\nnpm error request to https://registry.npmjs.org/x failed, reason: getaddrinfo EAI_AGAIN registry.npmjs.org",
    "net registry.npmjs.org",
  ],
  [
    "curl -sS https://example.com",
    6,
    "curl: (6) Could not resolve host: example.com",
    "net example.com",
  ],
  [
    "git push",
    128,
    "fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com",
    "net github.com",
  ],
  [
    "pip install x",
    1,
    "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/home/me/.local/lib'",
    "/home/me/.local/lib: outside-roots",
  ],
  [
    "cargo build",
    101,
    "error: failed to download\n\nCaused by:\n  [6] Could not resolve hostname (Could not resolve host: index.crates.io)",
    "net index.crates.io",
  ],
  [
    "go build",
    1,
    "failed to initialize build cache at /home/me/.cache/go-build: mkdir /home/me/.cache/go-build: permission denied",
    "/home/me/.cache/go-build: outside-roots",
  ],
  [
    "npm run dev",
    1,
    "Error: listen EPERM: operation not permitted 0.0.0.0:3000",
    "net 0.0.0.0:3000",
  ],
  [
    "git config user.name x",
    255,
    "error: could not lock config file .git/config: Read-only file system",
    "/repo/.git/config: protected-place",
  ],
  [
    "echo x > ~/.profile",
    1,
    "bash: line 1: /home/me/.profile: Permission denied",
    "/home/me/.profile: outside-roots",
  ],
  [
    "node build.js",
    1,
    "Error: EACCES: permission denied, mkdir '/home/me/out'",
    "/home/me/out: outside-roots",
  ],
];

test("of 40 commands, one prompt for each that the sandbox stopped and none for the others", () => {
  assert.equal(transcript.length, 40);
  let prompts = 0;
  for (const [script, exitCode, stderr, expected] of transcript) {
    const failure = { argv: ["bash", "-lc", script], exitCode, stderr };
    assert.equal(verdict(failure), expected, script);
    // Programs whose output was merged into one stream are judged the same.
    assert.equal(verdict({ ...failure, stderr: "", stdout: stderr }), expected, script);
    if (expected !== "own") prompts += 1;
  }
  assert.equal(prompts, 10);
});

test("hostile output is judged in bounded time", () => {
  const started = performance.now();
  const texts = [
    "Permission denied ".repeat(100_000),
    "x: Permission denied\n".repeat(100_000),
    "'".repeat(500_000) + "Permission denied",
    "a".repeat(1_000_000) + ": Temporary failure in name resolution",
    "a.".repeat(500_000) + "\n" + "Operation not permitted\n".repeat(20_000),
    "((((: ".repeat(100_000) + "Permission denied",
  ];
  for (const stderr of texts) judge({ stderr });
  assert.ok(performance.now() - started < 5_000);
});

test("facts come from the disk without opening anything", (t) => {
  const directory = makeTempDir();
  t.after(() => removeDir(directory));
  mkdirSync(join(directory, "real"));
  writeFileSync(join(directory, "real/a"), "");
  symlinkSync("real", join(directory, "link"));
  const facts = { exists: true, isWritable: true, isOwned: true, isParentWritable: true };
  assert.deepEqual(inspectDisk(join(directory, "link/a")), {
    ...facts,
    realPath: join(directory, "real/a"),
  });
  assert.deepEqual(inspectDisk(join(directory, "link/new")), {
    ...facts,
    realPath: join(directory, "real/new"),
    exists: false,
    isWritable: false,
    isOwned: false,
  });
  assert.deepEqual(inspectDisk(join(directory, "no/such")), {
    realPath: join(directory, "no/such"),
    exists: false,
    isWritable: false,
    isOwned: false,
    isParentWritable: false,
  });
});

test("real programs under the real sandbox", { skip: needsBinary }, async (t) => {
  const root = makeTempDir();
  t.after(() => removeDir(root));
  const cwd = join(root, "work");
  mkdirSync(cwd);
  const sandbox: SandboxInForce = {
    policy: workspaceWrite(),
    writableRoots: [cwd],
    protectedPlaces: [],
  };
  const scripts: readonly (readonly [string, string | undefined])[] = [
    ["touch ../touched", join(root, "touched")],
    ["echo x > ../echoed", join(root, "echoed")],
    ["mkdir ../made", join(root, "made")],
    ["cp /dev/null ../copied", join(root, "copied")],
    [`"${process.execPath}" -e 'require("fs").writeFileSync("../noded", "")'`, join(root, "noded")],
    ["cat missing", undefined],
    ["touch here; exit 3", undefined],
  ];
  for (const [script, path] of scripts) {
    const argv = ["sh", "-c", script] as const;
    const { code, stdout, stderr } = await spawnCommandUnderSandbox(sandbox.policy, cwd, argv);
    const command: FailedCommand = {
      argv,
      workdir: cwd,
      exitCode: code,
      timedOut: false,
      stdout,
      stderr,
    };
    const denial = findSandboxDenial(command, sandbox, inspectDisk);
    assert.equal(denial?.kind === "path" ? denial.path : undefined, path, script + stderr);
    // The twin: without the sandbox it works.
    if (path !== undefined) assert.equal((await run(argv, { cwd })).code, 0, script);
  }
});
