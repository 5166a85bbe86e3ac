/** The tools as the model sees them. What a tool says depends on the sandbox it will run in. */
import type { ApprovalPolicy } from "../protocol/approval.ts";
import type { SandboxPolicy, WorkspaceWritePolicy } from "../protocol/sandbox-policy.ts";

export type JsonSchema = { readonly [key: string]: unknown };

export type ToolSpec = FunctionToolSpec | { readonly type: "local_shell" };

export interface FunctionToolSpec {
  readonly type: "function";
  readonly name: string;
  readonly description: string;
  readonly strict: false;
  readonly parameters: JsonSchema;
}

export interface ToolChoice {
  /** `local_shell` is known to its models without a description; see config/model-families.ts. */
  readonly shell: "shell" | "local_shell";
  readonly applyPatch: boolean;
  readonly updatePlan: boolean;
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  /** As they are to be sent: names qualified, schemas already made plain. */
  readonly mcpTools: readonly FunctionToolSpec[];
}

/** Our own tools in a fixed order, then those of MCP servers by name: prompt caches need that. */
export function toolSpecs(choice: ToolChoice): readonly ToolSpec[] {
  const specs: ToolSpec[] = [
    choice.shell === "local_shell" ? { type: "local_shell" } : shellTool(choice),
  ];
  if (choice.updatePlan) specs.push(UPDATE_PLAN_TOOL);
  if (choice.applyPatch) specs.push(APPLY_PATCH_TOOL);
  return [...specs, ...choice.mcpTools.toSorted(byName)];
}

// By code units, so that no locale has a say.
function byName(a: FunctionToolSpec, b: FunctionToolSpec): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

type ShellChoice = Pick<ToolChoice, "approvalPolicy" | "sandboxPolicy">;

export function shellTool(choice: ShellChoice): FunctionToolSpec {
  const explained = choice.approvalPolicy === "on-request";
  const escalates = explained && choice.sandboxPolicy.mode !== "danger-full-access";
  return functionTool(
    "shell",
    `${SHELL_BASICS} ${sandboxWords(choice.sandboxPolicy)}${escalates ? ` ${ESCALATION_WORDS}` : ""}`,
    {
      command: withDescription(
        { type: "array", items: { type: "string" } },
        explained ? "Program and arguments, one word per element" : null,
      ),
      ...(escalates ? { justification: JUSTIFICATION } : {}),
      timeout: withDescription(
        { type: "number" },
        explained ? "Longest run time in milliseconds" : null,
      ),
      ...(escalates ? { with_escalated_permissions: ESCALATED_PERMISSIONS } : {}),
      workdir: withDescription({ type: "string" }, explained ? "Directory to run in" : null),
    },
    ["command"],
  );
}

const SHELL_BASICS =
  "Runs a program and returns its output and exit code. " +
  "`command` is the list of words to execute, without a shell in between; " +
  'for shell syntax use ["bash", "-lc", "<script>"]. ' +
  "`timeout` is in milliseconds, `workdir` defaults to the working directory of the session.";

const ESCALATION_WORDS =
  "When a command that matters cannot work inside the sandbox, call it again with " +
  "`with_escalated_permissions` set to true and a `justification` of one sentence; " +
  "the user is shown both and decides. Do not ask for commands that work without.";

const JUSTIFICATION = {
  type: "string",
  description:
    "Why this command has to run outside the sandbox; only with with_escalated_permissions",
};

const ESCALATED_PERMISSIONS = {
  type: "boolean",
  description: "True to ask the user to run this command outside the sandbox",
};

function sandboxWords(policy: SandboxPolicy): string {
  switch (policy.mode) {
    case "danger-full-access":
      return "There is no sandbox: commands run with all rights of the user.";
    case "read-only":
      return "Commands run in a sandbox: files can be read but not written, and there is no network.";
    case "workspace-write":
      return `Commands run in a sandbox: files can be read everywhere and written only below ${writablePlaces(policy)}. ${
        policy.network_access ? "The network is reachable." : "There is no network."
      }`;
  }
}

function writablePlaces(policy: WorkspaceWritePolicy): string {
  const places = ["the working directory"];
  if (!policy.exclude_slash_tmp) places.push("/tmp");
  if (!policy.exclude_tmpdir_env_var) places.push("$TMPDIR");
  places.push(...policy.writable_roots);
  return places.join(", ");
}

const UPDATE_PLAN_TOOL = functionTool(
  "update_plan",
  "Shows the user the plan for the task: its steps in order and how far each one is. " +
    "Send the whole list every time. Keep one step in progress while there is work left.",
  {
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
  ["plan"],
);

const APPLY_PATCH_TOOL = functionTool(
  "apply_patch",
  `Changes files by a patch in this form:

*** Begin Patch
*** Add File: <path>
+<each line of the new file>
*** Delete File: <path>
*** Update File: <path>
*** Move to: <new path, optional>
@@ <a line above the change that tells the place, optional>
 <unchanged line>
-<old line>
+<new line>
*** End Patch

A patch holds any number of file sections. Each change in an updated file begins with a line of @@ \
and shows about three unchanged lines before and after it. Changes come in the order of the file. \
Paths are relative to the working directory.`,
  { input: { type: "string", description: "The whole patch, with its first and last line" } },
  ["input"],
);

function functionTool(
  name: string,
  description: string,
  properties: JsonSchema,
  required: readonly string[],
): FunctionToolSpec {
  const parameters = { type: "object", properties, required, additionalProperties: false };
  return { type: "function", name, description, strict: false, parameters };
}

function withDescription(schema: JsonSchema, description: string | null): JsonSchema {
  return description === null ? schema : { ...schema, description };
}
