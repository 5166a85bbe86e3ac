/** A link put in the way of a patch at the moment of the write. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import {
  APPROVED_FLAG,
  digestOfEdits,
  NOT_AS_SHOWN,
} from "../../src/apply-patch/approved-edits.ts";
import {
  byPath,
  type DirectoryAccess,
  WalkedAccess,
} from "../../src/apply-patch/directory-access.ts";
import { type PatchPlan, planPatch } from "../../src/apply-patch/plan-patch.ts";
import { patchOutcome } from "../../src/apply-patch/run.ts";
import { writeChanges } from "../../src/apply-patch/write-changes.ts";
import { tempDir } from "../support/temp-dir.ts";
import { readFiles, writeFiles } from "./files-on-disk.ts";

const start = process.cwd();
const OLD = "#!/bin/sh\nfalse\n";
const PATCH = `*** Begin Patch
*** Update File: .git/hooks/pre-commit
@@
 #!/bin/sh
-false
+true
*** Add File: .git/hooks/new/post-commit
+hello
*** Delete File: .git/hooks/old
*** End Patch`;
const OLD_FILES = { "hooks/pre-commit": OLD, "hooks/old": "old\n" };
const NEW_FILES = { "hooks/pre-commit": "#!/bin/sh\ntrue\n", "hooks/new/post-commit": "hello\n" };

interface Place {
  readonly cwd: string;
  readonly hooks: string;
  /** Where a link is to lead: the same files. */
  readonly outside: string;
  readonly plan: Extract<PatchPlan, { ok: true }>;
  /** Puts a link to `outside` in the place of the hooks. */
  readonly swap: () => void;
}

function makePlace(t: TestContext): Place {
  const root = realpathSync(tempDir(t));
  const [cwd, outside] = [join(root, "repo"), join(root, "outside")];
  writeFiles(join(cwd, ".git"), OLD_FILES);
  mkdirSync(outside);
  const plan = planPatch(PATCH, cwd);
  if (!plan.ok) throw plan.error;
  const hooks = join(cwd, ".git/hooks");
  const swap = (): void => {
    if (existsSync(join(cwd, ".git/moved"))) return;
    renameSync(hooks, join(cwd, ".git/moved"));
    symlinkSync(outside, hooks);
  };
  t.after(() => process.chdir(start));
  return { cwd, hooks, outside, plan, swap };
}

/** A temporary file that a failed step left behind would show here as well. */
function mustBeUntouched({ cwd, outside }: Place): void {
  assert.deepEqual(readdirSync(outside), []);
  assert.deepEqual(readFiles(join(cwd, ".git/moved")), {
    "pre-commit": OLD,
    old: "old\n",
  });
}

describe("a link put in the way of a write", () => {
  test("the twin: by its path the write lands where the link leads", (t) => {
    const { cwd, outside, hooks } = makePlace(t);
    const plan = planPatch("*** Begin Patch\n*** Add File: .git/hooks/x\n+x\n*** End Patch", cwd);
    if (!plan.ok) throw plan.error;
    renameSync(hooks, join(cwd, ".git/moved"));
    symlinkSync(outside, hooks);
    writeChanges(plan.edits, cwd, byPath);
    assert.deepEqual(readFiles(outside), { x: "x\n" });
  });

  test("the twin: without a link all is written", (t) => {
    const { cwd, plan } = makePlace(t);
    writeChanges(plan.edits, cwd, new WalkedAccess());
    assert.deepEqual(readFiles(join(cwd, ".git")), NEW_FILES);
  });

  test("between the look at the directory and the step into it", (t) => {
    const place = makePlace(t);
    const access = new WalkedAccess((path) => {
      if (path === "./hooks") place.swap();
      process.chdir(path);
    });
    assert.throws(
      () => writeChanges(place.plan.edits, place.cwd, access),
      (error: Error) => error.message.includes(`"${place.hooks}" ${NOT_AS_SHOWN}`),
    );
    mustBeUntouched(place);
  });

  test("before any one of the steps of a patch", (t) => {
    const count = countSteps(t);
    for (let nth = 0; nth < count; nth += 1) {
      const place = makePlace(t);
      const access = swappingAccess(new WalkedAccess(), nth, place.swap);
      try {
        writeChanges(place.plan.edits, place.cwd, access);
      } catch (error) {
        assert.match(String(error), new RegExp(NOT_AS_SHOWN, "u"));
      }
      assert.deepEqual(readdirSync(place.outside), [], `step ${nth}`);
    }
  });
});

function countSteps(t: TestContext): number {
  let count = 0;
  const { plan, cwd } = makePlace(t);
  const walked = new WalkedAccess();
  const counting = {
    enter: (directory: string): string => {
      count += 1;
      return walked.enter(directory);
    },
  };
  writeChanges(plan.edits, cwd, counting);
  assert.ok(count > 10);
  return count;
}

function swappingAccess(access: DirectoryAccess, nth: number, swap: () => void): DirectoryAccess {
  let count = 0;
  return {
    enter: (directory) => {
      if (count === nth) swap();
      count += 1;
      return access.enter(directory);
    },
  };
}

describe("the program with the digest of what was approved", () => {
  test("writes exactly that", (t) => {
    const { cwd, plan } = makePlace(t);
    const words = [APPROVED_FLAG, digestOfEdits(plan.edits), PATCH];
    assert.deepEqual(patchOutcome(words, cwd), {
      exitCode: 0,
      stdout:
        "Success. Updated the following files:\nA .git/hooks/new/post-commit\nM .git/hooks/pre-commit\nD .git/hooks/old\n",
      stderr: "",
    });
    assert.deepEqual(readFiles(join(cwd, ".git")), NEW_FILES);
  });

  test("writes nothing when a link leads elsewhere or a file has another line", (t) => {
    const stderr = `What the patch would write ${NOT_AS_SHOWN}\n`;
    for (const change of ["link", "line"] as const) {
      const place = makePlace(t);
      const { cwd, hooks, outside, plan, swap } = place;
      if (change === "line") writeFileSync(join(hooks, "pre-commit"), `${OLD}evil\n`);
      else swap();
      if (change === "link") writeFiles(outside, { "pre-commit": OLD, old: "old\n" });
      const before = readFiles(cwd);
      const words = [APPROVED_FLAG, digestOfEdits(plan.edits), PATCH];
      assert.deepEqual(patchOutcome(words, cwd), { exitCode: 1, stdout: "", stderr });
      assert.deepEqual(readFiles(cwd), before);
      assert.equal(existsSync(join(outside, "new")), false);
    }
  });
});

test("a digest is made of contents that one string cannot hold", () => {
  const content = "\u0001".repeat(90_000_000);
  assert.throws(() => JSON.stringify(content), RangeError);
  const digestOf = (text: string): string =>
    digestOfEdits({
      directories: [],
      writes: [
        {
          path: "a",
          patchLine: 1,
          realPath: "/a",
          content: text,
          attributes: undefined,
          replaces: undefined,
        },
      ],
      removals: [],
    });
  assert.notEqual(digestOf(content), digestOf(content.slice(1)));
});
