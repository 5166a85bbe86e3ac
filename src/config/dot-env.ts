/**
 * `$CODEX_HOME/.env`: values for variables that are not set. Only this file is read, never one of a
 * project: a repository must not choose the server that the user's key is sent to.
 */
import { readFileSync } from "node:fs";
import { dotEnvFile, type Environment } from "./codex-home.ts";

/** `env` with what the file adds. A missing file, and lines that say nothing, add nothing. */
export function withDotEnv(env: Environment, codexHome: string): Environment {
  const text = readIfThere(dotEnvFile(codexHome));
  if (text === undefined) return env;
  const merged: Record<string, string | undefined> = { ...env };
  for (const [name, value] of parseDotEnv(text)) {
    if (merged[name] === undefined && !isReserved(name)) merged[name] = value;
  }
  return merged;
}

/** These choose which programs, libraries and homes are used: not the business of a settings file. */
export function isReserved(name: string): boolean {
  return /^(?:PATH|LD_.*|DYLD_.*|NODE_.*|CODEX_.*)$/i.test(name);
}

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/;

/** Later lines win. Values may stand in quotes; `$` is not special, so that keys survive. */
export function parseDotEnv(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    const [, name, value] = LINE.exec(line) ?? [];
    if (name !== undefined && value !== undefined) values.set(name, unquote(value));
  }
  return values;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function unquote(value: string): string {
  const single = /^'([^']*)'\s*(?:#.*)?$/.exec(value)?.[1];
  if (single !== undefined) return single;
  const double = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/.exec(value)?.[1];
  if (double === undefined) return value.replace(/(?:^|\s+)#.*$/, "");
  return double.replaceAll(/\\(.)/g, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
