/** Answers from a recording: the same model client, the same tools, no model and no network. */
import { readFileSync } from "node:fs";
import type { Environment } from "../config/codex-home.ts";
import type { Config } from "../config/config.ts";
import type { ModelProvider } from "../config/model-providers.ts";
import { ExecUsageError } from "./exit-code.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";
import {
  type ModelSource,
  readBody,
  startLoopbackServer,
  withoutProxies,
} from "./loopback-server.ts";
import { parseRecording, type Recording, serverSentEvents } from "./recording.ts";

/** Errors: ExecUsageError when the file cannot be read or is no recording. */
export async function replayFile(
  config: Config,
  path: string,
  env: Environment,
): Promise<ModelSource> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new ExecUsageError(`Cannot replay "${path}": ${describeFileProblem(error)}`);
  }
  return replayRecording(config, parseRecording(text, path), env);
}

/** The n-th request gets the n-th answer; one too many is refused, which ends the run. */
export async function replayRecording(
  config: Config,
  recording: Recording,
  env: Environment,
): Promise<ModelSource> {
  let next = 0;
  const server = await startLoopbackServer(async (_path, request, response) => {
    await readBody(request);
    const answer = recording.answers[next];
    next += 1;
    if (answer === undefined) {
      const message = `the recording has no more than ${recording.answers.length} answers`;
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message } }));
    } else if (answer.status >= 200 && answer.status < 300) {
      response.writeHead(answer.status, { "content-type": "text/event-stream" });
      response.end(serverSentEvents(answer));
    } else {
      response.writeHead(answer.status, { "content-type": "application/json" });
      response.end(JSON.stringify(answer.body ?? {}));
    }
  });
  const provider: ModelProvider = {
    id: "recording",
    name: "recording",
    baseUrl: server.baseUrl,
    wireApi: recording.head.wire_api,
    envKey: undefined,
    envKeyInstructions: undefined,
    queryParams: {},
    httpHeaders: {},
    envHttpHeaders: {},
    requestMaxRetries: config.modelProvider.requestMaxRetries,
    streamMaxRetries: config.modelProvider.streamMaxRetries,
    streamIdleTimeoutMs: config.modelProvider.streamIdleTimeoutMs,
    requiresOpenaiAuth: false,
  };
  return {
    config: { ...config, modelProvider: provider },
    env: withoutProxies(env),
    note: recording.head.note ?? "The answers come from a recording, not from a model.",
    close: server.close,
  };
}
