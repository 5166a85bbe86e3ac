import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ApiKey } from "../../src/auth/api-key.ts";
import {
  AuthError,
  type Credential,
  findCredential,
  readStoredLogin,
  removeStoredLogin,
  storeApiKey,
} from "../../src/auth/auth.ts";
import { run } from "../support/run.ts";
import { tempDir } from "../support/temp-dir.ts";

const KEY = "sk-file-1234567890";
const TOKENS = { id_token: "a.b.c", access_token: "at", refresh_token: "rt" };

function key(text: string): ApiKey {
  const parsed = ApiKey.parse(text);
  assert.ok(parsed);
  return parsed;
}

test("a key is stored for the owner alone, in a home that is made", (t) => {
  const home = join(tempDir(t), ".codex");
  storeApiKey(home, key(KEY));
  const file = join(home, "auth.json");
  assert.equal(statSync(home).mode & 0o777, 0o700);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(readFileSync(file, "utf8"), `{\n  "OPENAI_API_KEY": "${KEY}"\n}\n`);
  assert.deepEqual(readdirSync(home), ["auth.json"]);
});

test("storing replaces the file: tokens go, the mode becomes private, a link is not followed", (t) => {
  const home = tempDir(t);
  const file = join(home, "auth.json");
  const elsewhere = join(tempDir(t), "elsewhere");
  writeFileSync(elsewhere, "{}", { mode: 0o644 });
  symlinkSync(elsewhere, file);
  storeApiKey(home, key(KEY));
  assert.equal(readFileSync(elsewhere, "utf8"), "{}");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(readStoredLogin(home)?.apiKey?.reveal(), KEY);
});

test("a key that cannot be stored leaves nothing behind, and is not told", (t) => {
  const home = tempDir(t);
  mkdirSync(join(home, "auth.json"));
  assert.throws(
    () => storeApiKey(home, key(KEY)),
    (error: unknown) => {
      assert.ok(error instanceof AuthError);
      assert.match(error.message, /^Cannot write ".*auth\.json": it is a directory$/);
      return true;
    },
  );
  assert.deepEqual(readdirSync(home), ["auth.json"]);
});

test("removing", (t) => {
  const home = tempDir(t);
  assert.equal(removeStoredLogin(home), false);
  storeApiKey(home, key(KEY));
  assert.equal(removeStoredLogin(home), true);
  assert.equal(existsSync(join(home, "auth.json")), false);
});

const choices: readonly (readonly [string, object | undefined, string | undefined, string])[] = [
  ["nothing", undefined, undefined, "none"],
  ["the variable alone", undefined, "sk-env", "OPENAI_API_KEY sk-env"],
  ["an empty variable", undefined, "", "none"],
  ["the file alone", { OPENAI_API_KEY: KEY }, undefined, `auth.json ${KEY}`],
  ["the file over the variable", { OPENAI_API_KEY: KEY }, "sk-env", `auth.json ${KEY}`],
  ["tokens and a key", { OPENAI_API_KEY: KEY, tokens: TOKENS }, undefined, `auth.json ${KEY}`],
  ["tokens alone", { OPENAI_API_KEY: null, tokens: TOKENS }, undefined, "unsupported-chatgpt"],
  ["tokens and the variable", { tokens: TOKENS }, "sk-env", "OPENAI_API_KEY sk-env"],
  ["an empty object", {}, undefined, "none"],
  ["an empty key", { OPENAI_API_KEY: "" }, undefined, "none"],
];

for (const [name, stored, variable, expected] of choices) {
  test(`the credential with ${name}`, (t) => {
    const home = tempDir(t);
    if (stored !== undefined) writeFileSync(join(home, "auth.json"), JSON.stringify(stored));
    const env = variable === undefined ? {} : { OPENAI_API_KEY: variable };
    assert.equal(describe(findCredential(home, env)), expected);
  });
}

function describe(credential: Credential): string {
  if (credential.kind !== "api-key") return credential.kind;
  return `${credential.source} ${credential.key.reveal()}`;
}

const broken: readonly (readonly [string, string])[] = [
  [`{"OPENAI_API_KEY": "${KEY}`, "not valid JSON at line 1 column 39"],
  [KEY, "not valid JSON"],
  ["[]", "expected a JSON object"],
  ["null", "expected a JSON object"],
  ['{"OPENAI_API_KEY": 5}', "expected a string at OPENAI_API_KEY"],
];

for (const [text, state] of broken) {
  test(`a file with ${text.slice(0, 20)} is refused without showing it`, (t) => {
    const home = tempDir(t);
    writeFileSync(join(home, "auth.json"), text);
    assert.throws(
      () => findCredential(home, { OPENAI_API_KEY: "sk-env" }),
      (error: unknown) => {
        assert.ok(error instanceof AuthError);
        assert.equal(error.message, `Cannot read "${join(home, "auth.json")}": ${state}`);
        assert.doesNotMatch(error.stack ?? "", /sk-file/);
        return true;
      },
    );
  });
}

test("a pipe in the place of the file does not hang", async (t) => {
  const home = tempDir(t);
  assert.equal((await run(["mkfifo", join(home, "auth.json")])).code, 0);
  assert.throws(() => readStoredLogin(home), { state: "not a regular file" });
});

test("a file that others can read is noticed", (t) => {
  const home = tempDir(t);
  storeApiKey(home, key(KEY));
  assert.equal(readStoredLogin(home)?.isReadableByOthers, false);
  chmodSync(join(home, "auth.json"), 0o644);
  assert.equal(readStoredLogin(home)?.isReadableByOthers, true);
});
