/** The built `codex exec` against a scripted model. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import { codexBinary, needsBinary } from "../support/codex-binary.ts";
import {
  type ModelServer,
  needsLoopback,
  type ServerAnswer,
  startModelServer,
} from "../support/model-server.ts";
import { run, type RunResult } from "../support/run.ts";
import { tempDir } from "../support/temp-dir.ts";

/** Why such a test cannot run here, or false. */
export const needsExec: string | false = needsLoopback === false ? needsBinary : needsLoopback;

export interface ExecSetup {
  readonly server: ModelServer;
  readonly cwd: string;
  readonly codexHome: string;
  readonly env: NodeJS.ProcessEnv;
}

/** `providerConfig` are more lines for the provider in config.toml. */
export async function setUpExec(
  t: TestContext,
  script: readonly [ServerAnswer, ...ServerAnswer[]],
  providerConfig = "",
): Promise<ExecSetup> {
  const server = await startModelServer(t, script);
  const cwd = tempDir(t);
  const codexHome = tempDir(t);
  writeFileSync(
    join(codexHome, "config.toml"),
    `model_provider = "mock"
[model_providers.mock]
name = "mock"
base_url = "${server.url}"
wire_api = "responses"
env_key = "MOCK_KEY"
request_max_retries = 1
stream_max_retries = 1
${providerConfig}
`,
  );
  const env = {
    PATH: process.env["PATH"],
    HOME: codexHome,
    CODEX_HOME: codexHome,
    MOCK_KEY: "sk-mock-secret-key",
    TZ: "UTC",
  };
  return { server, cwd, codexHome, env };
}

export function runExec(
  { cwd, env }: ExecSetup,
  args: readonly string[],
  options: { readonly stdin?: string | Uint8Array; readonly cwd?: string } = {},
): Promise<RunResult> {
  return run([codexBinary, "exec", "--skip-git-repo-check", ...args], { cwd, env, ...options });
}

/** For tests that send signals; killed with the test. */
export function startExec(
  t: TestContext,
  { cwd, env }: ExecSetup,
  args: readonly string[],
): ChildProcess {
  const child = spawn(codexBinary, ["exec", "--skip-git-repo-check", ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

export function jsonLines(stdout: string): readonly unknown[] {
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}

/** Checks lines against what the executable says they are like; gives what is wrong with one. */
export async function lineChecker(): Promise<(line: unknown) => string | undefined> {
  printedSchema ??= run([codexBinary, "exec", "--print-schema"]);
  const { code, stdout } = await printedSchema;
  assert.equal(code, 0);
  // The validator knows the names of older drafts only; the rules used here are the same.
  const { $schema, ...schema } = jsonObject(stdout);
  assert.equal($schema, "https://json-schema.org/draft/2020-12/schema");
  const validate = new AjvJsonSchemaValidator().getValidator(schema);
  return (line) => validate(line).errorMessage;
}

let printedSchema: Promise<RunResult> | undefined;

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  assert.ok(typeof value === "object" && value !== null);
  return { ...value };
}
