/**
 * The schema of a tool's arguments as every model API takes it: type, properties, required, items
 * and descriptions. Servers write all of JSON Schema, and a request with an unknown part of it is
 * refused as a whole.
 */

export type PlainSchema = { readonly [key: string]: unknown };

type Schema = Readonly<Record<string, unknown>>;

/** Deeper ones become texts; a schema may refer to itself. */
const MAX_DEPTH = 16;
const MAX_NODES = 5_000;
/** References to references, without anything in between. */
const MAX_REFERENCES = 8;

const TEXT: PlainSchema = { type: "string" };

/** Always that of an object, with properties. */
export function plainParameters(inputSchema: unknown): PlainSchema {
  const root = isRecord(inputSchema) ? inputSchema : {};
  return new Sanitizer(root).object(root, 0);
}

class Sanitizer {
  readonly #root: Schema;
  #nodes = 0;

  constructor(root: Schema) {
    this.#root = root;
  }

  object(schema: Schema, depth: number): PlainSchema {
    const { properties, required, additionalProperties } = schema;
    const entries = isRecord(properties) ? Object.entries(properties) : [];
    const names = new Set(entries.map(([name]) => name));
    const needed = (Array.isArray(required) ? required : []).filter(
      (name: unknown) => typeof name === "string" && names.has(name),
    );
    return {
      type: "object",
      properties: Object.fromEntries(
        entries.map(([name, inner]) => [name, this.#any(inner, depth + 1)]),
      ),
      ...(needed.length === 0 ? {} : { required: needed }),
      ...(typeof additionalProperties === "boolean" ? { additionalProperties } : {}),
    };
  }

  #any(value: unknown, depth: number): PlainSchema {
    this.#nodes += 1;
    if (!isRecord(value) || depth > MAX_DEPTH || this.#nodes > MAX_NODES) return TEXT;
    const schema = this.#resolve(value);
    return { ...this.#typed(schema, depth), ...descriptionOf(schema) };
  }

  #typed(schema: Schema, depth: number): PlainSchema {
    switch (typeOf(schema)) {
      case "object":
        return this.object(schema, depth);
      case "array": {
        const { items } = schema;
        return { type: "array", items: isRecord(items) ? this.#any(items, depth + 1) : TEXT };
      }
      case "integer":
      case "number":
        return { type: "number" };
      case "boolean":
        return { type: "boolean" };
      default:
        return TEXT;
    }
  }

  /** Behind references, and of alternatives the first that is not null. Its own words win. */
  #resolve(schema: Schema): Schema {
    let current = schema;
    for (let step = 0; step < MAX_REFERENCES; step += 1) {
      const target = this.#referred(current) ?? firstAlternative(current);
      if (target === undefined) return current;
      const { $ref: _ref, anyOf: _any, oneOf: _one, allOf: _all, ...own } = current;
      current = { ...target, ...own };
    }
    return current;
  }

  #referred({ $ref: reference }: Schema): Schema | undefined {
    if (typeof reference !== "string" || !reference.startsWith("#/")) return undefined;
    let value: unknown = this.#root;
    for (const part of reference.slice(2).split("/")) {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined;
      value = value[key];
    }
    return isRecord(value) ? value : undefined;
  }
}

function firstAlternative(schema: Schema): Schema | undefined {
  if (schema["type"] !== undefined || schema["properties"] !== undefined) return undefined;
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const list: unknown = schema[key];
    if (!Array.isArray(list)) continue;
    const found: unknown = list.find((each: unknown) => isRecord(each) && each["type"] !== "null");
    if (isRecord(found)) return found;
  }
  return undefined;
}

/** The first type that is not null; without one, what the other keys speak of. */
function typeOf(schema: Schema): unknown {
  const { type } = schema;
  if (typeof type === "string") return type;
  if (Array.isArray(type)) return type.find((each: unknown) => each !== "null");
  if (isRecord(schema["properties"])) return "object";
  return schema["items"] === undefined ? undefined : "array";
}

/** With the allowed values, which have no other place. */
function descriptionOf(schema: Schema): PlainSchema {
  const description = schema["description"];
  const words = plainDescription(description);
  const choices = choicesOf(schema);
  if (choices === undefined) return words === "" ? {} : { description: words };
  const hint = `One of: ${choices}`;
  if (words !== "") return { description: `${words} (${hint})` };
  // A list of values and nothing else is a text and nothing else, as in codex 0.23.0.
  return schema["type"] === undefined ? {} : { description: hint };
}

const MAX_CHOICES = 50;

/** What a server says of a tool or a parameter. Every request carries it, so it has an end. */
export function plainDescription(description: unknown): string {
  if (typeof description !== "string") return "";
  const left = description.length - MAX_DESCRIPTION;
  if (left <= 0) return description;
  return `${description.slice(0, MAX_DESCRIPTION).toWellFormed()} … (${left} more characters)`;
}

const MAX_DESCRIPTION = 8_192;

function choicesOf(schema: Schema): string | undefined {
  const list: unknown = schema["const"] === undefined ? schema["enum"] : [schema["const"]];
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const shown = list.slice(0, MAX_CHOICES).map((each: unknown) => JSON.stringify(each));
  return list.length > MAX_CHOICES ? `${shown.join(", ")}, …` : shown.join(", ");
}

function isRecord(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
