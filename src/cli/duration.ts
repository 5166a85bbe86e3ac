/** Times as people write them on a command line. */

// setTimeout takes no longer time: a 32-bit number of milliseconds.
const MAX_MS = 2_147_483_647;

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds of `90`, `90s`, `1.5m`, `1h`; `undefined` for anything else, and for no time. */
export function parseDurationMs(text: string): number | undefined {
  const [, number, unit = "s"] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?$/.exec(text) ?? [];
  const ms = Math.round(Number(number) * (UNITS_MS[unit] ?? Number.NaN));
  return ms > 0 && ms <= MAX_MS ? ms : undefined;
}
