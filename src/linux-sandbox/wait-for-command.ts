/**
 * The helper that waits: everything loaded, blocked on a pipe until one command arrives; then it
 * confines itself and becomes that command. It is used once.
 *
 * Its own environment is of no interest: the message brings the command's whole one. Nothing of
 * the policy is applied before the message is there, so one waiting helper fits every command.
 */
import { readSync, writeSync } from "node:fs";

import { bytesOf, type ByteString } from "../runtime/byte-string.ts";
import { BEGIN, END_OF_MESSAGE, MESSAGE_FD, parseHelperMessage, STATUS_FD } from "./arguments.ts";
import {
  confineAndExec,
  dieWithParent,
  type ConfineFailure,
  type ConfinementReport,
} from "./confine.ts";
import { formatHelperStatus, READY, type HelperStatus } from "./helper-status.ts";
import type { Libc } from "./libc.ts";
import { rehearse } from "./rehearsal.ts";

/** The parent gave up the helper, or ended: there is nothing to run. */
export type WaitEnd = ConfineFailure | "not-needed";

/**
 * Returns only when no command runs. A failure to confine has been told over the status pipe; one
 * to start the program (126, 127) is for the command's stderr.
 */
export function waitForCommand(libc: Libc, parentPid: number, isCopy = false): WaitEnd {
  if (!dieWithParent(libc, parentPid)) return "not-needed";
  // A copy of a template has gone through all of it, and shows that it is sound.
  if (isCopy) writeSync(STATUS_FD, READY);
  else if (!isMessageThere(libc)) rehearse(libc, 1);
  const received = receive();
  if (received === undefined) return "not-needed";
  // Until here it is in the template's session, which tells it from what commands leave behind.
  if (isCopy) libc.must("setsid", "setsid");
  const message = received.isWhole ? parseHelperMessage(received.bytes) : "it has no end";
  if (typeof message === "string") {
    return refuse(`Cannot confine the command: its description is damaged: ${message}`);
  }
  const errno = enterDirectory(libc, message.cwd);
  if (errno !== undefined) {
    tellStatus({ kind: "no-directory", errno });
    return { exitCode: 1, message: `Cannot enter the working directory: ${errno}` };
  }
  let confinement: ConfinementReport | undefined;
  const failure = confineAndExec(
    libc,
    { ...message, parentPid },
    (facts) => {
      confinement = facts;
    },
    () => {
      if (!mayBegin(received.rest)) return false;
      tellStatus({ kind: "starting", confinement });
      return true;
    },
  );
  if (failure.exitCode === 1) tellStatus({ kind: "cannot-confine", message: failure.message });
  return failure;
}

/** Tells the parent why there will be no command. */
export function refuse(message: string): ConfineFailure {
  tellStatus({ kind: "cannot-confine", message });
  return { exitCode: 1, message };
}

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024; // far above what exec takes

/** Whether the command came first: then there is nothing to wait for. Source: poll(2). */
function isMessageThere(libc: Libc): boolean {
  const entry = new Uint8Array(8); // struct pollfd: int, two shorts
  const view = new DataView(entry.buffer);
  view.setInt32(0, MESSAGE_FD, true);
  view.setInt16(4, POLLIN, true);
  const atOnce = new BigUint64Array(2); // struct timespec of zero
  const answer = libc.call("ppoll", entry, 1, atOnce);
  return answer.ok && answer.value > 0;
}

const POLLIN = 1;

interface Received {
  /** The message, if it is whole. */
  readonly bytes: Buffer;
  readonly isWhole: boolean;
  /** What came behind it. */
  readonly rest: Buffer;
}

/** Undefined: the sender has left without a word. */
function receive(): Received | undefined {
  const pieces: Buffer[] = [];
  let total = 0;
  while (total <= MAX_MESSAGE_BYTES) {
    const piece = readPiece();
    if (piece.length === 0) break;
    const end = piece.indexOf(END_OF_MESSAGE);
    if (end !== -1) {
      const bytes = Buffer.concat([...pieces, piece.subarray(0, end)]);
      return { bytes, isWhole: true, rest: piece.subarray(end + END_OF_MESSAGE.length) };
    }
    pieces.push(piece);
    total += piece.length;
  }
  const bytes = Buffer.concat(pieces);
  return total === 0 ? undefined : { bytes, isWhole: false, rest: Buffer.of() };
}

/** Waits for the sender's word. */
function mayBegin(rest: Buffer): boolean {
  const word = rest.length > 0 ? rest : readPiece();
  return word.toString("latin1") === BEGIN;
}

function readPiece(): Buffer {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  return piece.subarray(0, readSync(MESSAGE_FD, piece));
}

const PIECE_BYTES = 65_536;

function enterDirectory(libc: Libc, path: ByteString): string | undefined {
  const answer = libc.call("chdir", Buffer.concat([bytesOf(path), Buffer.of(0)]));
  return answer.ok ? undefined : answer.errno;
}

function tellStatus(status: HelperStatus): void {
  try {
    writeSync(STATUS_FD, formatHelperStatus(status));
  } catch {
    // The parent is gone or does not listen any more; its death ends us.
  }
}
