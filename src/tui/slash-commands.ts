/** The commands that begin with a slash. */
import { nearestName } from "../config/nearest-name.ts";
import type { FrontEnd } from "./front-end.ts";

export interface SlashCommand {
  readonly name: SlashName;
  readonly description: string;
  readonly alias?: string;
  /** Shown behind the name; the command then waits for it, unless it is in brackets. */
  readonly argument?: string;
  /** Cannot be used while the agent works. */
  readonly needsIdle?: true;
  /** Does the same on a screen. */
  readonly key?: string;
  /** Where there are lines only, it says no more than that it cannot be used. */
  readonly needsScreen?: true;
}

export type SlashName =
  | "model"
  | "approvals"
  | "new"
  | "resume"
  | "init"
  | "compact"
  | "diff"
  | "undo"
  | "mention"
  | "image"
  | "status"
  | "mcp"
  | "copy"
  | "raw"
  | "transcript"
  | "help"
  | "quit";

export const SLASH_COMMANDS: readonly SlashCommand[] = [
  {
    name: "model",
    description: "Choose the model and how much it thinks",
    argument: "[NAME [EFFORT]]",
  },
  { name: "approvals", description: "Choose what may happen unasked", alias: "permissions" },
  { name: "new", description: "Begin a new conversation", alias: "clear", needsIdle: true },
  { name: "resume", description: "Go on with an earlier conversation", needsIdle: true },
  { name: "init", description: "Have an AGENTS.md written for this project", needsIdle: true },
  {
    name: "compact",
    description: "Replace the conversation by a summary, to make room",
    needsIdle: true,
  },
  {
    name: "diff",
    description: "Show git diff with untracked files; without git, the patches of the last turn",
  },
  { name: "undo", description: "Take the patches of the last turn back", needsIdle: true },
  { name: "mention", description: "Name a file", alias: "file", needsScreen: true },
  { name: "image", description: "Attach a picture", argument: "PATH" },
  { name: "status", description: "Show model, rules, tokens and session" },
  { name: "mcp", description: "List the tools of MCP servers" },
  {
    name: "copy",
    description: "Copy the last answer to the clipboard (OSC 52)",
    needsScreen: true,
  },
  { name: "raw", description: "Print the last answer as it was written" },
  { name: "transcript", description: "Show everything in full", key: "Ctrl-T" },
  { name: "help", description: "Show keys and commands" },
  { name: "quit", description: "End the session", alias: "exit" },
];

export type ParsedSlash =
  | { readonly kind: "command"; readonly command: SlashCommand; readonly argument: string }
  /** Nothing is run, and nothing is sent. */
  | { readonly kind: "refused"; readonly problem: string };

/**
 * Undefined: the text is a message. So is a path such as `/usr/bin`, and what begins with a blank.
 */
export function parseSlash(text: string): ParsedSlash | undefined {
  const match = /^\/(?<name>[\p{L}\p{N}_-]*)(?:\s+(?<argument>[\s\S]*))?$/u.exec(text.trimEnd());
  const name = match?.groups?.["name"]?.toLowerCase();
  if (name === undefined) return undefined;
  const argument = match?.groups?.["argument"]?.trim() ?? "";
  if (name === "" && argument !== "") return undefined;
  const command = SLASH_COMMANDS.find((one) => one.name === name || one.alias === name);
  if (command === undefined) return { kind: "refused", problem: describeUnknown(name) };
  if (argument !== "" && command.argument === undefined) {
    const problem = `/${name} takes no words; ${AS_MESSAGE}`;
    return { kind: "refused", problem };
  }
  return { kind: "command", command, argument };
}

const AS_MESSAGE = "with a blank before it, it is a message";

function describeUnknown(name: string): string {
  const nearest = nearestName(
    name,
    SLASH_COMMANDS.map((one) => one.name),
  );
  const help = nearest === undefined ? AS_MESSAGE : `did you mean /${nearest}?`;
  return `Unknown command /${name}; ${help}`;
}

/** The name, and what may follow it. */
export function slashLabel({ name, argument }: SlashCommand): string {
  return argument === undefined ? `/${name}` : `/${name} ${argument}`;
}

/** What it does, its other name, and its key. */
export function slashDetail({ description, alias, key }: SlashCommand, frontEnd: FrontEnd): string {
  const other = alias === undefined ? "" : ` (also /${alias})`;
  const sameKey = key === undefined || frontEnd === "lines" ? "" : ` (${key})`;
  return `${description}${other}${sameKey}`;
}

/** Those whose name begins with `prefix`, then those that contain it. */
export function matchSlash(prefix: string): readonly SlashCommand[] {
  const wanted = prefix.toLowerCase();
  const begins = ({ name, alias }: SlashCommand): boolean =>
    name.startsWith(wanted) || alias?.startsWith(wanted) === true;
  const first = SLASH_COMMANDS.filter(begins);
  const rest = SLASH_COMMANDS.filter((one) => !begins(one) && one.name.includes(wanted));
  return [...first, ...rest];
}
