/** Recording protected places, and putting back what a command changed. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { diskOfBytes } from "../../src/linux-sandbox/seal-places.ts";
import { placeChangeNotice } from "../../src/process/confinement-notices.ts";
import { PlaceGuard } from "../../src/process/place-guard.ts";
import { byteStringFromText, textOf } from "../../src/runtime/byte-string.ts";
import { run } from "../support/run.ts";
import { needsProgram } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";

const needsGit = { skip: needsProgram("git") };

async function repository(t: TestContext): Promise<string> {
  const directory = tempDir(t);
  assert.equal((await run(["git", "init", "-q", directory])).code, 0);
  return directory;
}

function guard(directory: string, codexHome?: string): PlaceGuard {
  return new PlaceGuard({
    directories: [byteStringFromText(directory)],
    codexHome: codexHome === undefined ? undefined : byteStringFromText(codexHome),
    disk: diskOfBytes,
  });
}

/** The changes with paths relative to the workspace. */
function changes(
  guarded: PlaceGuard,
  directory: string,
): readonly (readonly [string, string, boolean])[] {
  return guarded
    .putBack()
    .map(
      ({ path, what, undone }) => [textOf(path).slice(directory.length + 1), what, undone] as const,
    )
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
}

test("nothing changed, nothing to tell", needsGit, async (t) => {
  const directory = await repository(t);
  const guarded = guard(directory);
  writeFileSync(join(directory, "file"), "x");
  writeFileSync(join(directory, ".git", "description"), "free to change");
  assert.deepEqual(changes(guarded, directory), []);
});

test("hooks and settings are put back byte for byte, with their modes", needsGit, async (t) => {
  const directory = await repository(t);
  const config = join(directory, ".git/config");
  const hook = join(directory, ".git/hooks/pre-commit");
  const sample = join(directory, ".git/hooks/pre-push.sample");
  writeFileSync(hook, "#!/bin/sh\ntrue\n", { mode: 0o755 });
  const before = readFileSync(config);
  const guarded = guard(directory);
  writeFileSync(config, `${before.toString()}[core]\n\tfsmonitor = evil\n`);
  writeFileSync(hook, "#!/bin/sh\nevil\n");
  chmodSync(hook, 0o644);
  rmSync(sample, { force: true });
  writeFileSync(join(directory, ".git/hooks/post-commit"), "evil", { mode: 0o755 });
  mkdirSync(join(directory, ".codex"));
  writeFileSync(join(directory, ".codex/config.toml"), "evil");
  assert.deepEqual(changes(guarded, directory), [
    [".codex", "created", true],
    [".git/config", "changed", true],
    [".git/hooks", "changed", true],
  ]);
  assert.deepEqual(readFileSync(config), before);
  assert.equal(readFileSync(hook, "utf8"), "#!/bin/sh\ntrue\n");
  assert.equal(statSync(hook).mode & 0o777, 0o755);
  assert.equal(existsSync(join(directory, ".git/hooks/post-commit")), false);
  assert.equal(existsSync(join(directory, ".codex")), false);
  assert.deepEqual(changes(guarded, directory), []);
});

test("a link put in the way never leads a write elsewhere", needsGit, async (t) => {
  const directory = await repository(t);
  const elsewhere = tempDir(t);
  writeFileSync(join(directory, ".git/hooks/pre-commit"), "ours", { mode: 0o755 });
  const guarded = guard(directory);
  rmSync(join(directory, ".git/hooks"), { recursive: true });
  symlinkSync(elsewhere, join(directory, ".git/hooks"));
  assert.deepEqual(changes(guarded, directory), [[".git/hooks", "changed", true]]);
  assert.equal(lstatSync(join(directory, ".git/hooks")).isDirectory(), true);
  assert.equal(readFileSync(join(directory, ".git/hooks/pre-commit"), "utf8"), "ours");
  assert.equal(existsSync(join(elsewhere, "pre-commit")), false);
});

