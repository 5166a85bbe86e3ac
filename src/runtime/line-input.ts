/** Lines from a stream, one handler each. */
import type { Readable } from "node:stream";
import { type Line, LineSplitter } from "./line-splitter.ts";

export interface LineHandlers {
  /** Must not throw. */
  readonly line: (line: Line) => void;
  /** Once, after the last line: the end of the stream, or its failure. */
  readonly end: () => void;
}

/** `stop` takes no more lines and lets go of the stream; `end` is not called then. */
export function readLines(stream: Readable, handlers: LineHandlers): { readonly stop: () => void } {
  const splitter = new LineSplitter();
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    const last = splitter.end();
    if (last !== undefined) handlers.line(last);
    handlers.end();
  };
  stream.on("data", (chunk: Buffer) => {
    if (isOver) return;
    for (const line of splitter.push(chunk)) handlers.line(line);
  });
  stream.on("end", end);
  stream.on("error", end);
  stream.on("close", end);
  return {
    stop: () => {
      isOver = true;
      stream.destroy();
    },
  };
}
