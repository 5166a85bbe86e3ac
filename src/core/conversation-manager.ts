/** Makes, keeps and finds conversations. Nobody else can make one. */
import { isAbsolute } from "node:path";
import type { Config } from "../config/config.ts";
import { ModelClient } from "../model/client.ts";
import type { EventMsgOf } from "../protocol/event.ts";
import { type ConversationId, newConversationId } from "../protocol/ids.ts";
import type { ModelItem } from "../protocol/model-item.ts";
import { CodexConversation } from "./codex-conversation.ts";
import { EventQueue } from "./event-queue.ts";
import { History, itemsBeforeMessage, type UserMessage, userMessagesOf } from "./history.ts";
import type { Machine } from "./machine.ts";
import { MessageHistory } from "./message-history.ts";
import { modelEndpoint } from "./model-endpoint.ts";
import { PendingApprovals } from "./pending-approvals.ts";
import { readUserInstructions } from "./project-doc.ts";
import { Refusals } from "./refusals.ts";
import { Rollout, type RolloutState, type SessionModel } from "./rollout.ts";
import { type EarlierUsage, NO_USAGE, readRollout, takeUpRollout } from "./rollout-reader.ts";
import { SessionApprovals } from "./safety.ts";
import { Session } from "./session.ts";
import type { SessionState } from "./session-state.ts";
import { ApplyPatchTool } from "./tools/apply-patch-tool.ts";
import { SandboxNoticeBoard } from "./tools/sandbox-notices.ts";
import { ShellTool } from "./tools/shell-tool.ts";
import type { ToolProvider } from "./tools/tool.ts";
import { ToolRouter } from "./tools/tool-router.ts";
import type { ToolServices } from "./tools/tool-services.ts";
import { contextFromConfig } from "./turn-context.ts";
import { notificationCommand } from "./user-notification.ts";
import type { WorkTreeDiff } from "./work-tree-diff.ts";

export type SessionConfigured = EventMsgOf<"session_configured">;

export interface NewConversation {
  readonly conversationId: ConversationId;
  readonly conversation: CodexConversation;
  /** The first event, which has been taken from the conversation already. */
  readonly sessionConfigured: SessionConfigured;
  /** Of the session it goes on with. */
  readonly earlierMessages: readonly UserMessage[];
  readonly earlierUsage: EarlierUsage;
  /** Who answered last in that session, if its file tells. */
  readonly earlierModel: SessionModel | undefined;
  /** Grows while the conversation runs. */
  readonly refusals: Refusals;
}

export interface ConversationOptions {
  /** Offer `update_plan`. Default: yes. */
  readonly includePlanTool?: boolean;
  /** Offer `apply_patch` as a function whatever the model. Default: no. */
  readonly includeApplyPatchTool?: boolean;
  /** Keep no session file. Default: one is kept. */
  readonly isEphemeral?: boolean;
}

export class ConversationNotFoundError extends Error {
  override readonly name = "ConversationNotFoundError";
  readonly id: string;

  constructor(id: string) {
    super(`no conversation with id: ${id}`);
    this.id = id;
  }
}

