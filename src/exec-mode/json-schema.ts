/** JSON Schema of the lines of `codex exec --json`, made from the same schemas that the events have. */
import { eventJsonSchema } from "../protocol/event-json-schema.ts";
import { SCHEMA_VERSION } from "./json-output.ts";

/**
 * Draft 2020-12, for one line: the first says how the run is set up, the second has the prompt, all
 * others are events. Printed by `codex exec --print-schema`.
 */
export function execJsonSchema(): Readonly<Record<string, unknown>> {
  const { $defs, $schema, ...event } = eventJsonSchema();
  const text = { type: "string" };
  return {
    $schema,
    title: "One line of the output of codex exec --json",
    anyOf: [{ $ref: "#/$defs/Run" }, { $ref: "#/$defs/Prompt" }, { $ref: "#/$defs/Event" }],
    $defs: {
      Run: {
        type: "object",
        description: "The first line",
        properties: {
          schema_version: { const: SCHEMA_VERSION },
          workdir: text,
          model: text,
          provider: text,
          approval: text,
          sandbox: text,
          "reasoning effort": text,
          "reasoning summaries": text,
        },
        required: ["schema_version", "workdir", "model", "provider", "approval", "sandbox"],
      },
      Prompt: {
        type: "object",
        description: "The second line",
        properties: { prompt: text },
        required: ["prompt"],
      },
      Event: event,
      ...(typeof $defs === "object" ? $defs : {}),
    },
  };
}

/** Resolves with the exit code. Errors: one for people when it cannot be written. */
export async function printSchema(): Promise<number> {
  const { OutputStream } = await import("./output-stream.ts");
  const stdout = new OutputStream(1);
  stdout.write(`${JSON.stringify(execJsonSchema(), undefined, 2)}\n`);
  await stdout.flush();
  const { failure } = stdout;
  if (failure !== null) throw new Error(`Cannot write to standard output: ${failure}`);
  return 0;
}
