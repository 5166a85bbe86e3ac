import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod/mini";
import { parsedCommandSchema } from "../../src/protocol/parsed-command.ts";
import { loadBashGrammar } from "../../src/shell/bash-grammar.ts";
import { parseCommand } from "../../src/shell/parse-command.ts";

const grammar = await loadBashGrammar();

/** Recorded from 0.23.0. */
const recorded = [
  [["bash", "-lc", "cat a.txt"], [{ Read: { cmd: "cat a.txt", name: "a.txt" } }]],
  [
    ["bash", "-lc", "sed -n 1,20p a.txt"],
    [{ Read: { cmd: "sed -n '1,20p' a.txt", name: "a.txt" } }],
  ],
  [["bash", "-lc", "head -n 5 a.txt"], [{ Read: { cmd: "head -n 5 a.txt", name: "a.txt" } }]],
  [["bash", "-lc", "tail -n +3 a.txt"], [{ Read: { cmd: "tail -n +3 a.txt", name: "a.txt" } }]],
  [["bash", "-lc", "nl -ba a.txt"], [{ Read: { cmd: "nl -ba a.txt", name: "a.txt" } }]],
  [["bash", "-lc", "rg foo"], [{ Search: { cmd: "rg foo", query: "foo", path: null } }]],
  [
    ["bash", "-lc", "rg -n foo sub"],
    [{ Search: { cmd: "rg -n foo sub", query: "foo", path: "sub" } }],
  ],
  [["bash", "-lc", "rg --files"], [{ Search: { cmd: "rg --files", query: null, path: null } }]],
  [
    ["bash", "-lc", "grep -R foo ."],
    [{ Search: { cmd: "grep -R foo .", query: "foo", path: "." } }],
  ],
  [
    ["bash", "-lc", 'find . -name "*.ts"'],
    [{ Search: { cmd: "find . -name '*.ts'", query: "*.ts", path: "." } }],
  ],
  [["bash", "-lc", "fd x"], [{ Search: { cmd: "fd x", query: "x", path: null } }]],
  [["bash", "-lc", "ls"], [{ ListFiles: { cmd: "ls", path: null } }]],
  [["bash", "-lc", "ls -la sub"], [{ ListFiles: { cmd: "ls -la sub", path: "sub" } }]],
  [["bash", "-lc", "git status"], [{ Unknown: { cmd: "git status" } }]],
  [["bash", "-lc", "cargo test"], [{ Test: { cmd: "cargo test" } }]],
  [["bash", "-lc", "npm test"], [{ Test: { cmd: "npm test" } }]],
  [["bash", "-lc", "pytest -q"], [{ Test: { cmd: "pytest -q" } }]],
  [["bash", "-lc", "eslint ."], [{ Lint: { cmd: "eslint .", tool: "eslint", targets: ["."] } }]],
  [
    ["bash", "-lc", "cargo fmt"],
    [{ Format: { cmd: "cargo fmt", tool: "cargo fmt", targets: null } }],
  ],
  [
    ["bash", "-lc", "prettier --check ."],
    [{ Format: { cmd: "prettier --check .", tool: "prettier", targets: ["."] } }],
  ],
  [
    ["bash", "-lc", "cd sub && ls"],
    [{ Unknown: { cmd: "cd sub" } }, { ListFiles: { cmd: "ls", path: null } }],
  ],
  [["bash", "-lc", "cat a.txt | wc -l"], [{ Read: { cmd: "cat a.txt", name: "a.txt" } }]],
  [["bash", "-lc", "true"], [{ Noop: { cmd: "true" } }]],
  [
    ["bash", "-lc", "echo done && cat a.txt"],
    [{ Unknown: { cmd: "echo done" } }, { Read: { cmd: "cat a.txt", name: "a.txt" } }],
  ],
  [
    ["bash", "-lc", "rg foo | head -n 3"],
    [{ Search: { cmd: "rg foo", query: "foo", path: null } }, { Unknown: { cmd: "head -n 3" } }],
  ],
  [["bash", "-lc", "python x.py"], [{ Unknown: { cmd: "python x.py" } }]],
  [["cat", "a.txt"], [{ Read: { cmd: "cat a.txt", name: "a.txt" } }]],
  [["rg", "foo"], [{ Search: { cmd: "rg foo", query: "foo", path: null } }]],
] as const;

