/** What the slash commands do. */
import { KNOWN_MODELS, findModelFamily } from "../config/model-families.ts";
import type { Config, ConfigFlags } from "../config/config.ts";
import { readImage } from "../core/image-file.ts";
import type { ReasoningEffort } from "../protocol/reasoning.ts";
import { DANGER_FULL_ACCESS_POLICY, READ_ONLY_POLICY } from "../protocol/sandbox-policy.ts";
import { doneCell, failedCell, noticeCell } from "./cells.ts";
import type { Chat } from "./chat.ts";
import type { ConversationView } from "./conversation-view.ts";
import { helpRows } from "./help-rows.ts";
import { showDiff } from "./show-diff.ts";
import { namedPath } from "./picture-path.ts";
import { sanitizeLine, sanitizeText } from "./sanitize.ts";
import { describeApproval, describeSandbox, field } from "./session-header.ts";
import type { SlashCommand } from "./slash-commands.ts";
import { describeModel } from "./status-line.ts";
import { BOLD, type Row, row, span } from "./styled.ts";
import type { Ui } from "./ui.ts";
import { wrapHard } from "./wrap.ts";

export interface SlashHost {
  readonly ui: Ui;
  readonly chat: Chat;
  readonly view: ConversationView;
  readonly reload: (flags: ConfigFlags) => Promise<Config>;
  /** Words for the draft. */
  readonly insert: (text: string) => void;
  /** The words of a command that could not be carried out, to be mended. */
  readonly giveBack: (text: string) => void;
  readonly attachImage: (path: string) => void;
  readonly copy: (text: string) => void;
  readonly showTranscript: () => void;
  readonly chooseSession: () => Promise<void>;
  readonly quit: () => void;
}

const INIT_PROMPT = `Write a file AGENTS.md for the root of this repository: what somebody who is new here, and \
works on it as an agent, has to know. Look at the files first. Say how the project is laid out, how it is built, \
tested and checked (the exact commands), which conventions of style and naming the code follows, and what to take \
care of. Keep it under 400 words, in short sections with headings. If there is an AGENTS.md already, improve it \
instead of replacing it.`;

export async function runSlashCommand(
  command: SlashCommand,
  argument: string,
  host: SlashHost,
): Promise<void> {
  const { ui, chat, view } = host;
  if (command.needsIdle === true && chat.turn !== undefined) {
    const interruptKey = ui.frontEnd === "screen" ? "Esc" : "Ctrl-C";
    say(
      host,
      failedCell(
        `/${command.name} has to wait until the agent has finished; ${interruptKey} interrupts it`,
        ui.cellContext,
      ),
    );
    return;
  }
  switch (command.name) {
    case "model":
      return chooseModel(argument, host);
    case "approvals":
      return chooseRules(host);
    case "new":
      return chat.begin();
    case "resume":
      return host.chooseSession();
    case "init":
      return chat.send({ text: INIT_PROMPT, imagePaths: [] });
    case "compact":
      return chat.compact();
    case "diff":
      return showDiff(host);
    case "undo": {
      const { undoTurn } = await import("./undo.ts");
      return undoTurn({ ui, view, cwd: chat.rules.cwd });
    }
    case "mention":
      return host.insert("@");
    case "image":
      return attach(argument, host);
    case "status":
      return say(host, statusRows(host));
    case "mcp":
      return chat.listTools();
    case "copy":
      return copyAnswer(host);
    case "raw":
      return say(host, rawAnswer(host));
    case "transcript":
      return host.showTranscript();
    case "help":
      return say(host, helpRows(ui));
    case "quit":
      return host.quit();
  }
}

function say({ ui }: Pick<SlashHost, "ui">, rows: readonly Row[]): void {
  ui.print(rows);
}

const EFFORTS = ["minimal", "low", "medium", "high"] as const satisfies readonly ReasoningEffort[];

async function chooseModel(argument: string, host: SlashHost): Promise<void> {
  const { ui, chat } = host;
  const [named, effortText] = argument.split(/\s+/u).filter((word) => word !== "");
  const namedEffort = EFFORTS.find((effort) => effort === effortText);
  if (effortText !== undefined && namedEffort === undefined) {
    host.giveBack(`/model ${argument}`);
    say(
      host,
      failedCell(
        `Unknown effort "${effortText}": expected one of ${EFFORTS.join(", ")}`,
        ui.cellContext,
      ),
    );
    return;
  }
  const present = chat.rules.model;
  const names = [...new Set([present, ...KNOWN_MODELS])];
  const model =
    named ??
    (await ui.choose({
      title: "Which model?",
      text: ["Another one: /model NAME"],
      choices: names.map((name) => ({
        id: name,
        label: name,
        word: name,
        ...(name === present ? { detail: "now" } : {}),
      })),
    }));
  if (model === undefined) return;
  const hasEffort =
    model === present ? chat.rules.effort !== undefined : findModelFamily(model).supportsReasoning;
  const effort = namedEffort ?? (hasEffort ? await chooseEffort(host) : chat.rules.effort);
  if (hasEffort && effort === undefined) return;
  chat.change({ model, ...(effort === undefined ? {} : { effort }) });
  say(host, doneCell(`Model: ${describeModel(chat.rules)}`, ui.cellContext));
}

