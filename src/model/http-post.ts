/**
 * One POST of JSON over `node:http` or `node:https`.
 *
 * Not the global `fetch`: its first use (even of `Headers`) costs about 45 ms and 16 MB in Node 24,
 * more than all the rest of a start. `node:http` also follows no redirect, which is what a key
 * needs, and ends a socket at once when asked to.
 */
import http, {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { ModelError } from "./model-error.ts";

export interface HttpPost {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string;
  readonly agent: Agent;
  /** Destroys the socket, whatever state the exchange is in. */
  readonly signal: AbortSignal;
  /** How long a new connection may take to come about; default 30 s. */
  readonly connectTimeoutMs?: number;
}

// The kernel alone would try for two minutes, and the limit of silence is longer still.
const CONNECT_TIMEOUT_MS = 30_000;

/** Connections of one endpoint, kept open between requests; idle ones do not hold the process. */
export function createAgent(url: URL, proxyEnv: Readonly<Record<string, string>> | null): Agent {
  const { Agent } = moduleFor(url);
  return new Agent({ keepAlive: true, ...(proxyEnv === null ? {} : { proxyEnv }) });
}

/** Resolves with the response headers. Throws ModelError (connection, bad-endpoint). */
export async function postJson(post: HttpPost): Promise<IncomingMessage> {
  const { request } = moduleFor(post.url);
  const options: RequestOptions = {
    method: "POST",
    agent: post.agent,
    headers: { ...post.headers, "content-length": Buffer.byteLength(post.body) },
  };
  const send = (): ClientRequest => {
    try {
      const sent = request(post.url, options);
      // Not the option `signal`: it destroys with an error, which a socket on its way back to the
      // agent has no listener for. Destroyed twice is destroyed once.
      post.signal.addEventListener("abort", () => sent.destroy(), { once: true });
      return sent;
    } catch (error) {
      throw badEndpoint(post.url, error);
    }
  };
  const first = await exchange(send(), post);
  if (first !== "stale") return first;
  const second = await exchange(send(), post);
  if (second !== "stale") return second;
  throw connectionError(post.url, new Error("connection closed by the server"));
}

// The server may close a kept connection in the moment it is used again. The request did not reach
// it then, and a fresh connection will do: nothing to tell anybody about.
function exchange(request: ClientRequest, post: HttpPost): Promise<IncomingMessage | "stale"> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    limitConnecting(request, post);
    // For good: a destroyed request may tell of its end more than once.
    request.on("error", (error: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && error.code === "ECONNRESET" && !post.signal.aborted;
      if (stale) resolve("stale");
      else reject(connectionError(post.url, error));
    });
    request.end(post.body);
  });
}

/** An address that swallows every packet must not look like a model that thinks. */
function limitConnecting(request: ClientRequest, { url, connectTimeoutMs }: HttpPost): void {
  request.once("socket", (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => {
      request.destroy(Object.assign(new Error("no connection"), { code: "ETIMEDOUT" }));
    }, connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
    const end = (): void => clearTimeout(timer);
    socket.once(url.protocol === "https:" ? "secureConnect" : "connect", end);
    socket.once("close", end);
  });
}

/** Without credentials, query or fragment: these may be secret. */
export function displayUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** "ECONNREFUSED" rather than a sentence with addresses in it, where there is a code. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : null;
  return code ?? error.message;
}

function connectionError(url: URL, error: NodeJS.ErrnoException): ModelError {
  return new ModelError({
    kind: "connection",
    message: `Cannot reach "${displayUrl(url)}": ${reasonOf(error)}`,
    // A certificate does not become valid by asking again.
    retryable: !/CERT|ALTNAME|SIGNATURE/.test(error.code ?? ""),
    cause: error,
  });
}

function badEndpoint(url: URL, cause: unknown): ModelError {
  // Node names the header in such a message, never its value.
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `Cannot send a request to "${displayUrl(url)}": ${reason}`;
  return new ModelError({ kind: "bad-endpoint", message, retryable: false, cause });
}

// TLS takes 15 ms to load, which a local server need not pay.
function moduleFor(url: URL): Pick<typeof http, "Agent" | "request"> {
  return url.protocol === "https:" ? process.getBuiltinModule("node:https") : http;
}
