import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod/mini";
import { eventMsgSchema } from "../../src/protocol/event.ts";
import { eventJsonSchema } from "../../src/protocol/event-json-schema.ts";

const written = z.object({
  $schema: z.string(),
  type: z.literal("object"),
  required: z.array(z.string()),
  $defs: z.record(
    z.string(),
    z.looseObject({
      oneOf: z.optional(
        z.array(
          z.looseObject({
            properties: z.looseObject({ type: z.object({ const: z.string(), type: z.string() }) }),
            required: z.array(z.string()),
          }),
        ),
      ),
    }),
  ),
});

test("the schema has every kind of event under a name", () => {
  const schema = written.parse(JSON.parse(JSON.stringify(eventJsonSchema())));
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.deepEqual(schema.required, ["id", "msg"]);
  assert.deepEqual(Object.keys(schema.$defs).toSorted(), [
    "Duration",
    "EventMsg",
    "FileChange",
    "McpInvocation",
    "ParsedCommand",
    "PlanStep",
  ]);
  const kinds = schema.$defs["EventMsg"]?.oneOf?.map((variant) => variant.properties.type.const);
  assert.deepEqual(
    kinds,
    eventMsgSchema.def.options.map((option) => option.def.shape.type.def.values[0]),
  );
});

test("what may be absent is not required, and objects stay open", () => {
  const schema = written.parse(JSON.parse(JSON.stringify(eventJsonSchema())));
  const request = schema.$defs["EventMsg"]?.oneOf?.find(
    (variant) => variant.properties.type.const === "exec_approval_request",
  );
  assert.deepEqual(request?.required, ["type", "call_id", "command", "cwd"]);
  assert.doesNotMatch(JSON.stringify(schema), /"additionalProperties":false/);
});