async function chooseEffort({ ui, chat }: SlashHost): Promise<ReasoningEffort | undefined> {
  const present = chat.rules.effort ?? "medium";
  const id = await ui.choose({
    title: "How much should it think?",
    choices: EFFORTS.map((effort) => ({
      id: effort,
      label: effort,
      word: effort,
      ...(effort === present ? { detail: "now" } : {}),
    })),
    preselected: EFFORTS.indexOf(present),
  });
  return EFFORTS.find((effort) => effort === id);
}

async function chooseRules(host: SlashHost): Promise<void> {
  const { ui, chat } = host;
  const workspace = await host.reload({ sandboxMode: "workspace-write" });
  const presets = [
    {
      id: "read-only",
      word: "read-only",
      label: "Read only",
      detail:
        "commands read everything and write nothing; leaving the sandbox is asked (on-request)",
      approval: "on-request",
      sandbox: READ_ONLY_POLICY,
    },
    {
      id: "untrusted",
      word: "ask",
      label: "Ask for everything",
      detail: "as read only, and whatever is not known to only read is asked (untrusted)",
      approval: "untrusted",
      sandbox: READ_ONLY_POLICY,
    },
    {
      id: "auto",
      word: "work",
      label: "Work here",
      detail:
        "commands write in the workspace, without network unless configured; leaving the sandbox is asked (on-request)",
      approval: "on-request",
      sandbox: workspace.sandboxPolicy,
    },
    {
      id: "full",
      word: "full",
      label: "Everything, NO SANDBOX",
      detail: "commands may do what you may, and nothing is asked (never)",
      approval: "never",
      sandbox: DANGER_FULL_ACCESS_POLICY,
    },
  ] as const;
  const { approvalPolicy, sandboxPolicy } = chat.rules;
  const present = presets.findIndex(
    ({ approval, sandbox }) => approval === approvalPolicy && sandbox.mode === sandboxPolicy.mode,
  );
  const id = await ui.choose({
    title: "What may happen without asking?",
    text: [`Now: ${approvalPolicy}, ${sandboxPolicy.mode}`],
    choices: presets.map(({ id: presetId, word, label, detail }) => ({
      id: presetId,
      word,
      label,
      detail,
    })),
    preselected: Math.max(0, present),
  });
  const preset = presets.find((one) => one.id === id);
  if (preset === undefined) return;
  chat.change({ approval_policy: preset.approval, sandbox_policy: preset.sandbox });
  const text = `Approval: ${describeApproval(chat.rules)}. Sandbox: ${describeSandbox(chat.rules)}.`;
  say(
    host,
    doneCell(chat.turn === undefined ? text : `From the next turn on. ${text}`, ui.cellContext),
  );
}

function attach(argument: string, host: SlashHost): void {
  const full = namedPath(argument, host.chat.rules.cwd);
  const part = readImage(full);
  if (typeof part === "string") {
    host.giveBack(`/image ${argument}`);
    say(host, failedCell(part, host.ui.cellContext));
  } else host.attachImage(full);
}

function copyAnswer(host: SlashHost): void {
  const answer = host.view.transcript.lastAnswer;
  const { cellContext } = host.ui;
  if (answer === undefined) {
    say(host, noticeCell("There is no answer to copy yet", cellContext));
    return;
  }
  host.copy(sanitizeText(answer));
  say(host, noticeCell("Sent to the clipboard, if this terminal allows it (OSC 52)", cellContext));
}

function rawAnswer({ view, ui }: SlashHost): readonly Row[] {
  const answer = view.transcript.lastAnswer;
  if (answer === undefined) return noticeCell("There is no answer yet", ui.cellContext);
  return sanitizeText(answer)
    .split("\n")
    .flatMap((line) => wrapHard([span(line)], { width: ui.cellContext.width }));
}

function statusRows({ chat, view, ui }: SlashHost): readonly Row[] {
  const { width } = ui.cellContext;
  const { rules, config } = chat;
  const left = view.meter.percentLeft;
  const { modelProvider } = config;
  return [
    row("Status", BOLD),
    ...field("directory", sanitizeLine(rules.cwd), {}, width),
    ...field(
      "model",
      `${describeModel(rules)} by ${sanitizeLine(modelProvider.name)} (${sanitizeLine(modelProvider.baseUrl)})`,
      {},
      width,
    ),
    ...field("approval", describeApproval(rules), {}, width),
    ...field("sandbox", describeSandbox(rules), {}, width),
    ...field("allowed", describeAllowed(chat.allowed), {}, width),
    ...field("context", left === undefined ? "unknown" : `${left}% left`, {}, width),
    ...field("tokens", view.meter.describe(), {}, width),
    ...field("session", chat.sessionId, {}, width),
  ];
}

function describeAllowed(allowed: readonly string[]): string {
  if (allowed.length === 0) return "no commands and no directories, for this session";
  return `for this session: ${allowed.map(sanitizeLine).join("; ")}`;
}
