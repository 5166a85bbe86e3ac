/**
 * Markdown as a conversation needs it. The parser and the languages of the code take a good part of
 * a start to load, so this is loaded when the first frame is out.
 */
import { type MarkdownOptions, markdownRows } from "./markdown-rows.ts";
import { MarkdownStream, type StreamedBlock } from "./markdown-stream.ts";
import type { Row } from "./styled.ts";

export class Markdown {
  readonly stream = new MarkdownStream();

  rows({ text, place }: StreamedBlock, options: MarkdownOptions): readonly Row[] {
    return markdownRows(text, options, place?.number);
  }
}
