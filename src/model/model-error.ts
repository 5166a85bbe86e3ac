/** Why a model request failed: a closed list. Facts are fields, the message is for users. */
import { type JsonRecord, numberAt, parseRecord, recordAt, textAt } from "./json-record.ts";

export type ModelErrorKind =
  /** The caller's signal. */
  | "aborted"
  /** The provider is configured so that no request can be made. */
  | "bad-endpoint"
  /** No answer: refused, reset, no such host, broken TLS. */
  | "connection"
  /** The server wants the request elsewhere; the key does not follow. */
  | "redirect"
  /** A page or a document instead of events, with a status of success. */
  | "not-a-stream"
  | "unauthorized"
  | "not-found"
  | "bad-request"
  | "context-overflow"
  /** A quota or a plan is used up: waiting a little does not help. */
  | "usage-limit"
  | "rate-limit"
  | "server"
  /** Nothing came for `streamIdleTimeoutMs`. */
  | "idle-timeout"
  /** The answer broke off. */
  | "stream";

export interface ModelErrorFacts {
  readonly kind: ModelErrorKind;
  readonly message: string;
  /** HTTP status, or null when the failure was not one. */
  readonly status?: number;
  readonly retryable: boolean;
  /** As the server asked for. */
  readonly retryAfterMs?: number | null;
  readonly cause?: unknown;
}

export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly kind: ModelErrorKind;
  readonly status: number | null;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;

  constructor(facts: ModelErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.kind = facts.kind;
    this.status = facts.status ?? null;
    this.retryable = facts.retryable;
    this.retryAfterMs = facts.retryAfterMs ?? null;
  }
}

export function abortedError(): ModelError {
  return new ModelError({ kind: "aborted", message: "Model request aborted", retryable: false });
}

export function streamError(reason: string, cause?: unknown): ModelError {
  const message = `stream disconnected before completion: ${reason}`;
  return new ModelError({ kind: "stream", message, retryable: true, cause });
}

export function idleTimeoutError(limitMs: number): ModelError {
  const message = `stream disconnected before completion: idle timeout, nothing came for ${limitMs} ms`;
  return new ModelError({ kind: "idle-timeout", message, retryable: true });
}

export interface HttpFailure {
  readonly status: number;
  readonly statusText: string;
  /** `retry-after`, `retry-after-ms`; null when absent. */
  readonly retryAfter: string | null;
  readonly retryAfterMs: string | null;
  readonly body: string;
}

/** An answer with a status that is neither success nor redirect. */
export function httpError(failure: HttpFailure, nowMs: number): ModelError {
  const { status } = failure;
  const server = serverErrorOf(parseRecord(failure.body));
  const words = server?.message ?? shorten(failure.body.trim());
  const title = `${status} ${failure.statusText}`.trimEnd();
  const message = `unexpected status ${title}${words === "" ? "" : `: ${words}`}`;
  if (server !== null) {
    const known = knownServerError(server, status);
    if (known !== null) return known;
  }
  const delayMs = retryDelayOf(failure, words, nowMs);
  return new ModelError({ ...classifyStatus(status), message, status, retryAfterMs: delayMs });
}

/**
 * The `error` object of `response.failed`, of an `error` event, or of a chat chunk.
 * Null: the server did not say what was wrong.
 */
export function failedResponseError(error: JsonRecord | null): ModelError {
  const server = serverErrorOf(error === null ? null : { error });
  if (server === null) return streamError("the server reported a failure without saying which");
  const known = knownServerError(server, null);
  if (known !== null) return known;
  const message = `stream disconnected before completion: ${server.message}`;
  if (server.code === "rate_limit_exceeded") {
    const retryAfterMs = delayInText(server.message);
    return new ModelError({ kind: "rate-limit", message, retryable: true, retryAfterMs });
  }
  if (/^(invalid_|unsupported_|image_|model_not_found$)/.test(server.code)) {
    return new ModelError({ kind: "bad-request", message: server.message, retryable: false });
  }
  const retryAfterMs = delayInText(server.message);
  return new ModelError({ kind: "server", message, retryable: true, retryAfterMs });
}

