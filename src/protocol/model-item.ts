/**
 * Items exchanged with the model. They are the wire form of the Responses API, and as such the
 * history of a conversation and the lines of its session file.
 */
import * as z from "zod/mini";
import type { DeepReadonly } from "./decode.ts";
import type { CallId } from "./ids.ts";

/** Null where the server sent nothing. */
const nullableText = z._default(z.nullable(z.string()), null);

export const contentPartSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("input_text"), text: z.string() }),
  z.object({ type: z.literal("input_image"), image_url: z.string() }),
  z.object({ type: z.literal("output_text"), text: z.string() }),
]);
export type ContentPart = DeepReadonly<z.infer<typeof contentPartSchema>>;

const messageSchema = z.object({
  type: z.literal("message"),
  id: nullableText,
  role: z.string(),
  content: z.array(contentPartSchema),
});

const summaryPartSchema = z.object({ type: z.literal("summary_text"), text: z.string() });
const rawReasoningPartSchema = z.object({
  type: z.enum(["reasoning_text", "text"]),
  text: z.string(),
});

/** `encrypted_content` lets a server that stores nothing take up its own thoughts again. */
const reasoningSchema = z.object({
  type: z.literal("reasoning"),
  id: nullableText,
  summary: z.array(summaryPartSchema),
  content: z._default(z.nullable(z.array(rawReasoningPartSchema)), null),
  encrypted_content: nullableText,
});

/** `arguments` is JSON text, or what the model took for it. */
const functionCallSchema = z.object({
  type: z.literal("function_call"),
  id: nullableText,
  name: z.string(),
  arguments: z.string(),
  call_id: z.string(),
});

const functionCallOutputSchema = z.object({
  type: z.literal("function_call_output"),
  call_id: z.string(),
  output: z.string(),
});

/** Without a `call_id` the `id` names the call; see `callIdOf`. */
const localShellCallSchema = z.object({
  type: z.literal("local_shell_call"),
  id: nullableText,
  call_id: nullableText,
  status: z._default(z.string(), "completed"),
  action: z.object({
    type: z.literal("exec"),
    command: z.array(z.string()),
    timeout_ms: z._default(z.nullable(z.number()), null),
    working_directory: nullableText,
    env: z._default(z.nullable(z.record(z.string(), z.string())), null),
    user: nullableText,
  }),
});

/** A call with free text instead of JSON arguments. */
const customToolCallSchema = z.object({
  type: z.literal("custom_tool_call"),
  id: nullableText,
  call_id: z.string(),
  name: z.string(),
  input: z.string(),
});

const customToolCallOutputSchema = z.object({
  type: z.literal("custom_tool_call_output"),
  call_id: z.string(),
  output: z.string(),
});

export const modelItemSchema = z.discriminatedUnion("type", [
  messageSchema,
  reasoningSchema,
  functionCallSchema,
  functionCallOutputSchema,
  localShellCallSchema,
  customToolCallSchema,
  customToolCallOutputSchema,
]);
export type ModelItem = DeepReadonly<z.infer<typeof modelItemSchema>>;
export type ModelItemOf<Type extends ModelItem["type"]> = Extract<
  ModelItem,
  { readonly type: Type }
>;
export type MessageItem = ModelItemOf<"message">;
export type ToolCallItem = ModelItemOf<"function_call" | "local_shell_call" | "custom_tool_call">;

const looseItemSchema = z.looseObject({ type: z.string() });
type LooseItem = z.infer<typeof looseItemSchema>;

/**
 * An item as a server or a session file has it. Null for kinds this program does not know, for
 * broken items and for messages without a readable part: a conversation must outlive them all.
 * Unknown parts are left out; a refusal becomes text, or its reader would see an empty answer.
 */
export function decodeModelItem(value: unknown): ModelItem | null {
  const loose = looseItemSchema.safeParse(value);
  if (!loose.success) return null;
  const item = modelItemSchema.safeParse(withoutGaps(loose.data));
  if (!item.success) return null;
  if (item.data.type === "message" && item.data.content.length === 0) return null;
  return item.data;
}

export function userMessage(content: readonly ContentPart[]): MessageItem {
  return { type: "message", id: null, role: "user", content };
}

/** All text of a message, its parts joined without a separator. */
export function textOfMessage(message: MessageItem): string {
  let text = "";
  for (const part of message.content) if (part.type !== "input_image") text += part.text;
  return text;
}

/** The id that the output of a call must name. */
export function callIdOf(call: ToolCallItem): CallId {
  return call.call_id ?? call.id ?? "";
}

function withoutGaps(item: LooseItem): LooseItem {
  switch (item.type) {
    case "message":
      return { ...item, content: knownParts(item["content"], contentPartSchema) };
    case "reasoning":
      return {
        ...item,
        summary: knownParts(item["summary"] ?? [], summaryPartSchema),
        content: knownParts(item["content"], rawReasoningPartSchema),
      };
    case "function_call":
      return {
        ...item,
        call_id: item["call_id"] ?? item["id"],
        arguments: item["arguments"] ?? "",
      };
    case "custom_tool_call":
      return { ...item, call_id: item["call_id"] ?? item["id"], input: item["input"] ?? "" };
    default:
      return item;
  }
}

const refusalSchema = z.object({ type: z.literal("refusal"), refusal: z.string() });

function knownParts(parts: unknown, schema: z.ZodMiniType): unknown {
  if (!Array.isArray(parts)) return parts;
  const known: unknown[] = [];
  for (const part of parts as readonly unknown[]) {
    const refusal = refusalSchema.safeParse(part);
    const readable = refusal.success ? { type: "output_text", text: refusal.data.refusal } : part;
    if (schema.safeParse(readable).success) known.push(readable);
  }
  return known;
}
