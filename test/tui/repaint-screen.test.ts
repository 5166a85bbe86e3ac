/** What is on the screen survives repainting, a storm of resizes, and an end inside of the pager. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  needsLoopback,
  respond,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason } from "../support/skip-reasons.ts";
import {
  ESC,
  KEY,
  makePlace,
  sequence,
  TerminalScreen,
  assertTold,
  IDLE,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

test(
  "Ctrl-L draws the live region anew, once, and leaves what is above it",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("the answer"))]);
    const screen = new TerminalScreen(t, { place: makePlace(t, server) });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor(/^the answer$/mu);
    screen.type("draft");
    await screen.waitFor("› draft");
    const before = screen.raw.length;
    screen.type(KEY.control("l"));
    await screen.waitUntil(() => screen.raw.slice(before).includes("draft"), "the draft again");
    await screen.waitUntil(
      () => screen.raw.slice(before).includes("workspace-write"),
      "the status",
    );
    await screen.waitUntil(() => screen.text().split("› draft").length === 2, "one draft");
    assert.match(screen.text(), /^the answer$/mu);
    assert.doesNotMatch(screen.raw, sequence(String.raw`\[[23]J`));
  },
);

test(
  "fifty resizes while an answer streams lose nothing and repeat nothing",
  { skip },
  async (t) => {
    const lines = Array.from({ length: 100 }, (_, index) => `storm number ${index}\n\n`);
    const server = await startModelServer(t, [
      {
        stream: [
          CREATED,
          ...lines.flatMap((line) => [textDelta(line), 50]),
          assistantMessage(lines.join("")),
          COMPLETED,
        ],
      },
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, columns: 90, rows: 30 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    for (let index = 0; index < 50; index += 1) {
      await screen.waitFor(`storm number ${index}`);
      screen.resize(60 + ((index * 17) % 50), 20 + ((index * 7) % 15));
    }
    await screen.waitFor("storm number 99");
    await screen.waitUntil(
      () => !screen.text().includes("esc to interrupt"),
      "the end of the turn",
    );
    const shown = [...screen.text().matchAll(/^storm number (\d+)$/gmu)].map((match) =>
      Number(match[1]),
    );
    assert.deepEqual(
      shown,
      Array.from({ length: 100 }, (_, index) => index),
    );
    await screen.waitForRows(IDLE);
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: /^› go\n/mu,
      log: ["user: go", `assistant: ${lines.join("")}`],
    });
    assert.equal(server.requests.length, 1);
    // One stray row of the live region for each resize is what a terminal may leave at worst.
    assert.ok(screen.text().split("Type to queue").length - 1 <= 50);
    assert.doesNotMatch(screen.raw, sequence(String.raw`\[[23]J`));
  },
);

for (const signal of ["SIGTERM", "SIGHUP"] as const) {
  test(`${signal} inside of the pager leaves the alternate screen`, { skip }, async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("the answer"))]);
    const screen = new TerminalScreen(t, { place: makePlace(t, server) });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor(/^the answer$/mu);
    screen.type(KEY.control("t"));
    await screen.waitFor("q leaves");
    process.kill(screen.pid, signal);
    assert.equal(await screen.exitCode(), signal === "SIGTERM" ? 143 : 129);
    const left = screen.raw.lastIndexOf(`${ESC}[?1049l`);
    assert.ok(left > screen.raw.lastIndexOf(`${ESC}[?1049h`));
    assert.ok(screen.raw.includes(`${ESC}[?2004l${ESC}[<u`, left), "the terminal is put back");
    assert.match(screen.text(), /^the answer$/mu);
  });
}
