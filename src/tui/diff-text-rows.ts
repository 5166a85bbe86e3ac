/** A diff in git's form as rows. */
import { sanitizeText } from "./sanitize.ts";
import { BOLD, CYAN, DIM, GREEN, PLAIN, RED, type Row, span, type Style } from "./styled.ts";
import { wrapHard } from "./wrap.ts";

export function diffTextRows(diff: string, width: number): readonly Row[] {
  return sanitizeText(diff)
    .replace(/\n$/u, "")
    .split("\n")
    .flatMap((line) => wrapHard([span(line, styleOf(line))], { width }));
}

function styleOf(line: string): Style {
  if (line.startsWith("diff --git ")) return BOLD;
  if (
    /^(?:index |similarity |rename |new file|deleted file|old mode|new mode|--- |\+\+\+ )/u.test(
      line,
    )
  )
    return DIM;
  if (line.startsWith("@@")) return { color: CYAN };
  if (line.startsWith("+")) return { color: GREEN };
  return line.startsWith("-") ? { color: RED } : PLAIN;
}
