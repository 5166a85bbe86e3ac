/** The background event of a patch that does not fit or is refused: a front end shows it as a failure. */

const START = "Patch did not apply: ";
const MAX_REASON = 300;

/** The first line: the others quote the file, for the model. */
export function patchNotice(reason: string): string {
  const [line = ""] = reason.split("\n", 1);
  const characters = Array.from(line.slice(0, 2 * MAX_REASON + 1));
  const isCut = characters.length > MAX_REASON;
  return `${START}${isCut ? `${characters.slice(0, MAX_REASON).join("")}...` : line}`;
}

export function isPatchNotice(message: string): boolean {
  return message.startsWith(START);
}
