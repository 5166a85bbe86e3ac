/**
 * A strict reading of shell text, character by character: plain words and the operators between
 * them. It accepts much less than a shell does, and decodes what it accepts exactly as bash does.
 *
 * `split-words.ts` holds its result against a real parse; neither reading is believed alone.
 */

export type ShellName = "bash" | "sh" | "zsh";

export type Joint = "&&" | "||" | "|" | ";";

/** What the shell may put in place of a word. Source: bash(1), "EXPANSION". */
export type Expansion =
  | { readonly kind: "none" }
  /** `~` or `~/…`: the home directory, so never an option. */
  | { readonly kind: "tilde" }
  /** Any number of file names, each beginning with `prefix` and ending with `suffix`; or the word itself. */
  | { readonly kind: "glob"; readonly prefix: string; readonly suffix: string };

export interface PlainWord {
  /** After quote removal: what the program gets, unless `expansion` puts something else there. */
  readonly text: string;
  readonly expansion: Expansion;
  /** Whether any of it was quoted or escaped. */
  readonly quoted: boolean;
}

/** Where a piece stands in the script, in UTF-16 units; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type ShellToken =
  | (Span & { readonly kind: "word"; readonly word: PlainWord })
  | (Span & { readonly kind: "joint"; readonly joint: Joint })
  | (Span & { readonly kind: "newline" });

/** A word that stands for itself, as in an argument vector. */
export function literalWord(text: string): PlainWord {
  return { text, expansion: { kind: "none" }, quoted: false };
}

