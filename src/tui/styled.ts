/** Rows of the screen as plain data: text with a style, and the one way to terminal bytes. */
import { cutToWidth, textWidth } from "./width.ts";

/** A colour of the terminal's own palette (0-15), or one of the 256. */
export type Color = number;

export const RED: Color = 1;
export const GREEN: Color = 2;
export const YELLOW: Color = 3;
export const BLUE: Color = 4;
export const MAGENTA: Color = 5;
export const CYAN: Color = 6;
export const GRAY: Color = 8;

export interface Style {
  readonly color?: Color;
  readonly bold?: true;
  readonly dim?: true;
  readonly italic?: true;
  readonly underline?: true;
  readonly inverse?: true;
  readonly strike?: true;
}

export interface Span {
  /** One line without control characters. */
  readonly text: string;
  readonly style?: Style;
}

/** One line of the screen. */
export type Row = readonly Span[];

export const PLAIN: Style = {};
export const BOLD: Style = { bold: true };
export const DIM: Style = { dim: true };

export function span(text: string, style: Style = PLAIN): Span {
  return { text, style };
}

export function row(text: string, style: Style = PLAIN): Row {
  return [span(text, style)];
}

export function rowText(spans: Row): string {
  return spans.map(({ text }) => text).join("");
}

export function rowWidth(spans: Row): number {
  return spans.reduce((sum, { text }) => sum + textWidth(text), 0);
}

/** What of a row fits into so many columns. */
export function cutRow(spans: Row, width: number): Row {
  if (rowWidth(spans) <= width) return spans;
  let room = width;
  return spans.flatMap(({ text, style }) => {
    const part = cutToWidth(text, room);
    room -= part === text ? textWidth(text) : room;
    return part === "" ? [] : [{ text: part, ...(style === undefined ? {} : { style }) }];
  });
}

/** Without colours only bold, underline and reverse video stay, as NO_COLOR asks for. */
export function toAnsi(spans: Row, hasColors: boolean): string {
  let out = "";
  for (const { text, style } of spans) {
    const start = style === undefined || style === PLAIN ? "" : sgrStart(style, hasColors);
    out += start === "" ? text : `${start}${text}\u001b[0m`;
  }
  return out;
}

/** Most styles are the same few objects, drawn many times a second. */
const sgrStarts = { colored: new WeakMap<Style, string>(), plain: new WeakMap<Style, string>() };

function sgrStart(style: Style, hasColors: boolean): string {
  const known = hasColors ? sgrStarts.colored : sgrStarts.plain;
  let start = known.get(style);
  if (start === undefined) {
    const codes = sgrCodes(style, hasColors);
    start = codes.length === 0 ? "" : `\u001b[${codes.join(";")}m`;
    known.set(style, start);
  }
  return start;
}

function sgrCodes(style: Style, hasColors: boolean): readonly (number | string)[] {
  const codes: (number | string)[] = [];
  if (style.bold === true) codes.push(1);
  if (style.dim === true && hasColors) codes.push(2);
  if (style.italic === true && hasColors) codes.push(3);
  if (style.underline === true) codes.push(4);
  if (style.inverse === true && hasColors) codes.push(7);
  if (style.strike === true && hasColors) codes.push(9);
  if (style.color !== undefined && hasColors) codes.push(colorCode(style.color));
  return codes;
}

function colorCode(color: Color): number | string {
  if (color < 8) return 30 + color;
  return color < 16 ? 90 + color - 8 : `38;5;${color}`;
}
