/** `codex exec --json`: one JSON value a line. `exec-json-schema.ts` describes the lines. */
import { encodeEvent } from "../protocol/event-encoding.ts";
import type { EventMsg } from "../protocol/event.ts";
import { describeRun, type EventPrinter } from "./event-printer.ts";
import type { OutputStream } from "./output-stream.ts";

/** Grows when something changes that a client could stumble over. */
export const SCHEMA_VERSION = 1;

/** Said by others: the first line, complete texts, the exit code. Source: 0.23.0. */
const UNPRINTED: ReadonlySet<EventMsg["type"]> = new Set([
  "session_configured",
  "agent_message_delta",
  "agent_reasoning_delta",
  "task_complete",
  "shutdown_complete",
]);

export function jsonPrinter(stdout: OutputStream): EventPrinter {
  const line = (value: object): void => stdout.write(`${JSON.stringify(value)}\n`);
  return {
    begin: (config, prompt) => {
      line({ schema_version: SCHEMA_VERSION, ...describeRun(config) });
      line({ prompt });
    },
    event: (event) => {
      if (!UNPRINTED.has(event.msg.type)) stdout.write(`${encodeEvent(event)}\n`);
    },
    end: () => undefined,
  };
}