export class ConversationManager {
  readonly #machine: Machine;
  readonly #conversations = new Map<string, OpenConversation>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Of the directory that `config` names. */
  async workTreeDiff(config: Config, signal: AbortSignal): Promise<WorkTreeDiff> {
    const { workTreeDiff } = await import("./work-tree-diff.ts");
    return workTreeDiff(this.#machine.createCommands(config).runner, config.cwd, signal);
  }

  /**
   * `experimental_resume` of the configuration goes on with that session file, under its id.
   * Errors: ResumeError.
   */
  newConversation(config: Config, options: ConversationOptions = {}): Promise<NewConversation> {
    const { experimentalResume: path } = config;
    if (path !== undefined) return this.resumeConversation(config, path, options);
    const start: SessionStart = {
      id: newConversationId(),
      history: [],
      usage: NO_USAGE,
      path: null,
      cwd: null,
      model: undefined,
      isTurnOpen: false,
      unreadableLines: 0,
    };
    return this.#create(config, options, start);
  }

  /**
   * Goes on with a session file, under its id. Errors: ResumeError, also when another process is in
   * that session.
   */
  resumeConversation(
    config: Config,
    path: string,
    options: ConversationOptions = {},
  ): Promise<NewConversation> {
    const session = options.isEphemeral === true ? readRollout(path) : takeUpRollout(path);
    return this.#create(config, options, session);
  }

  /** Errors: ConversationNotFoundError. */
  getConversation(id: string): CodexConversation {
    return this.#find(id).conversation;
  }

  /**
   * Back to before the user's last message, if that is `text`; false: it is not, and nothing has
   * changed. No turn may be running. Files stay as they are.
   * Errors: ConversationNotFoundError.
   */
  rewindConversation(id: string, text: string): boolean {
    return this.#find(id).rewind(text);
  }

  /** Forgets it; whoever holds it can still end it with `shutdown`. */
  removeConversation(id: string): void {
    this.#conversations.delete(id);
  }

  #find(id: string): OpenConversation {
    const open = this.#conversations.get(id);
    if (open === undefined) throw new ConversationNotFoundError(id);
    return open;
  }

  async #create(
    config: Config,
    options: ConversationOptions,
    start: SessionStart,
  ): Promise<NewConversation> {
    const open = openConversation(this.#machine, config, options, start);
    const { conversation, refusals } = open;
    const first = await conversation.nextEvent();
    if (first.id !== "" || first.msg.type !== "session_configured") {
      throw new Error("session configured event was not the first event in the stream");
    }
    this.#conversations.set(start.id, open);
    return {
      earlierMessages: userMessagesOf(start.history),
      earlierUsage: start.usage,
      earlierModel: start.model,
      conversationId: start.id,
      conversation,
      sessionConfigured: first.msg,
      refusals,
    };
  }
}

interface SessionStart extends RolloutState {
  readonly id: ConversationId;
  readonly history: readonly ModelItem[];
  readonly usage: EarlierUsage;
  /** Of the session file to go on with. */
  readonly path: string | null;
  /** Where that session began; null: a new one, or a file that does not tell. */
  readonly cwd: string | null;
  readonly unreadableLines: number;
  /** The descriptor that claims the file; the conversation closes it. */
  readonly claim?: number;
}

interface OpenConversation {
  readonly conversation: CodexConversation;
  readonly refusals: Refusals;
  readonly rewind: (text: string) => boolean;
}