/**
 * What a body says that came with a status of success: a failure that is known, else the server's
 * words. Null: it tells of no failure.
 */
export function serverFailure(body: JsonRecord | null, status: number): ModelError | string | null {
  const server = serverErrorOf(body);
  return server === null ? null : (knownServerError(server, status) ?? server.message);
}

interface ServerError {
  readonly code: string;
  readonly type: string;
  readonly message: string;
  readonly planType: string | null;
  readonly resetsInSeconds: number | null;
}

function serverErrorOf(body: JsonRecord | null): ServerError | null {
  if (body === null) return null;
  const plain = textAt(body, "error") ?? textAt(body, "message") ?? textAt(body, "detail");
  const error = recordAt(body, "error");
  if (error === null && plain === null) return null;
  const fields = error ?? {};
  const code = textAt(fields, "code") ?? "";
  const type = textAt(fields, "type") ?? "";
  return {
    code,
    type,
    message: shorten(textAt(fields, "message") ?? plain ?? (code || type || "unknown error")),
    planType: textAt(fields, "plan_type"),
    resetsInSeconds: numberAt(fields, "resets_in_seconds"),
  };
}

const USAGE_LIMITS = new Set([
  "usage_limit_reached",
  "usage_not_included",
  "insufficient_quota",
  "billing_hard_limit_reached",
]);

/** Failures that mean the same whatever status or event carried them, and that end the turn. */
function knownServerError(server: ServerError, status: number | null): ModelError | null {
  const statusField = status === null ? {} : { status };
  if (server.code === "context_length_exceeded" || server.type === "context_length_exceeded") {
    const message = `Conversation is too long for the model, compact it or start a new one: ${server.message}`;
    return new ModelError({ kind: "context-overflow", message, retryable: false, ...statusField });
  }
  if (USAGE_LIMITS.has(server.type) || USAGE_LIMITS.has(server.code)) {
    const plan = server.planType === null ? "" : ` of plan "${server.planType}"`;
    const seconds = server.resetsInSeconds;
    const reset = seconds === null ? "" : `, it resets in ${formatLongDelay(seconds)}`;
    const message = `Usage limit${plan} reached${reset}: ${server.message}`;
    return new ModelError({ kind: "usage-limit", message, retryable: false, ...statusField });
  }
  return null;
}

function classifyStatus(status: number): { kind: ModelErrorKind; retryable: boolean } {
  if (status === 401 || status === 403) return { kind: "unauthorized", retryable: false };
  if (status === 404) return { kind: "not-found", retryable: false };
  if (status === 429) return { kind: "rate-limit", retryable: true };
  if (status === 408 || status === 425) return { kind: "server", retryable: true };
  if (status >= 500) return { kind: "server", retryable: true };
  return { kind: "bad-request", retryable: false };
}

function retryDelayOf(failure: HttpFailure, words: string, nowMs: number): number | null {
  const milliseconds = Number(failure.retryAfterMs ?? Number.NaN);
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds;
  if (failure.retryAfter === null) return delayInText(words);
  const seconds = Number(failure.retryAfter);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000;
  // Date.parse makes a date of almost anything; an HTTP date begins with the name of a day.
  const date = /^[A-Z]/i.test(failure.retryAfter) ? Date.parse(failure.retryAfter) : Number.NaN;
  return Number.isNaN(date) ? delayInText(words) : Math.max(0, date - nowMs);
}

const UNIT_MS = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** "Please try again in 1.5s", "… in 6m0s", "… in 20ms". Null when there is no such sentence. */
export function delayInText(text: string): number | null {
  const span = /try again in ((?:\d+(?:\.\d+)?(?:ms|s|m|h))+)/i.exec(text)?.[1];
  if (span === undefined) return null;
  let total = 0;
  for (const [, amount, unit] of span.toLowerCase().matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNIT_MS.get(unit ?? "") ?? 0);
  }
  return total;
}

function formatLongDelay(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// A proxy's error page is not for reading in a terminal.
const MAX_WORDS_LENGTH = 2000;

function shorten(text: string): string {
  return text.length <= MAX_WORDS_LENGTH ? text : `${text.slice(0, MAX_WORDS_LENGTH)}…`;
}
