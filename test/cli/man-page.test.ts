import assert from "node:assert/strict";
import { test } from "node:test";

import { eachCommand } from "../../src/cli/command-spec.ts";
import { COMMAND_TABLE } from "../../src/cli/command-table.ts";
import { manPage } from "../../src/cli/man-page.ts";
import { run } from "../support/run.ts";
import { needsProgram } from "../support/skip-reasons.ts";

test(
  "groff shows the page without a warning, with every command and flag",
  { skip: needsProgram("groff") },
  async () => {
    const page = manPage(COMMAND_TABLE, "1.2.3");
    const format = ["groff", "-man", "-Tascii", "-ww", "-P-c", "-P-b", "-P-u", "-rLL=200n"];
    const { code, stdout, stderr } = await run(format, { stdin: page });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    for (const [path, spec] of eachCommand(COMMAND_TABLE)) {
      if (spec.isHidden === true) continue;
      assert.ok(stdout.includes(["codex", ...path].join(" ")), path.join(" "));
      for (const { long, isHidden } of spec.flags) {
        if (isHidden !== true) assert.ok(stdout.includes(long), long);
      }
    }
    for (const section of ["NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES"]) {
      assert.match(stdout, new RegExp(`^${section}$`, "m"));
    }
    assert.match(stdout, /codex - A coding agent for the terminal/);
  },
);

test("no text begins a line as a macro", () => {
  for (const line of manPage(COMMAND_TABLE, "1.2.3").split("\n")) {
    assert.doesNotMatch(line, /^['.](?!TH|SH|SS|PP|TP|B |br)/);
  }
});
