/** A menu as plain lines, and which choice a typed line names. */
import type { Choice, MenuRequest } from "./menu.ts";
import { sanitizeLine } from "./sanitize.ts";

export function menuLines({ title, text = [], choices }: MenuRequest): readonly string[] {
  return ["", ...[title, ...text].map(sanitizeLine), ...choices.map(choiceLine)];
}

function choiceLine({ label, detail, word }: Choice, index: number): string {
  const answers = word === undefined ? `${index + 1}` : `${index + 1} or ${sanitizeLine(word)}`;
  // A name is its own word, and is read out once.
  const parts = [...(label === word ? [] : [label]), ...(detail === undefined ? [] : [detail])];
  return parts.length === 0 ? answers : `${answers}: ${parts.map(sanitizeLine).join("; ")}`;
}

/** Without a line break: the answer stands behind it. */
export function menuPrompt({ choices, preselected, onEscape }: MenuRequest): string {
  const hasWords = choices.some(({ word }) => word !== undefined);
  const suggested = preselected === undefined ? "" : `, ${preselected + 1} is suggested`;
  const kind = hasWords ? " or a word" : "";
  return `Number from 1 to ${choices.length}${kind}${suggested}; an empty line ${onEscape ?? "cancels"}: `;
}

/** Undefined: none, or not one alone. */
export function readChoice(line: string, { choices }: MenuRequest): Choice | undefined {
  const given = line.trim().toLowerCase();
  const named = choices.filter(
    ({ word }, index) => given === String(index + 1) || given === word?.toLowerCase(),
  );
  return named.length === 1 ? named[0] : undefined;
}
