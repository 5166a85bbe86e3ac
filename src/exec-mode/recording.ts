/**
 * Recordings of a model's answers: one JSON object a line. The first says that this is a recording
 * and which wire API it speaks; every other one is the answer to one request, in order.
 */
import * as z from "zod/mini";
import { decodeJsonWith, type DeepReadonly } from "../protocol/decode.ts";
import { ExecUsageError } from "./exit-code.ts";

/** `note` is shown to the user, so that nobody takes a recording for a model. */
const headSchema = z.object({
  recording: z.literal(1),
  wire_api: z.enum(["responses", "chat"]),
  note: z.optional(z.string()),
});

/** Of server-sent events only the data; text where it was no JSON object, such as "[DONE]". */
const answerSchema = z.object({
  status: z._default(z.int(), 200),
  /** For a status that is no success. */
  body: z.optional(z.unknown()),
  events: z._default(z.array(z.union([z.string(), z.record(z.string(), z.unknown())])), []),
});

export type RecordingHead = DeepReadonly<z.infer<typeof headSchema>>;
export type RecordedAnswer = DeepReadonly<z.infer<typeof answerSchema>>;

export interface Recording {
  readonly head: RecordingHead;
  readonly answers: readonly RecordedAnswer[];
}

/** Errors: ExecUsageError with the number of the line. */
export function parseRecording(text: string, name: string): Recording {
  const lines = text.split("\n");
  const head = decodeJsonWith(headSchema, lines[0] ?? "", "recording");
  if (!head.ok) throw new ExecUsageError(`Cannot replay "${name}": line 1: ${head.message}`);
  const answers: RecordedAnswer[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === "") continue;
    const answer = decodeJsonWith(answerSchema, line, "recorded answer");
    if (!answer.ok) {
      throw new ExecUsageError(`Cannot replay "${name}": line ${index + 1}: ${answer.message}`);
    }
    answers.push(answer.value);
  }
  return { head: head.value, answers };
}

/** The events as they go over the wire. */
export function serverSentEvents(answer: RecordedAnswer): string {
  return answer.events
    .map((event) => {
      if (typeof event === "string") return `data: ${event.replaceAll("\n", "\ndata: ")}\n\n`;
      const { type } = event;
      const name = typeof type === "string" && !type.includes("\n") ? `event: ${type}\n` : "";
      return `${name}data: ${JSON.stringify(event)}\n\n`;
    })
    .join("");
}
