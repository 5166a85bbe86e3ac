import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);

function startFlags(): readonly string[] {
  const config: unknown = JSON.parse(readFileSync(new URL("sea-config.json", root), "utf8"));
  assert.ok(typeof config === "object" && config !== null && "execArgv" in config);
  assert.ok(Array.isArray(config.execArgv));
  return config.execArgv.map(String);
}

// Texts of one length: V8 takes the cache of one for another, but keeps what it compiled itself.
const script = `
  import { Script } from "node:vm";
  import { currentFlagHash, withFlagHash } from "./src/runtime/chunks.ts";
  import { setV8Flags } from "./src/runtime/v8-flags.ts";
  const cache = new Script("(() => 0)").createCachedData();
  const rejected = (text, cachedData) => new Script(text, { cachedData }).cachedDataRejected;
  const before = rejected("(() => 1)", cache);
  setV8Flags("--rehash-snapshot", "--no-maglev");
  const plain = rejected("(() => 2)", cache);
  const told = rejected("(() => 3)", withFlagHash(cache, currentFlagHash()));
  setV8Flags("--no-turbofan");
  const toldAgain = rejected("(() => 4)", withFlagHash(cache, currentFlagHash()));
  console.log(JSON.stringify({ before, plain, told, toldAgain }));
`;

test("V8 refuses a cache after its flags changed, and takes it with their hash in it", () => {
  const words = [...startFlags(), "--input-type=module", "-e", script];
  const output = execFileSync(process.execPath, words, { cwd: root, encoding: "utf8" });
  assert.deepEqual(JSON.parse(output), {
    before: false,
    plain: true,
    told: false,
    toldAgain: false,
  });
});
