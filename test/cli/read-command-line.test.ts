/** The quick reader and commander are one parser to the user: they may never disagree. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";

import * as fc from "fast-check";

import { eachCommand, type FlagSpec } from "../../src/cli/command-spec.ts";
import { COMMAND_TABLE } from "../../src/cli/command-table.ts";
import { readWithCommander } from "../../src/cli/commander-program.ts";
import { type Invocation, UsageError } from "../../src/cli/invocation.ts";
import { readCommandLine } from "../../src/cli/read-command-line.ts";

interface Seen {
  readonly path: readonly string[];
  readonly flags: Readonly<Record<string, readonly string[]>>;
  readonly words: readonly string[];
}

function seen({ path, flags, words }: Invocation): Seen {
  return { path, flags: Object.fromEntries(flags), words };
}

function quick(words: readonly string[]): Seen | undefined {
  const invocation = readCommandLine(COMMAND_TABLE, words);
  return invocation === undefined ? undefined : seen(invocation);
}

function commander(words: readonly string[]): Seen | string {
  const reading = readWithCommander(COMMAND_TABLE, words, "1.2.3");
  return reading.kind === "run" ? seen(reading.invocation) : reading.text;
}

const lines: readonly (readonly [string, Seen])[] = [
  ["", { path: [], flags: {}, words: [] }],
  ["hello", { path: [], flags: {}, words: ["hello"] }],
  ["-m o3 hello", { path: [], flags: { "--model": ["o3"] }, words: ["hello"] }],
  ["hello -m o3", { path: [], flags: { "--model": ["o3"] }, words: ["hello"] }],
  ["-- exec", { path: [], flags: {}, words: ["exec"] }],
  ["-- -x", { path: [], flags: {}, words: ["-x"] }],
  ["e hello", { path: ["exec"], flags: {}, words: ["hello"] }],
  ["exec -", { path: ["exec"], flags: {}, words: ["-"] }],
  ["-m a exec -m b x", { path: ["exec"], flags: { "--model": ["b"] }, words: ["x"] }],
  [
    "-c a=1 exec -c b=2 -c c=3",
    { path: ["exec"], flags: { "--config": ["a=1", "b=2", "c=3"] }, words: [] },
  ],
  [
    "-s workspace-write -C /tmp debug landlock --full-auto ls -la --full-auto -- x",
    {
      path: ["debug", "landlock"],
      flags: { "--sandbox": ["workspace-write"], "--cd": ["/tmp"], "--full-auto": [] },
      words: ["ls", "-la", "--full-auto", "--", "x"],
    },
  ],
  [
    "debug -c a=1 landlock -c b=2 -- -x",
    { path: ["debug", "landlock"], flags: { "--config": ["a=1", "b=2"] }, words: ["-x"] },
  ],
  ["login status", { path: ["login", "status"], flags: {}, words: [] }],
  ["help debug landlock", { path: ["help"], flags: {}, words: ["debug", "landlock"] }],
  ["p --model=o3", { path: ["proto"], flags: { "--model": ["o3"] }, words: [] }],
];

suite("both readers", () => {
  for (const [line, expected] of lines) {
    test(`codex ${line}`, () => {
      const words = line.split(" ").filter((word) => word !== "");
      assert.deepEqual(quick(words), expected);
      assert.deepEqual(commander(words), expected);
    });
  }
});

suite("only commander", () => {
  const cases: readonly (readonly [string, Seen])[] = [
    ["-mo3 exec x", { path: ["exec"], flags: { "--model": ["o3"] }, words: ["x"] }],
    ["exec -m=o3", { path: ["exec"], flags: { "--model": ["o3"] }, words: [] }],
    ["login --api-key", { path: ["login"], flags: { "--api-key": [] }, words: [] }],
    ["login --api-key k", { path: ["login"], flags: { "--api-key": ["k"] }, words: [] }],
    ["login --api-key=", { path: ["login"], flags: { "--api-key": [""] }, words: [] }],
    ["-mo3 -- exec", { path: [], flags: { "--model": ["o3"] }, words: ["exec"] }],
  ];
  for (const [line, expected] of cases) {
    test(`codex ${line}`, () => {
      assert.equal(quick(line.split(" ")), undefined);
      assert.deepEqual(commander(line.split(" ")), expected);
    });
  }
});

const vocabulary = [
  ...new Set(
    [...eachCommand(COMMAND_TABLE)].flatMap(([, { name, aliases, flags }]) => [
      name,
      ...(aliases ?? []),
      ...flags.flatMap((flag) => [flag.long, ...(flag.short === undefined ? [] : [flag.short])]),
    ]),
  ),
  "--",
  "-",
  "--sandbox=read-only",
  "read-only",
  "never",
  "zsh",
  "a=1",
  "--json=1",
  "-mx",
  "prompt",
  "",
  "--help",
  "-h",
  "-V",
  "--unknown",
  "--model=",
  "-x",
];

test("whatever the quick reader reads, commander reads the same", () => {
  const words = fc.array(fc.constantFrom(...vocabulary), { maxLength: 6 });
  fc.assert(
    fc.property(words, (line) => {
      const result = outcome(() => quick(line));
      if (result !== undefined)
        assert.deepEqual(
          outcome(() => commander(line)),
          result,
        );
    }),
    { numRuns: 1500 },
  );
});

/** Refusals count as the same whatever their words: the quick reader only knows some of them. */
function outcome<T>(read: () => T): T | "refused" {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) return "refused";
    throw error;
  }
}