/** The tokens of `script`; undefined when a single character of it is anything but plain. */
export function readPlainTokens(
  script: string,
  shell: ShellName,
): readonly ShellToken[] | undefined {
  const tokens: ShellToken[] = [];
  let at = 0;
  while (at < script.length) {
    const blank = /^[ \t]+/u.exec(script.slice(at, at + MAX_BLANKS));
    if (blank !== null) {
      at += blank[0].length;
      continue;
    }
    const token = readToken(script, at, shell);
    if (token === undefined) return undefined;
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

const MAX_BLANKS = 64; // per look; longer runs take several

const wordEnds = new Set([" ", "\t", "\n", "|", "&", ";"]);

function readToken(script: string, start: number, shell: ShellName): ShellToken | undefined {
  const char = script.charAt(start);
  if (char === "\n") return { kind: "newline", start, end: start + 1 };
  if (char === "|" || char === "&" || char === ";") return readJoint(script, start);
  const piece = readWord(script, start, shell);
  if (piece === undefined) return undefined;
  // A word of several pieces, such as a"b", is not plain: one quoting per word is what people read.
  const next = script.charAt(piece.end);
  return next === "" || wordEnds.has(next) ? { kind: "word", start, ...piece } : undefined;
}

function readJoint(script: string, start: number): ShellToken | undefined {
  let end = start;
  while (["|", "&", ";"].includes(script.charAt(end))) end += 1;
  const joint = script.slice(start, end);
  switch (joint) {
    case "&&":
    case "||":
    case "|":
    case ";":
      return { kind: "joint", joint, start, end };
  }
  return undefined; // "&", "|&", ";;" and whatever else they build
}

interface Piece {
  readonly word: PlainWord;
  readonly end: number;
}

function readWord(script: string, start: number, shell: ShellName): Piece | undefined {
  switch (script.charAt(start)) {
    case "'":
      return readSingleQuoted(script, start);
    case '"':
      return readDoubleQuoted(script, start);
    default:
      return readBare(script, start, shell);
  }
}

/** Everything but control characters; a tab and a newline are harmless between quotes. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const controlCharacter = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u;

function readSingleQuoted(script: string, start: number): Piece | undefined {
  const close = script.indexOf("'", start + 1);
  if (close === -1) return undefined;
  return quotedPiece(script.slice(start + 1, close), close + 1);
}

function readDoubleQuoted(script: string, start: number): Piece | undefined {
  let text = "";
  let escaped = false;
  for (let at = start + 1; at < script.length; at += 1) {
    const char = script.charAt(at);
    if (char === '"') {
      // In a multi-byte locale that is not UTF-8 a byte of a letter and the backslash after it are
      // one character, and the quote ends elsewhere.
      if (escaped && !isAscii(text)) return undefined;
      return quotedPiece(text, at + 1);
    }
    if (char === "$" || char === "`") return undefined;
    if (char !== "\\") {
      text += char;
      continue;
    }
    escaped = true;
    at += 1;
    const next = script.charAt(at);
    if (next === "\n" || next === "") return undefined;
    text += escapableInDoubleQuotes.has(next) ? next : `\\${next}`;
  }
  return undefined;
}

const escapableInDoubleQuotes = new Set(["$", "`", '"', "\\"]);

function quotedPiece(text: string, end: number): Piece | undefined {
  if (controlCharacter.test(text) || !text.isWellFormed()) return undefined;
  return { word: { text, expansion: { kind: "none" }, quoted: true }, end };
}

const bareCharacter = /^[A-Za-z0-9_@%+=:,./^~#!\-[\]*?]$/u;
const globCharacters = new Set(["*", "?", "["]);

/** zsh may give these a meaning (EQUALS, EXTENDED_GLOB) that the reader of the script cannot see. */
const zshSpecial = new Set(["^", "#", "~"]);

function readBare(script: string, start: number, shell: ShellName): Piece | undefined {
  const letters: { readonly char: string; readonly escaped: boolean }[] = [];
  let at = start;
  while (at < script.length && !wordEnds.has(script.charAt(at))) {
    const char = script.charAt(at);
    if (char === "\\") {
      const next = script.charAt(at + 1);
      if (!/^[\x20-\x7e]$/u.test(next)) return undefined; // also a line continuation
      letters.push({ char: next, escaped: true });
      at += 2;
    } else if (bareCharacter.test(char)) {
      letters.push({ char, escaped: false });
      at += 1;
    } else return undefined;
  }
  const word = bareWord(letters, shell);
  return word === undefined ? undefined : { word, end: at };
}

interface Letter {
  readonly char: string;
  readonly escaped: boolean;
}

function bareWord(letters: readonly Letter[], shell: ShellName): PlainWord | undefined {
  const text = letters.map((letter) => letter.char).join("");
  const quoted = letters.some((letter) => letter.escaped);
  const bare = (index: number): string => {
    const letter = letters[index];
    return letter === undefined || letter.escaped ? "" : letter.char;
  };
  if (bare(0) === "#") return undefined; // a comment
  // Tilde expansion is by user, by directory stack, and after ":" and "=" in some shells.
  const tilde = bare(0) === "~";
  if (tilde && letters.length > 1 && bare(1) !== "/") return undefined;
  const innerTilde = letters.some(
    (_, index) => bare(index) === "~" && index > 0 && [":", "="].includes(bare(index - 1)),
  );
  if (innerTilde) return undefined;
  if (shell === "zsh") {
    if (bare(0) === "=") return undefined;
    if (letters.some((_, index) => index > 0 && zshSpecial.has(bare(index)))) return undefined;
    if (bare(0) === "^") return undefined;
  }
  return { text, expansion: expansionOf(letters, tilde), quoted };
}

function expansionOf(letters: readonly Letter[], tilde: boolean): Expansion {
  const isGlob = (letter: Letter): boolean => !letter.escaped && globCharacters.has(letter.char);
  const first = letters.findIndex(isGlob);
  if (first === -1) return { kind: tilde ? "tilde" : "none" };
  // From "[" on, everything up to "]" belongs to the pattern.
  const last = letters.findLastIndex((letter) => isGlob(letter) || letter.char === "]");
  const join = (part: readonly Letter[]): string => part.map((letter) => letter.char).join("");
  return {
    kind: "glob",
    prefix: join(letters.slice(0, first)),
    suffix: join(letters.slice(last + 1)),
  };
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e\n\t]*$/u.test(text);
}
