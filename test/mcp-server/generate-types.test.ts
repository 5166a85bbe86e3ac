import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { codexBinary, needsBinary, projectRoot } from "../support/codex-binary.ts";
import { run } from "../support/run.ts";
import { tempDir } from "../support/temp-dir.ts";

test(
  "types of every method are written, and a client can use them",
  { skip: needsBinary },
  async (t) => {
    const cwd = tempDir(t);
    const env = { PATH: process.env["PATH"] ?? "", HOME: cwd };
    const written = await run([codexBinary, "generate-ts", "--out", "types"], { cwd, env });
    assert.deepEqual(written, { code: 0, signal: null, stdout: "", stderr: "" });
    const names = readdirSync(join(cwd, "types"));
    for (const name of ["ClientRequest", "ServerRequest", "NewConversationParams", "EventMsg"]) {
      assert.ok(names.includes(`${name}.ts`), name);
    }
    const text = readFileSync(join(cwd, "types/AskForApproval.ts"), "utf8");
    assert.match(text, /export type AskForApproval = "untrusted" \| "on-failure" \| /);
    writeFileSync(
      join(cwd, "client.ts"),
      `import type { ClientRequest } from "./types/ClientRequest.ts";
import type { EventMsg } from "./types/EventMsg.ts";
import type { ServerRequest } from "./types/ServerRequest.ts";
export const open: ClientRequest = { method: "newConversation", id: 1, params: { approvalPolicy: "never" } };
export const send: ClientRequest = {
  method: "sendUserMessage", id: "a",
  params: { conversationId: "x", items: [{ type: "text", data: { text: "hi" } }] },
};
// @ts-expect-error -- no such policy
export const bad: ClientRequest = { method: "newConversation", id: 1, params: { approvalPolicy: "zz" } };
export function paths(request: ServerRequest): readonly string[] {
  return request.method === "applyPatchApproval" ? Object.keys(request.params.file_changes) : request.params.command;
}
export function textOf(msg: EventMsg): string {
  return msg.type === "agent_message" ? msg.message : msg.type;
}
`,
    );
    const tsc = join(projectRoot, "node_modules/.bin/tsc");
    const options = [
      "--strict",
      "--noEmit",
      "--allowImportingTsExtensions",
      "--module",
      "nodenext",
    ];
    const checked = await run([tsc, ...options, "--types", "", "client.ts"], { cwd, env });
    assert.deepEqual(checked, { code: 0, signal: null, stdout: "", stderr: "" });
  },
);

test(
  "what cannot be written or formatted is told in one line",
  { skip: needsBinary },
  async (t) => {
    const cwd = tempDir(t);
    const env = { PATH: process.env["PATH"] ?? "", HOME: cwd };
    writeFileSync(join(cwd, "file"), "");
    const blocked = await run([codexBinary, "generate-ts", "--out", "file"], { cwd, env });
    assert.equal(blocked.code, 1);
    assert.match(
      blocked.stderr,
      /^codex: Cannot write types to ".*file": something else has this name\n$/,
    );
    const refused = await run([codexBinary, "generate-ts", "--out", "/proc/no/types"], {
      cwd,
      env,
    });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^codex: Cannot write types to ".*types": [a-z -]+\n$/);
    const args = ["generate-ts", "--out", "types", "--prettier", "./nope"];
    const unformatted = await run([codexBinary, ...args], { cwd, env });
    assert.equal(unformatted.code, 1);
    assert.match(unformatted.stderr, /^codex: Cannot start ".*nope": no such file or directory/);
  },
);