test("commands are described as 0.23.0 described them", () => {
  assert.equal(recorded.length, 28);
  for (const [command, expected] of recorded) {
    assert.deepEqual(parseCommand(command, grammar), expected);
  }
});

function script(text: string): unknown {
  return parseCommand(["bash", "-lc", text], grammar);
}

test("a script that is not plain is one unknown part with its whole text", () => {
  for (const text of ["cat a.txt > b", "cat $X", "for f in a; do cat a; done", "cat a &", ""]) {
    assert.deepEqual(script(text), [{ Unknown: { cmd: text } }]);
  }
  assert.deepEqual(parseCommand([], grammar), [{ Unknown: { cmd: "" } }]);
  assert.deepEqual(parseCommand(["/bin/bash", "-lc", "ls"], grammar), [
    { Unknown: { cmd: "/bin/bash -lc ls" } },
  ]);
});

test("parts that only shape output, and parts that do nothing, are left out", () => {
  assert.deepEqual(script("rg --files | sort | uniq -c | head -5"), [
    { Search: { cmd: "rg --files", query: null, path: null } },
  ]);
  assert.deepEqual(script("cat a.txt | sed -n 1,5p || true"), [
    { Read: { cmd: "cat a.txt", name: "a.txt" } },
  ]);
  assert.deepEqual(script("true && true"), [{ Noop: { cmd: "true" } }]);
  assert.deepEqual(script("cat a.txt | sort -o b"), [
    { Read: { cmd: "cat a.txt", name: "a.txt" } },
    { Unknown: { cmd: "sort -o b" } },
  ]);
  assert.deepEqual(script("cat a.txt; wc -l"), [
    { Read: { cmd: "cat a.txt", name: "a.txt" } },
    { Unknown: { cmd: "wc -l" } },
  ]);
  assert.deepEqual(script("rg foo | tee out"), [
    { Search: { cmd: "rg foo", query: "foo", path: null } },
    { Unknown: { cmd: "tee out" } },
  ]);
});

test("options are told from operands", () => {
  const searches: readonly (readonly [string, string | null, string | null])[] = [
    ["rg -A3 -tpy foo src", "foo", "src"],
    ["rg -A 3 -g '*.ts' foo src", "foo", "src"],
    ["rg -e foo src", "foo", "src"],
    ["rg --regexp=foo src", "foo", "src"],
    ["rg -- -foo src", "-foo", "src"],
    ["rg --files src", null, "src"],
    ["grep -rn -m 1 foo .", "foo", "."],
    ["grep foo", "foo", null],
    ["find src -type f", null, "src"],
    ["find -name a", "a", null],
    ["find -L . -iname a", "a", "."],
    ["fd -e ts foo src", "foo", "src"],
  ];
  for (const [text, query, path] of searches) {
    const [entry] = parseCommand(["bash", "-c", text], grammar);
    assert.ok(entry !== undefined && "Search" in entry, text);
    assert.deepEqual([entry.Search.query, entry.Search.path], [query, path], text);
  }
  assert.deepEqual(script("cat -n src/deep/a.txt"), [
    { Read: { cmd: "cat -n src/deep/a.txt", name: "a.txt" } },
  ]);
  assert.deepEqual(script("cat a b"), [{ Unknown: { cmd: "cat a b" } }]);
  assert.deepEqual(script("sed -i s/a/b/ a"), [{ Unknown: { cmd: "sed -i s/a/b/ a" } }]);
});

test("the longest tool name wins", () => {
  assert.deepEqual(script("ruff format src"), [
    { Format: { cmd: "ruff format src", tool: "ruff format", targets: ["src"] } },
  ]);
  assert.deepEqual(script("ruff check"), [
    { Lint: { cmd: "ruff check", tool: "ruff check", targets: null } },
  ]);
  assert.deepEqual(script("npx eslint --fix src test"), [
    { Lint: { cmd: "npx eslint --fix src test", tool: "eslint", targets: ["src", "test"] } },
  ]);
  assert.deepEqual(script("python3 -m pytest -q"), [{ Test: { cmd: "python3 -m pytest -q" } }]);
});

test("every result has the wire form", () => {
  for (const argv of [
    ["ls"],
    ["bash", "-lc", "cargo fmt && eslint . ; pytest"],
    ["bash", "-lc", "("],
  ]) {
    z.parse(z.array(parsedCommandSchema), parseCommand(argv, grammar));
  }
});
