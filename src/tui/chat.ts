/**
 * The conversation a front end shows: what the user sends, what waits to be sent, and under which
 * rules. Screen and line mode share it.
 */
import type { Config } from "../config/config.ts";
import { findModelFamily } from "../config/model-families.ts";
import type { CodexConversation } from "../core/codex-conversation.ts";
import type { ConversationManager } from "../core/conversation-manager.ts";
import type { UserMessage } from "../core/history.ts";
import type { SessionModel } from "../core/rollout.ts";
import type { WorkTreeDiff } from "../core/work-tree-diff.ts";
import type { Event, EventMsgOf } from "../protocol/event.ts";
import type { ReasoningEffort } from "../protocol/reasoning.ts";
import type { InputItem, OpOf } from "../protocol/submission.ts";
import {
  type Answer,
  describeAbandoned,
  describeAnswer,
  type Question,
  questionOf,
} from "./approval-question.ts";
import { doneCell, failedCell, noticeCell } from "./cells.ts";
import type { Message } from "./composer.ts";
import type { ConversationView } from "./conversation-view.ts";
import { looksSecret } from "./prompt-history.ts";
import { sessionHeader } from "./session-header.ts";
import { describeModel, type SessionRules } from "./status-line.ts";

export interface ChatListener {
  /** Something that is shown has changed. */
  readonly onChange: () => void;
  readonly onTurnStart: () => void;
  readonly onQuestion: (question: Question) => void;
  /** Questions that were open need no answer any more. */
  readonly onTurnEnd: (kind: "complete" | "interrupted") => void;
  readonly onHistoryEntry: (entry: EventMsgOf<"get_history_entry_response">) => void;
  readonly onTools: (tools: EventMsgOf<"mcp_list_tools_response">["tools"]) => void;
  readonly onSession: (historyCount: number) => void;
}

export interface ChatParts {
  /** Asked when the first conversation begins. */
  readonly loadManager: () => Promise<ConversationManager>;
  readonly view: ConversationView;
  readonly config: Config;
  readonly isSandboxAvailable: boolean;
  readonly listener: ChatListener;
  readonly now: () => number;
}

export interface RunningTurn {
  readonly startedAt: number;
  readonly isStopping: boolean;
}

export interface Rewound {
  readonly message: Message;
  /** Of the pictures with it, how many are not in `message`: only their content is known. */
  readonly lostImages: number;
  /** False: the model still knows it. */
  readonly isTakenBack: boolean;
}

interface Delivered {
  readonly message: Message;
  readonly lostImages: number;
  /** What the conversation before it took of the context; undefined: nobody knows. */
  readonly usedBefore: number | undefined;
}

type RuleChanges = Omit<OpOf<"override_turn_context">, "type">;

export class Chat {
  readonly #parts: ChatParts;
  #config: Config;
  #rules: SessionRules;
  #conversation: CodexConversation | undefined;
  #beginning: Promise<void> = Promise.resolve();
  #isClosed = false;
  #sessionId = "";
  #historyLogId = 0;
  #isCompacting = false;
  #isAnswerHeld = false;
  #hasSent = false;
  #turn: { startedAt: number; isStopping: boolean } | undefined;
  #queue: Message[] = [];
  /** What the model was told in this conversation, as far as it can be taken back. */
  #delivered: Delivered[] = [];
  /** Sent before there is a conversation. */
  #early: Message[] = [];
  /** What the user has allowed for the session. */
  #allowed = new Set<string>();
  /** Resolves when the present conversation has told everything. */
  #pumping: Promise<void> = Promise.resolve();

  constructor(parts: ChatParts) {
    this.#parts = parts;
    this.#config = parts.config;
    this.#rules = rulesOf(parts.config, parts.isSandboxAvailable);
  }

  get config(): Config {
    return this.#config;
  }

  get rules(): SessionRules {
    return this.#rules;
  }

  get turn(): RunningTurn | undefined {
    return this.#turn;
  }

