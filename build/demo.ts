/**
 * `npm run demo`: three commands in the sandbox of the built executable, each with its real output:
 * one that may write in the workspace, one that may not write outside, one that gets no network.
 * Then `codex demo`: a whole turn of the agent.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const codex = join(dirname(import.meta.dirname), "dist", "codex");
const root = mkdtempSync(join(tmpdir(), "codex-demo-"));
const workspace = join(root, "workspace");
const outside = join(root, "outside.txt");
// Settings of the user's own are no part of what is shown. The temporary directory, where "outside"
// is and the checkout may be, would be writable otherwise.
const codexHome = join(root, "home");
for (const directory of [workspace, codexHome]) mkdirSync(directory);
writeFileSync(
  join(codexHome, "config.toml"),
  "[sandbox_workspace_write]\nexclude_slash_tmp = true\nexclude_tmpdir_env_var = true\n",
);
let asExpected = true;

const server = createServer((socket) => socket.end("hello from outside\n"));
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  console.log("Writable is the workspace alone: config.toml takes /tmp and $TMPDIR out.\n");
  show("writes in the workspace", "echo hello > note.txt && cat note.txt", true);
  show("may not write outside it", `echo hello > ${outside}`, false);
  show("gets no network", `exec 3<>/dev/tcp/127.0.0.1/${port} && cat <&3`, false);
  server.close();
  if (existsSync(outside)) asExpected = false;
  rmSync(root, { recursive: true });
  console.log(asExpected ? "The sandbox did its work." : "The sandbox did NOT do its work.");
  console.log("\nAn agent at work, with a recorded model:\n$ codex demo");
  const demo = spawnSync(codex, ["demo"], { stdio: ["ignore", "inherit", "inherit"] });
  if (demo.status !== 0) asExpected = false;
  process.exitCode = asExpected ? 0 : 1;
});

function show(title: string, script: string, shouldWork: boolean): void {
  const words = ["debug", "landlock", "--full-auto", "-C", workspace, "--", "bash", "-c", script];
  console.log(`A command ${title}:\n$ codex ${words.slice(0, -1).join(" ")} '${script}'`);
  const result = spawnSync(codex, words, {
    encoding: "utf8",
    env: { ...process.env, CODEX_HOME: codexHome },
    // Not the socket that Node would make: with one for its input, bash reads ~/.bashrc.
    stdio: ["ignore", "pipe", "pipe"],
  });
  process.stdout.write(result.stdout + result.stderr);
  console.log(`(exit code ${result.status ?? "none"})\n`);
  if ((result.status === 0) !== shouldWork) asExpected = false;
}
