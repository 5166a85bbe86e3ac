/** Every command and flag of `codex`. Plain data: see `command-spec.ts` for what is made from it. */
import { EXIT_CODE_MEANINGS } from "../exec-mode/exit-code.ts";
import { COLOR_CHOICES } from "../config/color-choice.ts";
import { KNOWN_MODELS } from "../config/model-families.ts";
import type { CommandSpec, FlagSpec } from "./command-spec.ts";
import {
  BYPASS,
  CD,
  CONFIG,
  EXIT_CODES,
  FULL_AUTO,
  HELP_OF_GROUP,
  SANDBOX,
  withoutApprovals,
} from "./common-specs.ts";
import { DEBUG } from "./debug-spec.ts";

export const APPROVAL_POLICIES = ["untrusted", "on-failure", "on-request", "never"] as const;
export const SHELLS = ["bash", "elvish", "fish", "powershell", "zsh"] as const;

const MODEL: FlagSpec = {
  long: "--model",
  short: "-m",
  value: "MODEL",
  completion: KNOWN_MODELS,
  help: "Model to ask",
};

const OSS: FlagSpec = { long: "--oss", help: "Use the local provider (Ollama)" };

const PROFILE: FlagSpec = {
  long: "--profile",
  short: "-p",
  value: "NAME",
  help: "Use this profile of config.toml",
};

const APPROVAL: FlagSpec = {
  long: "--ask-for-approval",
  short: "-a",
  value: "POLICY",
  choices: APPROVAL_POLICIES,
  help: "When to ask before a command runs",
};

const IMAGE: FlagSpec = {
  long: "--image",
  short: "-i",
  value: "FILE",
  isRepeatable: true,
  completion: "file",
  help: "Attach a picture to the first message; several with commas, or one flag each",
};

const STRICT: FlagSpec = {
  long: "--strict-config",
  help: "Refuse to start when config.toml has unknown keys",
};

/** What decides on a conversation, without who asks the questions. */
const SETTINGS = [CONFIG, STRICT, MODEL, OSS, PROFILE, SANDBOX, FULL_AUTO, BYPASS, CD] as const;

/** Exec asks nobody: the one policy that says so may be written out. */
const APPROVAL_NEVER: FlagSpec = { ...APPROVAL, choices: ["never"], isHidden: true };

const TUI_EXIT_CODES =
  "0 the user ended it, 1 failure, 2 wrong usage or configuration, no terminal or no such session, 129 hung up, 143 terminated";
const SERVER_EXIT_CODES =
  "0 the input ended, 1 failure or wrong configuration, 2 wrong usage, 129 hung up, 130 interrupted, 143 terminated";

const COLOR: FlagSpec = {
  long: "--color",
  value: "WHEN",
  choices: COLOR_CHOICES,
  help: "Colours; auto: on a terminal, unless NO_COLOR is set",
};

const JSON_LINES: FlagSpec = { long: "--json", help: "Print events as JSON lines" };

const EXEC_FLAGS: readonly FlagSpec[] = [
  ...SETTINGS.map((flag) => (flag === FULL_AUTO ? withoutApprovals(flag) : flag)),
  APPROVAL_NEVER,
  IMAGE,
  {
    long: "--skip-git-repo-check",
    help: "Also work outside of a git repository that is not trusted",
  },
  COLOR,
  JSON_LINES,
  {
    long: "--output-last-message",
    value: "FILE",
    completion: "file",
    help: "Write the last answer to this file",
  },
  { long: "--timeout", value: "TIME", help: "Stop after this time: 90, 90s, 5m or 1h" },
  { long: "--fail-on-denial", help: "Exit with 3 when a policy refused what was then never done" },
  {
    long: "--replay",
    value: "FILE",
    completion: "file",
    conflicts: ["--record"],
    help: "Take the model's answers from this recording",
  },
  {
    long: "--record",
    value: "FILE",
    completion: "file",
    conflicts: ["--replay"],
    help: "Record the model's answers in this file, without keys",
  },
];

const EXEC_EXIT_CODES = EXIT_CODE_MEANINGS.map(([code, meaning]) => `${code} ${meaning}`).join(
  ", ",
);

const PRINT_SCHEMA: FlagSpec = {
  long: "--print-schema",
  help: "Print the JSON Schema of the lines of --json, and do nothing else",
};

