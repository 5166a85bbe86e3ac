import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readUserInstructions } from "../../src/core/project-doc.ts";
import { tempDir } from "./conversation-harness.ts";

function layout(t: Parameters<typeof tempDir>[0]) {
  const codexHome = tempDir(t);
  const root = tempDir(t);
  const cwd = join(root, "a", "b");
  mkdirSync(cwd, { recursive: true });
  mkdirSync(join(root, ".git"));
  return { codexHome, root, cwd };
}

test("nothing anywhere is no instructions", (t) => {
  const { codexHome, cwd } = layout(t);
  assert.deepEqual(readUserInstructions({ codexHome, cwd, maxBytes: 1000 }), {
    text: null,
    warnings: [],
  });
});

test("the user's file comes first, then the project's from its root down", (t) => {
  const { codexHome, root, cwd } = layout(t);
  writeFileSync(join(codexHome, "AGENTS.md"), "mine\n");
  writeFileSync(join(root, "AGENTS.md"), "root\n");
  writeFileSync(join(cwd, "AGENTS.md"), "here\n");
  writeFileSync(join(root, "..", "AGENTS.md.not-this"), "above\n");
  assert.deepEqual(readUserInstructions({ codexHome, cwd, maxBytes: 1000 }), {
    text: "mine\n\n--- project-doc (../../AGENTS.md) ---\n\nroot\n\n--- project-doc (AGENTS.md) ---\n\nhere",
    warnings: [],
  });
  assert.equal(readUserInstructions({ codexHome, cwd, maxBytes: 0 }).text, "mine");
});

test("a cut is announced to both, and cuts no character", (t) => {
  const { codexHome, cwd } = layout(t);
  const file = join(cwd, "AGENTS.md");
  writeFileSync(file, "abcä".repeat(10));
  const { text, warnings } = readUserInstructions({ codexHome, cwd, maxBytes: 9 });
  assert.equal(
    text,
    "--- project-doc (AGENTS.md) ---\n\nabcäabc\n[cut here: the file is longer than the limit]",
  );
  assert.deepEqual(warnings, [
    `"${file}" is cut: all AGENTS.md of a project together may have 9 bytes (project_doc_max_bytes)`,
  ]);
});

test("a FIFO or a directory of that name holds nobody up", { timeout: 5000 }, (t) => {
  const { codexHome, root, cwd } = layout(t);
  execFileSync("mkfifo", [join(root, "AGENTS.md")]);
  mkdirSync(join(cwd, "AGENTS.md"));
  const { text, warnings } = readUserInstructions({ codexHome, cwd, maxBytes: 100 });
  assert.equal(text, null);
  assert.equal(warnings.length, 2);
});

test("a link out of the project is not followed, one within it is", (t) => {
  const { codexHome, root, cwd } = layout(t);
  const secret = join(codexHome, "auth.json");
  writeFileSync(secret, "the user's key");
  writeFileSync(join(root, "CLAUDE.md"), "ours");
  symlinkSync(secret, join(root, "AGENTS.md"));
  symlinkSync("../../CLAUDE.md", join(cwd, "AGENTS.md"));
  const { text, warnings } = readUserInstructions({ codexHome, cwd, maxBytes: 100 });
  assert.equal(text, "--- project-doc (AGENTS.md) ---\n\nours");
  assert.deepEqual(warnings, [
    `"${join(root, "AGENTS.md")}" is not read: it is a link out of the project, to "${realpathSync(secret)}"`,
  ]);
});
