/** The README tells the exit codes that `codex exec` has, and no others. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { COMMAND_TABLE } from "../../src/cli/command-table.ts";
import { EXIT, EXIT_CODE_MEANINGS } from "../../src/exec-mode/exit-code.ts";

test("the README has the exit codes of exec, as the help page has them", () => {
  const readme = readFileSync(join(dirname(dirname(import.meta.dirname)), "README.md"), "utf8");
  const section = readme.split("## Exit codes of `codex exec`")[1]?.split("\n## ")[0] ?? "";
  const rows = section.matchAll(/^\| (\d+) \| (.*) \|$/gmu);
  assert.deepEqual(
    [...rows].map(([, code, meaning]) => [Number(code), meaning?.replaceAll("`", "")]),
    EXIT_CODE_MEANINGS,
  );
  const codes = EXIT_CODE_MEANINGS.map(([code]) => code);
  assert.deepEqual(codes, Object.values(EXIT));
  const exec = COMMAND_TABLE.commands?.find(({ name }) => name === "exec");
  const help = EXIT_CODE_MEANINGS.map(([code, meaning]) => `${code} ${meaning}`).join(", ");
  assert.equal(exec?.exitCodes, help);
});
