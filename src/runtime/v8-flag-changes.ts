/**
 * How often V8's flags were changed since the start. Kept on the global object, since the loader of
 * chunks is a bundle of its own and has its own copy of this module.
 */
const KEY = Symbol.for("codex.v8-flag-changes");

export function flagChanges(): number {
  const count: unknown = Reflect.get(globalThis, KEY);
  return typeof count === "number" ? count : 0;
}

export function noteFlagChange(): void {
  Reflect.set(globalThis, KEY, flagChanges() + 1);
}
