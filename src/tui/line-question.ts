/** An approval question as plain lines, and what a typed line answers. */
import type { Answer, Question } from "./approval-question.ts";
import { diffRows } from "./diff-rows.ts";
import { sanitizeText } from "./sanitize.ts";
import { rowText } from "./styled.ts";

export function questionLines(question: Question, cwd: string, width: number): readonly string[] {
  const verb = question.kind === "exec" ? "run" : "edit";
  const session =
    question.sessionRule === undefined
      ? ""
      : `a: allow for this session: ${question.sessionRule}\n`;
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
    `y: ${verb} once\n${session}n WHY: do not ${verb}, tell the model why\nstop: do not ${verb}, end the turn`,
    "Answer: ",
  ];
}

/** What a command or a model wrote must not look like a line of the question. */
function indented(text: string, start: string): string {
  return text.replaceAll("\n", `\n${start}`);
}

/** Undefined: none of the words. */
export function readAnswer(line: string, question: Question): Answer | undefined {
  const [word = "", ...rest] = line.trim().split(/\s+/u);
  const feedback = rest.join(" ");
  switch (word.toLowerCase()) {
    case "y":
    case "yes":
      return feedback === "" ? { decision: "approved" } : undefined;
    case "a":
      if (question.sessionRule === undefined || feedback !== "") return undefined;
      return { decision: "approved_for_session" };
    case "n":
    case "no":
      return {
        decision: "denied",
        ...(feedback === "" ? {} : { feedback: sanitizeText(feedback) }),
      };
    case "stop":
      return { decision: "abort" };
    default:
      return undefined;
  }
}
