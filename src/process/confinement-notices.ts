/** What has to be said of a command's sandbox: to the user, and where it helps to the model. */
import type { Confinement } from "../linux-sandbox/helper-status.ts";
import { unconfinedBelowAbi6 } from "../linux-sandbox/landlock.ts";
import { brand, quoted } from "../runtime/byte-string.ts";
import { revealHidden } from "../shell/reveal-hidden.ts";
import type { PlaceChange } from "./place-change.ts";

/** Places of the policy that grant nothing, one line each. */
export function skippedRootNotices({ skippedRoots }: Confinement): readonly string[] {
  return skippedRoots.flatMap(({ path, reason, covered }) =>
    covered ? [] : [`${quoted(brand(path))} is not writable: ${reason}`],
  );
}

/** What this kernel cannot enforce; nothing on a current one. */
export function kernelNotices({ landlockAbi }: Confinement): readonly string[] {
  const gaps = unconfinedBelowAbi6(landlockAbi);
  if (gaps.length === 0) return [];
  return [`This kernel's Landlock (ABI ${landlockAbi}) does not confine ${gaps.join(", ")}`];
}

/** Where no mount could seal a place, its change was undone after the command, if that was possible. */
export function placeChangeNotice({ path, what, undone, detail }: PlaceChange): string {
  const because = detail === undefined ? "" : ` (${oneCleanLine(detail)})`;
  const fate = undone ? "undone" : "NOT undone";
  return `Protected place ${quoted(path)} was ${what} by the command: ${fate}${because}`;
}

/** It holds what a command wrote, and goes to a terminal as it is. */
function oneCleanLine(text: string): string {
  const cut = text.length > LONGEST_DETAIL ? `${text.slice(0, LONGEST_DETAIL)}…` : text;
  return revealHidden(cut).replaceAll(/\s+/gu, " ");
}

const LONGEST_DETAIL = 1_000;
