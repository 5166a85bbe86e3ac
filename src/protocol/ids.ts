/** Identifiers, and which one belongs where: mixing them up is the classic mistake here. */
import { randomUUID } from "node:crypto";

declare const conversationIdBrand: unique symbol;

/** Names a conversation, which is the same as its session: a random v4 UUID in lower case. */
export type ConversationId = string & { readonly [conversationIdBrand]: true };

/** Chosen by whoever submits; the events of the task it starts carry it. "" belongs to no task. */
export type SubmissionId = string;

/** Chosen by the model's server for one tool call. Opaque text: nothing in it may be relied on. */
export type CallId = string;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function newConversationId(): ConversationId {
  const id = randomUUID();
  if (!isConversationId(id)) throw new TypeError("Cannot make a conversation id: not a UUID");
  return id;
}

/** For ids that come back from a client; anything else names no conversation. */
export function isConversationId(text: string): text is ConversationId {
  return UUID.test(text);
}
