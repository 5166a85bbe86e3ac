/** Which tools the model has, and who carries out a call. Every call gets an output. */
import { type FunctionToolSpec, type ToolSpec, toolSpecs } from "../../model/tool-specs.ts";
import type { McpTool } from "../../protocol/event.ts";
import { callIdOf, type ToolCallItem } from "../../protocol/model-item.ts";
import type { Task } from "../session-state.ts";
import type { TurnContext } from "../turn-context.ts";
import { callPlanTool } from "./plan-tool.ts";
import type { ApplyPatchTool } from "./apply-patch-tool.ts";
import { decodeShellArguments } from "./shell-arguments.ts";
import type { ShellTool } from "./shell-tool.ts";
import type { ToolInvocation, ToolProvider } from "./tool.ts";

export interface ToolRouterOptions {
  readonly shell: ShellTool;
  readonly patches: ApplyPatchTool;
  /** MCP servers, or nothing. */
  readonly external: ToolProvider;
  readonly includePlanTool: boolean;
  /** Also for models that are not known to want it. */
  readonly includeApplyPatchTool: boolean;
}

export class ToolRouter {
  readonly #options: ToolRouterOptions;

  constructor(options: ToolRouterOptions) {
    this.#options = options;
  }

  async ready(): Promise<void> {
    await this.#options.external.start();
  }

  /** The model has begun to answer: a command may follow, and can be made ready for meanwhile. */
  prepare(): void {
    this.#options.shell.prepare();
  }

  startTask(): void {
    this.#options.patches.startTask();
  }

  /** Git style, everything the task has changed so far; null when that is no news. */
  turnDiff(): Promise<string | null> {
    return this.#options.patches.turnDiff();
  }

  specs(context: TurnContext): readonly ToolSpec[] {
    const { modelFamily, approvalPolicy, sandboxPolicy } = context;
    const external: readonly FunctionToolSpec[] = this.#options.external.specs();
    return toolSpecs({
      shell: modelFamily.usesLocalShell ? "local_shell" : "shell",
      applyPatch: this.#options.includeApplyPatchTool || modelFamily.usesApplyPatchTool,
      updatePlan: this.#options.includePlanTool,
      approvalPolicy,
      sandboxPolicy,
      mcpTools: external,
    });
  }

  /** As their servers describe them, by the names that the model uses. */
  externalTools(): Readonly<Record<string, McpTool>> {
    return this.#options.external.list();
  }

  /** The output for the model. Calls are honoured also when the tool was not offered. */
  async call(call: ToolCallItem, task: Task): Promise<string> {
    const invocation: ToolInvocation = {
      taskId: task.id,
      callId: callIdOf(call),
      context: task.context,
      signal: task.signal,
      emit: task.emit,
    };
    try {
      return await this.#dispatch(call, invocation);
    } catch (error) {
      // A gap in the history would end the conversation; a failed call does not.
      return `internal error: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  async close(): Promise<void> {
    await this.#options.external.close();
  }

  async #dispatch(call: ToolCallItem, invocation: ToolInvocation): Promise<string> {
    switch (call.type) {
      case "local_shell_call": {
        const { command, timeout_ms: timeoutMs, working_directory: workdir } = call.action;
        if (command.length === 0) return "failed to parse function arguments: command has no words";
        return this.#options.shell.run(
          { command, workdir, timeoutMs, wantsEscalation: false, justification: null },
          invocation,
        );
      }
      case "function_call":
        return this.#function(call.name, call.arguments, invocation);
      case "custom_tool_call":
        if (call.name !== "apply_patch") return `unsupported custom tool call: ${call.name}`;
        return this.#options.patches.apply(call.input, invocation.context.cwd, invocation);
    }
  }

  async #function(name: string, args: string, invocation: ToolInvocation): Promise<string> {
    switch (name) {
      case "shell":
      case "container.exec": {
        const decoded = decodeShellArguments(args);
        if (!decoded.ok) return `failed to parse function arguments: ${decoded.message}`;
        return this.#options.shell.run(decoded.value, invocation);
      }
      case "apply_patch":
        return this.#options.patches.callFunction(args, invocation);
      case "update_plan":
        return callPlanTool(args, invocation);
      default:
        if (!this.#options.external.has(name)) return `unsupported call: ${name}`;
        return this.#options.external.call(name, args, invocation);
    }
  }
}
