import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type FunctionToolSpec,
  shellTool,
  type ToolChoice,
  toolSpecs,
} from "../../src/model/tool-specs.ts";
import { WORKSPACE_WRITE_POLICY } from "../../src/protocol/sandbox-policy.ts";

const readOnly = { mode: "read-only" } as const;
const fullAccess = { mode: "danger-full-access" } as const;

const choice: ToolChoice = {
  shell: "shell",
  applyPatch: false,
  updatePlan: false,
  approvalPolicy: "never",
  sandboxPolicy: readOnly,
  mcpTools: [],
};

function mcpTool(name: string): FunctionToolSpec {
  const parameters = { type: "object", properties: {} };
  return { type: "function", name, description: "", strict: false, parameters };
}

function names(changes: Partial<ToolChoice>): string[] {
  return toolSpecs({ ...choice, ...changes }).map((spec) =>
    spec.type === "function" ? spec.name : spec.type,
  );
}

test("only what was chosen is offered, in one order", () => {
  assert.deepEqual(names({}), ["shell"]);
  assert.deepEqual(names({ shell: "local_shell" }), ["local_shell"]);
  const mcpTools = ["b__x", "a__y", "B__z", "a__é"].map((name) => mcpTool(name));
  const all = { applyPatch: true, updatePlan: true };
  const expected = ["shell", "update_plan", "apply_patch", "B__z", "a__y", "a__é", "b__x"];
  assert.deepEqual(names({ ...all, mcpTools }), expected);
  assert.deepEqual(names({ ...all, mcpTools: mcpTools.toReversed() }), expected);
});

test("where the model cannot ask, the schema is bare", () => {
  for (const approvalPolicy of ["never", "untrusted", "on-failure"] as const) {
    assert.deepEqual(shellTool({ approvalPolicy, sandboxPolicy: readOnly }).parameters, {
      type: "object",
      properties: {
        command: { type: "array", items: { type: "string" } },
        timeout: { type: "number" },
        workdir: { type: "string" },
      },
      required: ["command"],
      additionalProperties: false,
    });
  }
});

function parameterNames(sandboxPolicy: ToolChoice["sandboxPolicy"]): string[] {
  const { parameters } = shellTool({ approvalPolicy: "on-request", sandboxPolicy });
  const { properties } = parameters;
  assert.ok(typeof properties === "object" && properties !== null);
  for (const schema of Object.values(properties)) assert.ok("description" in Object(schema));
  return Object.keys(properties);
}

test("where the model may ask, it can, in every sandbox", () => {
  const all = ["command", "justification", "timeout", "with_escalated_permissions", "workdir"];
  assert.deepEqual(parameterNames(readOnly), all);
  assert.deepEqual(parameterNames(WORKSPACE_WRITE_POLICY), all);
  assert.deepEqual(parameterNames(fullAccess), ["command", "timeout", "workdir"]);
});

test("the description tells the sandbox, and how to leave it only where one may", () => {
  const words = (approvalPolicy: ToolChoice["approvalPolicy"], policy: typeof sandboxPolicy) =>
    shellTool({ approvalPolicy, sandboxPolicy: policy }).description;
  const sandboxPolicy: ToolChoice["sandboxPolicy"] = {
    ...WORKSPACE_WRITE_POLICY,
    writable_roots: ["/srv/data"],
    exclude_tmpdir_env_var: true,
  };
  assert.match(words("never", readOnly), /can be read but not written, and there is no network/);
  assert.match(
    words("never", sandboxPolicy),
    /only below the working directory, \/tmp, \/srv\/data\. There is no network/,
  );
  assert.match(
    words("never", { ...sandboxPolicy, network_access: true }),
    /The network is reachable/,
  );
  assert.match(words("on-request", fullAccess), /There is no sandbox/);
  for (const policy of [readOnly, sandboxPolicy]) {
    assert.match(words("on-request", policy), /with_escalated_permissions/);
    assert.doesNotMatch(words("never", policy), /with_escalated_permissions/);
  }
  assert.doesNotMatch(words("on-request", fullAccess), /with_escalated_permissions/);
});

test("the other tools have the parameters that the agent decodes", () => {
  const [, plan, patch] = toolSpecs({ ...choice, applyPatch: true, updatePlan: true });
  assert.ok(plan?.type === "function" && patch?.type === "function");
  assert.deepEqual(plan.parameters, {
    type: "object",
    properties: {
      explanation: { type: "string" },
      plan: {
        type: "array",
        description: "All steps, in order",
        items: {
          type: "object",
          properties: {
            status: { type: "string", description: "One of pending, in_progress, completed" },
            step: { type: "string" },
          },
          required: ["step", "status"],
          additionalProperties: false,
        },
      },
    },
    required: ["plan"],
    additionalProperties: false,
  });
  assert.deepEqual(patch.parameters["required"], ["input"]);
});
