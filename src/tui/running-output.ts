/** What a running command has printed: its end, and how many lines there were. */

const MAX_KEPT = 16 * 1024;

export class RunningOutput {
  readonly #decoder = new TextDecoder("utf-8");
  #text = "";
  #lineBreaks = 0;
  #hasText = false;
  /** Whether `text` lacks the beginning. */
  isCut = false;

  add(bytes: Uint8Array): void {
    const text = this.#decoder.decode(bytes, { stream: true });
    if (text === "") return;
    this.#hasText = true;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1))
      this.#lineBreaks += 1;
    this.#text += text;
    if (this.#text.length > 2 * MAX_KEPT) {
      this.#text = this.#text.slice(-MAX_KEPT);
      this.isCut = true;
    }
  }

  /** Of the kept end. */
  get text(): string {
    return this.#text;
  }

  get lineCount(): number {
    if (!this.#hasText) return 0;
    return this.#lineBreaks + (this.#text.endsWith("\n") ? 0 : 1);
  }

  tail(lines: number): string {
    const text = this.#text.replace(/\n+$/u, "");
    return text === "" ? "" : text.split("\n").slice(-lines).join("\n");
  }
}
