/** The conversations of this server, by their ids. */
import type { Config } from "../config/config.ts";
import type {
  ConversationManager,
  ConversationOptions,
  NewConversation,
} from "../core/conversation-manager.ts";
import { HostedConversation } from "./hosted-conversation.ts";

export interface CreatedConversation {
  readonly created: NewConversation;
  readonly host: HostedConversation;
}

export class Conversations {
  readonly #manager: ConversationManager;
  readonly #hosts = new Map<string, HostedConversation>();
  #isUnattended = false;
  #isEnding = false;

  constructor(manager: ConversationManager) {
    this.#manager = manager;
  }

  /** Errors: ResumeError. */
  async create(config: Config, options: ConversationOptions): Promise<CreatedConversation> {
    const created = await this.#manager.newConversation(config, options);
    const host = new HostedConversation(created.conversation);
    if (this.#isUnattended) host.leaveUnattended();
    this.#hosts.set(created.conversationId, host);
    return { created, host };
  }

  find(id: string): HostedConversation | undefined {
    return this.#hosts.get(id);
  }

  /** Interrupts and forgets it. Resolves when nothing of it is left. */
  async close(id: string): Promise<void> {
    const host = this.#hosts.get(id);
    this.#hosts.delete(id);
    this.#manager.removeConversation(id);
    await host?.close();
  }

  /** The client is not there any more to answer questions. */
  leaveUnattended(): void {
    this.#isUnattended = true;
    for (const host of this.#hosts.values()) host.leaveUnattended();
  }

  /** Lets every task come to its end. */
  async finishAll(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.finish()));
  }

  async closeAll(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    await Promise.all([...this.#hosts.values()].map((host) => host.close()));
  }
}
