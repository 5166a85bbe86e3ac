/** Reads the text of a Seatbelt profile into expressions. Source: the language is Scheme's syntax. */

export type Expression =
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "number"; readonly value: number };

export class SbplSyntaxError extends Error {
  override readonly name = "SbplSyntaxError";
}

/** All expressions of a profile. Errors: SbplSyntaxError, for anything not understood. */
export function parseSbpl(text: string): readonly Expression[] {
  const tokens = tokenize(text);
  const expressions: Expression[] = [];
  while (tokens.length > 0) expressions.push(readExpression(tokens));
  return expressions;
}

type Token = Expression | "(" | ")";

// In this order: comment or space, brackets, raw text (no escapes), text, and a word.
const TOKEN = /(;[^\n]*|\s+)|([()])|#"([^"]*)"|"((?:[^"\\]|\\[\s\S])*)"|([^\s()";#][^\s()";]*)/y;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null)
      throw new SbplSyntaxError(`Cannot read ${JSON.stringify(text.slice(at, at + 20))}`);
    const [, blank, bracket, raw, quoted, word] = match;
    if (blank !== undefined) continue;
    if (bracket === "(" || bracket === ")") tokens.push(bracket);
    else if (raw !== undefined) tokens.push({ kind: "text", value: raw });
    else if (quoted !== undefined) tokens.push({ kind: "text", value: unescape(quoted) });
    else if (word !== undefined) tokens.push(wordToken(word));
  }
  return tokens;
}

function wordToken(word: string): Token {
  if (/^[0-9]+$/.test(word)) return { kind: "number", value: Number(word) };
  if (/^[a-zA-Z*][\w*?!.-]*$/.test(word)) return { kind: "symbol", name: word };
  throw new SbplSyntaxError(`Cannot read the word "${word}"`);
}

function unescape(text: string): string {
  return text.replace(/\\([\s\S])/g, (_all, sign: string) => {
    if (sign === "n") return "\n";
    if (sign === "t") return "\t";
    if (sign === "\\" || sign === '"') return sign;
    throw new SbplSyntaxError(`Unknown escape "\\${sign}"`);
  });
}

function readExpression(tokens: Token[]): Expression {
  const token = tokens.shift();
  if (token === undefined) throw new SbplSyntaxError("The text ends too early");
  if (token === ")") throw new SbplSyntaxError('A ")" without its "("');
  if (token !== "(") return token;
  const items: Expression[] = [];
  while (tokens[0] !== ")") items.push(readExpression(tokens));
  tokens.shift();
  return { kind: "list", items };
}
