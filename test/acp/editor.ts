/** `codex acp` and an editor made of the SDK's own client. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { type Readable, Writable } from "node:stream";
import type { TestContext } from "node:test";
import {
  client,
  type ClientConnection,
  methods,
  ndJsonStream,
  type RequestPermissionRequest,
  type SessionNotification,
  type SessionUpdate,
} from "@agentclientprotocol/sdk";
import { codexBinary } from "../support/codex-binary.ts";
import { type ServerAnswer, startModelServer } from "../support/model-server.ts";
import { at, makePeerHome, type PeerHome } from "../support/stdio-peer.ts";

export interface Editor {
  readonly connection: ClientConnection;
  readonly home: PeerHome;
  readonly process: ChildProcessWithoutNullStreams;
  /** In the order of arrival; grows. */
  readonly updates: readonly SessionNotification[];
  readonly questions: readonly RequestPermissionRequest[];
  readonly requests: readonly { readonly body: unknown }[];
}

export interface EditorOptions {
  readonly script: readonly [ServerAnswer, ...ServerAnswer[]];
  readonly config?: readonly string[];
  /** The option to choose; undefined: the question is cancelled. */
  readonly choose?: (question: RequestPermissionRequest) => string | undefined | Promise<string>;
}

/** Connected and initialized; ended with the test. */
export async function startEditor(t: TestContext, options: EditorOptions): Promise<Editor> {
  const server = await startModelServer(t, options.script);
  const home = makePeerHome(t, { url: server.url, config: options.config ?? [] });
  const child = spawn(codexBinary, ["acp"], { cwd: home.cwd, env: home.env });
  child.stdin.on("error", () => undefined); // EPIPE, when it has ended
  t.after(() => child.kill("SIGKILL"));
  const updates: SessionNotification[] = [];
  const questions: RequestPermissionRequest[] = [];
  const app = client({ name: "test" })
    .onNotification(methods.client.session.update, ({ params }) => {
      updates.push(params);
    })
    .onRequest(methods.client.session.requestPermission, async ({ params }) => {
      questions.push(params);
      const optionId = await options.choose?.(params);
      if (optionId === undefined) return { outcome: { outcome: "cancelled" as const } };
      return { outcome: { outcome: "selected" as const, optionId } };
    });
  const connection = app.connect(ndJsonStream(Writable.toWeb(child.stdin), bytesOf(child.stdout)));
  t.after(() => connection.close());
  await connection.agent.request(methods.agent.initialize, {
    protocolVersion: 1,
    clientCapabilities: {},
  });
  return { connection, home, process: child, updates, questions, requests: server.requests };
}

function bytesOf(stream: Readable): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      stream.on("data", (chunk: Buffer) => controller.enqueue(chunk));
      stream.on("end", () => controller.close());
    },
    cancel: () => {
      stream.destroy();
    },
  });
}

export async function newSession({ connection, home }: Editor): Promise<string> {
  const params = { cwd: home.cwd, mcpServers: [] };
  const answer: unknown = await connection.agent.request(methods.agent.session.new, params);
  return String(at(answer, "sessionId"));
}

/** Why the turn stopped. */
export async function prompt(
  { connection }: Editor,
  sessionId: string,
  text: string,
): Promise<unknown> {
  const params = { sessionId, prompt: [{ type: "text" as const, text }] };
  const answer: unknown = await connection.agent.request(methods.agent.session.prompt, params);
  return at(answer, "stopReason");
}

export function updatesOf({ updates }: Editor, sessionId: string): readonly SessionUpdate[] {
  return updates.filter((each) => each.sessionId === sessionId).map(({ update }) => update);
}

/** All text of one kind of chunk. */
export function textOf(
  updates: readonly SessionUpdate[],
  kind: "agent_message_chunk" | "agent_thought_chunk" | "user_message_chunk",
): string {
  let text = "";
  for (const update of updates) {
    if (update.sessionUpdate !== kind) continue;
    if (update.content.type === "text") text += update.content.text;
  }
  return text;
}
