/** `codex mcp`: JSON-RPC lines on stdin and stdout, and the order in which all of it ends. */
import type { ConfigInput } from "../config/config.ts";
import { ConversationManager } from "../core/conversation-manager.ts";
import { localMachine } from "../core/local-machine.ts";
import type { Config } from "../config/config.ts";
import { wholeEnvironment } from "../linux-sandbox/inherited-environment.ts";
import { endAllCommands } from "../process/running-commands.ts";
import { exitCodeOf, STOP_GRACE_MS, watchStopSignals } from "../process/stop-signals.ts";
import { readLines } from "../runtime/line-input.ts";
import { finishOutput, standardOutput } from "../runtime/line-output.ts";
import { ClientConfigs } from "./client-config.ts";
import { CodexTool } from "./codex-tool.ts";
import { ConversationMethods } from "./conversation-methods.ts";
import { HostedConversations } from "../core/hosted-conversations.ts";
import { gitDiffToRemote } from "./git-diff.ts";
import { JsonRpcPeer } from "./json-rpc-peer.ts";
import { LineTransport } from "./line-transport.ts";
import { MessageProcessor } from "./message-processor.ts";

export interface McpServerOptions {
  /** What the command line says; clients add to it for each conversation. */
  readonly base: ConfigInput;
  /** What comes of it alone. */
  readonly config: Config;
}

/** Resolves with the exit code: 0 when the client is done, 1 when answers could not be written, 128 + n after signal n. */
export async function runMcpServer({ base, config }: McpServerOptions): Promise<number> {
  const machine = localMachine({
    env: base.env,
    inheritedEnvironment: wholeEnvironment(),
    executable: process.execPath,
    helperPath: "/proc/self/exe",
  });
  const output = standardOutput(1);
  const diagnostics = standardOutput(2);
  const complain = (message: string): void => diagnostics.writeUnlessBehind(`codex: ${message}`);
  const conversations = new HostedConversations(new ConversationManager(machine));
  const transport = new LineTransport(output);
  const peer: JsonRpcPeer = new JsonRpcPeer(transport, {
    handle: (request, signal) => processor.handle(request, signal),
    complain,
  });
  const configs = new ClientConfigs(base, config.sandboxPolicy, complain);
  const processor = new MessageProcessor({
    tool: new CodexTool(peer, conversations, configs),
    methods: new ConversationMethods(peer, conversations, configs),
    gitDiff: async (cwd) => ({
      ...(await gitDiffToRemote(machine.createCommands(config).runner, config.cwd, cwd)),
    }),
  });
  await peer.connect(transport);

  const stopped = Promise.withResolvers<number>();
  const inputEnded = Promise.withResolvers<void>();
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
  const input = readLines(process.stdin, {
    line: (line) => transport.receive(line),
    end: () => inputEnded.resolve(),
  });
  try {
    const finished = inputEnded.promise.then(() => finish(peer, conversations));
    const code = await Promise.race([stopped.promise, finished]);
    input.stop();
    await conversations.closeAll();
    await endAllCommands();
    return await finishOutput(output, diagnostics, code);
  } finally {
    removeSignals();
    machine.close();
  }
}

/** Whoever pipes requests in still wants the answers: all that runs comes to its end. */
async function finish(peer: JsonRpcPeer, conversations: HostedConversations): Promise<number> {
  conversations.leaveUnattended();
  await peer.answered();
  await conversations.finishAll();
  return 0;
}