suite("every flag of every command", () => {
  for (const [path, spec] of eachCommand(COMMAND_TABLE)) {
    const { flags, arguments: argumentSpecs, isGroup = false } = spec;
    const operands = (argumentSpecs ?? [])
      .filter(({ isRequired }) => isRequired === true)
      .map(() => "word");
    for (const flag of isGroup ? [] : flags) flagTests(path, flag, operands);
  }
});

function flagTests(path: readonly string[], flag: FlagSpec, operands: readonly string[]): void {
  const name = `codex ${path.join(" ")} ${flag.long}`;
  const good = flag.choices?.[0] ?? "value";
  const given = flag.value === undefined ? [] : [good];

  test(`${name}: a good value`, () => {
    const expected = { path, flags: { [flag.long]: given }, words: operands };
    const names = flag.short === undefined ? [flag.long] : [flag.long, flag.short];
    for (const written of names) {
      assert.deepEqual(commander([...path, written, ...given, ...operands]), expected);
      if (flag.isValueOptional === true) continue;
      assert.deepEqual(quick([...path, written, ...given, ...operands]), expected);
    }
    if (flag.value === undefined) return;
    assert.deepEqual(commander([...path, `${flag.long}=${good}`, ...operands]), expected);
  });

  test(`${name}: misspelled`, () => {
    const wrong = `${flag.long}x`;
    assert.throws(() => commander([...path, wrong, ...given, ...operands]), {
      message:
        `Unknown option "${wrong}" for "${["codex", ...path].join(" ")}"` +
        `; did you mean "${flag.long}"?`,
    });
  });

  if (flag.value !== undefined && flag.isValueOptional !== true) {
    test(`${name}: no value, an empty one`, () => {
      assert.throws(() => commander([...path, flag.long]), /: expected a value, found none$/);
      if (flag.mayBeEmpty === true) return;
      assert.throws(() => commander([...path, flag.long, ""]), /found an empty one$/);
    });
  }

  if (flag.choices !== undefined) {
    test(`${name}: an unknown value`, () => {
      const { choices } = flag;
      assert.throws(
        () => commander([...path, flag.long, `${good}z`]),
        (error: unknown) => {
          assert.ok(error instanceof UsageError);
          for (const choice of choices ?? []) assert.ok(error.message.includes(choice));
          assert.ok(error.message.endsWith(`found "${good}z"; did you mean "${good}"?`));
          return true;
        },
      );
    });
  }

  for (const other of flag.conflicts ?? []) {
    test(`${name}: together with ${other}`, () => {
      const value = flag.value === undefined ? [] : ["value"]; // both have one, or neither
      const words = [...path, flag.long, ...given, other, ...value, ...operands];
      if (flag.isValueOptional !== true) {
        assert.throws(() => commander(words), /exclude each other$/);
      }
      assert.equal(outcome(() => quick(words)) ?? "refused", "refused");
    });
  }
}
