/** What the model is told of the place it works in. Nothing but this file reads the form again. */
import { type MessageItem, textOfMessage, userMessage } from "../protocol/model-item.ts";
import { hasNetworkAccess, type SandboxPolicy } from "../protocol/sandbox-policy.ts";
import type { TurnContext } from "./turn-context.ts";

const OPEN = "<environment_context>";
const CLOSE = "</environment_context>";

type Place = Pick<TurnContext, "cwd" | "approvalPolicy" | "sandboxPolicy">;

export function environmentContext({ cwd, approvalPolicy, sandboxPolicy }: Place): MessageItem {
  const lines = [
    OPEN,
    element("cwd", cwd),
    element("approval_policy", approvalPolicy),
    element("sandbox_mode", sandboxPolicy.mode),
    element("network_access", hasNetworkAccess(sandboxPolicy) ? "enabled" : "restricted"),
    ...writableRoots(sandboxPolicy),
    CLOSE,
  ];
  return userMessage([{ type: "input_text", text: lines.join("\n") }]);
}

/** Whether a message is one of these, and not something that a person wrote. */
export function isEnvironmentContext(item: MessageItem): boolean {
  if (item.role !== "user" || item.content.length !== 1) return false;
  const text = textOfMessage(item);
  return text.startsWith(OPEN) && text.endsWith(CLOSE);
}

function writableRoots(policy: SandboxPolicy): readonly string[] {
  if (policy.mode !== "workspace-write" || policy.writable_roots.length === 0) return [];
  return [
    "  <writable_roots>",
    ...policy.writable_roots.map((root) => `  ${element("root", root)}`),
    "  </writable_roots>",
  ];
}

// A path may hold any character; one that closes the element would let a directory's name speak.
function element(name: string, text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `  <${name}>${escaped}</${name}>`;
}
