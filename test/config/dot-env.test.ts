import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { parseDotEnv, withDotEnv } from "../../src/config/dot-env.ts";
import { tempDir } from "../support/temp-dir.ts";

test("lines, quotes and comments", () => {
  const text = `\ufeff# comment
A=1
export B = two words # comment
C="quo\\"ted\\n#x" # comment
D='single $A'
E=
 F=a#b
not a line
1G=x
A=2\r
`;
  assert.deepEqual(Object.fromEntries(parseDotEnv(text)), {
    A: "2",
    B: "two words",
    C: 'quo"ted\n#x',
    D: "single $A",
    E: "",
    F: "a#b",
  });
});

test("only variables that are not set are filled, and never the ones that choose programs", (t) => {
  const codexHome = tempDir(t);
  const names = [
    "PATH",
    "LD_PRELOAD",
    "NODE_OPTIONS",
    "CODEX_HOME",
    "Codex_X",
    "DYLD_A",
    "NEW",
    "OLD",
  ];
  writeFileSync(join(codexHome, ".env"), names.map((name) => `${name}=x\n`).join(""));
  assert.deepEqual(withDotEnv({ OLD: "old", PATH: undefined }, codexHome), {
    OLD: "old",
    PATH: undefined,
    NEW: "x",
  });
});

test("without a file the environment is as it was", (t) => {
  const env = { A: "1" };
  assert.equal(withDotEnv(env, tempDir(t)), env);
});
