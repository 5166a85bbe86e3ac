/** What tools do, while it happens and afterwards: output, endings, groups, reasoning, the transcript. */
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { scriptedServer } from "../mcp-client/exec-with-servers.ts";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  functionCall,
  itemDone,
  needsLoopback,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
import {
  assertTold,
  ESC,
  IDLE,
  KEY,
  makePlace,
  sequence,
  TerminalScreen,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback, needsSandbox);

/** Esc, as kitty sends it. */
const ESC_KEY = `${ESC}[27u`;

/** Goes on when the test has made that file, or after ten seconds. */
const wait = (file: string): string =>
  `for i in $(seq 200); do test -e ${file} && break; sleep 0.05; done`;

function shell(id: string, script: string, timeout?: number) {
  const timeout_ms = timeout === undefined ? {} : { timeout_ms: timeout };
  return functionCall("shell", { command: ["bash", "-c", script], ...timeout_ms }, id);
}

test(
  "a command shows the end of its output, then how it ended and both ends of it",
  { skip },
  async (t) => {
    const script = `seq 12; ${wait("half")}; for n in a b c; do echo $n >&2; done; ${wait("go")}; exit 7`;
    const server = await startModelServer(t, [
      respond(shell("c1", script)),
      respond(
        shell("c2", "true"),
        shell("c3", "echo begun; sleep 60", 300),
        shell("c4", "kill -9 $$"),
      ),
      respond(assistantMessage("finished")),
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, rows: 40, columns: 120 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitForRows(
      /^… \$ seq 12; .*… {2}\(\d+s\)\n {2}\+7 lines above\n {2}8\n(?:.*\n){3} {2}12$/mu,
    );
    writeFileSync(join(place.workspace, "half"), "");
    // Five rows, and the seconds go on in the same row.
    await screen.waitForRows(
      /^… \$ seq 12; .*… {2}\([1-9]s\)\n {2}\+10 lines above\n {2}11\n {2}12\n {2}a\n {2}b\n {2}c\n\n› Type to queue.*\n.* · \d+s · esc to interrupt$(?![^])/mu,
    );
    assert.equal(screen.text().split("… $ seq 12").length, 2);
    screen.type(KEY.control("o"));
    await screen.waitForRows(/^… \$ seq 12; .*\n {2}1\n {2}2\n(?:.*\n){12} {2}c\n\n›/mu);
    screen.type(KEY.control("o"));
    await screen.waitForRows(/\n {2}\+10 lines above\n/u);
    screen.type(KEY.control("t"));
    await screen.waitForRows(
      /^── You\ngo\n\n── \$ seq 12; .*\n(?:.*\n)*?.*\(running\)\n1\n2\n(?:.*\n){10}a\nb\nc\n/mu,
    );
    screen.type("q");
    await screen.waitForRows(/\n {2}\+10 lines above\n/u);
    screen.type(KEY.control("d"));
    await screen.waitForRows(/The agent works: Esc interrupts it, and then Ctrl-D quits/u);
    writeFileSync(join(place.workspace, "go"), "");
    await screen.waitFor(/^finished$/mu);
    await screen.waitForRows(IDLE);
    const ended =
      /^✗ \$ seq 12; (?:.*\n)?.*exit 7 {1,2}[\d.]+m?s\n {2}1\n {2}2\n {2}3\n {2}4\n {2}5\n {2}… \+5 lines \(Ctrl-T\)\n {2}11\n {2}12\n {2}a\n {2}b\n {2}c\n\n✓ \$ true {2}[\d.]+m?s\n {2}\(no output\)\n\n✗ \$ echo begun; sleep 60 {2}timed out after [\d.]+m?s\n {2}begun\n[^]*✗ \$ kill -9 \$\$ {2}killed \(exit 137\) after [\d.]+m?s\n/mu;
    assert.doesNotMatch(screen.text(), /lines above/u);
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: ended,
      log: [
        "user: go",
        ...["seq 12", "true", "begun", "kill"].flatMap((words) => [
          new RegExp(`^call: shell .*${words}`, "u"),
          /^output: /u,
        ]),
        "assistant: finished",
      ],
    });
  },
);

