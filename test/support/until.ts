/** Waits for something to become true, within a deadline. */
import { setTimeout as sleep } from "node:timers/promises";

/** Whether `holds` became true; it is asked every few milliseconds. */
export async function until(holds: () => boolean, deadlineMs: number): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() >= deadline) return false;
    await sleep(5);
  }
  return true;
}
