/** One measured number with what it is held against. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** "x" is a ratio, "" a count. */
  readonly unit: "ms" | "MB" | "x" | "%" | "B/s" | "/s" | "";
  /** 10 and 90 of 100 values, where there are several. */
  readonly spread?: readonly [number, number];
  /** The most it may be. */
  readonly limit?: number;
  /** The same of another program, in the same run; not a number where it has none. */
  readonly peer?: { readonly name: string; readonly value: number };
}

export function reportOf(figure: Figure): string {
  const { name, value, unit, spread, limit, peer } = figure;
  const digits = digitsOf(figure);
  const text = `${value.toFixed(digits)} ${unit}`.trimEnd().padStart(12);
  const range = spread === undefined ? "" : ` (${spread[0].toFixed(1)} to ${spread[1].toFixed(1)})`;
  const bound = limit === undefined ? "" : `, limit ${limit}${isOver(figure) ? " OVER" : ""}`;
  const other =
    peer === undefined
      ? ""
      : `; ${peer.name}: ${Number.isNaN(peer.value) ? "none" : peer.value.toFixed(digits)}`;
  return `${text}  ${name}${range}${bound}${other}`;
}

/** Also when it could not be measured at all. */
export function isOver({ value, limit }: Figure): boolean {
  return limit !== undefined && !(value <= limit);
}

function digitsOf({ unit }: Figure): number {
  if (unit === "x" || unit === "%") return 2;
  return unit === "" ? 0 : 1;
}
