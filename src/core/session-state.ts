/** What all parts of one conversation share. Session owns it; turns and tools work on it. */
import type { Config } from "../config/config.ts";
import type { ModelClient } from "../model/client.ts";
import type { ConversationId, SubmissionId } from "../protocol/ids.ts";
import type { EventMsg, TokenUsage } from "../protocol/event.ts";
import type { ModelItem } from "../protocol/model-item.ts";
import type { History } from "./history.ts";
import type { ToolRouter } from "./tools/tool-router.ts";
import type { TurnContext } from "./turn-context.ts";

export interface SessionState {
  readonly id: ConversationId;
  readonly config: Config;
  readonly history: History;
  readonly router: ToolRouter;
  /** AGENTS.md and its like, read once at the start. Null when there is none. */
  readonly userInstructions: string | null;
  /** Errors: ModelError when the provider is not usable as configured. */
  readonly model: () => ModelClient;
  /** Adds to the history and to the session file. */
  readonly record: (...items: readonly ModelItem[]) => void;
  /** Of the request that was just answered, for the session file. */
  readonly recordUsage: (usage: TokenUsage) => void;
  /** Of the turn that begins, for the session file. */
  readonly recordModel: (context: TurnContext) => void;
  /** The user's turn was interrupted, for the session file. */
  readonly recordAborted: () => void;
  /** The user's turn has ended by itself, well or with an error, for the session file. */
  readonly recordComplete: () => void;
  /** Replaces the history; the session file keeps the old one and notes the new one. */
  readonly replaceHistory: (items: readonly ModelItem[]) => void;
}

/** One task while it runs. */
export interface Task {
  readonly id: SubmissionId;
  readonly context: TurnContext;
  readonly signal: AbortSignal;
  readonly emit: (msg: EventMsg) => void;
  /** The front end wants no more of the answer for now. */
  readonly isHeld: () => boolean;
  /** Resolves when it is no longer held, or the task is aborted. */
  readonly letGo: () => Promise<void>;
  /** Messages of the user that wait for the next request. Taking empties the list. */
  readonly takeInput: () => readonly ModelItem[];
}
