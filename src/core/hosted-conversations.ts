/** The conversations of a server, by their ids. */
import { keepV8Flat } from "../runtime/v8-memory.ts";
import type { Config } from "../config/config.ts";
import type {
  ConversationManager,
  ConversationOptions,
  NewConversation,
} from "./conversation-manager.ts";
import { HostedConversation } from "./hosted-conversation.ts";

export interface CreatedConversation {
  readonly created: NewConversation;
  readonly host: HostedConversation;
}

export class HostedConversations {
  readonly #manager: ConversationManager;
  readonly #hosts = new Map<string, HostedConversation>();
  #hosted = 0;
  #isUnattended = false;
  #isEnding = false;

  constructor(manager: ConversationManager) {
    this.#manager = manager;
  }

  /** Errors: ResumeError. */
  async create(config: Config, options: ConversationOptions = {}): Promise<CreatedConversation> {
    return this.#host(await this.#manager.newConversation(config, options));
  }

  /** Goes on with a session file; see ConversationManager. Errors: ResumeError. */
  async resume(config: Config, path: string): Promise<CreatedConversation> {
    return this.#host(await this.#manager.resumeConversation(config, path));
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

  async #host(created: NewConversation): Promise<CreatedConversation> {
    const { conversationId, conversation } = created;
    const host = new HostedConversation(conversation);
    this.#hosted += 1;
    if (this.#hosted > 1) keepV8Flat();
    if (this.#isUnattended) host.leaveUnattended();
    const before = this.#hosts.get(conversationId);
    this.#hosts.set(conversationId, host);
    if (this.#isEnding) await host.close();
    await before?.close(); // one session file was taken up twice
    return { created, host };
  }
}
