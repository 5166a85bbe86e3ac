/** An approval question as plain lines, and what a typed line answers. */
import type { ReviewDecision } from "../protocol/approval.ts";
import type { Answer, Question } from "./approval-question.ts";
import { diffRows } from "./diff-rows.ts";
import { sanitizeText } from "./sanitize.ts";
import { rowText } from "./styled.ts";

export function questionLines(question: Question, cwd: string, width: number): readonly string[] {
  return [
    "",
    `! ${question.title}`,
    ...question.warnings.map((text) => `! ${text}`),
    ...(question.kind === "exec"
      ? [`$ ${indented(question.command, "  ")}`, `in ${question.cwd}`]
      : diffRows(question.changes, cwd, width).map(rowText)),
    ...question.reasons,
    ...(question.evidence === undefined
      ? []
      : [`| ${indented(sanitizeText(question.evidence), "| ")}`]),
    ...choicesOf(question).map((choice, index) => `${answersOf(choice, index)}: ${choice.text}`),
    "Answer: ",
  ];
}

/** What a command or a model wrote must not look like a line of the question. */
function indented(text: string, start: string): string {
  return text.replaceAll("\n", `\n${start}`);
}

interface LineChoice {
  readonly decision: ReviewDecision;
  /** The first of them is shown. */
  readonly words: readonly [string, ...string[]];
  /** Behind the word, and what it is for. */
  readonly argument?: "WHY";
  readonly text: string;
}

/** What is not always offered comes last, so that a number never means something else. */
function choicesOf({ kind, sessionRule }: Question): readonly LineChoice[] {
  const verb = kind === "exec" ? "run" : "edit";
  const forSession: LineChoice = {
    decision: "approved_for_session",
    words: ["a"],
    text: `allow for this session: ${sessionRule ?? ""}`,
  };
  return [
    { decision: "approved", words: ["y", "yes"], text: `${verb} once` },
    {
      decision: "denied",
      words: ["n", "no"],
      argument: "WHY",
      text: `do not ${verb}, tell the model why`,
    },
    { decision: "abort", words: ["stop"], text: `do not ${verb}, end the turn` },
    ...(sessionRule === undefined ? [] : [forSession]),
  ];
}

function answersOf({ words, argument }: LineChoice, index: number): string {
  const shown = `${index + 1} or ${words[0]}`;
  return argument === undefined ? shown : `${shown} ${argument}`;
}

/** What is said to an answer that is none. */
export function answerHint(question: Question): string {
  return `Not understood. Answer ${choicesOf(question).map(answersOf).join(", ")}: `;
}

/** Undefined: none of the words and numbers. More than the word is no approval. */
export function readAnswer(line: string, question: Question): Answer | undefined {
  const [given = "", ...rest] = line.trim().split(/\s+/u);
  const more = rest.join(" ");
  const word = given.toLowerCase();
  const choice = choicesOf(question).find(
    ({ words }, index) => words.includes(word) || word === String(index + 1),
  );
  switch (choice?.decision) {
    case "approved":
    case "approved_for_session":
      return more === "" ? { decision: choice.decision } : undefined;
    case "denied":
      return { decision: "denied", ...(more === "" ? {} : { feedback: sanitizeText(more) }) };
    case "abort":
      return { decision: "abort" };
    case undefined:
      return undefined;
  }
}