test(
  "a .git replaced by a link is told, and nothing is written through it",
  needsGit,
  async (t) => {
    const directory = await repository(t);
    const elsewhere = await repository(t);
    writeFileSync(join(directory, ".git/hooks/pre-commit"), "ours", { mode: 0o755 });
    const guarded = guard(directory);
    renameSync(join(directory, ".git"), join(directory, "moved"));
    symlinkSync(join(elsewhere, ".git"), join(directory, ".git"));
    assert.deepEqual(changes(guarded, directory), [[".git", "changed", false]]);
    assert.equal(existsSync(join(elsewhere, ".git/hooks/pre-commit")), false);
    assert.equal(lstatSync(join(directory, ".git"), { throwIfNoEntry: false }), undefined);
  },
);

test(
  "a repository that is gone is told once, with what stands in its place",
  needsGit,
  async (t) => {
    const gone = "the repository is gone, with its hooks and settings";
    for (const [successor, fate] of [
      [undefined, `removed by the command: NOT undone (${gone})`],
      [
        "pointer",
        `changed by the command: NOT undone (${gone}; what was put in its place was removed)`,
      ],
      ["directory", undefined],
    ] as const) {
      const directory = await repository(t);
      const nested = join(directory, "nested");
      assert.equal((await run(["git", "init", "-q", nested])).code, 0);
      const guarded = guard(directory);
      const path = join(directory, ".git");
      rmSync(path, { recursive: true });
      if (successor === "pointer") writeFileSync(path, "gitdir: nested/.git\n");
      if (successor === "directory") renameSync(join(nested, ".git"), path);
      const told = guarded.putBack().map(placeChangeNotice);
      assert.deepEqual(told, fate === undefined ? [] : [`Protected place "${path}" was ${fate}`]);
      assert.equal(existsSync(path), successor === "directory");
    }
  },
);

test(
  "a repository made by the command keeps what git wrote and loses the rest",
  needsGit,
  async (t) => {
    const directory = tempDir(t);
    const guarded = guard(directory);
    await run(["git", "init", "-q", directory]);
    const fresh = readFileSync(join(directory, ".git/config"), "utf8");
    assert.deepEqual(changes(guarded, directory), []);
    assert.equal(readFileSync(join(directory, ".git/config"), "utf8"), fresh);
    writeFileSync(join(directory, ".git/config"), `${fresh}[alias]\n\tst = !evil\n`);
    writeFileSync(join(directory, ".git/hooks/pre-commit"), "evil", { mode: 0o755 });
    assert.deepEqual(changes(guarded, directory), [
      [".git/config", "changed", true],
      [".git/hooks/pre-commit", "created", true],
    ]);
    assert.doesNotMatch(readFileSync(join(directory, ".git/config"), "utf8"), /evil/);
  },
);

test("submodules, worktrees and our own settings are guarded too", needsGit, async (t) => {
  const directory = await repository(t);
  const module = join(directory, ".git/modules/deep/name");
  await run(["git", "init", "-q", "--bare", module]);
  mkdirSync(join(directory, ".git/worktrees/w"), { recursive: true });
  const home = join(directory, "home");
  mkdirSync(join(home, "sessions"), { recursive: true });
  writeFileSync(join(home, "config.toml"), "model = 'a'\n");
  const guarded = guard(directory, home);
  writeFileSync(join(module, "hooks/post-checkout"), "evil");
  writeFileSync(join(directory, ".git/worktrees/w/config.worktree"), "evil");
  writeFileSync(join(home, "config.toml"), "evil");
  writeFileSync(join(home, "sessions/own"), "ours to write");
  assert.deepEqual(changes(guarded, directory), [
    [".git/modules/deep/name/hooks", "changed", true],
    [".git/worktrees/w/config.worktree", "changed", true],
    ["home", "changed", true],
  ]);
  assert.equal(readFileSync(join(home, "config.toml"), "utf8"), "model = 'a'\n");
  assert.equal(existsSync(join(home, "sessions/own")), true);
});

test("a pipe in the place of settings holds nobody up", needsGit, async (t) => {
  const directory = await repository(t);
  const config = join(directory, ".git/config");
  const guarded = guard(directory);
  rmSync(config);
  assert.equal((await run(["mkfifo", config])).code, 0);
  assert.deepEqual(changes(guarded, directory), [[".git/config", "changed", true]]);
  assert.equal(lstatSync(config).isFile(), true);
});

