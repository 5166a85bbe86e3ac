/** What is said about command lines that codex does not have, and the help pages. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { eachCommand } from "../../src/cli/command-spec.ts";
import { COMMAND_TABLE } from "../../src/cli/command-table.ts";
import { helpText, readWithCommander } from "../../src/cli/commander-program.ts";
import { UsageError } from "../../src/cli/invocation.ts";

function read(words: readonly string[]) {
  return readWithCommander(COMMAND_TABLE, words, "1.2.3");
}

suite("refusals", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["--modle x", "", 'Unknown option "--modle" for "codex"; did you mean "--model"?'],
    ["exec --zzzzzzzz", "exec", 'Unknown option "--zzzzzzzz" for "codex exec"'],
    ["exec -x", "exec", 'Unknown option "-x" for "codex exec"'],
    [
      "exec -a on-request",
      "exec",
      'Option "-a, --ask-for-approval <POLICY>": expected never, found "on-request"',
    ],
    ["debug", "debug", '"codex debug" needs a command: landlock, seatbelt'],
    ["config", "config", '"codex config" needs a command: check'],
    ["debug landlok ls", "debug", 'Unknown command "landlok"; did you mean "landlock"?'],
    ["debug x", "debug", 'Unknown command "x"; there are landlock, seatbelt'],
    ["debug landlock", "debug landlock", 'Missing argument COMMAND for "codex debug landlock"'],
    ["apply", "apply", 'Missing argument TASK_ID for "codex apply"'],
    ["login statsu", "login", 'Unknown command "statsu"; did you mean "status"?'],
    ["logni x", "", 'Unknown command "logni"; did you mean "login"?'],
    [
      "fix the bug",
      "",
      'Too many arguments for "codex": expected at most 1, found 3; put a prompt of several words in quotes',
    ],
    [
      "exec a b",
      "exec",
      'Too many arguments for "codex exec": expected at most 1, found 2; put a prompt of several words in quotes',
    ],
    ["logout now", "logout", 'Too many arguments for "codex logout": expected none, found 1'],
    [
      "completion tcsh",
      "completion",
      'SHELL: expected one of bash, elvish, fish, powershell, zsh, found "tcsh"',
    ],
    [
      "completion zhs",
      "completion",
      'SHELL: expected one of bash, elvish, fish, powershell, zsh, found "zhs"; did you mean "zsh"?',
    ],
    ["-m x login", "login", 'Option "--model" has no meaning for "codex login"'],
    [
      "-a on-failure exec x",
      "exec",
      'Option "-a, --ask-for-approval <POLICY>": expected never, found "on-failure"',
    ],
    [
      "--full-auto exec --dangerously-bypass-approvals-and-sandbox",
      "exec",
      'Options "--full-auto" and "--dangerously-bypass-approvals-and-sandbox" exclude each other',
    ],
    [
      "-s read-only exec --full-auto x",
      "exec",
      'Option "--full-auto" means "--sandbox workspace-write", so it excludes "--sandbox read-only"',
    ],
    [
      "debug landlock --dangerously-bypass-approvals-and-sandbox -s read-only true",
      "debug landlock",
      'Option "--dangerously-bypass-approvals-and-sandbox" means "--sandbox danger-full-access", so it excludes "--sandbox read-only"',
    ],
    [
      "exec --json=yes",
      "exec",
      'Unknown option "--json=yes" for "codex exec"; did you mean "--json"?',
    ],
  ];
  for (const [line, path, message] of cases) {
    test(`codex ${line}`, () => {
      assert.throws(
        () => read(line.split(" ")),
        (error: unknown) => {
          assert.ok(error instanceof UsageError);
          assert.deepEqual(
            { path: error.path.join(" "), message: error.message },
            { path, message },
          );
          return true;
        },
      );
    });
  }
});

suite("help", () => {
  for (const [path, spec] of eachCommand(COMMAND_TABLE)) {
    test(`codex ${path.join(" ")}`, () => {
      const text = helpText(COMMAND_TABLE, path, "1.2.3");
      assert.ok(text.includes(`\nExample:\n  ${spec.example}\n`), text);
      // A long list has a line for each code, and no commas.
      const words = (line: string) => line.split(/[\s,]+/).filter((word) => word !== "");
      const codes = text.slice(text.indexOf("\nExit codes:"));
      assert.deepEqual(words(codes), words(`Exit codes: ${spec.exitCodes}`));
      const lines = codes.trimEnd().split("\n").slice(2);
      for (const line of lines) assert.match(line, /^ {2}\d+ /u);
      for (const flag of spec.flags) assert.equal(text.includes(flag.long), flag.isHidden !== true);
      for (const width of text.split("\n").map((line) => line.length)) assert.ok(width <= 110);
      for (const flag of ["--help", "-h"]) {
        assert.deepEqual(read([...path, flag]), { kind: "text", text });
      }
    });
  }

  test("aliases have the same page, and there is none for what does not exist", () => {
    assert.equal(helpText(COMMAND_TABLE, ["e"], "1"), helpText(COMMAND_TABLE, ["exec"], "1"));
    assert.throws(() => helpText(COMMAND_TABLE, ["debug", "seatbel"], "1"), {
      message: 'Unknown command "seatbel"; did you mean "seatbelt"?',
    });
  });

  test("the version", () => {
    const expected = { kind: "text", text: "codex-cli 1.2.3\n" };
    for (const line of ["--version", "-V", "exec --version", "-m x -V"]) {
      assert.deepEqual(read(line.split(" ")), expected);
    }
  });
});
