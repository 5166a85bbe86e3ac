import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { loadBashGrammar } from "../../src/shell/bash-grammar.ts";
import type { ShellName } from "../../src/shell/plain-words.ts";
import { findScript, splitCommand, splitScript } from "../../src/shell/split-words.ts";

const grammar = await loadBashGrammar();

/** Words of every command, the joint before it first. */
function split(
  script: string,
  shell: ShellName = "bash",
): readonly (readonly string[])[] | undefined {
  return splitScript(script, shell, grammar)?.map((command) => [
    command.joint ?? "",
    ...command.words.map((word) => word.text),
  ]);
}

test("words are what bash will see", () => {
  assert.deepEqual(split(`ls "a b" 'c  d' e\\ f "q\\"\\\\\\d" '' 12 ~/x`), [
    ["", "ls", "a b", "c  d", "e f", 'q"\\\\d', "", "12", "~/x"],
  ]);
  assert.deepEqual(split("a && b || c | d; e\nf\n\n"), [
    ["", "a"],
    ["&&", "b"],
    ["||", "c"],
    ["|", "d"],
    [";", "e"],
    [";", "f"],
  ]);
});

test("expansions are kept apart from text", () => {
  const [command] =
    splitScript(`ls *.ts '*.ts' \\*.ts a[bc]d?e.ts ~/x ~ "~" a~`, "bash", grammar) ?? [];
  assert.deepEqual(
    command?.words.map((word) => word.expansion),
    [
      { kind: "none" },
      { kind: "glob", prefix: "", suffix: ".ts" },
      { kind: "none" },
      { kind: "none" },
      { kind: "glob", prefix: "a", suffix: "e.ts" },
      { kind: "tilde" },
      { kind: "tilde" },
      { kind: "none" },
      { kind: "none" },
    ],
  );
});

test("a script is found behind a shell's bare name and exactly -c or -lc", () => {
  assert.deepEqual(findScript(["bash", "-lc", "ls"]), { shell: "bash", script: "ls" });
  assert.deepEqual(findScript(["zsh", "-c", ""]), { shell: "zsh", script: "" });
  for (const argv of [
    ["bash"],
    ["bash", "-c"],
    ["bash", "-c", "ls", "x"],
    ["/bin/sh", "-c", "ls"],
  ]) {
    assert.equal(findScript(argv), undefined);
  }
  assert.equal(splitCommand([], grammar), undefined);
  assert.deepEqual(splitCommand(["ls", "$HOME *"], grammar), [
    {
      joint: undefined,
      words: ["ls", "$HOME *"].map((text) => ({
        text,
        expansion: { kind: "none" },
        quoted: false,
      })),
    },
  ]);
});

const marker = "\u0002"; // between commands, in what the shells print

/** Pieces that are plain, nearly plain, and not plain at all. */
const piece = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "a",
      "-l",
      "x=y",
      "1",
      "b/c.ts",
      "--k=v",
      "@",
      "%",
      "+",
      "^",
      "a#b",
      ":",
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "'s q'",
      '"d q"',
      '"a\\"b"',
      '"\\x"',
      "e\\ f",
      "\\'",
      '\\"',
      "''",
      '""',
      "\\$",
      "\\\\",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "~",
      "~/a",
      "*",
      "a*",
      "[ab]",
      "?",
      "a~",
      "!",
      "!x",
      "]",
      "a]b",
      "[",
      "-",
      "--",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "#c",
      "{a,b}",
      "$x",
      '"$x"',
      "`e`",
      "$'a'",
      '$"a"',
      "a'b'",
      ">",
      "<",
      "&",
      "(",
      "=",
      "if",
      "\\\n",
      "\r",
      "\u00a0",
      "é",
      "'é'",
      "\v",
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 4 }) },
);
const joint = fc.constantFrom(
  " ",
  " ",
  " ",
  "  ",
  "\t",
  " ; p ",
  " && p ",
  "\np ",
  " | p ",
  ";p ",
  "",
  "\n",
  ";",
  "|",
);
const scriptArbitrary = fc
  .array(fc.tuple(joint, piece), { maxLength: 6 })
  .map((parts) => `p ${parts.map(([before, word]) => before + word).join("")}`);

const shells = ["bash", "dash", "zsh"] as const;

for (const shell of shells) {
  const path = `/usr/bin/${shell}`;
  const skip = existsSync(path) ? false : `${path} is not installed`;
  test(`${shell} sees the words that we see`, { skip }, () => {
    const empty = mkdtempSync(join(tmpdir(), "split-words-"));
    try {
      // A batch per start: each script in its own subshell, by eval, in a directory without files.
      const scripts = fc.sample(scriptArbitrary, { numRuns: 1_500, seed: 20_260 });
      const plain = scripts.flatMap((script) => {
        const commands = split(script, shell === "dash" ? "sh" : shell);
        const only = commands?.every(
          (words) => words[1] === "p" && words[0] !== "|" && words[0] !== "||",
        );
        return commands !== undefined && only === true ? [{ script, commands }] : [];
      });
      assert.ok(plain.length > 150, `only ${plain.length} plain scripts`);
      const seen = wordsSeenBy(
        path,
        empty,
        plain.map(({ script }) => script),
      );
      assert.deepEqual(
        seen,
        plain.map(({ script, commands }) => ({
          script,
          commands: commands.map((words) => words.slice(2).map(expandHome)),
        })),
      );
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
}

function expandHome(word: string): string {
  return word === "~" || word.startsWith("~/") ? `/home/someone${word.slice(1)}` : word;
}

interface Seen {
  readonly script: string;
  readonly commands: readonly (readonly string[])[];
}

function wordsSeenBy(shell: string, cwd: string, scripts: readonly string[]): readonly Seen[] {
  const options = shell.endsWith("zsh") ? "setopt no_nomatch no_bad_pattern\n" : "";
  const define = `${options}p() { for w in "$@"; do printf '%s\\0' "$w"; done; printf '\\002\\0'; }\n`;
  const evals = scripts.map((script) => `(eval ${singleQuote(script)}); printf '\\003\\0'`);
  const result = spawnSync(shell, ["-c", define + evals.join("\n")], {
    cwd,
    env: { HOME: "/home/someone", LANG: "C.UTF-8" },
    encoding: "utf8",
    timeout: 30_000,
    maxBuffer: 1 << 26,
  });
  const perScript = result.stdout.split("\u0003\0").slice(0, -1);
  return perScript.map((text, index) => ({
    script: scripts[index] ?? "",
    commands: text
      .split(`${marker}\0`)
      .slice(0, -1)
      .map((words) => words.split("\0").slice(0, -1)),
  }));
}

function singleQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
