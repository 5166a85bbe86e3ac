/**
 * `npm run demo`: three commands in the sandbox of the built executable, each with its real output:
 * one that may write in the workspace, one that may not write outside, one that gets no network.
 * Then `codex demo`: a whole turn of the agent.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const codex = join(dirname(import.meta.dirname), "dist", "codex");
const workspace = mkdtempSync(join(tmpdir(), "codex-demo-"));
const outside = join(dirname(import.meta.dirname), "dist", "outside.txt");
let asExpected = true;

const server = createServer((socket) => socket.end("hello from outside\n"));
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  show("writes in the workspace", "echo hello > note.txt && cat note.txt", true);
  show("may not write outside it", `echo hello > ${outside}`, false);
  show("gets no network", `exec 3<>/dev/tcp/127.0.0.1/${port} && cat <&3`, false);
  server.close();
  rmSync(workspace, { recursive: true });
  if (existsSync(outside)) asExpected = false;
  console.log(asExpected ? "The sandbox did its work." : "The sandbox did NOT do its work.");
  console.log("\nAn agent at work, with a recorded model:\n$ codex demo");
  const demo = spawnSync(codex, ["demo"], { stdio: ["ignore", "inherit", "inherit"] });
  if (demo.status !== 0) asExpected = false;
  process.exitCode = asExpected ? 0 : 1;
});

function show(title: string, script: string, shouldWork: boolean): void {
  const words = ["debug", "landlock", "--full-auto", "-C", workspace, "--", "bash", "-c", script];
  console.log(`A command ${title}:\n$ codex ${words.slice(0, -1).join(" ")} '${script}'`);
  const result = spawnSync(codex, words, { encoding: "utf8" });
  process.stdout.write(result.stdout + result.stderr);
  console.log(`(exit code ${result.status ?? "none"})\n`);
  if ((result.status === 0) !== shouldWork) asExpected = false;
}
