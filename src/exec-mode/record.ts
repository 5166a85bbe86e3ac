/** Stands between the model client and the provider and writes down what comes back. */
import { closeSync, openSync, writeSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Environment } from "../config/codex-home.ts";
import type { Config } from "../config/config.ts";
import { modelEndpoint } from "../core/model-endpoint.ts";
import { createAgent, postJson } from "../model/http-post.ts";
import { parseRecord } from "../model/json-record.ts";
import { sseMessages } from "../model/sse-messages.ts";
import { ExecUsageError } from "./exit-code.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";
import {
  type ModelSource,
  readBody,
  startLoopbackServer,
  withoutProxies,
} from "./loopback-server.ts";

/**
 * The file gets answers only: no request, no header, so no key. A key that a server repeats in an
 * answer is replaced.
 *
 * Errors: ExecUsageError when the file cannot be made; it is never overwritten. ModelError when the
 * provider is not usable as configured.
 */
export async function recordModel(
  config: Config,
  path: string,
  env: Environment,
): Promise<ModelSource> {
  const endpoint = modelEndpoint(config, env);
  const file = new RecordingFile(path, endpoint.apiKey);
  file.line({ recording: 1, wire_api: endpoint.wireApi });
  const agent = createAgent(new URL(endpoint.baseUrl), endpoint.proxyEnv);
  const server = await startLoopbackServer(async (rest, request, response) => {
    const abort = new AbortController();
    response.once("close", () => abort.abort());
    const body = await readBody(request);
    const upstream = await postJson({
      url: new URL(endpoint.baseUrl.replace(/\/+$/u, "") + rest),
      headers: forwardedHeaders(request),
      body,
      agent,
      signal: abort.signal,
    });
    await passOn(upstream, response, file);
  });
  return {
    config: { ...config, modelProvider: { ...config.modelProvider, baseUrl: server.baseUrl } },
    env: withoutProxies(env),
    note: `The answers of the model are recorded in "${path}".`,
    close: async () => {
      await server.close();
      agent.destroy();
      file.close();
    },
  };
}

async function passOn(
  upstream: IncomingMessage,
  response: ServerResponse,
  file: RecordingFile,
): Promise<void> {
  const status = upstream.statusCode ?? 502;
  const pieces: Buffer[] = [];
  try {
    response.writeHead(status, passedHeaders(upstream));
    for await (const piece of upstream as AsyncIterable<Uint8Array>) {
      const bytes = Buffer.from(piece);
      pieces.push(bytes);
      response.write(bytes);
    }
    response.end();
  } finally {
    await file.answer(status, Buffer.concat(pieces));
  }
}

const HOP_BY_HOP = new Set(["host", "connection", "content-length", "transfer-encoding"]);

function forwardedHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === "string" && !HOP_BY_HOP.has(name)) headers[name] = value;
  }
  return headers;
}

function passedHeaders(upstream: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of ["content-type", "retry-after", "retry-after-ms", "location"]) {
    const value = upstream.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  return headers;
}

class RecordingFile {
  readonly #descriptor: number;
  readonly #secret: string | null;

  constructor(path: string, secret: string | null) {
    this.#secret = secret;
    try {
      this.#descriptor = openSync(path, "wx", 0o600);
    } catch (error) {
      const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
      const state = exists ? "the file exists already" : describeFileProblem(error);
      throw new ExecUsageError(`Cannot record to "${path}": ${state}`);
    }
  }

  async answer(status: number, bytes: Buffer): Promise<void> {
    if (status < 200 || status >= 300) {
      const text = bytes.toString("utf8");
      this.line({ status, body: parseRecord(text) ?? { error: { message: text } } });
      return;
    }
    const events: unknown[] = [];
    const source = (async function* () {
      yield await Promise.resolve(bytes);
    })();
    for await (const message of sseMessages(source)) {
      events.push(parseRecord(message.data) ?? message.data);
    }
    this.line({ status, events });
  }

  line(value: object): void {
    const text = JSON.stringify(value);
    const clean = this.#secret === null ? text : text.replaceAll(this.#secret, "(key removed)");
    writeSync(this.#descriptor, `${clean}\n`);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
