/** The environment of a server: little of ours, no keys, and what its configuration sets. */
import { nameOfEntry, setEntries } from "../process/exec-env.ts";
import type { ByteString } from "../runtime/byte-string.ts";

// Who the user is, where programs are, and what terminals, clocks and texts need.
const passedOn: ReadonlySet<string> = new Set(
  "HOME LOGNAME USER PATH SHELL TMPDIR TERM TZ LANG LANGUAGE DISPLAY __CF_USER_TEXT_ENCODING".split(
    " ",
  ),
);

/** `inherited` is the whole environment of this program. */
export function serverEnvironment(
  inherited: readonly ByteString[],
  env: Readonly<Record<string, string>>,
): readonly ByteString[] {
  const kept = inherited.filter((entry) => {
    const name = nameOfEntry(entry);
    return passedOn.has(name) || name.startsWith("LC_");
  });
  return setEntries(kept, env);
}
