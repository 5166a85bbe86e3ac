/** A key that does not show itself: not in messages, not in JSON, not in what a debugger prints. */
import { inspect } from "node:util";

export class ApiKey {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  /**
   * Blanks around the text do not belong to the key; the last line break of a file is such a one.
   * `undefined` when nothing is left, or when it could not stand in a header.
   */
  static parse(text: string): ApiKey | undefined {
    const key = text.trim();
    return HEADER_VALUE.test(key) ? new ApiKey(key) : undefined;
  }

  /** The key itself. Only for the header of a request, and for the file it is stored in. */
  reveal(): string {
    return this.#text;
  }

  /** The first eight and the last five characters; nothing of a key that is short. */
  masked(): string {
    if (this.#text.length < SHORTEST_SHOWN) return "***";
    return `${this.#text.slice(0, SHOWN_FIRST)}***${this.#text.slice(-SHOWN_LAST)}`;
  }

  toString(): string {
    return this.masked();
  }

  toJSON(): string {
    return this.masked();
  }

  [inspect.custom](): string {
    return `ApiKey(${this.masked()})`;
  }
}

// Printable ASCII without blanks: RFC 9110 section 5.5 allows more, but no key has it.
const HEADER_VALUE = /^[\u0021-\u007e]+$/;
const SHOWN_FIRST = 8;
const SHOWN_LAST = 5;
const SHORTEST_SHOWN = 20; // shorter ones would be shown nearly whole
