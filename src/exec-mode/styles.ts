/** Colours of a terminal, or none. Source of the choice: exec output of 0.23.0. */

export interface Styles {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly italic: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly magenta: (text: string) => string;
  readonly cyan: (text: string) => string;
}

const ESC = "\u001b[";

export function styles(isColored: boolean): Styles {
  const sgr = (code: number) => (text: string) =>
    isColored && text !== "" ? `${ESC}${code}m${text}${ESC}0m` : text;
  return {
    bold: sgr(1),
    dim: sgr(2),
    italic: sgr(3),
    red: sgr(31),
    green: sgr(32),
    magenta: sgr(35),
    cyan: sgr(36),
  };
}

/**
 * Text from a model, a file or a command must not speak to the terminal: control characters are
 * shown as their pictures (U+2400 and on), but for line ends and tabs. A carriage return before a
 * line end belongs to it.
 */
export function printable(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(CONTROL_CHARACTERS, (character) => pictureOf(character.charCodeAt(0)));
}

// C0 without tab and line feed, DEL, C1, and the marks that turn text around (Trojan Source).
const CONTROL_CHARACTERS =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu;

function pictureOf(code: number): string {
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "\u2421" : "\ufffd";
}

/** `12ms`, `1.01s`, `1m05s`. */
export function formatDuration(milliseconds: number): string {
  const rounded = Math.round(milliseconds);
  if (rounded < 1000) return `${rounded}ms`;
  if (rounded < 60_000) return `${(milliseconds / 1000).toFixed(2)}s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
}

/** Local time, to the second. */
export function formatTimestamp(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date}T${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
