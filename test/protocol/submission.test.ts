import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeOp, decodeSubmission, type Op, opSchema } from "../../src/protocol/submission.ts";

const workspaceWrite = {
  mode: "workspace-write",
  writable_roots: ["/srv"],
  network_access: true,
  exclude_tmpdir_env_var: false,
  exclude_slash_tmp: true,
} as const;

const everyOp: readonly Op[] = [
  { type: "interrupt" },
  {
    type: "user_input",
    items: [
      { type: "text", text: "hello" },
      { type: "image", image_url: "data:image/png;base64,AA" },
      { type: "local_image", path: "a.png" },
    ],
  },
  {
    type: "user_turn",
    items: [],
    cwd: "/home/me",
    approval_policy: "never",
    sandbox_policy: workspaceWrite,
    model: "gpt-5-mini",
    effort: "high",
    summary: "detailed",
  },
  {
    type: "override_turn_context",
    cwd: "/home/me",
    approval_policy: "on-request",
    sandbox_policy: { mode: "danger-full-access" },
    model: "gpt-4.1",
    effort: "low",
    summary: "concise",
  },
  { type: "override_turn_context" },
  { type: "override_turn_context", model: null },
  { type: "exec_approval", id: "1", decision: "approved_for_session" },
  { type: "patch_approval", id: "1", decision: "abort" },
  { type: "add_to_history", text: "hello" },
  { type: "get_history_entry_request", offset: 0, log_id: 12 },
  { type: "list_mcp_tools" },
  { type: "compact" },
  { type: "shutdown" },
];

test("every operation survives a line of JSON", () => {
  for (const op of everyOp) {
    const line = JSON.stringify({ id: "s1", op });
    assert.deepEqual(decodeSubmission(line), { ok: true, value: { id: "s1", op } });
  }
});

test("the list above has every kind of operation", () => {
  const kinds = opSchema.def.options.map((option) => option.def.shape.type.def.values[0]);
  assert.deepEqual(
    [...new Set(everyOp.map((op) => op.type))].toSorted(),
    kinds.map(String).toSorted(),
  );
  assert.equal(kinds.length, 11);
});

test("unknown fields are ignored on every level", () => {
  const line = `{"id":"s1","trace":1,"op":{"type":"user_input","x":{},"items":[{"type":"text","text":"a","y":2}]}}`;
  assert.deepEqual(decodeSubmission(line), {
    ok: true,
    value: { id: "s1", op: { type: "user_input", items: [{ type: "text", text: "a" }] } },
  });
});

test("a policy in a turn takes defaults for what it leaves out", () => {
  assert.deepEqual(
    decodeOp({ type: "override_turn_context", sandbox_policy: { mode: "workspace-write" } }),
    {
      ok: true,
      value: {
        type: "override_turn_context",
        sandbox_policy: {
          mode: "workspace-write",
          writable_roots: [],
          network_access: false,
          exclude_tmpdir_env_var: false,
          exclude_slash_tmp: false,
        },
      },
    },
  );
});

const broken: readonly (readonly [line: string, message: string])[] = [
  ["not json", "not valid JSON"],
  ["", "not valid JSON"],
  ["null", "expected object"],
  ["[]", "expected object"],
  [`{"id":"x"}`, "missing op"],
  [`{"op":{"type":"compact"}}`, "missing id"],
  [`{"id":7,"op":{"type":"compact"}}`, "expected string at id"],
  [`{"id":"x","op":{}}`, "missing op.type"],
  [`{"id":"x","op":{"type":"user_input"}}`, "missing op.items"],
  [
    `{"id":"x","op":{"type":"user_input","items":[{"type":"text","text":"a"},{"type":"text"}]}}`,
    "missing op.items[1].text",
  ],
  [
    `{"id":"x","op":{"type":"user_input","items":[{"type":"sound"}]}}`,
    `unknown value "sound" at op.items[0].type, expected one of "text", "image", "local_image"`,
  ],
  [
    `{"id":"x","op":{"type":"exec_approval","id":"1","decision":"yes"}}`,
    `unknown value "yes" at op.decision, expected one of "approved", "approved_for_session", "denied", "abort"`,
  ],
  [
    `{"id":"x","op":{"type":"override_turn_context","effort":"none"}}`,
    `unknown value "none" at op.effort, expected one of "minimal", "low", "medium", "high"`,
  ],
  [
    `{"id":"x","op":{"type":"override_turn_context","sandbox_policy":"read-only"}}`,
    "expected object at op.sandbox_policy",
  ],
];

test("a line that is no submission is refused with the place and the reason", () => {
  for (const [line, reason] of broken) {
    const message = `Cannot read submission: ${reason}`;
    assert.deepEqual(decodeSubmission(line), { ok: false, message });
  }
});

test("an unknown operation is refused with the list of known ones", () => {
  const result = decodeSubmission(`{"id":"x","op":{"type":"nope"}}`);
  assert.equal(
    result.ok ? "" : result.message,
    `Cannot read submission: unknown value "nope" at op.type, expected one of ${[
      ...new Set(everyOp.map((op) => op.type)),
    ]
      .map((type) => JSON.stringify(type))
      .join(", ")}`,
  );
});
