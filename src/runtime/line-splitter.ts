/** Bytes to lines of text, for protocols with one JSON value per line. Linear in the input. */

/** A line without its end, or how long one was that was thrown away. */
export type Line =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "too-long"; readonly bytes: number };

/** Room for a request with several pictures in it. */
export const DEFAULT_MAX_LINE_BYTES = 64 * 1024 * 1024;

const LINE_FEED = 0x0a;

/**
 * Lines end with "\n" or "\r\n" and nothing else: JSON may hold every other kind of line end, which
 * is why node:readline will not do. Bytes that are no UTF-8 become U+FFFD.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(maxBytes: number = DEFAULT_MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that end within this chunk. Its memory is kept until then. */
  push(chunk: Uint8Array): readonly Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  /** What stands behind the last line end. */
  end(): Line | undefined {
    return this.#bytes === 0 ? undefined : this.#take();
  }

  #keep(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (this.#bytes <= this.#maxBytes) this.#pieces.push(piece);
    else this.#pieces = [];
  }

  #take(): Line {
    const bytes = this.#bytes;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    if (bytes > this.#maxBytes) return { kind: "too-long", bytes };
    const text = Buffer.concat(pieces).toString("utf8");
    return { kind: "line", text: text.endsWith("\r") ? text.slice(0, -1) : text };
  }
}