test(
  "reading is one group, reasoning one row, and Ctrl-T has all of both, and of patches",
  { skip },
  async (t) => {
    const patch =
      "*** Begin Patch\n*** Update File: one.txt\n@@\n line 5\n-line 6\n+LINE 6\n*** End Patch\n";
    const lines = Array.from({ length: 11 }, (_, index) => `line ${index + 1}\n`).join("");
    const delta = (text: string) => ({
      type: "response.reasoning_summary_text.delta",
      delta: text,
    });
    const summary =
      "**Looking around**\n\nFirst thoughts.\n\n**Writing it down**\n\nOther thoughts.";
    const server = await startModelServer(t, [
      {
        stream: [
          CREATED,
          delta("**Looking around**\n\nFirst thoughts."),
          delta("\n\n**Writing it down**\n\nOther"),
          700,
          itemDone({
            type: "reasoning",
            id: "r",
            summary: [{ type: "summary_text", text: summary }],
          }),
          functionCall("shell", { command: ["ls"] }, "c1"),
          functionCall("shell", { command: ["cat", "one.txt"] }, "c2"),
          functionCall("shell", { command: ["grep", "-n", "line", "one.txt"] }, "c3"),
          COMPLETED,
        ],
      },
      {
        stream: [
          CREATED,
          700,
          functionCall("shell", { command: ["apply_patch", patch] }, "c4"),
          functionCall("shell", { command: ["seq", "1", "60"] }, "c5"),
          COMPLETED,
        ],
      },
      respond(assistantMessage("finished")),
    ]);
    const place = makePlace(t, server);
    writeFileSync(join(place.workspace, "one.txt"), lines);
    const pager = join(place.codexHome, "pager.sh");
    const copied = join(place.codexHome, "transcript.txt");
    writeFileSync(pager, `#!/bin/sh\ncp "$1" ${copied}\necho copied\n`, { mode: 0o755 });
    const screen = new TerminalScreen(t, { place, rows: 50, columns: 100, env: { PAGER: pager } });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitForRows(/^› go\n\nWriting it down\n\n› Type to queue/mu);
    assert.match(screen.raw, sequence(String.raw`\[2mWriting it down`));
    await screen.waitForRows(
      /Other thoughts\.\n\n✓ Explored: list files, read one\.txt, search 'line' in one\.txt\n\n› Type/u,
    );
    await screen.waitFor(/^finished$/mu);
    await screen.waitForRows(IDLE);
    assertTold(screen, place, {
      rows: IDLE,
      scrollback:
        /^› go\n\nLooking around\n\nFirst thoughts\.\n\nWriting it down\n\nOther thoughts\.\n\n✓ Explored\n {2}list files\n {2}read one\.txt\n {2}search 'line' in one\.txt\n\n✓ Edited 1 file \(\+1 -1\)\nUpdate one\.txt \(\+1 -1\)\n 3 {2}3 {3}line 3\n 4 {2}4 {3}line 4\n 5 {2}5 {3}line 5\n 6 {4}- line 6\n {4}6 \+ LINE 6\n 7 {2}7 {3}line 7\n 8 {2}8 {3}line 8\n 9 {2}9 {3}line 9\n\n✓ \$ seq 1 60/mu,
      log: [
        "user: go",
        "reasoning",
        ...["ls", "cat", "grep", "apply_patch", "seq"].flatMap((words) => [
          new RegExp(`^call: shell .*${words}`, "u"),
          /^output: /u,
        ]),
        "assistant: finished",
      ],
    });
    screen.type(KEY.control("t"));
    await screen.waitFor("copied");
    await screen.waitForRows(IDLE);
    const transcript = readFileSync(copied, "utf8");
    for (const part of [
      "── You\ngo\n",
      "── Reasoning\n**Looking around**\n\nFirst thoughts.",
      /^── \$ cat one\.txt .*\nline 1\nline 2\n[^]*line 11\n/mu,
      /^── Patch 1 file \(\+1 -1\)\nUpdate one\.txt .*\n 3 {2}3 {3}line 3\n[^]* 6 {4}- line 6\n {4}6 \+ LINE 6\n/mu,
      Array.from({ length: 60 }, (_, index) => `${index + 1}\n`).join(""),
      "── Codex\nfinished",
    ]) {
      assert.ok(
        typeof part === "string" ? transcript.includes(part) : part.test(transcript),
        `${String(part)} is in\n${transcript}`,
      );
    }
    assert.ok(!screen.raw.includes(`${ESC}[?1049h`), "the pager decides on the alternate screen");
  },
);

