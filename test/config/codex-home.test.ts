import assert from "node:assert/strict";
import { existsSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { ensureCodexHome, findCodexHome, findUserHome } from "../../src/config/codex-home.ts";
import { tempDir } from "../support/temp-dir.ts";

test("without CODEX_HOME, or with an empty one, the home is ~/.codex, made by nobody", (t) => {
  const home = tempDir(t);
  assert.equal(findCodexHome({}, home), join(home, ".codex"));
  assert.equal(findCodexHome({ CODEX_HOME: "" }, home), join(home, ".codex"));
  assert.equal(existsSync(join(home, ".codex")), false);
});

test("CODEX_HOME is taken without links in it", (t) => {
  const home = tempDir(t);
  symlinkSync(home, join(home, "link"));
  assert.equal(findCodexHome({ CODEX_HOME: join(home, "link") }, "/"), home);
});

test("a CODEX_HOME that is missing or a file is refused", (t) => {
  const home = tempDir(t);
  const file = join(home, "file");
  writeFileSync(file, "");
  assert.throws(() => findCodexHome({ CODEX_HOME: join(home, "no") }, home), {
    name: "ConfigError",
    message: `Cannot use CODEX_HOME "${home}/no": no such directory`,
  });
  assert.throws(() => findCodexHome({ CODEX_HOME: file }, home), {
    name: "ConfigError",
    message: `Cannot use CODEX_HOME "${file}": not a directory`,
  });
});

test("HOME counts only when it is an absolute path", () => {
  assert.equal(findUserHome({ HOME: "/home/me" }), "/home/me");
  for (const env of [{}, { HOME: "" }, { HOME: "relative" }]) {
    assert.equal(findUserHome(env), userInfo().homedir);
  }
});

test("a home that is made is private, and its parent has to be there", (t) => {
  const parent = tempDir(t);
  const home = join(parent, ".codex");
  ensureCodexHome(home);
  assert.equal(statSync(home).mode & 0o777, 0o700);
  ensureCodexHome(home);
  assert.throws(() => ensureCodexHome(join(parent, "a", "b")), { code: "ENOENT" });
});