test("what an older guard has recorded counts, not what came up since", needsGit, async (t) => {
  const directory = await repository(t);
  const hook = join(directory, ".git/hooks/pre-commit");
  for (const before of ["#!/bin/sh\ntrue\n", undefined]) {
    if (before === undefined) rmSync(hook);
    else writeFileSync(hook, before, { mode: 0o755 });
    const older = guard(directory);
    writeFileSync(hook, "evil", { mode: 0o755 });
    const newer = guard(directory);
    newer.trust(older);
    older.putBack();
    assert.deepEqual(changes(newer, directory), []);
    assert.equal(existsSync(hook) ? readFileSync(hook, "utf8") : undefined, before);
  }
});

test(
  "a repository that came up under an older guard is cleaned by the newer one too",
  needsGit,
  async (t) => {
    const directory = tempDir(t);
    const older = guard(directory);
    assert.equal((await run(["git", "init", "-q", directory])).code, 0);
    const hook = join(directory, ".git/hooks/pre-commit");
    writeFileSync(hook, "evil", { mode: 0o755 });
    const newer = guard(directory);
    newer.trust(older);
    older.putBack();
    assert.equal(existsSync(hook), false);
    newer.putBack();
    assert.equal(existsSync(hook), false);
  },
);

test(
  "a guard of the directory around knows nothing of the workspace in it",
  needsGit,
  async (t) => {
    const around = tempDir(t);
    const older = guard(around);
    const directory = join(around, "ws");
    assert.equal((await run(["git", "init", "-q", directory])).code, 0);
    const hook = join(directory, ".git/hooks/pre-commit");
    writeFileSync(hook, "#!/bin/sh\ntrue\n", { mode: 0o755 });
    const newer = new PlaceGuard({
      directories: [directory, around].map(byteStringFromText),
      codexHome: undefined,
      disk: diskOfBytes,
    });
    newer.trust(older);
    assert.deepEqual(newer.putBack(), []);
    assert.equal(existsSync(hook), true);
  },
);

test("what the user has approved stays, and nothing else", needsGit, async (t) => {
  const directory = await repository(t);
  const at = (path: string): string => join(directory, path);
  writeFileSync(at(".git/hooks/pre-push"), "old", { mode: 0o755 });
  writeFileSync(at(".git/hooks/post-merge"), "old", { mode: 0o755 });
  const guarded = guard(directory);
  const approved = [
    { path: at(".git/hooks/pre-push"), content: "approved", mode: 0o755 },
    { path: at(".git/hooks/pre-commit"), content: "approved", mode: undefined },
    { path: at(".git/hooks/post-merge"), content: undefined, mode: undefined },
    { path: at(".codex/config.toml"), content: "approved", mode: undefined },
  ];
  writeFileSync(at(".git/hooks/pre-push"), "approved");
  writeFileSync(at(".git/hooks/pre-commit"), "approved");
  rmSync(at(".git/hooks/post-merge"));
  mkdirSync(at(".codex"));
  writeFileSync(at(".codex/config.toml"), "approved");
  guarded.accept(approved);
  assert.deepEqual(changes(guarded, directory), []);
  const newer = guard(directory);
  newer.trust(guarded);
  writeFileSync(at(".git/hooks/pre-push"), "evil");
  chmodSync(at(".git/hooks/pre-commit"), 0o755);
  writeFileSync(at(".git/hooks/post-merge"), "old", { mode: 0o755 });
  writeFileSync(at(".codex/other"), "evil");
  for (const each of [newer, guarded]) each.putBack();
  assert.equal(readFileSync(at(".git/hooks/pre-push"), "utf8"), "approved");
  assert.equal(statSync(at(".git/hooks/pre-commit")).mode & 0o111, 0);
  assert.equal(existsSync(at(".git/hooks/post-merge")), false);
  assert.equal(readFileSync(at(".codex/config.toml"), "utf8"), "approved");
  assert.equal(existsSync(at(".codex/other")), false);
});

