/** No path and no text of a user's can become a rule: only parameters carry them. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";

import * as fc from "fast-check";

import { WORKSPACE_WRITE_POLICY } from "../../src/protocol/sandbox-policy.ts";
import { profileArguments, seatbeltProfile } from "../../src/sandbox/seatbelt-profile.ts";
import type { ProfileRules } from "../../src/sandbox/seatbelt-profile.ts";
import { seatbeltCommand } from "../../src/sandbox/seatbelt.ts";
import { compileProfile } from "../support/sbpl-evaluator.ts";
import {
  checkAll,
  group,
  profileOf,
  readSandboxExecArguments,
  WRITE_OPERATIONS,
} from "../support/sbpl-questions.ts";
import { tempDir } from "../support/temp-dir.ts";

const BASE = "(version 1)\n(deny default)\n";

/** Absolute, of the characters that mean something to Scheme, to patterns, or to a shell. */
const hostilePath = fc
  .array(
    fc.string({ unit: fc.constantFrom(..."ab()\"'\\;#|^$*+?[]{}.=-D \n\t".split(""), "é", "/") }),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((parts) => `/${parts.join("/")}x`.replaceAll(/\/+/g, "/"));

/** Everything else lies in the roots, mostly, as it does in earnest. */
const hostileRules: fc.Arbitrary<ProfileRules> = fc
  .record({
    readsWholeDisk: fc.boolean(),
    networkAccess: fc.boolean(),
    roots: fc.uniqueArray(hostilePath, { maxLength: 3 }),
    inside: fc.array(hostilePath, { maxLength: 2 }),
    elsewhere: fc.array(hostilePath, { maxLength: 2 }),
  })
  .map(({ inside, elsewhere, ...rules }) => {
    const places = rules.roots.flatMap((root) => inside.map((path) => root + path));
    return {
      ...rules,
      sealed: [...places, ...elsewhere],
      workspaces: [...rules.roots, ...elsewhere],
      gitDirectories: [...places, ...elsewhere],
    };
  });

/** All that the text may be made of. */
const WORDS = [
  "version 1 allow deny default require-all require-any require-not subpath literal param regex",
  "string-append regex-quote global-name mach-lookup system-socket file-read* file-write*",
  "file-link file-write-create file-write-unlink network-outbound network-inbound network-bind",
  '"^" "/[.][cC][oO][dD][eE][xX](/|$)"',
  '"/([hH][oO][oO][kK][sS]|[cC][oO][mM][mM][oO][nN][dD][iI][rR]|[cC][oO][nN][fF][iI][gG]([.][wW][oO][rR][kK][tT][rR][eE][eE])?)(/|$)"',
]
  .join(" ")
  .split(" ");
const NAMES = /^"(?:WRITABLE_ROOT_\d+(?:_RO_\d+)?|(?:PINNED|WORKSPACE|GIT_DIRECTORY)_\d+)"$/;
const SERVICES = /^"com\.apple\.[A-Za-z.]+"$/;

test("the text holds only words of this table, whatever the paths", () => {
  fc.assert(
    fc.property(hostileRules, (rules) => {
      const { text, parameters } = seatbeltProfile(BASE, rules);
      // A word is text in quotes, without escapes, or what stands between brackets and blanks.
      const words = text.match(/"[^"]*"|[^\s()"]+/g) ?? [];
      const foreign = words.filter(
        (word) => !WORDS.includes(word) && !NAMES.test(word) && !SERVICES.test(word),
      );
      assert.deepEqual(foreign, []);
      // And with its parameters it is a profile.
      compileProfile(text, new Map(parameters.map(({ name, value }) => [name, value])));
    }),
    { numRuns: 500 },
  );
});

test("two sets of paths of one shape give one text", () => {
  const shaped = (root: string, other: string): ProfileRules => ({
    readsWholeDisk: true,
    networkAccess: true,
    roots: [root, other],
    sealed: [`${root}/.codex`, `${other}/.git/config`],
    workspaces: [root, other],
    gitDirectories: [`${other}/.git`],
  });
  const plain = seatbeltProfile(BASE, shaped("/a", "/b")).text;
  fc.assert(
    fc.property(hostilePath, (path) => {
      const hostile = seatbeltProfile(BASE, shaped(`/a${path}/r`, `/b${path}/r`));
      // Pinned directories are sorted, so their numbers may differ, but not how many there are.
      assert.equal(hostile.text, plain);
      assert.ok(hostile.parameters.some(({ value }) => value.includes(path)));
    }),
  );
});

