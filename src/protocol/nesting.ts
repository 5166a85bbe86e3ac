/**
 * How deep JSON from outside may nest. JSON.parse takes any depth, but what walks over the value
 * afterwards, JSON.stringify first of all, runs out of stack and would take the program along.
 */
const MAX_NESTING = 500;

export function isTooDeep(value: unknown, max = MAX_NESTING): boolean {
  let level = [value];
  for (let depth = 0; depth <= max; depth += 1) {
    const next: unknown[] = [];
    for (const each of level) {
      if (typeof each !== "object" || each === null) continue;
      for (const inner of Object.values(each)) next.push(inner);
    }
    if (next.length === 0) return false;
    level = next;
  }
  return true;
}
