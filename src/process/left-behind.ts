/**
 * Protected places while processes of earlier commands live on in the background: such a process
 * may write after its command's end, when nobody compares any more.
 *
 * So a command's guard stays as long as anything that commands left behind does, and looks again
 * before and after each further command and at the end of this program.
 */
import type { ApprovedFile } from "./approved-files.ts";
import { findOrphans } from "./orphans.ts";
import type { PlaceChange, PlaceGuard } from "./place-guard.ts";

/** Of commands that are over. In the order of their commands, as those below. */
const standing = new Set<PlaceGuard>();
/** Of commands that run. */
const active = new Set<PlaceGuard>();

/**
 * To be called before the command of a guard begins. What an older guard knows counts: since then
 * its command, or what that left behind, may have changed what the new one has just recorded, and
 * would have it put back for ever.
 */
export function beginGuarding(guard: PlaceGuard): void {
  for (const older of [...standing, ...active].toReversed()) guard.trust(older);
  active.add(guard);
}

/** To be called when its command is over, whatever has become of it. */
export function endGuarding(guard: PlaceGuard): void {
  active.delete(guard);
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
  if (!areWriting) standing.clear();
  return changes;
}

/** The same with what commands have changed that were killed just now, for the end of this program. */
export function putBackOfAll(): readonly PlaceChange[] {
  const changes = [...active].toReversed().flatMap((guard) => guard.putBack());
  return [...changes, ...putBackBehindCommands()];
}

/** What the disk holds now is right: a command with all rights has just ended. */
export function acceptPlaces(): void {
  for (const guard of standing) guard.record();
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
export function beginApprovedWriting(): Disposable {
  const writing = (approvedWriting = Promise.withResolvers<void>());
  return {
    [Symbol.dispose]: () => {
      approvedWriting = undefined;
      writing.resolve();
    },
  };
}

/** These are right as they were approved, and nothing else that has changed is. */
export function acceptFiles(files: readonly ApprovedFile[]): void {
  for (const guard of [...standing, ...active]) guard.accept(files);
}

/** Whether a process of an earlier command is running. */
export function isAnythingLeft(): boolean {
  return findOrphans().some(({ isZombie }) => !isZombie);
}
