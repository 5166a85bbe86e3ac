/** `/help`: keys of the screen, or what is typed where there are lines only; and the commands. */
import { SLASH_COMMANDS, slashDetail, slashLabel } from "./slash-commands.ts";
import { BOLD, DIM, type Row, row, span } from "./styled.ts";
import type { Ui } from "./ui.ts";
import { wrapWords } from "./wrap.ts";

type Entry = readonly [string, string];

const KEYS: readonly Entry[] = [
  ["Enter", "send; while the agent works: queue"],
  ["Ctrl-J, Alt-Enter", "new line; also \\ and then Enter"],
  ["Esc", "interrupt; close a menu; twice: take the last message back, to edit it"],
  ["Ctrl-C", "interrupt; clear the draft; twice on an empty one: quit"],
  ["Ctrl-D", "quit, when the draft is empty and the agent does not work"],
  ["Up, Down", "history"],
  ["Ctrl-R", "search in the history"],
  ["Tab", "take the suggestion of / or @"],
  ["Ctrl-T", "everything in full, in a pager"],
  ["Ctrl-O", "more of the running command; the text of a paste"],
  ["Ctrl-G", "edit the draft in $VISUAL or $EDITOR"],
  ["Ctrl-L", "repaint"],
  ["Ctrl-Z", "suspend"],
];

/** The terminal edits the line, and its keys do what they do everywhere. */
const LINES: readonly Entry[] = [
  ["a line", "send it; while the agent works: queue it"],
  ["a line that ends with \\", "goes on in the next line"],
  ["an empty line", "nothing; in a list of choices: cancel or quit, as the list says"],
  ["a number, or its word", "answer to a question or a list, which say both; in a question:"],
  ["y", "run or edit once"],
  ["a", "allow for this session, where it is offered"],
  ["n WHY", "do not, and tell the model why"],
  ["stop", "do not, and end the turn"],
  ["Ctrl-C", "interrupt; in a question: the same as stop; twice at the prompt: quit"],
  ["Ctrl-D", "quit; a question is refused"],
];

const MIN_TEXT = 20;

export function helpRows({ frontEnd, cellContext: { width } }: Ui): readonly Row[] {
  const isScreen = frontEnd === "screen";
  const commands = SLASH_COMMANDS.filter(({ needsScreen }) => isScreen || needsScreen !== true);
  const entries = [
    ...(isScreen ? KEYS : LINES),
    ...commands.map((one): Entry => [slashLabel(one), slashDetail(one, frontEnd)]),
  ];
  const labelWidth = Math.max(...entries.map(([label]) => label.length)) + 2;
  return [
    row(isScreen ? "Keys and commands" : "Words, keys and commands", BOLD),
    ...entries.flatMap(([label, text]) => {
      // In two columns, where there is room for the second one.
      const isNarrow = width < labelWidth + MIN_TEXT;
      const indent = " ".repeat(isNarrow ? 2 : labelWidth);
      const first = isNarrow ? indent : label.padEnd(labelWidth);
      return [
        ...(isNarrow ? wrapWords([span(label)], { width }) : []),
        ...wrapWords([span(text, DIM)], { width, first: [span(first)], rest: [span(indent)] }),
      ];
    }),
  ];
}
