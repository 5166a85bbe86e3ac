/**
 * The files that git does not track yet, as differences to nothing. git names them, and says which
 * are no text; they are read here, since git compares one of them at a time, and to start it for
 * each of thousands takes longer than anybody waits. No filter and no conversion is applied.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { setImmediate } from "node:timers/promises";
import { askGit, type GitAnswer, type GitQuestion, TIMEOUT_MS } from "./git-script.ts";
import type { CommandRunner } from "./tools/command-runner.ts";

/**
 * The directory of the work tree, then three words for each file: its name there, "diff", and the
 * value of that attribute; all of them ended by NUL. Without GIT_FLUSH each file is a write.
 */
const LIST = `
cd "$(git rev-parse --show-toplevel)" || exit 5
printf '%s\\0' "$PWD"
export GIT_FLUSH=0
git ls-files --others --exclude-standard -z | git check-attr --stdin -z diff
exit 0
`;

const WORDS_PER_FILE = 3;
/** Of reading, which is many times faster than with a promise for each step; then keys are heard. */
const PAUSE_AFTER_MS = 10;
/** Where git looks for the byte that no text has. Source: git, xdiff-interface.c. */
const PROBED_BYTES = 8000;

interface ListedFile {
  /** Every string here has one byte of the file system or of a file in each character. */
  readonly name: string;
  readonly attribute: string;
}

interface NewFile {
  /** "100644", "100755" or "120000". */
  readonly mode: string;
  readonly bytes: string;
  /** There is more than was asked for. */
  readonly isCut: boolean;
}

/**
 * What `question` prints, a diff, and behind it the files that git does not track yet; altogether
 * `maxBytes`, and nothing runs on for more. Files that cannot be read are left out.
 */
export async function askForDiff(runner: CommandRunner, question: GitQuestion): Promise<GitAnswer> {
  const diff = await askGit(runner, question);
  if (diff.kind === "failed" || diff.exitCode !== 0 || diff.isCut) return diff;
  const { cwd, maxBytes, signal } = question;
  const room = maxBytes - diff.output.length;
  // The difference of a file has its name twice, and is longer than its words in the list.
  const list = await askGit(runner, { script: LIST, cwd, maxBytes: maxBytes + 1, signal });
  if (list.kind === "failed" || list.exitCode !== 0) return list;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const stop = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  const untracked = await readAll(list.output.toString("latin1").split("\0"), room, stop);
  if (untracked === undefined) {
    const reason =
      signal?.aborted === true
        ? "it was cancelled"
        : "it took too long to read the files that git does not track";
    return { kind: "failed", reason };
  }
  const output = Buffer.concat([diff.output, ...untracked.pieces]);
  return { kind: "ended", exitCode: 0, output, isCut: untracked.isCut || list.isCut };
}

interface Differences {
  readonly pieces: readonly Buffer[];
  readonly isCut: boolean;
}

/** `words` as LIST prints them; undefined: `stop` was aborted first. */
async function readAll(
  [root = "", ...words]: readonly string[],
  maxBytes: number,
  stop: AbortSignal,
): Promise<Differences | undefined> {
  const pieces: Buffer[] = [];
  let room = maxBytes;
  let pausedAt = performance.now();
  for (const listed of listedFiles(words)) {
    if (performance.now() - pausedAt > PAUSE_AFTER_MS) {
      await setImmediate();
      pausedAt = performance.now();
    }
    if (stop.aborted) return undefined;
    const file = readNewFile(`${root}/${listed.name}`, room);
    if (file === undefined) continue;
    const piece = Buffer.from(newFileDiff(listed, file), "latin1");
    pieces.push(piece.subarray(0, room));
    if (piece.length > room) return { pieces, isCut: true };
    room -= piece.length;
  }
  return { pieces, isCut: false };
}

/** The last one may lack words: then the list was cut. */
function listedFiles(words: readonly string[]): readonly ListedFile[] {
  const files: ListedFile[] = [];
  for (let start = 0; start + WORDS_PER_FILE < words.length; start += WORDS_PER_FILE) {
    const [name, , attribute] = words.slice(start, start + WORDS_PER_FILE);
    if (name !== undefined && attribute !== undefined) files.push({ name, attribute });
  }
  return files;
}

/**
 * Undefined: it cannot be read, or is neither a file nor a link. `maxBytes` and one byte more when
 * there is more.
 */
function readNewFile(name: string, maxBytes: number): NewFile | undefined {
  const path = Buffer.from(name, "latin1");
  try {
    const stats = lstatSync(path);
    if (stats.isSymbolicLink()) {
      const target = readlinkSync(path, { encoding: "buffer" });
      return { mode: "120000", bytes: target.toString("latin1"), isCut: false };
    }
    if (!stats.isFile()) return undefined;
    const bytes = readStart(path, maxBytes + 1);
    if (bytes === undefined) return undefined;
    const mode = (stats.mode & constants.S_IXUSR) === 0 ? "100644" : "100755";
    return { mode, bytes: bytes.toString("latin1"), isCut: bytes.length > maxBytes };
  } catch {
    return undefined;
  }
}

/** Undefined: it is no file any more; such a thing is neither waited for nor followed. */
function readStart(path: Buffer, maxBytes: number): Buffer | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return undefined;
    const buffer = Buffer.alloc(Math.min(stats.size, maxBytes));
    let length = 0;
    while (length < buffer.length) {
      const count = readSync(descriptor, buffer, length, buffer.length - length, null);
      if (count === 0) break;
      length += count;
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

function isBinary({ bytes }: NewFile, { attribute }: ListedFile): boolean {
  if (attribute === "set") return false;
  return attribute === "unset" || bytes.slice(0, PROBED_BYTES).includes("\0");
}

/** Without the line that names blobs: for that, large files would have to be read to their end. */
function newFileDiff(listed: ListedFile, file: NewFile): string {
  const { mode, bytes, isCut } = file;
  const newName = quoted(`b/${listed.name}`);
  const head = `diff --git ${quoted(`a/${listed.name}`)} ${newName}\nnew file mode ${mode}\n`;
  if (bytes === "") return head;
  if (mode !== "120000" && isBinary(file, listed)) {
    return `${head}Binary files /dev/null and ${newName} differ\n`;
  }
  const endsLine = bytes.endsWith("\n");
  const lines = (endsLine ? bytes.slice(0, -1) : bytes).split("\n");
  const count = lines.length === 1 ? "1" : `1,${lines.length}`;
  // git ends a name with blanks so that other programs find its end.
  const tab = listed.name.includes(" ") ? "\t" : "";
  const end = endsLine || isCut ? "" : "\\ No newline at end of file\n";
  return `${head}--- /dev/null\n+++ ${newName}${tab}\n@@ -0,0 +${count} @@\n+${lines.join("\n+")}\n${end}`;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\u0007", "a"],
  ["\b", "b"],
  ["\t", "t"],
  ["\n", "n"],
  ["\v", "v"],
  ["\f", "f"],
  ["\r", "r"],
  ['"', '"'],
  ["\\", "\\"],
]);

/** C style, as git does with core.quotePath. */
function quoted(name: string): string {
  const escaped = name.replace(/[^ !#-[\]-~]/gu, (byte) => {
    const letter = ESCAPES.get(byte) ?? byte.charCodeAt(0).toString(8).padStart(3, "0");
    return `\\${letter}`;
  });
  return escaped === name ? name : `"${escaped}"`;
}
