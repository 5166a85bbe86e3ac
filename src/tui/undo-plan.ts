/** What takes a diff back: computed from the diff and the disk, nothing is written here. */
import { applyPatch, parsePatch, reversePatch } from "diff";

export interface FileRestore {
  /** As the diff names it. */
  readonly name: string;
  /** The content and mode to be there again; undefined: there was no such file. */
  readonly content: string | undefined;
  readonly isExecutable: boolean;
  /** The content that is there now and goes; undefined: there is no such file. */
  readonly present: string | undefined;
}

export type UndoPlan =
  | { readonly ok: true; readonly files: readonly FileRestore[] }
  | { readonly ok: false; readonly reason: string };

/** `read` answers with the text of a file, undefined when there is none. May throw. */
export function planUndo(diff: string, read: (name: string) => string | undefined): UndoPlan {
  const files: FileRestore[] = [];
  for (const section of splitFiles(diff)) {
    const planned = planFile(section, read);
    if (typeof planned === "string") return { ok: false, reason: planned };
    files.push(...planned);
  }
  return { ok: true, files };
}

interface FileSection {
  readonly before: string;
  readonly after: string;
  readonly header: readonly string[];
  readonly text: string;
}

function splitFiles(diff: string): readonly FileSection[] {
  return diff
    .split(/^(?=diff --git )/mu)
    .filter((text) => text.startsWith("diff --git "))
    .map((text) => {
      const lines = text.split("\n");
      const body = lines.findIndex((line) => line.startsWith("--- ") || line.startsWith("@@ "));
      const header = body === -1 ? lines : lines.slice(0, body);
      const [before, after] = namesOf(header[0] ?? "");
      return { before, after, header, text: body === -1 ? "" : lines.slice(body).join("\n") };
    });
}

/** Of `diff --git a/OLD b/NEW`. A name with blanks stands there plainly, so both sides are tried. */
function namesOf(line: string): readonly [string, string] {
  const rest = line.slice("diff --git ".length);
  const quoted = /^("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|\S+)$/u.exec(rest);
  if (quoted !== null) return [nameOf(quoted[1] ?? ""), nameOf(quoted[2] ?? "")];
  const half = (rest.length - 1) / 2;
  const isSame = rest.slice(2, half) === rest.slice(half + 3);
  if (isSame) return [rest.slice(2, half), rest.slice(half + 3)];
  const middle = rest.indexOf(" b/");
  return [rest.slice(2, middle), rest.slice(middle + 3)];
}

function nameOf(text: string): string {
  if (!text.startsWith('"')) return text.slice(2);
  const bytes: number[] = [];
  for (const [part, octal, escaped] of text.slice(1, -1).matchAll(/\\(\d{3})|\\(.)|[^\\]/gsu)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else bytes.push(...Buffer.from(escaped ?? part));
  }
  return Buffer.from(bytes).toString("utf8").slice(2);
}

function planFile(
  { before, after, header, text }: FileSection,
  read: (name: string) => string | undefined,
): readonly FileRestore[] | string {
  const isNew = header.some((line) => line.startsWith("new file mode"));
  const isDeleted = header.some((line) => line.startsWith("deleted file mode"));
  const mode = header
    .map((line) => /^(?:old mode|deleted file mode) (\d+)/u.exec(line)?.[1])
    .find(Boolean);
  if (header.some((line) => line.startsWith("Binary files "))) {
    return `"${after}" is no text, so the diff does not say what it was`;
  }
  if (mode === "120000" || header.some((line) => line === "new file mode 120000")) {
    return `"${after}" is a symbolic link`;
  }
  const present = isDeleted ? undefined : read(after);
  if (!isDeleted && present === undefined) return `"${after}" is no longer there`;
  if (isDeleted && read(before) !== undefined) return `"${before}" is there again`;
  if (before !== after && read(before) !== undefined) return `"${before}" is there again`;
  const content = text === "" ? (present ?? "") : reversed(text, present ?? "");
  if (content === false) return `"${after}" has been changed since`;
  const isExecutable = mode === "100755";
  if (isNew) {
    if (content !== "") return `"${after}" has been changed since`;
    return [{ name: after, content: undefined, isExecutable: false, present }];
  }
  const restored: FileRestore = {
    name: before,
    content,
    isExecutable,
    present: before === after ? present : undefined,
  };
  const removed: FileRestore = { name: after, content: undefined, isExecutable: false, present };
  return before === after ? [restored] : [restored, removed];
}

function reversed(text: string, present: string): string | false {
  const [parsed] = parsePatch(text);
  if (parsed === undefined) return false;
  return applyPatch(present, reversePatch(parsed), {
    fuzzFactor: 0,
    autoConvertLineEndings: false,
  });
}