const EXEC: CommandSpec = {
  name: "exec",
  aliases: ["e"],
  summary: "Work on one prompt without asking anything",
  details: ['Without a prompt, or with "-", the prompt is read from standard input.'],
  flags: [...EXEC_FLAGS, PRINT_SCHEMA],
  arguments: [{ name: "PROMPT", help: 'What to do; "-" for standard input' }],
  commands: [
    {
      name: "resume",
      summary: "Go on with a session",
      flags: [
        ...EXEC_FLAGS,
        { long: "--last", help: "The latest session; the first argument is then the prompt" },
      ],
      arguments: [
        { name: "SESSION", help: "Which session, by its id" },
        { name: "PROMPT", help: 'What to do; "-" for standard input' },
      ],
      example: 'codex exec resume --last "now write the tests"',
      exitCodes: EXEC_EXIT_CODES,
    },
  ],
  example: 'codex exec --full-auto "make the tests pass"',
  exitCodes: EXEC_EXIT_CODES,
};

const TUI_FLAGS: readonly FlagSpec[] = [
  ...SETTINGS,
  APPROVAL,
  IMAGE,
  COLOR,
  { long: "--screen-reader", help: "Plain lines that a screen reader can follow" },
];

const RESUME: CommandSpec = {
  name: "resume",
  summary: "Go on with an interactive session",
  details: ["Without a session, there is a list to choose from."],
  flags: [
    ...TUI_FLAGS,
    { long: "--last", help: "The latest session; the first argument is then the prompt" },
  ],
  arguments: [
    { name: "SESSION", help: "Which session, by its id" },
    { name: "PROMPT", help: "First message" },
  ],
  example: "codex resume --last",
  exitCodes: TUI_EXIT_CODES,
};

const DEMO: CommandSpec = {
  name: "demo",
  summary: "Show a recorded conversation at work: no key, no network",
  details: [
    "The model's words are a recording; its commands, the sandbox and the files are real, in a temporary directory.",
  ],
  flags: [COLOR, JSON_LINES],
  example: "codex demo",
  exitCodes: EXIT_CODES,
};

const PROTO: CommandSpec = {
  name: "proto",
  aliases: ["p"],
  summary: "Take submissions as JSON lines on stdin and print events as JSON lines",
  flags: [...SETTINGS, APPROVAL],
  example: "codex proto -c model=o3 < submissions.jsonl",
  exitCodes: SERVER_EXIT_CODES,
};

const MCP: CommandSpec = {
  name: "mcp",
  summary: "Be an MCP server on stdin and stdout",
  flags: [...SETTINGS, APPROVAL],
  example: "codex mcp -c sandbox_mode=workspace-write",
  exitCodes: SERVER_EXIT_CODES,
};

const MCP_SERVERS_FLAGS: readonly FlagSpec[] = [
  CONFIG,
  STRICT,
  PROFILE,
  CD,
  { long: "--json", help: "Print one JSON object" },
];

const ACP: CommandSpec = {
  name: "acp",
  summary: "Be an editor's agent (Agent Client Protocol) on stdin and stdout",
  flags: [...SETTINGS, APPROVAL],
  example: "codex acp --sandbox workspace-write",
  exitCodes: SERVER_EXIT_CODES,
};

const MCP_SERVERS: CommandSpec = {
  name: "mcp-servers",
  summary: "Look at the MCP servers that the configuration names",
  details: ["The servers are started for it, and ended afterwards."],
  flags: [CONFIG],
  commands: [
    {
      name: "list",
      summary: "Show each server's state and tools",
      flags: MCP_SERVERS_FLAGS,
      example: "codex mcp-servers list",
      exitCodes: "0 shown, 1 wrong configuration, 2 wrong usage",
    },
    {
      name: "check",
      summary: "The same, and fail when a server does",
      flags: MCP_SERVERS_FLAGS,
      example: "codex mcp-servers check --json",
      exitCodes: "0 all servers work, 1 one does not or wrong configuration, 2 wrong usage",
    },
    HELP_OF_GROUP,
  ],
  isGroup: true,
  example: "codex mcp-servers check",
  exitCodes: EXIT_CODES,
};

