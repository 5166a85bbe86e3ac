import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { loadConfig } from "../../src/config/config.ts";
import { storeTrust } from "../../src/config/trust-store.ts";
import { tempDir } from "../support/temp-dir.ts";

function places(t: TestContext) {
  const home = tempDir(t);
  const codexHome = join(home, ".codex");
  const root = join(home, "repository");
  const cwd = join(root, "deep");
  mkdirSync(cwd, { recursive: true });
  mkdirSync(join(root, ".git"));
  return { home, codexHome, root, cwd, file: join(codexHome, "config.toml") };
}

test("trust is stored for the root of the repository, in a private file that is made", async (t) => {
  const { home, codexHome, root, cwd, file } = places(t);
  assert.equal(storeTrust(codexHome, cwd, "trusted"), root);
  assert.equal(readFileSync(file, "utf8"), `[projects."${root}"]\ntrust_level = "trusted"\n`);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(codexHome).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(codexHome), ["config.toml"]);
  assert.equal((await loadConfig({ codexHome, cwd, home, env: {} })).trust, "trusted");
});

const edits: readonly (readonly [string, string, string])[] = [
  [
    "appended",
    "# mine\nmodel = 'o3'",
    "# mine\nmodel = 'o3'\n\n[projects.ROOT]\ntrust_level = \"trusted\"\n",
  ],
  [
    "changed",
    "[projects.ROOT]\ntrust_level = 'untrusted' # why\na = 1\n",
    '[projects.ROOT]\ntrust_level = "trusted" # why\na = 1\n',
  ],
  [
    "put into its table",
    "[projects.ROOT] # x\n\n[tui]\n",
    '[projects.ROOT] # x\ntrust_level = "trusted"\n\n[tui]\n',
  ],
  [
    "changed in an inline table",
    "projects = { ROOT = { trust_level = 'x' } }\n",
    'projects = { ROOT = { trust_level = "trusted" } }\n',
  ],
];

for (const [name, before, after] of edits) {
  test(`an entry is ${name}, and the rest stays`, (t) => {
    const { codexHome, root, cwd, file } = places(t);
    const quoted = JSON.stringify(root);
    mkdirSync(codexHome);
    writeFileSync(file, before.replace("ROOT", quoted));
    chmodSync(file, 0o640);
    storeTrust(codexHome, cwd, "trusted");
    assert.equal(readFileSync(file, "utf8"), after.replace("ROOT", quoted));
    assert.equal(statSync(file).mode & 0o777, 0o640);
  });
}

for (const text of ["model = \n", "projects = {}\n", "projects = { ROOT = {} }\n"]) {
  test(`${JSON.stringify(text)} cannot be edited, and stays`, (t) => {
    const { codexHome, root, cwd, file } = places(t);
    mkdirSync(codexHome);
    const before = text.replace("ROOT", JSON.stringify(root));
    writeFileSync(file, before);
    assert.throws(() => storeTrust(codexHome, cwd, "trusted"), { name: "ConfigError" });
    assert.equal(readFileSync(file, "utf8"), before);
    assert.deepEqual(readdirSync(codexHome), ["config.toml"]);
  });
}

test("a file behind a link is changed where it is", (t) => {
  const { home, codexHome, cwd, file } = places(t);
  const real = join(home, "dotfiles.toml");
  mkdirSync(codexHome);
  writeFileSync(real, "");
  symlinkSync(real, file);
  storeTrust(codexHome, cwd, "untrusted");
  assert.equal(readlinkSync(file), real);
  assert.match(readFileSync(real, "utf8"), /trust_level = "untrusted"/);
});

test("without a home for the home nothing is made", (t) => {
  const { home, cwd } = places(t);
  assert.throws(() => storeTrust(join(home, "missing", ".codex"), cwd, "trusted"), {
    message: /Cannot write: no such file or directory$/,
  });
  assert.equal(existsSync(join(home, "missing")), false);
});
