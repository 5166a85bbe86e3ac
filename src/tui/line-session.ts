/** A session line by line, for terminals without cursor movement and for screen readers. */
import { writeSync } from "node:fs";
import type { TuiEnd } from "./options.ts";
import type { SessionInput } from "./screen-session.ts";

export function runLineSession(_input: SessionInput): Promise<TuiEnd> {
  writeSync(2, "codex: Line mode is not part of this build; set TERM, or use codex exec\n");
  return Promise.resolve({ exitCode: 1, wantsDemo: false });
}
