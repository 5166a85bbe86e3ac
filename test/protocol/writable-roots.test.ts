import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";

import type { SandboxPolicy, WorkspaceWritePolicy } from "../../src/protocol/sandbox-policy.ts";
import {
  isWithin,
  resolveWritableRoots,
  type WritableRoots,
} from "../../src/protocol/writable-roots.ts";
import { FakeTree } from "../support/fake-tree.ts";

function policyWith(changes: Partial<WorkspaceWritePolicy> = {}): SandboxPolicy {
  return {
    mode: "workspace-write",
    writable_roots: [],
    network_access: false,
    exclude_tmpdir_env_var: false,
    exclude_slash_tmp: true,
    ...changes,
  };
}

interface Surroundings {
  readonly tree?: FakeTree;
  readonly cwd?: string;
  readonly tmpdir?: string | undefined;
  readonly home?: string | undefined;
}

const usual = new FakeTree([
  "/home/u/ws/src",
  "/home/u/.ssh",
  "/home/u/.cache/x",
  "/home/u/.tmp/x",
  "/home/u/tmp",
  "/home/other",
  "/data/a/b",
  "/etc/x",
  "/root/t",
  "/tmp/t",
  "/var/tmp/t",
  "/var/spool/cron",
  "/var/folders/ab/T",
  "/dev/shm",
  "/run/user/1000/t",
]);

function resolve(policy: SandboxPolicy, surroundings: Surroundings = {}): WritableRoots {
  const { tree = usual, cwd = "/home/u/ws", tmpdir, home = "/home/u" } = surroundings;
  return resolveWritableRoots(policy, {
    cwd,
    tmpdir,
    home,
    realpath: (path) => tree.realpath(path),
    readlink: (path) => tree.readlink(path),
  });
}

function paths(result: WritableRoots): readonly string[] {
  return result.roots.map((root) => root.path);
}

suite("resolveWritableRoots: the list", () => {
  test("only workspace-write has any", () => {
    for (const mode of ["read-only", "danger-full-access"] as const) {
      assert.deepEqual(resolve({ mode }, { tmpdir: "/tmp/t" }), { roots: [], skipped: [] });
    }
  });

  test("writable_roots in order, the cwd, /tmp, TMPDIR", () => {
    const policy = policyWith({
      writable_roots: ["/data", "/home/other"],
      exclude_slash_tmp: false,
    });
    assert.deepEqual(resolve(policy, { tmpdir: "/var/tmp/t" }).roots, [
      { path: "/data", origin: "writable_roots" },
      { path: "/home/other", origin: "writable_roots" },
      { path: "/home/u/ws", origin: "cwd" },
      { path: "/tmp", origin: "/tmp" },
      { path: "/var/tmp/t", origin: "TMPDIR" },
    ]);
  });

  test("each exclude key takes its own out", () => {
    const tmpdir = "/var/tmp/t";
    const without = (changes: Partial<WorkspaceWritePolicy>): readonly string[] =>
      paths(resolve(policyWith({ exclude_slash_tmp: false, ...changes }), { tmpdir }));
    assert.deepEqual(without({}), ["/home/u/ws", "/tmp", tmpdir]);
    assert.deepEqual(without({ exclude_slash_tmp: true }), ["/home/u/ws", tmpdir]);
    assert.deepEqual(without({ exclude_tmpdir_env_var: true }), ["/home/u/ws", "/tmp"]);
  });

  test("a path is normalised and stands once", () => {
    const policy = policyWith({ writable_roots: ["/data/", "/data/./a/..", "//data", "/data"] });
    assert.deepEqual(paths(resolve(policy)), ["/data", "/home/u/ws"]);
  });

  test("relative and missing roots are skipped with the reason", () => {
    const policy = policyWith({ writable_roots: ["data", "", "~/x", "/none"] });
    const { roots, skipped } = resolve(policy);
    assert.deepEqual(roots, [{ path: "/home/u/ws", origin: "cwd" }]);
    assert.deepEqual(
      skipped.map(({ path, reason, covered }) => [path, reason, covered]),
      [
        ["data", "it is not an absolute path", false],
        ["", "it is not an absolute path", false],
        ["~/x", "it is not an absolute path", false],
        ["/none", "it does not exist", false],
      ],
    );
  });

  test("a root inside another adds nothing", () => {
    const policy = policyWith({ writable_roots: ["/data/a", "/data"], exclude_slash_tmp: true });
    assert.deepEqual(paths(resolve(policy)), ["/data", "/home/u/ws"]);
  });
});