  get queue(): readonly Message[] {
    return [...this.#early, ...this.#queue];
  }

  /** Commands, and directories to write to. */
  get allowed(): readonly string[] {
    return [...this.#allowed];
  }

  get allowedCount(): number {
    return this.#allowed.size;
  }

  get sessionId(): string {
    return this.#sessionId;
  }

  get hasSession(): boolean {
    return this.#conversation !== undefined;
  }

  /** There is something to go on with: a session file that could not be written leaves nothing. */
  async canBeResumed(): Promise<boolean> {
    if (!this.#hasSent) return false;
    const { isStored } = await import("../core/rollout-reader.ts");
    return isStored(this.#config.codexHome, this.#sessionId);
  }

  /** Before a conversation has begun. */
  setConfig(config: Config): void {
    this.#config = config;
    this.#rules = rulesOf(config, this.#parts.isSandboxAvailable);
  }

  /** Ends the present conversation, if there is one. Errors: ResumeError. */
  async begin(resumePath?: string): Promise<void> {
    const beginning = this.#begin(resumePath);
    this.#beginning = beginning.catch(() => undefined);
    await beginning;
  }

  async #begin(resumePath: string | undefined): Promise<void> {
    const { loadManager, view, listener } = this.#parts;
    await view.load();
    const manager = await loadManager();
    const config = this.#presentConfig();
    const created =
      resumePath === undefined
        ? await manager.newConversation(config)
        : await manager.resumeConversation(config, resumePath);
    await this.#endPresent();
    this.#conversation = created.conversation;
    created.conversation.holdAnswer(this.#isAnswerHeld);
    this.#sessionId = created.conversationId;
    this.#historyLogId = created.sessionConfigured.history_log_id;
    this.#hasSent = resumePath !== undefined;
    this.#allowed = new Set();
    this.#delivered = created.earlierMessages.map(delivered);
    this.#isCompacting = false;
    view.meter.begin(resumePath === undefined ? undefined : created.earlierUsage);
    view.meter.setWindow(config.modelContextWindow);
    this.#pumping = this.#pump(created.conversation);
    if (this.#isClosed) return;
    view.print(sessionHeader(this.#rules, this.#sessionId, view.context));
    const otherModel = otherModelText(created.earlierModel, this.#rules);
    if (otherModel !== undefined) view.note(otherModel, noticeCell(otherModel, view.context));
    listener.onSession(created.sessionConfigured.history_entry_count);
    for (const message of this.#early.splice(0)) this.send(message);
    listener.onChange();
  }

  /** To the model now, or when it has finished what it is doing. */
  send(message: Message): void {
    if (this.#conversation === undefined) {
      this.#early.push(message);
    } else {
      this.#remember(message.text);
      if (this.#turn === undefined) this.#deliver(message);
      else this.#queue.push(message);
    }
    this.#parts.listener.onChange();
  }

  compact(): void {
    this.#beginTurn();
    this.#isCompacting = true;
    this.#conversation?.submit({ type: "compact" });
    this.#parts.listener.onChange();
  }

  listTools(): void {
    this.#conversation?.submit({ type: "list_mcp_tools" });
  }

  async workTreeDiff(signal: AbortSignal): Promise<WorkTreeDiff> {
    return (await this.#parts.loadManager()).workTreeDiff(this.#config, signal);
  }

  requestHistory(offset: number): void {
    const id = this.#historyLogId;
    this.#conversation?.submit({ type: "get_history_entry_request", offset, log_id: id });
  }

  /** What was queued comes back, in order. */
  interrupt(): readonly Message[] {
    if (this.#turn === undefined || this.#turn.isStopping) return [];
    this.#turn.isStopping = true;
    this.#conversation?.submit({ type: "interrupt" });
    this.#parts.listener.onChange();
    return this.takeQueue();
  }

  /** While more text waits to be shown than anybody reads, no more of it is asked for. */
  holdAnswer(isHeld: boolean): void {
    this.#isAnswerHeld = isHeld;
    this.#conversation?.holdAnswer(isHeld);
  }

  get canRewind(): boolean {
    return this.#turn === undefined && this.#delivered.length > 0;
  }

  /** The last message, to be edited: the conversation goes on before it, where that can be done. */
  async rewind(): Promise<Rewound | undefined> {
    const last = this.#delivered.at(-1);
    if (last === undefined || this.#turn !== undefined) return undefined;
    const { message, lostImages, usedBefore } = last;
    const manager = await this.#parts.loadManager();
    const isTakenBack = manager.rewindConversation(this.#sessionId, message.text);
    if (isTakenBack) {
      this.#delivered.pop();
      this.#parts.view.meter.setUsed(usedBefore);
    } else {
      this.#delivered = [last];
    }
    return { message, lostImages, isTakenBack };
  }

  takeQueue(): readonly Message[] {
    return this.#queue.splice(0);
  }

  answer(question: Question, answer: Answer): void {
    this.#settle(question, answer, describeAnswer(question, answer));
  }

  /** The session ends and there is no answer, which is one: nothing runs. */
  abandon(question: Question): void {
    this.#settle(question, { decision: "abort" }, describeAbandoned(question));
  }

  /** `text` is the line that stays in the transcript. */
  #settle(question: Question, answer: Answer, text: string): void {
    const { view, listener } = this.#parts;
    const { kind, taskId: id } = question;
    const { decision, feedback } = answer;
    const cell = decision === "denied" || decision === "abort" ? failedCell : doneCell;
    view.note(text, cell(text, view.context));
    if (decision === "approved_for_session" && question.sessionGrant !== undefined) {
      this.#allowed.add(question.sessionGrant);
    }
    // The words join the running turn, so they must be there before the refusal lets it go on.
    if (feedback !== undefined) {
      this.#remind({ text: feedback, imagePaths: [] });
      this.#conversation?.submit({ type: "user_input", items: [{ type: "text", text: feedback }] });
    }
    const type = kind === "exec" ? "exec_approval" : "patch_approval";
    if (decision === "abort" && this.#turn !== undefined) this.#turn.isStopping = true;
    this.#conversation?.submit({ type, id, decision });
    listener.onChange();
  }

  /** From the next turn on. */
  change(changes: RuleChanges): void {
    this.#conversation?.submit({ type: "override_turn_context", ...changes });
    const model = changes.model ?? this.#rules.model;
    const isKnownModel = model === this.#config.model;
    const supportsReasoning = isKnownModel
      ? this.#config.modelSupportsReasoning
      : findModelFamily(model).supportsReasoning;
    const effort = changes.effort ?? this.#rules.effort ?? this.#config.modelReasoningEffort;
    const { approvalPolicy, sandboxPolicy } = this.#rules;
    this.#rules = {
      ...this.#rules,
      model,
      effort: supportsReasoning ? effort : undefined,
      approvalPolicy: changes.approval_policy ?? this.#rules.approvalPolicy,
      sandboxPolicy: changes.sandbox_policy ?? this.#rules.sandboxPolicy,
    };
    const areSame =
      approvalPolicy === this.#rules.approvalPolicy &&
      JSON.stringify(sandboxPolicy) === JSON.stringify(this.#rules.sandboxPolicy);
    // As the core does: what was allowed held under the rules before.
    if (!areSame) this.#allowed.clear();
    this.#parts.listener.onChange();
  }

  /** For good. Resolves when everything of it is over: tasks, commands, servers. */
  async end(): Promise<void> {
    this.#isClosed = true;
    await this.#beginning;
    await this.#endPresent();
  }

  async #endPresent(): Promise<void> {
    const conversation = this.#conversation;
    this.#conversation = undefined;
    if (conversation === undefined) return;
    this.#queue = [];
    conversation.submit({ type: "shutdown" });
    await this.#pumping;
    (await this.#parts.loadManager()).removeConversation(conversation.id);
    this.#turn = undefined;
  }

  #presentConfig(): Config {
    const { model, effort, approvalPolicy, sandboxPolicy } = this.#rules;
    const config = this.#config;
    const modelReasoningEffort = effort ?? config.modelReasoningEffort;
    const rules = { approvalPolicy, sandboxPolicy, modelReasoningEffort };
    // A session to go on with is named to `begin`.
    const present = { ...config, ...rules, experimentalResume: undefined };
    if (model === config.model) return present;
    const modelFamily = findModelFamily(model);
    return {
      ...present,
      model,
      modelFamily,
      modelContextWindow: modelFamily.contextWindow,
      modelMaxOutputTokens: modelFamily.maxOutputTokens,
      modelSupportsReasoning: modelFamily.supportsReasoning,
    };
  }

  async #pump(conversation: CodexConversation): Promise<void> {
    for await (const event of conversation) this.#event(event);
  }

  #event(event: Event): void {
    const { view, listener } = this.#parts;
    const { msg } = event;
    view.event(event);
    switch (msg.type) {
      case "task_started":
        this.#beginTurn();
        break;
      case "exec_command_end":
      case "patch_apply_end":
      case "mcp_tool_call_end":
      case "plan_update":
        this.#deliverQueue();
        break;
      case "task_complete":
        this.#endTurn("complete");
        break;
      case "turn_aborted":
        this.#endTurn("interrupted");
        break;
      case "exec_approval_request":
      case "apply_patch_approval_request": {
        const failedOutput = view.outputOf(msg.call_id);
        const question = questionOf(event, { rules: this.#rules, failedOutput });
        if (question !== undefined) listener.onQuestion(question);
        break;
      }
      case "get_history_entry_response":
        listener.onHistoryEntry(msg);
        break;
      case "mcp_list_tools_response":
        listener.onTools(msg.tools);
        break;
      case "agent_message":
        // The last request was for the notes; how much they take, the next one tells.
        if (this.#isCompacting) view.meter.setUsed(undefined);
        break;
      // The view has taken these in.
      case "agent_message_delta":
      case "agent_reasoning":
      case "agent_reasoning_delta":
      case "agent_reasoning_raw_content":
      case "agent_reasoning_raw_content_delta":
      case "agent_reasoning_section_break":
      case "background_event":
      case "error":
      case "exec_command_begin":
      case "exec_command_output_delta":
      case "mcp_tool_call_begin":
      case "patch_apply_begin":
      case "session_configured":
      case "shutdown_complete":
      case "token_count":
      case "turn_diff":
        break;
    }
    listener.onChange();
  }

  #beginTurn(): void {
    if (this.#turn !== undefined) return;
    this.#turn = { startedAt: this.#parts.now(), isStopping: false };
    this.#parts.listener.onTurnStart();
  }

  #endTurn(kind: "complete" | "interrupted"): void {
    this.#turn = undefined;
    this.#isCompacting = false;
    this.#parts.listener.onTurnEnd(kind);
    // What an interrupt would have given back was taken when it began.
    if (kind === "complete") this.#deliverQueue();
  }

  #deliverQueue(): void {
    if (this.#turn?.isStopping === true) return;
    for (const message of this.#queue.splice(0)) this.#deliver(message);
  }

  #deliver({ text, imagePaths }: Message): void {
    const { view } = this.#parts;
    const pictures = imagePaths.map((path) => `[Image ${path}]`);
    view.userMessage([...pictures, text].filter((part) => part !== "").join("\n"));
    const images = imagePaths.map((path): InputItem => ({ type: "local_image", path }));
    const items: readonly InputItem[] = text === "" ? images : [...images, { type: "text", text }];
    this.#hasSent = true;
    this.#remind({ text, imagePaths });
    this.#beginTurn();
    this.#conversation?.submit({ type: "user_input", items });
  }

  /** So that it can be taken back. */
  #remind(message: Message): void {
    const { used: usedBefore } = this.#parts.view.meter;
    this.#delivered.push({ message, lostImages: 0, usedBefore });
  }

  #remember(text: string): void {
    if (text === "" || looksSecret(text)) return;
    this.#conversation?.submit({ type: "add_to_history", text });
  }
}

function delivered({ text, imageCount }: UserMessage): Delivered {
  return { message: { text, imagePaths: [] }, lostImages: imageCount, usedBefore: undefined };
}

/**
 * A session goes on with what the configuration and the command line say, since a model may be gone,
 * dearer, or another provider's; undefined when that is what it had.
 */
function otherModelText(
  earlier: SessionModel | undefined,
  { model, effort }: SessionRules,
): string | undefined {
  if (earlier === undefined) return undefined;
  const had = { model: earlier.model, effort: earlier.effort ?? undefined };
  if (had.model === model && had.effort === effort) return undefined;
  const before = describeModel(had);
  return `This session used ${before}, and now ${describeModel({ model, effort })}: /model ${before} goes back`;
}

function rulesOf(config: Config, isSandboxAvailable: boolean): SessionRules {
  const effort: ReasoningEffort | undefined = config.modelSupportsReasoning
    ? config.modelReasoningEffort
    : undefined;
  return {
    model: config.model,
    effort,
    approvalPolicy: config.approvalPolicy,
    sandboxPolicy: config.sandboxPolicy,
    isSandboxAvailable,
    cwd: config.cwd,
  };
}
