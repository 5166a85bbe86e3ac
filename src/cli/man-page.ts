/** codex(1) in roff, from the command table. */
import {
  argumentUsage,
  builtInFlags,
  type CommandPath,
  type CommandSpec,
  eachCommand,
  flagUsage,
  type FlagSpec,
  visibleFlags,
} from "./command-spec.ts";

/** Formats with man(7) macros only, so that every `man` can show it. */
export function manPage(table: CommandSpec, version: string): string {
  const commands = [...eachCommand(table)].filter(
    ([path, spec]) => path.length > 0 && spec.isHidden !== true,
  );
  const lines = [
    `.TH CODEX 1 "" "codex ${version}" "User Commands"`,
    ".SH NAME",
    `codex \\- ${roff(table.summary)}`,
    ".SH SYNOPSIS",
    ...[...eachCommand(table)]
      .filter(([, spec]) => spec.isHidden !== true && spec.isGroup !== true)
      .flatMap(([path, spec]) => synopsis(path, spec)),
    ".SH DESCRIPTION",
    ...paragraphs(table.details ?? []),
    ".SH OPTIONS",
    ...flagList([...visibleFlags(table), ...builtInFlags([])]),
    ".SH COMMANDS",
    ...commands.flatMap(([path, spec]) => commandSection(path, spec)),
    ".SH EXIT STATUS",
    ...paragraphs(["0 for success, 1 for a failure, 2 for a wrong command line."]),
    ...paragraphs(["Commands that differ say so in their own section."]),
    ".SH ENVIRONMENT",
    ...ENVIRONMENT.flatMap(([name, meaning]) => tagged(name, meaning)),
    ".SH FILES",
    ...FILES.flatMap(([name, meaning]) => tagged(name, meaning)),
    ".SH EXAMPLES",
    ...[...eachCommand(table)]
      .filter(([, spec]) => spec.isHidden !== true)
      .flatMap(([, spec]) => tagged(spec.example, `${spec.summary}.`)),
  ];
  return `${lines.join("\n")}\n`;
}

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["CODEX_HOME", "Directory of the files below, in place of ~/.codex. It has to exist."],
  ["OPENAI_API_KEY", "The API key, when none is stored."],
  ["OPENAI_BASE_URL", "Address of the provider openai."],
  ["OPENAI_ORGANIZATION, OPENAI_PROJECT", "Sent as headers to the provider openai."],
  ["CODEX_OSS_BASE_URL, CODEX_OSS_PORT", "Address, or only the port, of the provider oss."],
  ["VISUAL, EDITOR", "Edits the draft of a session (Ctrl-G)."],
  ["PAGER", "Shows the transcript of a session (Ctrl-T). Empty or cat: the built-in pager does."],
  ["NO_COLOR", "No colours when it is set and not empty, unless --color says something else."],
];

const FILES: readonly (readonly [string, string])[] = [
  ["~/.codex/config.toml", "The configuration. codex config check shows what is in force."],
  ["~/.codex/auth.json", "The API key, readable for its owner only."],
  ["~/.codex/.env", "Values for variables that are not set."],
  ["~/.codex/AGENTS.md", "Instructions for every project."],
  ["~/.codex/history.jsonl", "What was typed."],
  ["~/.codex/sessions/", "What was said."],
];

function synopsis(path: CommandPath, spec: CommandSpec): string[] {
  const words = ["codex", ...path].join(" ");
  const rest = ["[options]", ...(spec.arguments ?? []).map(argumentUsage)].join(" ");
  return [`.B ${roff(words)}`, roff(rest), ".br"];
}

function commandSection(path: CommandPath, spec: CommandSpec): string[] {
  const names = ["codex", ...path].join(" ");
  const aliases = spec.aliases === undefined ? "" : ` (${spec.aliases.join(", ")})`;
  const flags = visibleFlags(spec);
  return [
    `.SS ${roff(`${names}${aliases}`)}`,
    ...paragraphs([`${spec.summary}.`, ...(spec.details ?? [])]),
    ...flagList(flags),
    ...paragraphs([`Exit status: ${spec.exitCodes}.`]),
  ];
}

function flagList(flags: readonly FlagSpec[]): string[] {
  return flags.flatMap((flag) => {
    const values = flag.choices === undefined ? "" : ` One of ${flag.choices.join(", ")}.`;
    return tagged(flagUsage(flag), `${flag.help}.${values}`);
  });
}

function tagged(tag: string, text: string): string[] {
  return [".TP", `.B ${roff(tag)}`, roff(text)];
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => [".PP", roff(text)]);
}

/** Text that roff takes for text: no macros at the start of a line, no escapes, real hyphens. */
function roff(text: string): string {
  const escaped = text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}
