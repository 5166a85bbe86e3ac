/** The names under which models know the tools of servers. */
import { createHash } from "node:crypto";

/** What model APIs take: letters, digits, "_" and "-", at most 64. */
const MAX_LENGTH = 64;
const KEPT_LENGTH = 24;

/**
 * `<server>__<tool>`, with "_" for every character that models cannot be given. A name that is too
 * long ends in the SHA-1 of the whole name instead.
 */
export function qualifiedName(server: string, tool: string): string {
  const name = `${server}__${tool}`;
  const plain = plainName(name);
  return plain.length <= MAX_LENGTH ? plain : hashedName(name);
}

/** For a name that is another one's when made plain, for example "a.b" beside "a_b". */
export function hashedName(name: string): string {
  const digest = createHash("sha1").update(name).digest("hex");
  return `${plainName(name).slice(0, KEPT_LENGTH)}${digest}`;
}

function plainName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_-]/g, "_");
}

export interface NamedTool<T> {
  readonly name: string;
  readonly tool: T;
}

export interface NamedTools<T> {
  /** By name, in the order of code units: prompt caches need an order that stays. */
  readonly tools: readonly NamedTool<T>[];
  /** "<server>/<tool>" of those that have the same name as one before. */
  readonly duplicates: readonly string[];
}

/** Gives every tool a name of its own, whatever order they come in. */
export function nameTools<T extends { readonly server: string; readonly toolName: string }>(
  tools: readonly T[],
): NamedTools<T> {
  const byName = new Map<string, T>();
  const duplicates: string[] = [];
  // Names that are what they are go first, so that only changed ones have to give way.
  const exact = tools.filter(isExact);
  const changed = tools.filter((tool) => !isExact(tool));
  for (const tool of [...exact, ...changed]) {
    const { server, toolName } = tool;
    const wanted = qualifiedName(server, toolName);
    const known = byName.get(wanted);
    const isOther = known !== undefined && !isSame(known, tool) && !isExact(tool);
    const name = isOther ? hashedName(`${server}__${toolName}`) : wanted;
    if (byName.has(name)) duplicates.push(`${server}/${toolName}`);
    else byName.set(name, tool);
  }
  const named = [...byName].map(([name, tool]) => ({ name, tool }));
  return { tools: named.toSorted((a, b) => (a.name < b.name ? -1 : 1)), duplicates };
}

interface Owned {
  readonly server: string;
  readonly toolName: string;
}

function isExact({ server, toolName }: Owned): boolean {
  return qualifiedName(server, toolName) === `${server}__${toolName}`;
}

function isSame(a: Owned, b: Owned): boolean {
  return a.server === b.server && a.toolName === b.toolName;
}
