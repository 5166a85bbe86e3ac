/**
 * The tests' own evaluator against the documented meaning of the profile language: small profiles
 * written for it, each with what a Mac would answer. What it proves about our profile rests on this.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { compileProfile, decide, SbplError, type Question } from "../support/sbpl-evaluator.ts";
import { parseSbpl, SbplSyntaxError } from "../support/sbpl-parser.ts";

const write = (path: string): Question => ({ operation: "file-write-data", path });
const unlink = (path: string): Question => ({ operation: "file-write-unlink", path });
const parameters = new Map([
  ["ROOT", "/w"],
  ["INNER", "/w/in"],
  ["ODD", "/w/a+b (1).x"],
]);

interface Row {
  readonly rules: string;
  readonly question: Question;
  readonly oneOrder: "allow" | "deny";
  /** Where the other reading of the order of rules answers differently. */
  readonly ownFirst?: "allow" | "deny";
}

const table: readonly Row[] = [
  { rules: "(deny default)", question: write("/w/x"), oneOrder: "deny" },
  { rules: "(allow default)", question: write("/w/x"), oneOrder: "allow" },
  // The last rule that matches decides, whatever stood before it.
  { rules: "(deny default) (allow file-write*)", question: write("/w"), oneOrder: "allow" },
  {
    rules: "(deny default) (allow file-write*) (deny file-write*)",
    question: write("/w"),
    oneOrder: "deny",
  },
  {
    rules: "(deny default) (deny file-write*) (allow file-write*)",
    question: write("/w"),
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (subpath "/w")) (deny file-write* (subpath "/w/in"))',
    question: write("/w/in/x"),
    oneOrder: "deny",
  },
  {
    rules: '(deny default) (deny file-write* (subpath "/w/in")) (allow file-write* (subpath "/w"))',
    question: write("/w/in/x"),
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (subpath "/w")) (deny file-write* (subpath "/w/in"))',
    question: write("/w/out"),
    oneOrder: "allow",
  },
  // A default at the end takes everything back, unless own rules go first.
  {
    rules: "(allow file-write*) (deny default)",
    question: write("/w"),
    oneOrder: "deny",
    ownFirst: "allow",
  },
  {
    rules: '(deny default) (deny file-write-unlink (literal "/w")) (allow file-write*)',
    question: unlink("/w"),
    oneOrder: "allow",
    ownFirst: "deny",
  },
  {
    rules: '(deny default) (allow file-write*) (deny file-write-unlink (literal "/w"))',
    question: unlink("/w"),
    oneOrder: "deny",
  },
  {
    rules: '(deny default) (allow file-write*) (deny file-write-unlink (literal "/w"))',
    question: unlink("/w/x"),
    oneOrder: "allow",
  },
  // Families: a star covers what begins alike, and nothing else.
  { rules: "(deny default) (allow file-read*)", question: write("/w"), oneOrder: "deny" },
  { rules: "(deny default) (allow file*)", question: write("/w"), oneOrder: "allow" },
  {
    rules: "(deny default) (allow file-write*)",
    question: { operation: "file-link", path: "/w" },
    oneOrder: "deny",
  },
  {
    rules: "(deny default) (allow file-write*)",
    question: { operation: "file-ioctl", path: "/w" },
    oneOrder: "deny",
  },
  {
    rules: "(deny default) (allow network*)",
    question: { operation: "network-bind" },
    oneOrder: "allow",
  },
  {
    rules: "(deny default) (allow network*)",
    question: { operation: "system-socket" },
    oneOrder: "deny",
  },
  {
    rules: "(deny default) (allow network-outbound network-inbound)",
    question: { operation: "network-inbound" },
    oneOrder: "allow",
  },
  // Several filters of one rule: one of them is enough.
  {
    rules: '(deny default) (allow file-write* (literal "/a") (literal "/b"))',
    question: write("/b"),
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (literal "/a") (literal "/b"))',
    question: write("/c"),
    oneOrder: "deny",
  },
  // Paths.
  {
    rules: '(deny default) (allow file-write* (literal "/w"))',
    question: write("/w/x"),
    oneOrder: "deny",
  },
  {
    rules: '(deny default) (allow file-write* (path "/w"))',
    question: write("/w"),
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (subpath "/w"))',
    question: write("/w"),
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (subpath "/w"))',
    question: write("/w/x/y"),
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (subpath "/w"))',
    question: write("/wide"),
    oneOrder: "deny",
  },
  {
    rules: '(deny default) (allow file-write* (subpath "/"))',
    question: write("/anything"),
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (regex #"^/w/[0-9]+$"))',
    question: write("/w/12"),
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (regex #"^/w/[0-9]+$"))',
    question: write("/w/12x"),
    oneOrder: "deny",
  },
  {
    rules: '(deny default) (allow file-write* (regex #"/w/"))',
    question: write("/a/w/b"),
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (regex "^/a\\\\.b$"))',
    question: write("/aXb"),
    oneOrder: "deny",
  },
  {
    rules: '(deny default) (allow file-write* (regex #"^/a.b$"))',
    question: write("/a\nb"),
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (subpath (param "ROOT")))',
    question: write("/w/x"),
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (subpath (param "INNER")))',
    question: write("/w/x"),
    oneOrder: "deny",
  },
  {
    rules:
      '(deny default) (allow file-write* (regex (string-append "^" (regex-quote (param "ODD")) "/y$")))',
    question: write("/w/a+b (1).x/y"),
    oneOrder: "allow",
  },
  {
    rules:
      '(deny default) (allow file-write* (regex (string-append "^" (regex-quote (param "ODD")) "/y$")))',
    question: write("/w/aab (1).x/y"),
    oneOrder: "deny",
  },
  // Combinations.
  {
    rules:
      '(deny default) (allow file-write* (require-all (subpath "/w") (require-not (subpath "/w/in"))))',
    question: write("/w/in/x"),
    oneOrder: "deny",
  },
  {
    rules:
      '(deny default) (allow file-write* (require-all (subpath "/w") (require-not (subpath "/w/in"))))',
    question: write("/w/inner"),
    oneOrder: "allow",
  },
  {
    rules:
      '(deny default) (allow file-write* (require-any (literal "/a") (require-not (subpath "/w"))))',
    question: write("/b"),
    oneOrder: "allow",
  },
  {
    rules:
      '(deny default) (allow file-write* (require-all (subpath "/w") (require-not (subpath "/w/in"))) (subpath "/w/in/deep"))',
    question: write("/w/in/deep/x"),
    oneOrder: "allow",
  },
  {
    rules:
      '(deny default) (allow file-write-data (require-all (literal "/dev/null") (vnode-type CHARACTER-DEVICE)))',
    question: { ...write("/dev/null"), vnodeType: "CHARACTER-DEVICE" },
    oneOrder: "allow",
  },
  {
    rules:
      '(deny default) (allow file-write-data (require-all (literal "/dev/null") (vnode-type CHARACTER-DEVICE)))',
    question: { ...write("/dev/null"), vnodeType: "REGULAR-FILE" },
    oneOrder: "deny",
  },
  {
    rules: '(deny default) (allow file-write* (extension "mark"))',
    question: { ...write("/w"), extensions: ["mark"] },
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (extension "mark"))',
    question: write("/w"),
    oneOrder: "deny",
  },
  {
    rules: "(allow default) (deny file-ioctl (ioctl-command 7))",
    question: { operation: "file-ioctl", path: "/dev/tty", command: 7 },
    oneOrder: "deny",
  },
  {
    rules: "(allow default) (deny file-ioctl (ioctl-command 7))",
    question: { operation: "file-ioctl", path: "/dev/tty", command: 8 },
    oneOrder: "allow",
  },
  {
    rules: "(deny default) (allow signal (target self))",
    question: { operation: "signal", target: "same-sandbox" },
    oneOrder: "deny",
  },
  {
    rules: "(deny default) (allow signal (target same-sandbox))",
    question: { operation: "signal", target: "self" },
    oneOrder: "allow",
  },
  {
    rules: "(deny default) (allow signal (target same-sandbox))",
    question: { operation: "signal", target: "others" },
    oneOrder: "deny",
  },
  {
    rules: '(deny default) (allow mach-lookup (global-name "a.b"))',
    question: { operation: "mach-lookup", objectName: "a.b" },
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow sysctl-read (sysctl-name-prefix "hw."))',
    question: { operation: "sysctl-read", objectName: "hw.ncpu" },
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow sysctl-read (sysctl-name "hw."))',
    question: { operation: "sysctl-read", objectName: "hw.ncpu" },
    oneOrder: "deny",
  },
  {
    rules: '(deny default) (allow network-outbound (remote ip "localhost:*"))',
    question: { operation: "network-outbound", address: "localhost:80" },
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow network-outbound (remote ip "localhost:*"))',
    question: { operation: "network-outbound", address: "example.org:80" },
    oneOrder: "deny",
  },
  {
    rules: '(deny default) (allow network-outbound (remote tcp "*:443"))',
    question: { operation: "network-outbound", address: "/var/run/x" },
    oneOrder: "deny",
  },
  {
    rules: "; (allow default)\n(deny default) ; (allow default)",
    question: write("/"),
    oneOrder: "deny",
  },
  {
    rules: '(deny default) (allow file-write* (literal "/a;b"))',
    question: write("/a;b"),
    oneOrder: "allow",
  },
  {
    rules: '(deny default) (allow file-write* (literal "/a\\"b"))',
    question: write('/a"b'),
    oneOrder: "allow",
  },
];