test("what was written in the moment of the approval is put back to it", needsGit, async (t) => {
  const directory = await repository(t);
  const [hook, other] = ["pre-commit", "pre-push"].map((name) =>
    join(directory, ".git/hooks", name),
  );
  assert.ok(hook !== undefined && other !== undefined);
  const guarded = guard(directory);
  writeFileSync(hook, "evil", { mode: 0o755 });
  writeFileSync(other, "evil", { mode: 0o755 });
  guarded.accept([{ path: hook, content: "approved", mode: undefined }]);
  assert.deepEqual(changes(guarded, directory), [[".git/hooks", "changed", true]]);
  assert.equal(readFileSync(hook, "utf8"), "approved");
  assert.equal(existsSync(other), false);
});

test("an approved hook of a repository that came up meanwhile stays", needsGit, async (t) => {
  for (const path of [".", "below"]) {
    const top = tempDir(t);
    const guarded = new PlaceGuard({
      directories: [byteStringFromText(top)],
      searched: [byteStringFromText(top)],
      codexHome: undefined,
      disk: diskOfBytes,
    });
    assert.equal((await run(["git", "init", "-q", join(top, path)])).code, 0);
    const hooks = join(top, path, ".git/hooks");
    const [approved, evil] = [join(hooks, "pre-commit"), join(hooks, "pre-push")];
    for (const hook of [approved, evil]) writeFileSync(hook, "#!/bin/sh", { mode: 0o644 });
    guarded.accept([{ path: approved, content: "#!/bin/sh", mode: undefined }]);
    guarded.putBack();
    assert.equal(existsSync(approved), true);
    assert.equal(existsSync(evil), false);
  }
});

test("a file that approved settings include is kept as it was then", needsGit, async (t) => {
  // Whoever includes it without being asked, such as the user in another terminal, loses no file.
  for (const isApproved of [true, false]) {
    const directory = await repository(t);
    const at = (path: string): string => join(directory, path);
    const [config, team] = [at(".git/config"), at("team.gitconfig")];
    writeFileSync(team, "[alias]\n\tco = checkout\n");
    const before = readFileSync(config, "utf8");
    const older = guard(directory);
    const content = `${before}[include]\n\tpath = ../team.gitconfig\n`;
    writeFileSync(config, content);
    if (isApproved) older.accept([{ path: config, content, mode: statSync(config).mode & 0o777 }]);
    const newer = guard(directory);
    newer.trust(older);
    for (const each of [newer, older]) each.putBack();
    assert.equal(readFileSync(config, "utf8"), isApproved ? content : before);
    assert.equal(readFileSync(team, "utf8"), "[alias]\n\tco = checkout\n");
    writeFileSync(team, "evil");
    older.putBack();
    assert.equal(readFileSync(team, "utf8") === "evil", !isApproved);
  }
});

test("what somebody includes in the moment of an approval is no settings", needsGit, async (t) => {
  const directory = await repository(t);
  const [config, file] = [join(directory, ".git/config"), join(directory, "file")];
  writeFileSync(file, "old");
  const guarded = guard(directory);
  const hook = join(directory, ".git/hooks/pre-commit");
  writeFileSync(hook, "approved");
  writeFileSync(config, `${readFileSync(config, "utf8")}[include]\n\tpath = ../file\n`);
  guarded.accept([{ path: hook, content: "approved", mode: undefined }]);
  guarded.putBack();
  writeFileSync(file, "new");
  assert.deepEqual(changes(guarded, directory), []);
  assert.equal(readFileSync(file, "utf8"), "new");
});

test("a file that settings include and nobody has made yet stays away", needsGit, async (t) => {
  for (const path of ["team.gitconfig", "not/yet/team.gitconfig", "not/../../team.gitconfig"]) {
    const directory = await repository(t);
    const config = join(directory, ".git/config");
    appendFileSync(config, `[include]\n\tpath = ../${path}\n`);
    const guarded = guard(directory);
    mkdirSync(join(directory, "not/yet"), { recursive: true });
    const isInside = !path.includes("..");
    if (isInside) writeFileSync(join(directory, path), "evil");
    // What is outside of the workspace, no command has made.
    assert.deepEqual(changes(guarded, directory), isInside ? [[path, "created", true]] : []);
    assert.equal(existsSync(join(directory, path)), false);
  }
});
