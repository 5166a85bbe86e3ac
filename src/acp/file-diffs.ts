/** Changes of a patch as editors show them: the whole text before and after. */
import { readFileSync, statSync } from "node:fs";
import type { ToolCallContent } from "@agentclientprotocol/sdk";
import { applyPatch, parsePatch, reversePatch } from "diff";
import type { FileChange, FileChanges } from "../protocol/file-change.ts";
import { textContent } from "./text-content.ts";

/** Larger files are shown by their changed lines alone. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Reads the files, which may or may not have been changed already. Never throws. */
export function diffContent(changes: FileChanges): ToolCallContent[] {
  return Object.entries(changes).map(([path, change]) => diffOf(path, change));
}

/** Where an editor can look: a moved file has its new place. */
export function changedPaths(changes: FileChanges): readonly string[] {
  return Object.entries(changes).map(([path, change]) => targetOf(path, change));
}

function diffOf(path: string, change: FileChange): ToolCallContent {
  if (change === "delete") {
    const oldText = readSmall(path);
    return oldText === undefined
      ? textContent(`Deleted ${path}`)
      : { type: "diff", path, oldText, newText: "" };
  }
  if ("add" in change) return { type: "diff", path, newText: change.add.content };
  const { unified_diff: hunks } = change.update;
  const target = targetOf(path, change);
  const texts = beforeAndAfter(readSmall(path) ?? readSmall(target), hunks);
  if (texts !== undefined) return { type: "diff", path: target, ...texts };
  return textContent(`${target}\n\n\`\`\`diff\n${hunks}\n\`\`\``);
}

function targetOf(path: string, change: FileChange): string {
  if (change === "delete" || "add" in change) return path;
  return change.update.move_path ?? path;
}

function beforeAndAfter(
  text: string | undefined,
  hunks: string,
): { readonly oldText: string; readonly newText: string } | undefined {
  if (text === undefined) return undefined;
  try {
    const [patch] = parsePatch(`--- a\n+++ b\n${hunks}`);
    if (patch === undefined) return undefined;
    const after = applyPatch(text, patch);
    if (after !== false) return { oldText: text, newText: after };
    const before = applyPatch(text, reversePatch(patch));
    return before === false ? undefined : { oldText: before, newText: text };
  } catch {
    return undefined; // hunks that the package cannot read
  }
}

function readSmall(path: string): string | undefined {
  try {
    const status = statSync(path);
    if (!status.isFile() || status.size > MAX_FILE_BYTES) return undefined;
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
