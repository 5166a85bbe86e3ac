/** The command line of `codex`: words in, exit code out. Every command is loaded when it runs. */
import { ConfigError } from "../config/config-error.ts";
import { nearestName } from "../config/nearest-name.ts";
import { version } from "../runtime/version.ts";
import { visibleCommands } from "./command-spec.ts";
import { COMMAND_TABLE } from "./command-table.ts";
import { type Invocation, UsageError } from "./invocation.ts";
import { complain, print, printError } from "./output.ts";
import { readCommandLine } from "./read-command-line.ts";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** `words` are those after the program's name. Errors: only what no message has been made for. */
export async function runCli(words: readonly string[]): Promise<number> {
  try {
    const invocation = readCommandLine(COMMAND_TABLE, words) ?? (await readTheRest(words));
    if (invocation === undefined) return 0;
    checkForCommand(invocation, words);
    return await runCommand(invocation);
  } catch (error) {
    if (error instanceof UsageError) return explainUsage(error);
    throw error;
  }
}

/** Prints what was asked for, a help page or the version, unless there is a command to run. */
async function readTheRest(words: readonly string[]): Promise<Invocation | undefined> {
  const { readWithCommander } = await import("./commander-program.ts");
  const reading = readWithCommander(COMMAND_TABLE, words, version);
  if (reading.kind === "run") return reading.invocation;
  print(reading.text);
  return undefined;
}

/** One word that is almost a command was hardly meant as a prompt. */
function checkForCommand({ path, words: prompt }: Invocation, words: readonly string[]): void {
  const [word] = prompt;
  if (path.length > 0 || word === undefined || words.includes("--")) return;
  const names = visibleCommands(COMMAND_TABLE).map(({ name }) => name);
  const near = nearestName(word, names);
  if (near === undefined) return;
  const message = `Unknown command "${word}"; did you mean "${near}"? For a prompt: codex -- ${word}`;
  throw new UsageError([], message);
}

function explainUsage({ path, message }: UsageError): number {
  complain(message);
  printError(`For help: ${["codex", ...path].join(" ")} --help\n`);
  return EXIT_USAGE;
}

type Run = (invocation: Invocation) => number | Promise<number>;

async function runCommand(invocation: Invocation): Promise<number> {
  try {
    const run = await loadCommand(invocation);
    return await run(invocation);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    complain(error.message);
    return isConversation(invocation) ? EXIT_USAGE : EXIT_FAILURE;
  }
}

/** Scripts tell one of these that failed from one that never began. */
function isConversation({ path: [command] }: Invocation): boolean {
  return command === undefined || command === "resume" || command === "exec";
}

/** They load many of Node's own modules: http, tls, streams. */
const TALKING_COMMANDS: ReadonlySet<string> = new Set([
  "",
  "resume",
  "exec",
  "exec resume",
  "demo",
  "login",
  "proto",
  "mcp",
  "acp",
  "mcp-servers list",
  "mcp-servers check",
]);

async function loadCommand({ path }: Invocation): Promise<Run> {
  const name = path.join(" ");
  if (TALKING_COMMANDS.has(name)) (await import("../runtime/v8-flags.ts")).restoreFlagsOfNode();
  switch (name) {
    case "":
    case "resume":
      return (await import("./tui-command.ts")).runTuiCommand;
    case "exec":
    case "exec resume":
      return (await import("./exec-command.ts")).runExecCommand;
    case "demo":
      return (await import("./demo-command.ts")).runDemoCommand;
    case "proto":
      return (await import("./proto-command.ts")).runProtoCommand;
    case "mcp":
      return (await import("./mcp-command.ts")).runMcpCommand;
    case "mcp-servers list":
    case "mcp-servers check":
      return (await import("./mcp-servers-command.ts")).runMcpServersCommand;
    case "acp":
      return (await import("./acp-command.ts")).runAcpCommand;
    case "login":
      return (await import("./login-command.ts")).runLoginCommand;
    case "login status":
      return (await import("./login-status-command.ts")).runLoginStatusCommand;
    case "logout":
      return (await import("./logout-command.ts")).runLogoutCommand;
    case "completion":
      return (await import("./completion-command.ts")).runCompletionCommand;
    case "debug landlock":
    case "debug seatbelt":
      return (await import("./debug-command.ts")).runDebugCommand;
    case "config check":
      return (await import("./config-check-command.ts")).runConfigCheckCommand;
    case "apply":
      return (await import("./apply-command.ts")).runApplyCommand;
    case "generate-ts":
      return (await import("./generate-ts-command.ts")).runGenerateTsCommand;
    case "man":
      return (await import("./man-command.ts")).runManCommand;
    case "help":
    case "login help":
    case "debug help":
    case "config help":
    case "mcp-servers help":
      return (await import("./help-command.ts")).runHelpCommand;
    default:
      throw new UsageError(path, `No program for "codex ${path.join(" ")}"`);
  }
}
