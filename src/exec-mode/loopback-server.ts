/** A server inside this process, for the model client of this process alone. */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Environment } from "../config/codex-home.ts";
import type { Config } from "../config/config.ts";

export interface LoopbackServer {
  /** Holds a part that nobody else can know: other users of the machine can reach the port. */
  readonly baseUrl: string;
  readonly close: () => Promise<void>;
}

/** What a conversation asks instead of the configured provider. */
export interface ModelSource {
  readonly config: Config;
  readonly env: Environment;
  /** For the user, before the run. */
  readonly note?: string;
  readonly close: () => Promise<void>;
}

/** `path` is what follows the base URL, query included. Errors: those of listen(2). */
export async function startLoopbackServer(
  answer: (path: string, request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<LoopbackServer> {
  const secret = `/${randomBytes(16).toString("hex")}`;
  const server = createServer((request, response) => {
    const url = request.url ?? "";
    if (!url.startsWith(`${secret}/`)) {
      response.writeHead(404).end();
      return;
    }
    answer(url.slice(secret.length), request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("Cannot listen");
  return {
    baseUrl: `http://127.0.0.1:${address.port}${secret}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The way to this process must not lead over a proxy. */
export function withoutProxies(env: Environment): Environment {
  const names = Object.keys(env).filter((name) => !/^(?:https?|no)_proxy$/iu.test(name));
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Uint8Array>) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString("utf8");
}
