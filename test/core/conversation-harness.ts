/** A conversation with the real model client against a scripted server, and what came of it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Config, loadConfig } from "../../src/config/config.ts";
import type { CodexConversation } from "../../src/core/codex-conversation.ts";
import {
  ConversationManager,
  type ConversationOptions,
  type NewConversation,
} from "../../src/core/conversation-manager.ts";
import type { Machine } from "../../src/core/machine.ts";
import type { CommandRunner } from "../../src/core/tools/command-runner.ts";
import { NO_TOOLS } from "../../src/core/tools/tool.ts";
import type { Event, EventMsg } from "../../src/protocol/event.ts";
import type { InputItem } from "../../src/protocol/submission.ts";

/** Removed with the test. */
export function tempDir(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "codex-core-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface HarnessOptions {
  readonly url: string;
  readonly overrides?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly machine?: Partial<Machine>;
  readonly conversation?: ConversationOptions;
  readonly cwd?: string;
  readonly codexHome?: string;
}

export interface Harness extends NewConversation {
  readonly manager: ConversationManager;
  readonly config: Config;
  readonly cwd: string;
  readonly codexHome: string;
}

export async function startConversation(t: TestContext, options: HarnessOptions): Promise<Harness> {
  const cwd = options.cwd ?? tempDir(t);
  const codexHome = options.codexHome ?? tempDir(t);
  const config = await loadConfig({
    codexHome,
    cwd,
    home: codexHome,
    env: {},
    overrides: [
      `model_providers.mock={name="mock",base_url="${options.url}",wire_api="responses",request_max_retries=1,stream_max_retries=1}`,
      "model_provider=mock",
      "approval_policy=never",
      ...(options.overrides ?? []),
    ],
  });
  const manager = new ConversationManager(machine(options));
  const created = await manager.newConversation(config, options.conversation);
  t.after(() => created.conversation.submit({ type: "shutdown" }));
  return { ...created, manager, config, cwd, codexHome };
}

export function machine(options: Partial<HarnessOptions> = {}): Machine {
  return {
    env: options.env ?? {},
    createCommands: () => ({ runner: noCommands, applyPatchProgram: null }),
    hasPlatformSandbox: true,
    startDetached: () => Promise.resolve(undefined),
    createTools: () => NO_TOOLS,
    ...options.machine,
  };
}

const noCommands: CommandRunner = {
  run: () => Promise.resolve({ kind: "not-started", reason: "no commands in this test" }),
  places: () => Promise.resolve({ tmpdir: undefined, home: undefined }),
  prepare: () => undefined,
};

export function text(words: string): readonly InputItem[] {
  return [{ type: "text", text: words }];
}

/** Events up to the end of the task, that end included. */
export async function eventsOfTask(
  conversation: CodexConversation,
  id: string,
  onEvent: (event: Event) => void = () => undefined,
): Promise<readonly Event[]> {
  const events: Event[] = [];
  for await (const event of conversation) {
    events.push(event);
    onEvent(event);
    const { type } = event.msg;
    if (event.id === id && (type === "task_complete" || type === "turn_aborted")) break;
  }
  return events;
}

/** One message from the user, and the messages it leads to. */
export async function runTurn(
  conversation: CodexConversation,
  words: string,
): Promise<readonly EventMsg[]> {
  const id = conversation.submit({ type: "user_input", items: text(words) });
  return (await eventsOfTask(conversation, id)).map((event) => event.msg);
}

export function typesOf(messages: readonly EventMsg[]): readonly string[] {
  return messages.map((message) => message.type);
}
