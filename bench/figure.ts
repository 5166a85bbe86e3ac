/** One measured number with what it is held against. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** "x" is a ratio. */
  readonly unit: "ms" | "MB" | "x" | "%";
  /** 10 and 90 of 100 values, where there are several. */
  readonly spread?: readonly [number, number];
  /** The most it may be. */
  readonly limit?: number;
}

export function reportOf({ name, value, unit, spread, limit }: Figure): string {
  const digits = unit === "x" ? 2 : 1;
  const figure = `${value.toFixed(digits)} ${unit}`.padStart(12);
  const range = spread === undefined ? "" : ` (${spread[0].toFixed(1)} to ${spread[1].toFixed(1)})`;
  const bound = limit === undefined ? "" : `, limit ${limit}${value > limit ? " OVER" : ""}`;
  return `${figure}  ${name}${range}${bound}`;
}