function openConversation(
  machine: Machine,
  config: Config,
  options: ConversationOptions,
  start: SessionStart,
): OpenConversation {
  const { id, history: items } = start;
  const events = new EventQueue();
  const notice = (message: string): void =>
    events.push({ id: "", msg: { type: "background_event", message } });
  const approvals = new PendingApprovals();
  const refusals = new Refusals();
  const external = machine.createTools(config, (msg) => events.push({ id: "", msg }));
  const messageHistory = new MessageHistory(config);
  const { text: instructions, warnings } = readUserInstructions({
    codexHome: config.codexHome,
    cwd: config.cwd,
    maxBytes: config.projectDocMaxBytes,
  });
  const rollout = openRollout(config, options, { ...start, instructions }, notice);
  const history = new History(items);
  let model: ModelClient | null = null;
  const state: SessionState = {
    id,
    config,
    history,
    router: createRouter(machine, config, options, { approvals, refusals, external }),
    userInstructions: instructions,
    model: () => (model ??= new ModelClient(modelEndpoint(config, machine.env))),
    record: (...added) => {
      for (const item of added) {
        history.add(item);
        rollout?.append(item);
      }
    },
    recordUsage: (usage) => rollout?.appendUsage(usage),
    recordModel: ({ model: name, effort, supportsReasoning }) =>
      rollout?.appendModel({ model: name, effort: supportsReasoning ? effort : null }),
    recordAborted: () => {
      if (history.items.length > 0) rollout?.appendAborted();
    },
    recordComplete: () => {
      if (history.items.length > 0) rollout?.appendComplete();
    },
    replaceHistory: (replacement) => {
      history.replace(replacement);
      rollout?.appendCompacted(replacement);
    },
  };
  let saysThatNotifyFails = false;
  const mark = messageHistory.mark();
  events.push({
    id: "",
    msg: {
      type: "session_configured",
      session_id: id,
      model: config.model,
      history_log_id: mark.logId,
      history_entry_count: mark.entryCount,
    },
  });
  const resumed = [...unreadableWarning(start), ...otherDirectoryWarning(start, config.cwd)];
  for (const warning of [...warnings, ...resumed]) notice(warning);
  const session = new Session({
    state,
    events,
    approvals,
    messageHistory,
    context: contextFromConfig(config),
    onTurnComplete: (turn) => {
      const { notify, cwd } = config;
      if (notify === undefined || notify.length === 0) return;
      void machine.startDetached(notificationCommand(notify, turn), cwd).then((problem) => {
        // A turn is not worse for it, so once is enough.
        if (problem !== undefined && !saysThatNotifyFails) notice(`notify: ${problem}`);
        saysThatNotifyFails ||= problem !== undefined;
      });
    },
    onTaskEnd: () => rollout?.rest(),
    close: async () => {
      model?.close();
      rollout?.close();
      await external.close();
    },
  });
  void external.start();
  const rewind = (text: string): boolean => {
    const kept = itemsBeforeMessage(history.items, text);
    if (kept !== undefined) state.replaceHistory(kept);
    return kept !== undefined;
  };
  return { conversation: new CodexConversation(id, events, session), refusals, rewind };
}

function unreadableWarning({ path, unreadableLines: count }: SessionStart): readonly string[] {
  if (path === null || count === 0) return [];
  const lines = count === 1 ? "1 line" : `${count} lines`;
  return [`${lines} of the session file ${JSON.stringify(path)} could not be read: left out`];
}

/** `resume --last` goes on with the newest session of all directories. */
function otherDirectoryWarning({ cwd: earlier }: SessionStart, cwd: string): readonly string[] {
  if (earlier === null || !isAbsolute(earlier) || earlier === cwd) return [];
  const [from, to] = [JSON.stringify(earlier), JSON.stringify(cwd)];
  return [`This session began in ${from} and goes on in ${to}`];
}

function openRollout(
  config: Config,
  options: ConversationOptions,
  session: SessionStart & { readonly instructions: string | null },
  onProblem: (message: string) => void,
): Rollout | null {
  if (options.isEphemeral === true) return null;
  if (session.path !== null) {
    return Rollout.resume(session.path, onProblem, session, session.claim);
  }
  const { codexHome, cwd } = config;
  const { id, instructions } = session;
  return Rollout.start({ id, codexHome, cwd, instructions }, onProblem);
}

interface RouterParts {
  readonly approvals: PendingApprovals;
  readonly refusals: Refusals;
  readonly external: ToolProvider;
}

function createRouter(
  machine: Machine,
  config: Config,
  options: ConversationOptions,
  { approvals, refusals, external }: RouterParts,
): ToolRouter {
  const { runner, applyPatchProgram } = machine.createCommands(config);
  const services: ToolServices = {
    codexHome: config.codexHome,
    commands: runner,
    approvals,
    sessionApprovals: new SessionApprovals(),
    refusals,
    sandboxNotices: new SandboxNoticeBoard(),
    hasPlatformSandbox: machine.hasPlatformSandbox,
    grammar: async () => {
      const { loadBashGrammar } = await import("../shell/bash-grammar.ts");
      return loadBashGrammar();
    },
    applyPatchProgram,
  };
  const patches = new ApplyPatchTool(services);
  return new ToolRouter({
    shell: new ShellTool(services, patches),
    patches,
    external,
    includePlanTool: options.includePlanTool ?? true,
    includeApplyPatchTool: options.includeApplyPatchTool ?? false,
  });
}
