/**
 * The soft limit of open files as the user had it.
 *
 * Node raises its own to the hard limit while it starts, before any of our code runs, and a child
 * inherits that. Our parent usually still has the value that we were started with.
 */
import { readFileSync } from "node:fs";

/**
 * The parent's soft limit, or undefined when it cannot be known: /proc is hidden, or the parent's
 * hard limit is another than ours, so that its limits are not the ones we got.
 */
export function inheritedSoftOpenFiles(): number | undefined {
  const ours = readOpenFiles("self");
  const parents = readOpenFiles(String(process.ppid));
  if (ours === undefined || parents === undefined || ours.hard !== parents.hard) return undefined;
  return parents.soft < ours.soft ? parents.soft : undefined;
}

const LIMIT = "Max open files ";

function readOpenFiles(pid: string): { readonly soft: number; readonly hard: string } | undefined {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
    // No pattern: compiling one takes a start as long as both files.
    const start = limits.indexOf(LIMIT);
    if (start === -1) return undefined;
    const words = limits.slice(start + LIMIT.length, limits.indexOf("\n", start)).split(" ");
    const [soft, hard] = words.filter((word) => word !== "");
    if (hard === undefined || !Number.isSafeInteger(Number(soft))) return undefined;
    return { soft: Number(soft), hard };
  } catch {
    return undefined;
  }
}
