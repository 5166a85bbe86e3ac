/** TypeScript types of the conversation methods, one file for each named type. */
import * as z from "zod/mini";
import { INTERFACE_SCHEMAS } from "./interface-schemas.ts";

export interface TypeFile {
  /** `NewConversationParams.ts` */
  readonly name: string;
  readonly text: string;
}

/** What a client may send: fields with a default may be left out. */
export function typescriptTypes(): readonly TypeFile[] {
  const names = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(INTERFACE_SCHEMAS)) names.add(schema, { id });
  const { schemas } = z.toJSONSchema(names, { io: "input", uri: (id) => id });
  return Object.entries(schemas).map(([id, schema]) => {
    const writer = new TypeWriter();
    const type = writer.type(schema);
    const imports = [...writer.references]
      .filter((name) => name !== id)
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((name) => `import type { ${name} } from "./${name}.ts";\n`);
    const head = "// Written by codex generate-ts.\n";
    const text = `${head}${imports.join("")}\nexport type ${id} = ${type};\n`;
    return { name: `${id}.ts`, text };
  });
}

/** The part of JSON Schema that the schemas of this interface come out as. */
class TypeWriter {
  /** Names of other types that were used. */
  readonly references = new Set<string>();

  type(schema: unknown): string {
    if (!isRecord(schema)) return "unknown";
    const { $ref, const: literal, enum: values, anyOf, oneOf, type } = schema;
    if (typeof $ref === "string") {
      this.references.add($ref);
      return $ref;
    }
    if (literal !== undefined) return JSON.stringify(literal);
    if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(" | ");
    const choices: unknown = anyOf ?? oneOf;
    if (Array.isArray(choices)) return this.#union(choices);
    switch (type) {
      case "object":
        return this.#object(schema);
      case "array":
        return `Array<${this.type(schema["items"])}>`;
      case "integer":
        return "number";
      case "string":
      case "number":
      case "boolean":
      case "null":
        return type;
      default:
        return "unknown";
    }
  }

  #union(choices: readonly unknown[]): string {
    return [...new Set(choices.map((choice) => this.type(choice)))].join(" | ");
  }

  #object({
    properties,
    required,
    additionalProperties,
  }: Readonly<Record<string, unknown>>): string {
    if (!isRecord(properties)) {
      return `{ [key: string]: ${this.type(additionalProperties)} }`;
    }
    const needed: readonly unknown[] = Array.isArray(required) ? required : [];
    const fields = Object.entries(properties).map(([key, value]) => {
      const mark = needed.includes(key) ? "" : "?";
      return `${JSON.stringify(key)}${mark}: ${this.type(value)}`;
    });
    return fields.length === 0 ? "Record<string, never>" : `{ ${fields.join("; ")} }`;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
