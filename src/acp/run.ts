/** `codex acp`: an editor's agent on stdin and stdout. */
import { ndJsonStream } from "@agentclientprotocol/sdk";
import type { ConfigInput } from "../config/config.ts";
import { ConversationManager } from "../core/conversation-manager.ts";
import { HostedConversations } from "../core/hosted-conversations.ts";
import { localMachine } from "../core/local-machine.ts";
import { wholeEnvironment } from "../linux-sandbox/inherited-environment.ts";
import { endAllCommands } from "../process/running-commands.ts";
import { exitCodeOf, STOP_GRACE_MS, watchStopSignals } from "../process/stop-signals.ts";
import { finishOutput, standardOutput } from "../runtime/line-output.ts";
import { codexAgent } from "./agent.ts";

/** Resolves with the exit code: 0 when the editor is gone, 1 when answers could not be written, 128 + n after signal n. */
export async function runAcp(base: ConfigInput): Promise<number> {
  const machine = localMachine({
    env: base.env,
    inheritedEnvironment: wholeEnvironment(),
    executable: process.execPath,
    helperPath: "/proc/self/exe",
  });
  const output = standardOutput(1);
  const conversations = new HostedConversations(new ConversationManager(machine));
  const stopped = Promise.withResolvers<number>();
  let isStopping = false;
  const removeSignals = watchStopSignals((signal) => {
    const code = exitCodeOf(signal);
    if (isStopping) process.exit(code);
    isStopping = true;
    setTimeout(() => process.exit(code), STOP_GRACE_MS).unref();
    // First, since it gives commands less time to tidy up than an interrupt would.
    void endAllCommands();
    stopped.resolve(code);
  });
  void output.closed.then(() => stopped.resolve(0));
  const sink = new WritableStream<Uint8Array>({ write: (bytes) => output.writeBytes(bytes) });
  const connection = codexAgent(base, conversations).connect(ndJsonStream(sink, standardInput()));
  try {
    const code = await Promise.race([stopped.promise, connection.closed.then(() => 0)]);
    await conversations.closeAll();
    await endAllCommands();
    return await finishOutput(output, standardOutput(2), code);
  } finally {
    connection.close();
    process.stdin.destroy();
    removeSignals();
    machine.close();
  }
}

/** Errors of reading are an end: there is nobody to tell. */
function standardInput(): ReadableStream<Uint8Array> {
  let isOver = false;
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      const end = (): void => {
        if (!isOver) controller.close();
        isOver = true;
      };
      process.stdin.on("data", (chunk: Buffer) => {
        if (!isOver) controller.enqueue(chunk);
      });
      for (const event of ["end", "error", "close"]) process.stdin.on(event, end);
    },
    cancel: () => {
      isOver = true;
    },
  });
}
