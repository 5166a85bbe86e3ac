import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";

import {
  formatHelperMessage,
  parseHelperArguments,
  parseHelperMessage,
  waitArguments,
  type HelperMessage,
  type ParsedArguments,
} from "../../src/linux-sandbox/arguments.ts";
import { policyWithBytePaths } from "../../src/protocol/byte-path-policy.ts";
import type { SandboxPolicy } from "../../src/protocol/sandbox-policy.ts";
import { brand, byteStringFromText } from "../../src/runtime/byte-string.ts";

function parse(...words: readonly string[]): ParsedArguments {
  return parseHelperArguments(words.map(byteStringFromText));
}

const READ_ONLY = '{"mode":"read-only"}';

// Text that the kernel can carry in argv: no NUL.
const word = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "x"));
const absolute = word.map((text) => `/${text}`);

const policy: fc.Arbitrary<SandboxPolicy> = fc.oneof(
  fc.constant<SandboxPolicy>({ mode: "read-only" }),
  fc.constant<SandboxPolicy>({ mode: "danger-full-access" }),
  fc.record(
    {
      mode: fc.constant("workspace-write" as const),
      writable_roots: fc.array(absolute),
      network_access: fc.boolean(),
      exclude_tmpdir_env_var: fc.boolean(),
      exclude_slash_tmp: fc.boolean(),
    },
    { noNullPrototype: true },
  ),
);

test("a policy and a command given in words are what is run", () => {
  fc.assert(
    fc.property(absolute, policy, fc.array(word, { minLength: 1 }), (policyCwd, given, argv) => {
      assert.deepEqual(parse(policyCwd, JSON.stringify(given), "--", ...argv), {
        kind: "run",
        request: {
          policyCwd: byteStringFromText(policyCwd),
          policy: policyWithBytePaths(given),
          argv: argv.map(byteStringFromText),
          parentPid: undefined,
          softOpenFiles: undefined,
        },
      });
    }),
  );
});

test("what makes a helper wait is parsed back", () => {
  assert.deepEqual(parse(...waitArguments(4711)), { kind: "wait", parentPid: 4711 });
});

suite("the message for a waiting helper", () => {
  // Any bytes but NUL, one character each.
  const bytes = fc
    .array(fc.integer({ min: 1, max: 255 }))
    .map((values) => brand(String.fromCharCode(...values)));
  const absoluteBytes = bytes.map((value) => brand(`/${value}`));
  const message: fc.Arbitrary<HelperMessage> = fc.record(
    {
      argv: fc.array(bytes, { minLength: 1 }),
      cwd: absoluteBytes,
      policyCwd: absoluteBytes,
      policy: policy.map(policyWithBytePaths),
      environment: fc.array(bytes),
      softOpenFiles: fc.option(fc.nat(), { nil: undefined }),
      codexHome: fc.option(absoluteBytes, { nil: undefined }),
    },
    { noNullPrototype: true },
  );

  test("arrives byte for byte", () => {
    fc.assert(
      fc.property(message, (sent) => {
        assert.deepEqual(parseHelperMessage(formatHelperMessage(sent)), sent);
      }),
    );
  });

  test("is nothing when a part of it is missing", () => {
    fc.assert(
      fc.property(message, fc.double({ min: 0, max: 1, noNaN: true }), (sent, part) => {
        const whole = formatHelperMessage(sent);
        const cut = whole.subarray(0, Math.floor(part * (whole.length - 1)));
        assert.equal(typeof parseHelperMessage(cut), "string");
      }),
    );
  });

  test("is refused when a field does not say what it should", () => {
    const good = {
      argv: ["true"],
      cwd: "/",
      policyCwd: "/",
      policy: { mode: "read-only" },
      environment: [],
    };
    const answer = (changes: Record<string, unknown>): unknown =>
      parseHelperMessage(Buffer.from(JSON.stringify({ ...good, ...changes })));
    assert.equal(typeof answer({}), "object");
    for (const [changes, expected] of [
      [{ argv: [] }, "expected words at argv"],
      [{ argv: ["a\0b"] }, "expected words at argv"],
      [{ argv: ["\u0100"] }, "expected words at argv"],
      [{ argv: "true" }, "expected words at argv"],
      [{ environment: [1] }, "expected entries at environment"],
      [{ environment: undefined }, "expected entries at environment"],
      [{ cwd: "x" }, "expected an absolute path at cwd"],
      [{ policyCwd: "" }, "expected an absolute path at policyCwd"],
      [{ softOpenFiles: 1.5 }, "expected a whole number at softOpenFiles"],
      [{ softOpenFiles: "1" }, "expected a whole number at softOpenFiles"],
      [{ policy: undefined }, "policy: expected a JSON object"],
      [
        { policy: { mode: "none" } },
        "policy: expected mode to be read-only, workspace-write or danger-full-access",
      ],
      [
        { policy: { mode: "workspace-write", writable_roots: ["x"] } },
        'policy: writable_roots[0] "x" is not absolute',
      ],
    ] as const) {
      assert.equal(answer(changes), expected);
    }
  });
});