suite("resolveWritableRoots: links", () => {
  test("a root that is a link nobody confined can change leads to its target", () => {
    const tree = new FakeTree(["/home/u/ws", "/data"], { "/home/u/link": "/data" });
    const policy = policyWith({ writable_roots: ["/home/u/link"] });
    assert.deepEqual(paths(resolve(policy, { tree })), ["/data", "/home/u/ws"]);
  });

  test("a link inside a root never widens the policy: a command may have put it there", () => {
    const tree = new FakeTree(["/home/u/ws", "/home/u/.ssh"], { "/home/u/ws/x": "/home/u/.ssh" });
    const { roots, skipped } = resolve(policyWith({ writable_roots: ["/home/u/ws/x"] }), { tree });
    assert.deepEqual(roots, [{ path: "/home/u/ws", origin: "cwd" }]);
    assert.equal(skipped.length, 1);
  });

  test("the workspace itself, replaced by a link under /tmp, grants nothing more", () => {
    const tree = new FakeTree(["/tmp", "/etc"], { "/tmp/ws": "/etc" });
    const policy = policyWith({ exclude_slash_tmp: false });
    assert.deepEqual(paths(resolve(policy, { tree, cwd: "/tmp/ws" })), ["/tmp"]);
  });

  test("a root whose way leads through another root is not followed out of it", () => {
    // A command replaced /tmp/w, which the user's own link points to.
    const tree = new FakeTree(["/tmp", "/home/u/ws", "/home/u/.ssh"], {
      "/home/u/link": "/tmp/w",
      "/tmp/w": "/home/u/.ssh",
    });
    const policy = policyWith({ writable_roots: ["/home/u/link"], exclude_slash_tmp: false });
    assert.deepEqual(paths(resolve(policy, { tree })), ["/home/u/ws", "/tmp"]);
  });
});

suite("resolveWritableRoots: TMPDIR", () => {
  const accepted = [
    "/tmp/t",
    "/var/tmp/t",
    "/var/folders/ab/T",
    "/dev/shm",
    "/home/u/tmp",
    "/home/u/.cache/x",
    "/home/u/.tmp/x",
    "/run/user/1000/t",
  ];
  for (const tmpdir of accepted) {
    test(`${tmpdir} is for temporary files`, () => {
      assert.deepEqual(paths(resolve(policyWith(), { tmpdir })), ["/home/u/ws", tmpdir]);
    });
  }

  const refused = [
    "/",
    "//",
    "/tmp/..",
    "..",
    ".",
    "tmp",
    "/home/u",
    "/home/u/",
    "/home",
    "/home/u/.ssh",
    "/home/other/../u/.ssh",
    "/etc",
    "/etc/x",
    "/root/t",
    "/dev",
    "/none",
    "/var",
    "/var/spool/cron",
  ];
  for (const tmpdir of refused) {
    test(`${tmpdir} is not`, () => {
      assert.deepEqual(paths(resolve(policyWith(), { tmpdir })), ["/home/u/ws"]);
    });
  }

  test("unset or empty, it is nothing to speak of", () => {
    for (const tmpdir of [undefined, ""]) {
      assert.deepEqual(resolve(policyWith(), { tmpdir }).skipped, []);
    }
  });

  test("neither the home nor anything above it, also when HOME says nothing", () => {
    for (const home of [undefined, "", "home/u", "/none"]) {
      const result = resolve(policyWith(), { cwd: "/data/a", tmpdir: "/home", home });
      assert.deepEqual(paths(result), ["/data/a"], String(home));
    }
  });

  test("not above the workspace", () => {
    const tree = new FakeTree(["/data/a/b", "/home/u"]);
    for (const tmpdir of ["/data", "/data/a"]) {
      const result = resolve(policyWith(), { tree, tmpdir, cwd: "/data/a/b" });
      assert.deepEqual(paths(result), ["/data/a/b"]);
    }
  });

  test("no link, and nothing reached through one", () => {
    const tree = new FakeTree(["/home/u/ws", "/data/t"], {
      "/tmp/l": "/data",
      "/scratch": "/data",
    });
    for (const tmpdir of ["/tmp/l", "/scratch", "/scratch/t"]) {
      assert.deepEqual(paths(resolve(policyWith(), { tree, tmpdir })), ["/home/u/ws"]);
    }
  });

  test("the home through a link is the home", () => {
    const tree = new FakeTree(["/home/u/ws", "/data/u"], { "/home/l": "/data/u" });
    const result = resolve(policyWith(), { tree, tmpdir: "/data/u", home: "/home/l" });
    assert.deepEqual(paths(result), ["/home/u/ws"]);
  });
});

