import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";

import { parseHelperMessage } from "../../src/linux-sandbox/arguments.ts";
import {
  DANGER_FULL_ACCESS_POLICY,
  READ_ONLY_POLICY,
  WORKSPACE_WRITE_POLICY,
  type SandboxPolicy,
} from "../../src/protocol/sandbox-policy.ts";
import { byteStringFromBytes, byteStringFromText } from "../../src/runtime/byte-string.ts";
import { mechanismFor, wrap, type SandboxedCommand } from "../../src/sandbox/sandbox.ts";
import { needsNoSandboxExec } from "../support/sbpl-fake-mac.ts";

const word = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "x"));
const path = word.map((text) => `/${text}`);
const entry = fc
  .uint8Array({ maxLength: 30 })
  .map((bytes) => byteStringFromBytes(bytes.map((byte) => (byte === 0 ? 1 : byte))));
const policy: fc.Arbitrary<SandboxPolicy> = fc.oneof(
  fc.constantFrom<SandboxPolicy>(READ_ONLY_POLICY, DANGER_FULL_ACCESS_POLICY),
  fc.record({ writable_roots: fc.array(path), network_access: fc.boolean() }).map((changes) => ({
    ...WORKSPACE_WRITE_POLICY,
    ...changes,
  })),
);
const command: fc.Arbitrary<SandboxedCommand> = fc.record({
  argv: fc.array(word, { minLength: 1 }),
  cwd: path,
  policyCwd: path,
  policy,
  environment: fc.array(entry),
  codexHome: fc.option(path, { nil: undefined }),
});

suite("wrap on Linux", () => {
  test("gives a message that brings every byte to the helper", () => {
    fc.assert(
      fc.property(command, fc.option(fc.nat(), { nil: undefined }), (given, softOpenFiles) => {
        const wrapped = wrap("linux", given, softOpenFiles);
        assert.ok(wrapped.kind === "helper");
        const { policy: sent } = given;
        assert.deepEqual(parseHelperMessage(wrapped.message), {
          argv: given.argv.map(byteStringFromText),
          cwd: byteStringFromText(given.cwd),
          policyCwd: byteStringFromText(given.policyCwd),
          policy:
            sent.mode === "workspace-write"
              ? { ...sent, writable_roots: sent.writable_roots.map(byteStringFromText) }
              : sent,
          environment: given.environment,
          softOpenFiles,
          codexHome:
            given.codexHome === undefined ? undefined : byteStringFromText(given.codexHome),
        });
      }),
    );
  });

  test("a part of a message is no message", () => {
    fc.assert(
      fc.property(command, fc.double({ min: 0, max: 1, noNaN: true }), (given, share) => {
        const wrapped = wrap("linux", given, undefined);
        assert.ok(wrapped.kind === "helper");
        const { message } = wrapped;
        const part = message.subarray(0, Math.floor((message.length - 1) * share));
        assert.equal(typeof parseHelperMessage(part), "string");
      }),
    );
  });
});

suite("mechanismFor", () => {
  const table = [
    ["linux", READ_ONLY_POLICY, "landlock"],
    ["linux", WORKSPACE_WRITE_POLICY, "landlock"],
    ["linux", DANGER_FULL_ACCESS_POLICY, "none"],
    ["darwin", READ_ONLY_POLICY, "seatbelt"],
    ["darwin", DANGER_FULL_ACCESS_POLICY, "none"],
    ["win32", READ_ONLY_POLICY, "none"],
  ] as const;
  for (const [platform, given, mechanism] of table) {
    test(`${given.mode} on ${platform}: ${mechanism}`, () => {
      assert.equal(mechanismFor(platform, given), mechanism);
    });
  }

  test("where there is no mechanism, a confined command does not run", () => {
    const given = {
      argv: ["true"],
      cwd: "/",
      policyCwd: "/",
      policy: READ_ONLY_POLICY,
      environment: [],
      codexHome: undefined,
    };
    assert.deepEqual(wrap("win32", given, undefined), {
      kind: "cannot-confine",
      message:
        "Cannot run commands under read-only: there is no sandbox on Windows yet; choose " +
        "danger-full-access (-s danger-full-access) to run them with all your rights, " +
        "or run codex in WSL 2",
    });
    for (const platform of ["win32", "darwin", "freebsd"] as const) {
      const free = { ...given, policy: DANGER_FULL_ACCESS_POLICY };
      assert.deepEqual(wrap(platform, free, undefined), { kind: "direct", launcher: [] });
    }
  });

  test("without sandbox-exec, nothing runs confined on macOS", { skip: needsNoSandboxExec }, () => {
    fc.assert(
      fc.property(command, (given) => {
        const wrapped = wrap("darwin", given, undefined);
        assert.equal(
          wrapped.kind,
          given.policy.mode === "danger-full-access" ? "direct" : "cannot-confine",
        );
      }),
    );
  });
});