suite("parseHelperArguments", () => {
  test("takes the two positionals and the command, with and without --", () => {
    const expected: ParsedArguments = {
      kind: "run",
      request: {
        policyCwd: byteStringFromText("/ws"),
        policy: { mode: "read-only" },
        argv: ["ls", "-l", "--", "x"].map(byteStringFromText),
        parentPid: undefined,
        softOpenFiles: undefined,
      },
    };
    assert.deepEqual(parse("/ws", READ_ONLY, "--", "ls", "-l", "--", "x"), expected);
    assert.deepEqual(parse("/ws", READ_ONLY, "ls", "-l", "--", "x"), expected);
  });

  test("keeps words that are no valid UTF-8 byte for byte", () => {
    const parsed = parseHelperArguments([
      brand("/caf\xe9"),
      byteStringFromText(READ_ONLY),
      brand("--"),
      brand("\xff\xfe"),
      brand(""),
    ]);
    assert.ok(parsed.kind === "run");
    assert.equal(parsed.request.policyCwd, "/caf\xe9");
    assert.deepEqual(parsed.request.argv, ["\xff\xfe", ""]);
  });

  test("gives missing keys of workspace-write their defaults and ignores unknown keys", () => {
    const parsed = parse("/ws", '{"mode":"workspace-write","other":1}', "--", "true");
    assert.ok(parsed.kind === "run");
    assert.deepEqual(parsed.request.policy, {
      mode: "workspace-write",
      writable_roots: [],
      network_access: false,
      exclude_tmpdir_env_var: false,
      exclude_slash_tmp: false,
    });
  });

  test("gives roots as the bytes of their UTF-8", () => {
    const parsed = parse("/ws", '{"mode":"workspace-write","writable_roots":["/é"]}', "true");
    assert.ok(parsed.kind === "run" && parsed.request.policy.mode === "workspace-write");
    assert.deepEqual(parsed.request.policy.writable_roots, ["/\xc3\xa9"]);
  });

  test("shows its help", () => {
    for (const words of [["-h"], ["--help"], ["--parent-pid", "1", "--help"]]) {
      assert.deepEqual(parse(...words), { kind: "help" });
    }
  });

  const errors: readonly (readonly [words: readonly string[], message: string])[] = [
    [[], "Missing argument <policy_cwd>"],
    [["/ws"], "Missing argument <policy_json>"],
    [["/ws", READ_ONLY], "Missing argument <program>"],
    [["/ws", READ_ONLY, "--"], "Missing argument <program>"],
    [["--wait"], "Option --wait needs --parent-pid"],
    [["--wait", "--parent-pid", "1", "true"], "Option --wait takes no program"],
    [["--version"], 'Unknown option "--version"'],
    [["-x", "/ws", READ_ONLY, "true"], 'Unknown option "-x"'],
    [["--parent-pid"], "Option --parent-pid takes a whole number"],
    [["--parent-pid", "-1", "/ws"], "Option --parent-pid takes a whole number"],
    [["--parent-pid", "1e3", "/ws"], "Option --parent-pid takes a whole number"],
    [["--open-files", "many", "/ws"], "Option --open-files takes a whole number"],
    [["ws", READ_ONLY, "true"], 'Policy directory "ws" is not an absolute path'],
    [["", READ_ONLY, "true"], 'Policy directory "" is not an absolute path'],
    [["/ws", "x", "true"], 'Policy "x": expected JSON text in UTF-8'],
    [["/ws", '"read-only"', "true"], 'Policy "\\"read-only\\"": expected a JSON object'],
    [["/ws", "[]", "true"], 'Policy "[]": expected a JSON object'],
    [["/ws", "null", "true"], 'Policy "null": expected a JSON object'],
  ];
  for (const [words, message] of errors) {
    test(`refuses ${JSON.stringify(words)}`, () => {
      assert.deepEqual(parse(...words), { kind: "usage-error", message });
    });
  }

  const badPolicies: readonly (readonly [policy: unknown, state: RegExp])[] = [
    [{}, /: expected mode to be read-only, workspace-write or danger-full-access$/],
    [{ mode: "Read-Only" }, /: expected mode to be /],
    [{ mode: ["read-only"] }, /: expected mode to be /],
    [{ __proto__: null, mode: "none" }, /: expected mode to be /],
    [{ mode: "workspace-write", network_access: 1 }, /: expected true or false at network_access$/],
    [{ mode: "workspace-write", network_access: "true" }, /: expected true or false at /],
    [{ mode: "workspace-write", exclude_slash_tmp: [] }, /: expected true or false at /],
    [{ mode: "workspace-write", writable_roots: "/x" }, /: expected an array of paths at /],
    [{ mode: "workspace-write", writable_roots: [1] }, /: expected a path at writable_roots\[0\]$/],
    [{ mode: "workspace-write", writable_roots: ["/a", "b"] }, /writable_roots\[1\] "b" is not /],
    [{ mode: "workspace-write", writable_roots: ["/a\0b"] }, /expected a path at writable_roots/],
  ];
  for (const [value, state] of badPolicies) {
    test(`refuses the policy ${JSON.stringify(value)}`, () => {
      const parsed = parse("/ws", JSON.stringify(value), "--", "true");
      assert.ok(parsed.kind === "usage-error");
      assert.match(parsed.message, state);
    });
  }

  test("refuses a policy that is no UTF-8", () => {
    const parsed = parseHelperArguments([brand("/ws"), brand('{"mode":"\xff"}'), brand("true")]);
    assert.ok(parsed.kind === "usage-error");
    assert.match(parsed.message, /: expected JSON text in UTF-8$/);
  });

  test("never throws and never runs anything without a policy that it understood", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.constantFrom("--", "/", READ_ONLY))), (words) => {
        const parsed = parse(...words);
        if (parsed.kind === "run") assert.ok(words.includes(READ_ONLY));
      }),
    );
  });
});