suite("resolveWritableRoots: properties", () => {
  const directories = ["/a", "/a/b", "/a/b/c", "/d", "/d/e", "/tmp", "/tmp/f", "/secret"] as const;
  const names = ["/a/l", "/a/b", "/a/b/m", "/d/e", "/d/n", "/tmp/f", "/tmp/o"] as const;
  const links = fc.dictionary(
    fc.constantFrom(...names),
    fc.constantFrom(...directories, ...names),
    {
      maxKeys: 3,
      noNullPrototype: true,
    },
  );
  const anyPath = fc.constantFrom(...directories, ...names);
  const policy = fc.record(
    { writable_roots: fc.array(anyPath, { maxLength: 3 }), exclude_slash_tmp: fc.boolean() },
    { noNullPrototype: true },
  );
  const setting = fc.tuple(links, policy, fc.constantFrom("/a", "/a/b", "/d/e", "/tmp/f"));

  test("every root is canonical, absolute and stands once", () => {
    fc.assert(
      fc.property(setting, ([given, changes, cwd]) => {
        const tree = new FakeTree(directories, given);
        const found = paths(resolve(policyWith(changes), { tree, cwd }));
        for (const path of found) assert.equal(tree.realpath(path), path);
        assert.equal(new Set(found).size, found.length);
      }),
    );
  });

  test("what a command may change never gives the next one more than it had", () => {
    fc.assert(
      fc.property(
        setting,
        fc.array(fc.tuple(fc.constantFrom(...names), anyPath), { maxLength: 3 }),
        ([given, changes, cwd], attacks) => {
          const tree = new FakeTree(directories, given);
          const before = paths(resolve(policyWith(changes), { tree, cwd }));
          for (const [name, target] of attacks) {
            // A command replaces a name only in a directory that it may write.
            const real = tree.realpathOfParent(name);
            if (real === undefined || !before.some((root) => isWithin(real, root))) continue;
            tree.replaceByLink(name, target);
          }
          for (const path of paths(resolve(policyWith(changes), { tree, cwd }))) {
            assert.ok(
              before.some((root) => isWithin(path, root)),
              `${path} is granted, before only ${before.join(" ")}`,
            );
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test("isWithin compares whole names", () => {
  const cases = [
    ["/a", "/a", true],
    ["/a/b", "/a", true],
    ["/ab", "/a", false],
    ["/", "/a", false],
    ["/a", "/", true],
    ["/", "/", true],
  ] as const;
  for (const [path, directory, expected] of cases) {
    assert.equal(isWithin(path, directory), expected, `${path} in ${directory}`);
  }
});