describe("the meaning of small profiles", () => {
  for (const { rules, question, oneOrder, ownFirst } of table) {
    test(`${rules} : ${JSON.stringify(question)}`, () => {
      const profile = compileProfile(`(version 1) ${rules}`, parameters);
      assert.deepEqual(
        [decide(profile, question), decide(profile, question, "own operation first")],
        [oneOrder, ownFirst ?? oneOrder],
      );
    });
  }
});

const refused: readonly string[] = [
  "(deny default)", // no version
  "(version 2) (deny default)",
  "(version 1) (permit default)",
  "(version 1) (allow)",
  "(version 1) (allow file-writes)",
  '(version 1) (allow file-write* (subpath (param "MISSING")))',
  '(version 1) (allow file-write* (subpath "relative"))',
  '(version 1) (allow file-write* (below "/w"))',
  "(version 1) (deny file-ioctl (ioctl-command TIOCSTI))", // unbound on macOS 13 and 14
  "(version 1) (deny file-ioctl (ioctl-command 0x80017472))",
  "(version 1) (allow signal (target friends))",
  "(version 1) (deny default",
  "(version 1) (deny default))",
  '(version 1) (allow file-write* (literal "/a))',
];

test("what a Mac would not accept is an error here", () => {
  for (const text of refused) {
    assert.throws(
      () => compileProfile(text, parameters),
      (error) => error instanceof SbplError || error instanceof SbplSyntaxError,
      text,
    );
  }
});

test("a question that no rule answers is an error, not a guess", () => {
  const profile = compileProfile("(version 1) (allow file-read*)", parameters);
  assert.throws(() => decide(profile, write("/w")), SbplError);
  assert.throws(() => decide(profile, { operation: "file-write*" }), SbplError);
});

test("text is read with its escapes, raw text without", () => {
  assert.deepEqual(parseSbpl(String.raw`"a\"\\\n" #"a\.b" 12 word`), [
    { kind: "text", value: 'a"\\\n' },
    { kind: "text", value: "a\\.b" },
    { kind: "number", value: 12 },
    { kind: "symbol", name: "word" },
  ]);
});
