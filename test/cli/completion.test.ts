/** The completion scripts in the shells they are for. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";

import { bashCompletion } from "../../src/cli/completion-bash.ts";
import { elvishCompletion } from "../../src/cli/completion-elvish.ts";
import { fishCompletion } from "../../src/cli/completion-fish.ts";
import { completionCommands } from "../../src/cli/completion-model.ts";
import { powershellCompletion } from "../../src/cli/completion-powershell.ts";
import { zshCompletion } from "../../src/cli/completion-zsh.ts";
import { COMMAND_TABLE } from "../../src/cli/command-table.ts";
import { fixture } from "../support/codex-binary.ts";
import { run } from "../support/run.ts";
import { needsProgram } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";

const COMMANDS = [
  "exec",
  "resume",
  "demo",
  "login",
  "logout",
  "mcp",
  "mcp-servers",
  "proto",
  "acp",
  "completion",
  "debug",
  "config",
  "apply",
  "help",
];
const MODES = ["read-only", "workspace-write", "danger-full-access"];

/** The line before the cursor, and what is proposed there. */
const proposals: readonly (readonly [string, readonly string[]])[] = [
  ["codex ", COMMANDS],
  ["codex ex", ["exec"]],
  ["codex -m o3 ex", ["exec"]],
  ["codex exec --sandbox ", MODES],
  ["codex e -s w", ["workspace-write"]],
  ["codex exec --color=a", ["always", "auto"]],
  ["codex --color=a", ["always", "auto"]],
  ["codex resume --color n", ["never"]],
  ["codex -a on-", ["on-failure", "on-request"]],
  ["codex exec --js", ["--json"]],
  ["codex exec hello --js", ["--json"]],
  ["codex exec hello --sandbox d", ["danger-full-access"]],
  ["codex hello --mod", ["--model"]],
  ["codex exec re", ["resume"]],
  ["codex exec resume --la", ["--last"]],
  ["codex exec -m gpt-oss:1", ["gpt-oss:120b"]],
  ["codex -m gpt-oss:20b logi", ["login"]],
  ["codex completion ", ["bash", "elvish", "fish", "powershell", "zsh"]],
  ["codex login ", ["status"]],
  ["codex debug ", ["landlock", "seatbelt"]],
  ["codex -s read-only debug landlock --fu", ["--full-auto"]],
  ["codex debug landlock ./to", ["./tool.sh"]],
  ["codex debug landlock ls inn", ["inner.txt"]],
  ["codex exec -i inn", ["inner.txt"]],
  ["codex exec --output-last-message inn", ["inner.txt"]],
  ["codex -C s", ["sub"]],
  ["codex help deb", ["debug"]],
  ["codex exec -p ", []],
];

/** A directory with files to propose. */
function workspace(t: TestContext): string {
  const directory = tempDir(t);
  mkdirSync(join(directory, "sub"));
  writeFileSync(join(directory, "inner.txt"), "");
  writeFileSync(join(directory, "sub.txt"), "");
  writeFileSync(join(directory, "tool.sh"), "#!/bin/sh\n", { mode: 0o755 });
  return directory;
}

function sorted(lines: readonly string[]): string[] {
  return [...new Set(lines.map((line) => line.replace(/\/$/, "")))].toSorted();
}

suite("bash", { skip: needsProgram("bash") }, () => {
  // As bash splits a line: at blanks, and at each of : and =.
  const driver = `
source "$1"
COMP_WORDS=(); shift
while (($# > 0)); do COMP_WORDS+=("$1"); shift; done
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_codex
printf '%s\\n' "\${COMPREPLY[@]}"
`;
  for (const [line, expected] of proposals) {
    test(line, async (t) => {
      const cwd = workspace(t);
      const script = join(cwd, "..", `${cwd.split("/").at(-1)}.bash`);
      writeFileSync(script, bashCompletion(COMMAND_TABLE));
      t.after(() => run(["rm", "-f", script]));
      const words = line.split(/ |(?=[:=])|(?<=[:=])/);
      const { code, stdout, stderr } = await run(
        ["bash", "--norc", "-c", driver, "bash", script, ...words],
        { cwd },
      );
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      // bash puts in place only the part behind the last colon.
      const colon = words.at(-2) === ":" ? "gpt-oss:" : "";
      const lines = stdout.split("\n").filter((each) => each !== "");
      assert.deepEqual(sorted(lines.map((each) => `${colon}${each}`)), sorted(expected));
    });
  }

  test("the function is registered for codex", async () => {
    const command = `${bashCompletion(COMMAND_TABLE)}\ncomplete -p codex`;
    const { stdout } = await run(["bash", "--norc", "-c", command]);
    assert.equal(stdout, "complete -F _codex codex\n");
  });
});

suite("zsh", { skip: needsProgram("zsh") }, () => {
  for (const [line, expected] of proposals) {
    test(line, async (t) => {
      const functions = tempDir(t);
      writeFileSync(join(functions, "_codex"), zshCompletion(COMMAND_TABLE));
      const { code, stdout, stderr } = await run(
        ["zsh", "-f", fixture("capture-completion.zsh"), functions, line],
        { cwd: workspace(t), env: { ...process.env, TERM: "dumb" } },
      );
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      const lines = stdout.split(/\r?\n/).filter((each) => each !== "");
      // For a path, zsh is given the part behind the last slash.
      const wanted = expected.map((word) => word.replace("./", ""));
      assert.deepEqual(sorted(lines), sorted(wanted));
    });
  }

  test("sourcing it registers it", async (t) => {
    const script = join(tempDir(t), "codex.zsh");
    writeFileSync(script, zshCompletion(COMMAND_TABLE));
    const command = `autoload -U compinit; compinit -u -D; source ${script}; print $_comps[codex]`;
    const { stdout, stderr } = await run(["zsh", "-f", "-c", command]);
    assert.deepEqual({ stdout, stderr }, { stdout: "_codex\n", stderr: "" });
  });
});

suite("fish", { skip: needsProgram("fish") }, () => {
  for (const [line, expected] of proposals) {
    test(line, async (t) => {
      const home = tempDir(t);
      const script = join(home, "codex.fish");
      writeFileSync(script, fishCompletion(COMMAND_TABLE));
      const { code, stdout, stderr } = await run(
        ["fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", script, line],
        { cwd: workspace(t), env: { ...process.env, HOME: home } },
      );
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      const lines = stdout.split("\n").filter((each) => each !== "");
      const words = lines.map((each) => (each.split("\t")[0] ?? "").replace(/^--\w+=/, ""));
      assert.deepEqual(sorted(words), sorted(expected));
    });
  }
});

suite("shells that are not at hand", () => {
  const scripts = {
    powershell: powershellCompletion(COMMAND_TABLE),
    elvish: elvishCompletion(COMMAND_TABLE),
  };
  for (const [shell, script] of Object.entries(scripts)) {
    test(`${shell} knows every command, flag and value`, () => {
      for (const { path, flags } of completionCommands(COMMAND_TABLE)) {
        assert.ok(script.includes(`'${path}'`), path);
        for (const { long, choices } of flags) {
          for (const word of [long, ...(choices ?? [])]) {
            assert.ok(script.includes(`'${word}'`), word);
          }
        }
      }
    });
  }
});
