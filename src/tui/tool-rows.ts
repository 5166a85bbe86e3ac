/** The tools of MCP servers, as a cell. */
import type { EventMsgOf } from "../protocol/event.ts";
import { type CellContext, noticeCell } from "./cells.ts";
import { sanitizeLine } from "./sanitize.ts";
import { BOLD, DIM, type Row, row, span } from "./styled.ts";
import { shorten } from "./width.ts";
import { wrapWords } from "./wrap.ts";

const MAX_DESCRIPTION = 120;

export function toolRows(
  tools: EventMsgOf<"mcp_list_tools_response">["tools"],
  context: CellContext,
): readonly Row[] {
  const entries = Object.entries(tools);
  if (entries.length === 0) {
    return noticeCell(
      "No tools: there are no MCP servers in config.toml, or none has started",
      context,
    );
  }
  return [
    ...wrapWords([span("Tools of MCP servers", BOLD)], { width: context.width }),
    ...entries.flatMap(([name, { description }]) => {
      const text =
        typeof description === "string"
          ? shorten(sanitizeLine(description), MAX_DESCRIPTION, context.marks.ellipsis)
          : "";
      return wrapWords([span(sanitizeLine(name)), span(`  ${text}`, DIM)], {
        width: context.width,
        first: row("  "),
        rest: row("    "),
      });
    }),
  ];
}