const LOGIN: CommandSpec = {
  name: "login",
  summary: "Store an API key",
  details: [
    "The key is read from standard input, which keeps it out of the list of processes; it can also be given as the value of --api-key. Signing in with ChatGPT is not supported in this build.",
  ],
  flags: [
    CONFIG,
    {
      long: "--api-key",
      value: "KEY",
      isValueOptional: true,
      mayBeEmpty: true,
      conflicts: ["--with-api-key"],
      help: 'Store this key; without a value, or with "-", read it from standard input',
    },
    { long: "--with-api-key", help: "Read the key from standard input" },
  ],
  commands: [
    {
      name: "status",
      summary: "Tell which credential is used",
      flags: [CONFIG],
      example: "codex login status",
      exitCodes: "0 logged in, 1 not logged in or unreadable, 2 wrong usage",
    },
    HELP_OF_GROUP,
  ],
  example: "codex login --api-key < key.txt",
  exitCodes: EXIT_CODES,
};

const LOGOUT: CommandSpec = {
  name: "logout",
  summary: "Remove the stored credential",
  flags: [CONFIG],
  example: "codex logout",
  exitCodes: EXIT_CODES,
};

const COMPLETION: CommandSpec = {
  name: "completion",
  summary: "Print a completion script for a shell",
  flags: [CONFIG],
  arguments: [{ name: "SHELL", choices: SHELLS, help: "Default: bash" }],
  example: "codex completion zsh > ~/.zfunc/_codex",
  exitCodes: EXIT_CODES,
};

const CONFIG_COMMAND: CommandSpec = {
  name: "config",
  summary: "Look at the configuration",
  flags: [CONFIG],
  commands: [
    {
      name: "check",
      summary: "Show what is set, where, and what is wrong",
      flags: [...SETTINGS, APPROVAL, { long: "--json", help: "Print one JSON object" }],
      example: "codex config check -p work --json",
      exitCodes: "0 usable, perhaps with warnings, 1 errors, 2 wrong usage",
    },
    HELP_OF_GROUP,
  ],
  isGroup: true,
  example: "codex config check",
  exitCodes: EXIT_CODES,
};

const APPLY: CommandSpec = {
  name: "apply",
  aliases: ["a"],
  summary: "Apply the changes of a cloud task (not supported in this build)",
  flags: [CONFIG],
  arguments: [{ name: "TASK_ID", isRequired: true, help: "Which task" }],
  example: "codex apply task_123",
  exitCodes: EXIT_CODES,
};

const GENERATE_TS: CommandSpec = {
  name: "generate-ts",
  summary: "Write TypeScript types of the protocol",
  flags: [
    CONFIG,
    { long: "--out", short: "-o", value: "DIR", completion: "directory", help: "Where to" },
    {
      long: "--prettier",
      short: "-p",
      value: "BIN",
      completion: "file",
      help: "Format with this program",
    },
  ],
  isHidden: true,
  example: "codex generate-ts --out types",
  exitCodes: EXIT_CODES,
};

const MAN: CommandSpec = {
  name: "man",
  summary: "Print the manual page",
  details: ["The same table as for this help makes it, so that they cannot disagree."],
  flags: [],
  isHidden: true,
  example: "codex man | man -l -",
  exitCodes: EXIT_CODES,
};

const HELP: CommandSpec = {
  name: "help",
  summary: "Show the help of a command",
  flags: [],
  arguments: [{ name: "COMMAND", isVariadic: true, help: "Default: codex itself" }],
  example: "codex help debug landlock",
  exitCodes: EXIT_CODES,
};

export const COMMAND_TABLE: CommandSpec = {
  name: "codex",
  summary: "A coding agent for the terminal",
  details: ["Without a command, an interactive session is started, with PROMPT as first message."],
  flags: TUI_FLAGS,
  arguments: [{ name: "PROMPT", help: "First message; after -- when it looks like a command" }],
  commands: [
    EXEC,
    RESUME,
    DEMO,
    LOGIN,
    LOGOUT,
    MCP,
    MCP_SERVERS,
    PROTO,
    ACP,
    COMPLETION,
    DEBUG,
    CONFIG_COMMAND,
    APPLY,
    GENERATE_TS,
    MAN,
    HELP,
  ],
  example: 'codex -m o3 "explain this repository"',
  exitCodes: TUI_EXIT_CODES,
};
