/**
 * Protected places while processes of earlier commands live on in the background: such a process
 * may write after its command's end, when nobody compares any more.
 *
 * So a command's guard stays as long as anything that commands left behind does, and looks again
 * before and after each further command and at the end of this program.
 */
import type { Libc } from "../linux-sandbox/libc.ts";
import { byteStringFromText } from "../runtime/byte-string.ts";
import type { ApprovedFile } from "./approved-files.ts";
import { GuardJournal, type JournalContents } from "./guard-journal.ts";
import { findOrphans } from "./orphans.ts";
import type { PlaceChange } from "./place-change.ts";
import { PlaceGuard } from "./place-guard.ts";
import { readPlace } from "./place-tree.ts";

/** Of commands that are over. In the order of their commands, as those below. */
const standing = new Set<PlaceGuard>();
/** Of commands that run. */
const active = new Set<PlaceGuard>();
/** Has all of them for the orphan watcher, should this program be killed. */
let journal: GuardJournal | undefined;

/** What the guards know is written down from here on; undefined where nothing can be. */
export function journalOfGuards(libc: Libc): GuardJournal | undefined {
  if (journal !== undefined) return journal;
  journal = GuardJournal.open(libc);
  for (const guard of [...standing, ...active]) journal?.note(guard);
  for (const guard of standing) journal?.noteStanding(guard);
  return journal;
}

/**
 * Takes over what a program has written down that was killed. Of an approved patch that it was
 * writing, the files that are as they were approved stay.
 */
export function takeOver({ standing: over, active: running, writing }: JournalContents): void {
  for (const record of over) standing.add(PlaceGuard.ofRecord(record));
  for (const record of running) active.add(PlaceGuard.ofRecord(record));
  const written = writing.filter(isAsApproved);
  if (written.length > 0) acceptFiles(written);
}

function isAsApproved({ path, content }: ApprovedFile): boolean {
  const tree = readPlace(byteStringFromText(path));
  if (content === undefined) return tree?.size === 0;
  const [entry] = tree?.values() ?? [];
  return entry?.kind === "file" && entry.content.equals(Buffer.from(content));
}

/**
 * To be called before the command of a guard begins. What an older guard knows counts: since then
 * its command, or what that left behind, may have changed what the new one has just recorded, and
 * would have it put back for ever.
 */
export function beginGuarding(guard: PlaceGuard): void {
  for (const older of [...standing, ...active].toReversed()) guard.trust(older);
  active.add(guard);
  journal?.note(guard);
}

/** To be called when its command is over, whatever has become of it. */
export function endGuarding(guard: PlaceGuard): void {
  active.delete(guard);
  if (standing.has(guard)) journal?.noteStanding(guard);
  else journal?.remove(guard);
}

/** To be called after the guard has put back what its command changed. */
export function keepWhileLeftBehind(guard: PlaceGuard): void {
  if (isAnythingLeft()) standing.add(guard);
}

/** Undoes what processes in the background have changed since the last look. */
export function putBackBehindCommands(): readonly PlaceChange[] {
  if (standing.size === 0) return [];
  const areWriting = isAnythingLeft(); // before the last look, not after it
  // The oldest has the last word.
  const changes = [...standing].toReversed().flatMap((guard) => guard.putBackLate());
  for (const guard of standing) {
    if (areWriting) journal?.note(guard);
    else journal?.remove(guard);
  }
  if (!areWriting) standing.clear();
  return changes;
}

/** The same with what commands have changed that were killed just now, for the end of this program. */
export function putBackOfAll(): readonly PlaceChange[] {
  const changes = [...active].toReversed().flatMap((guard) => guard.putBack());
  const late = putBackBehindCommands();
  journal?.clear();
  return [...changes, ...late];
}

/** What the disk holds now is right: a command with all rights has just ended. */
export function acceptPlaces(): void {
  for (const guard of standing) {
    guard.record();
    journal?.note(guard);
  }
}

let approvedWriting: PromiseWithResolvers<void> | undefined;

/**
 * Set while a patch writes what the user has approved. Whoever is to record protected places or to
 * put them back waits for it, and looks again, because another one may have begun: half of the
 * patch is nothing to record, and none of it is to be undone before it is accepted.
 */
export function approvedWritingOver(): Promise<void> | undefined {
  return approvedWriting?.promise;
}

/** To be called when nothing else is writing so. Lasts until it is disposed of. */
export function beginApprovedWriting(files: readonly ApprovedFile[]): Disposable {
  const writing = (approvedWriting = Promise.withResolvers<void>());
  journal?.noteWriting(files);
  return {
    [Symbol.dispose]: () => {
      approvedWriting = undefined;
      journal?.noteWritten();
      writing.resolve();
    },
  };
}

/** These are right as they were approved, and nothing else that has changed is. */
export function acceptFiles(files: readonly ApprovedFile[]): void {
  for (const guard of [...standing, ...active]) {
    guard.accept(files);
    journal?.note(guard);
  }
}

/** Whether a process of an earlier command is running. */
export function isAnythingLeft(): boolean {
  return findOrphans().some(({ isZombie }) => !isZombie);
}
