/** What is printed once, when a session begins. */
import { hasNetworkAccess, type SandboxPolicy } from "../protocol/sandbox-policy.ts";
import { version } from "../runtime/version.ts";
import type { CellContext } from "./cells.ts";
import { sanitizeLine } from "./sanitize.ts";
import { describeModel, type SessionRules } from "./status-line.ts";
import { BOLD, DIM, type Row, span, type Style, YELLOW } from "./styled.ts";
import { wrapWords } from "./wrap.ts";

export function sessionHeader(
  rules: SessionRules,
  sessionId: string,
  { width, fullView = "Ctrl-T" }: Pick<CellContext, "width" | "fullView">,
): readonly Row[] {
  const isOpen = rules.sandboxPolicy.mode === "danger-full-access" || !rules.isSandboxAvailable;
  const start = fullView === "Ctrl-T" ? "/ for commands, @ for files" : "/help for commands";
  return [
    ...wrapWords([span(`Codex ${version}`, BOLD)], { width }),
    ...field("directory", sanitizeLine(rules.cwd), {}, width),
    ...field("model", describeModel(rules), {}, width),
    ...field("approval", describeApproval(rules), {}, width),
    ...field("sandbox", describeSandbox(rules), isOpen ? { color: YELLOW } : {}, width),
    ...field("session", sessionId, {}, width),
    ...wrapWords(
      [span(`${start}, ${fullView} for everything in full, Ctrl-C twice to quit`, DIM)],
      {
        width,
      },
    ),
  ];
}

export function field(name: string, text: string, style: Style, width: number): readonly Row[] {
  const first: Row = [span(name.padEnd(10), DIM)];
  return wrapWords([span(text, style)], { width, first, rest: [span(" ".repeat(10))] });
}

export function describeApproval({ approvalPolicy }: Pick<SessionRules, "approvalPolicy">): string {
  switch (approvalPolicy) {
    case "untrusted":
      return "untrusted: you are asked before everything that does not only read";
    case "on-failure":
      return "on-failure: you are asked when the sandbox stops a command";
    case "on-request":
      return "on-request: you are asked when the model wants to leave the sandbox";
    case "never":
      return "never: nothing is asked";
  }
}

export function describeSandbox({
  sandboxPolicy,
  isSandboxAvailable,
}: Pick<SessionRules, "sandboxPolicy" | "isSandboxAvailable">): string {
  if (sandboxPolicy.mode === "danger-full-access") {
    return "NONE: commands may do everything that you may, network on";
  }
  if (!isSandboxAvailable) return "UNAVAILABLE on this system";
  const network = hasNetworkAccess(sandboxPolicy) ? "network on" : "network off";
  return `${sandboxPolicy.mode}: ${describeWrites(sandboxPolicy)}, ${network}`;
}

function describeWrites(policy: SandboxPolicy): string {
  if (policy.mode !== "workspace-write") return "commands may read everything and write nothing";
  const places = ["this directory", ...policy.writable_roots.map(sanitizeLine)];
  if (!policy.exclude_slash_tmp) places.push("/tmp");
  if (!policy.exclude_tmpdir_env_var) places.push("$TMPDIR");
  return `commands may write in ${places.join(", ")}`;
}