const hostileNames = [
  `a"b`,
  `"))(allow default)(deny file-read* (subpath "`,
  `")) (param "WRITABLE_ROOT_0"`,
  "(allow file-write*)",
  "line\nbreak",
  ";comment",
  "back\\slash",
  "$(touch x)`touch y`",
  "-DWRITABLE_ROOT_0=",
  "=",
  "-p",
  "--",
  "^.*$[a](b|c)+{2}?",
  "é 漢字 \u{1f600}",
  "#|block|#",
  "..a",
  "' or ''",
];

for (const name of hostileNames) {
  test(`a directory called ${JSON.stringify(name)}`, (t) => {
    const top = realpathSync(tempDir(t));
    const workspace = join(top, name, "work");
    mkdirSync(join(workspace, ".git/hooks"), { recursive: true });
    const { args } = seatbeltCommand(
      { ...WORKSPACE_WRITE_POLICY, exclude_slash_tmp: true, exclude_tmpdir_env_var: true },
      { policyCwd: workspace, tmpdir: undefined, home: undefined, codexHome: undefined },
      ["ls"],
    );
    const { text, parameters } = readSandboxExecArguments(args);
    if (name.length > 2) assert.ok(!text.includes(name));
    assert.ok(!text.includes(basename(top)));
    assert.equal(parameters.get("WRITABLE_ROOT_0"), workspace);
    checkAll(profileOf(args), [
      group("allow", WRITE_OPERATIONS, [`${workspace}/x`, `${workspace}/.git/index`]),
      group("deny", WRITE_OPERATIONS, [
        `${workspace}/.git/hooks/x`,
        `${workspace}/.git/Config`,
        `${workspace}/.codex`,
        join(top, name, "x"),
        "/x",
        "/etc/passwd",
      ]),
    ]);
  });
}

test("links and dots on the way do not widen what is granted", (t) => {
  const top = realpathSync(tempDir(t));
  mkdirSync(join(top, "real/work"), { recursive: true });
  mkdirSync(join(top, "outside"));
  symlinkSync(join(top, "real"), join(top, "link"));
  symlinkSync(join(top, "outside"), join(top, "real/work/escape"));
  const roots = (cwd: string, more: readonly string[] = []): readonly string[] => {
    const { args } = seatbeltCommand(
      {
        ...WORKSPACE_WRITE_POLICY,
        writable_roots: more,
        exclude_slash_tmp: true,
        exclude_tmpdir_env_var: true,
      },
      { policyCwd: cwd, tmpdir: undefined, home: undefined, codexHome: undefined },
      ["ls"],
    );
    return [...readSandboxExecArguments(args).parameters]
      .filter(([parameter]) => /^WRITABLE_ROOT_\d+$/.test(parameter))
      .map(([, value]) => value);
  };
  const work = join(top, "real/work");
  assert.deepEqual(roots(join(top, "link/work")), [work]);
  assert.deepEqual(roots(`${top}/real/work/../work/.`), [work]);
  assert.deepEqual(roots(work, [join(work, "escape")]), [work]);
  assert.deepEqual(roots(join(top, "missing")), []);
});

test("what a hostile workspace says about git only ever protects more", (t) => {
  const top = realpathSync(tempDir(t));
  const make = (gitFile: string): string => {
    const workspace = mkdtempSync(join(top, "w-"));
    writeFileSync(join(workspace, ".git"), gitFile);
    return workspace;
  };
  for (const pointer of [
    "gitdir: /\n",
    "gitdir: ..\n",
    "gitdir: .\n",
    "gitdir: \n",
    "x".repeat(9000),
  ]) {
    const workspace = make(pointer);
    const { args } = seatbeltCommand(
      { ...WORKSPACE_WRITE_POLICY, exclude_slash_tmp: true, exclude_tmpdir_env_var: true },
      { policyCwd: workspace, tmpdir: undefined, home: undefined, codexHome: undefined },
      ["ls"],
    );
    checkAll(profileOf(args), [
      group("allow", WRITE_OPERATIONS, [`${workspace}/x`]),
      group("deny", WRITE_OPERATIONS, [`${workspace}/.git`, `${top}/x`, "/hooks", "/config"]),
    ]);
  }
});

test("the arguments are the text and one word per parameter", () => {
  const parameters = [
    { name: "A", value: "/x=y" },
    { name: "B", value: "/a b" },
  ];
  assert.deepEqual(profileArguments({ text: "t", parameters }), [
    "-p",
    "t",
    "-DA=/x=y",
    "-DB=/a b",
  ]);
});
