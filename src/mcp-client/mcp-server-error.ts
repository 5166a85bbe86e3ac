/** Why a server is of no use, or why a call of it failed. */
export class McpServerError extends Error {
  override readonly name = "McpServerError";
}

/** For one line: a server's words may be many. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, " | ").trim();
}

/** For people: "10 s", "0.5 s". */
export function seconds(milliseconds: number): string {
  return `${milliseconds / 1_000} s`;
}
