import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import {
  cmdArguments,
  encodedPowerShell,
  powerShellCommand,
  quoteForCmd,
  quoteForPowerShell,
  quoteWindowsWord,
  windowsCommandLine,
  WindowsQuotingError,
} from "../../src/process/windows-quoting.ts";

/**
 * What a program finds in argv, by the C runtime's documented rules: 2n backslashes and a quote are
 * n backslashes and a bracket, 2n+1 are n and a quote; a doubled quote inside is one quote.
 */
function splitWindowsCommandLine(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let isQuoted = false;
  for (let at = 0; at < line.length;) {
    const slashes = /^\\*/.exec(line.slice(at))?.[0].length ?? 0;
    at += slashes;
    const sign = line[at];
    if (sign === '"') {
      word = (word ?? "") + "\\".repeat(Math.floor(slashes / 2));
      if (slashes % 2 === 1) word += '"';
      else if (isQuoted && line[at + 1] === '"') {
        word += '"';
        at += 1;
      } else isQuoted = !isQuoted;
      at += 1;
      continue;
    }
    if (slashes > 0) word = (word ?? "") + "\\".repeat(slashes);
    if (sign === undefined) break;
    if (!isQuoted && /[ \t\n\r\v\f]/.test(sign)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + sign;
    at += 1;
  }
  if (word !== undefined) words.push(word);
  return words;
}

const signs = "ab \t\"\\'%^&|<>()!;,=`$-/:.é".split("");
const word = fc.string({ unit: fc.constantFrom(...signs), maxLength: 12 });

test("words come back from a command line as they were", () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (argv) => {
      assert.deepEqual(splitWindowsCommandLine(windowsCommandLine(argv)), argv);
    }),
    { numRuns: 2000 },
  );
});

test("only what needs quotes gets them", () => {
  const table = [
    ["plain", "plain"],
    ["", '""'],
    ["a b", '"a b"'],
    ["a\\b", "a\\b"],
    ["a b\\", '"a b\\\\"'],
    ['a"b', '"a\\"b"'],
    ['a\\"b', '"a\\\\\\"b"'],
    ["C:\\Program Files\\x", '"C:\\Program Files\\x"'],
  ] as const;
  assert.deepEqual(
    table.map(([given]) => quoteWindowsWord(given)),
    table.map(([, expected]) => expected),
  );
});

test("cmd.exe sees quotes around every sign of its own, and no variable", () => {
  const table = [
    ["plain.exe", "plain.exe"],
    ["", '""'],
    ["a&calc", '"a&calc"'],
    ["a|b<c>d^e", '"a|b<c>d^e"'],
    ["%PATH%", '"%%cd:~,%PATH%%cd:~,%"'],
    ['"&calc', '"""&calc"'],
    ["dir\\", '"dir\\\\"'],
    ["!x!", '"!x!"'],
  ] as const;
  assert.deepEqual(
    table.map(([given]) => quoteForCmd(given)),
    table.map(([, expected]) => expected),
  );
  for (const bad of ["a\nb", "a\rb", "a\0b"]) {
    assert.throws(() => quoteForCmd(bad), WindowsQuotingError);
  }
});

test("outside of quotes cmd.exe finds nothing that it would act on", () => {
  fc.assert(
    fc.property(word, (given) => {
      const quoted = quoteForCmd(given);
      // cmd.exe toggles at every quote and knows no escape inside.
      const outside = quoted.split('"').filter((_part, index) => index % 2 === 0);
      assert.doesNotMatch(outside.join(""), /[&|<>()^%!;,=\s]/);
      // Each percent sign of the word is a literal one and an empty piece of %cd%.
      assert.equal(quoted.replaceAll("%%cd:~,%", "").includes("%"), false);
      const [back] = splitWindowsCommandLine(quoted.replaceAll("%%cd:~,%", "%"));
      assert.equal(back ?? "", given);
    }),
    { numRuns: 2000 },
  );
});

test("the arguments of cmd.exe turn off what would read the words otherwise", () => {
  assert.deepEqual(cmdArguments(["C:\\a b\\x.bat", "1"]), [
    "/d",
    "/e:ON",
    "/v:OFF",
    "/s",
    "/c",
    '""C:\\a b\\x.bat" 1"',
  ]);
});

test("PowerShell reads words literally, typographic quotes too", () => {
  assert.equal(quoteForPowerShell("a'b"), "'a''b'");
  assert.equal(
    quoteForPowerShell("a\u2019b\u2018c\u201ad\u201be"),
    "'a\u2019\u2019b\u2018\u2018c\u201a\u201ad\u201b\u201be'",
  );
  assert.equal(quoteForPowerShell('$(calc) `n "x"\n;'), "'$(calc) `n \"x\"\n;'");
  assert.equal(powerShellCommand(["C:\\a b\\x.exe", "it's"]), "& 'C:\\a b\\x.exe' 'it''s'");
  assert.equal(encodedPowerShell("é"), "6QA=");
});
