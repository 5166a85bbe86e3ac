/**
 * Nothing from outside drives the terminal: every string of a model, tool, file, server or
 * repository goes through here before it is laid out.
 *
 * Escape sequences go as a whole, with what they carry; a sequence that does not end on its line is
 * dropped to the end of that line, so the text after it is never lost. What remains is the text that
 * was around it, with invisible characters made visible.
 */
import { codePointName, INVISIBLE, revealHidden } from "../shell/reveal-hidden.ts";
import type { Style } from "./styled.ts";

// The introducers are those of ECMA-48, in their 7-bit and their 8-bit form.
const STRING_SEQUENCE = String.raw`(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u009c|\u001b\\)?`;
const CSI_SEQUENCE = String.raw`(?:\u001b\[|\u009b)[\u0030-\u003f]*[\u0020-\u002f]*[\u0040-\u007e]?`;
const OTHER_SEQUENCE = String.raw`\u001b[\u0020-\u002f]*[\u0030-\u007e]?`;
const SEQUENCES = new RegExp(`${STRING_SEQUENCE}|${CSI_SEQUENCE}|${OTHER_SEQUENCE}`, "gu");
// Of the control characters only the tabulator (expanded later) and the line feed stay.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/gu;
const NEEDS_WORK = /[^\u0020-\u007e\n]/u;

const PICTURE = String.raw`\p{Extended_Pictographic}[\ufe0e\ufe0f]?\p{Emoji_Modifier}?`;
/**
 * Inside of these, joiners, variation selectors and tags are part of the picture. By structure, not
 * by the list of all pictures (RGI_Emoji), which takes 150 ms to compile and long to match.
 * Source: Unicode Technical Standard 51, emoji sequences.
 */
function emojiSequence(): RegExp {
  return (sequences ??= new RegExp(
    String.raw`${PICTURE}(?:\u200d${PICTURE})+|\p{Extended_Pictographic}[\ufe0e\ufe0f]|[#*0-9]\ufe0f\u20e3|\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{1,6}\u{e007f}`,
    "gu",
  ));
}

let sequences: RegExp | undefined;

/** Line feeds stay; a tabulator becomes four blanks. */
export function sanitizeText(text: string): string {
  if (!NEEDS_WORK.test(text)) return text;
  const withoutControls = text
    .toWellFormed()
    .replaceAll("\r\n", "\n")
    .replaceAll(SEQUENCES, "")
    .replaceAll(CONTROLS, "")
    .replaceAll("\t", "    ");
  return showInvisible(withoutControls);
}

/** As sanitizeText, on one line. */
export function sanitizeLine(text: string): string {
  return sanitizeText(text).replaceAll(/\s*\n\s*/gu, " ");
}

function showInvisible(text: string): string {
  if (text.search(INVISIBLE) === -1) return text;
  let out = "";
  let end = 0;
  for (const match of text.matchAll(emojiSequence())) {
    out += text.slice(end, match.index).replaceAll(INVISIBLE, codePointName) + match[0];
    end = match.index + match[0].length;
  }
  return out + text.slice(end).replaceAll(INVISIBLE, codePointName);
}

/**
 * A line of a file or a path that somebody is to judge: nothing is dropped, since an interpreter
 * runs what stands behind a character that no terminal shows. Of a line's own end the carriage
 * return goes.
 */
export function revealLine(text: string): string {
  if (!NEEDS_WORK.test(text) && !text.includes("\n")) return text;
  const visible = text.toWellFormed().replace(/\r$/u, "").replaceAll(CONTROLS, codePointName);
  return showInvisible(visible.replaceAll("\t", "    ").replaceAll("\n", codePointName));
}

/**
 * A command as it will run, with everything in it visible. Nothing is dropped: control characters,
 * invisible ones and look-alike blanks become escapes, and `hasHidden` says that there are some.
 */
export function revealCommand(text: string): {
  readonly text: string;
  readonly hasHidden: boolean;
} {
  const shown = revealHidden(text);
  const hasHidden = shown !== text;
  return { text: shown.replaceAll("\t", "    "), hasHidden };
}

export interface ColoredPiece {
  readonly text: string;
  readonly style: Style;
}

/**
 * Output of a command: colours and weights are understood and given back as styles, which this
 * program writes itself. A carriage return starts the line again, as progress bars want it.
 */
export function sanitizeOutput(text: string): readonly (readonly ColoredPiece[])[] {
  const lines: ColoredPiece[][] = [];
  let style: Style = {};
  for (const raw of text.replaceAll(/\r+\n/gu, "\n").split("\n")) {
    const pieces: ColoredPiece[] = [];
    const visible = raw.slice(raw.replace(/\r+$/u, "").lastIndexOf("\r") + 1);
    let end = 0;
    for (const match of visible.matchAll(/\u001b\[([0-9;]*)m/gu)) {
      addPiece(pieces, visible.slice(end, match.index), style);
      style = applySgr(style, match[1] ?? "");
      end = match.index + match[0].length;
    }
    addPiece(pieces, visible.slice(end), style);
    lines.push(pieces);
  }
  return lines;
}

function addPiece(pieces: ColoredPiece[], raw: string, style: Style): void {
  const text = sanitizeText(raw);
  if (text !== "") pieces.push({ text, style });
}

function applySgr(style: Style, parameters: string): Style {
  let next: Style = style;
  const codes = parameters.split(";").map(Number);
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const isPalette = codes[index + 1] === 5;
      const color = codes[index + 2] ?? 0;
      if (code === 38 && isPalette && color < 256) next = { ...next, color };
      index += isPalette ? 2 : 4;
    } else {
      next = applyCode(next, code);
    }
  }
  return next;
}

function applyCode(style: Style, code: number): Style {
  if (code === 0) return {};
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 4) return { ...style, underline: true };
  if (code >= 30 && code <= 37) return { ...style, color: code - 30 };
  if (code >= 90 && code <= 97) return { ...style, color: code - 90 + 8 };
  if (code === 22) return without(style, ["bold", "dim"]);
  if (code === 24) return without(style, ["underline"]);
  return code === 39 ? without(style, ["color"]) : style;
}

function without(style: Style, keys: readonly (keyof Style)[]): Style {
  return Object.fromEntries(
    Object.entries(style).filter(([key]) => !keys.some((removed) => removed === key)),
  );
}