test("reasoning is not shown where that is set", { skip }, async (t) => {
  const summary = [{ type: "summary_text", text: "**Hidden**\n\nthoughts" }];
  const server = await startModelServer(t, [
    respond(itemDone({ type: "reasoning", id: "r", summary }), assistantMessage("finished")),
  ]);
  const place = makePlace(t, server, "hide_agent_reasoning = true");
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor(/^finished$/mu);
  await screen.waitForRows(IDLE);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^› go\n\nfinished\n/mu,
    log: ["user: go", "reasoning", "assistant: finished"],
  });
  assert.doesNotMatch(screen.raw, /Hidden|thoughts/u);
});

test(
  "a long patch says where the rest of it is, and the full view has it all",
  { skip },
  async (t) => {
    const lines = Array.from({ length: 230 }, (_, index) => `+line ${index + 1}\n`).join("");
    const patch = `*** Begin Patch\n*** Add File: long.txt\n${lines}*** End Patch\n`;
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["apply_patch", patch] })),
      respond(assistantMessage("patched")),
    ]);
    const place = makePlace(t, server, 'sandbox_mode = "workspace-write"');
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitForRows(/^patched\n\n› Ask/mu);
    const pointer = /^(.*\n)… \+31 rows \(Ctrl-T shows this patch, \/diff the work tree\)\n/mu;
    assert.match(pointer.exec(screen.text())?.[1] ?? "", /\+ line 199$/mu);
    assert.doesNotMatch(screen.text(), /line 230/u);
    screen.type(KEY.control("t"));
    // It begins with the newest.
    await screen.waitForRows(/\+ line 230\n/u);
    screen.type("q");
    await screen.waitForRows(IDLE);
  },
);

test(
  "a call of an MCP server shows its name and arguments in three rows while it runs",
  { skip },
  async (t) => {
    const text = Array.from({ length: 60 }, (_, index) => `word${index}`).join(" ");
    const server = await startModelServer(t, [
      respond(functionCall("tools__hang", { text: "a few words that fill two rows", n: 1 }, "c1")),
      respond(functionCall("tools__hang", { text }, "c2")),
    ]);
    const place = makePlace(t, server, "", true);
    appendFileSync(
      join(place.codexHome, "config.toml"),
      `\n[mcp_servers.tools]\n${scriptedServer({})}`,
    );
    const screen = new TerminalScreen(t, { place, columns: 41 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    // As wide as the terminal less one column.
    await screen.waitForRows(
      /^… tools\.hang\(\{"text":"a few words that f\n {2}ill two rows","n":1\}\)\n\n› Type/mu,
    );
    screen.type(ESC_KEY);
    await screen.waitFor("✗ Interrupted");
    await screen.waitForRows(IDLE);
    screen.send("again");
    await screen.waitForRows(
      /^… tools\.hang\(\{"text":"word0 word1 word2 \n {2}word3 [^\n]*\n {2}[^\n]*…\n\n› Type/mu,
    );
    screen.type(ESC_KEY);
    await screen.waitForRows(IDLE);
  },
);
