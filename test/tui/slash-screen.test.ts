/** Slash commands that ask the model, name files, show and copy answers; and tools of MCP servers. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  CREATED,
  functionCall,
  needsLoopback,
  respond,
  type ServerAnswer,
  startModelServer,
} from "../support/model-server.ts";
import { firstReason } from "../support/skip-reasons.ts";
import { ESC, KEY, makePlace, TerminalScreen } from "../support/terminal-screen.ts";
import { scriptedServer } from "../mcp-client/exec-with-servers.ts";

const skip = firstReason(needsBinary, needsLoopback);

/** The smallest picture there is: one point. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAQDAQFhb5IbAAAAAElFTkSuQmCC",
  "base64",
);

test("/help names what a command takes, and its other name", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("unused"))]);
  const screen = new TerminalScreen(t, { place: makePlace(t, server), columns: 100, rows: 50 });
  await screen.waitFor("Ask for something");
  screen.send("/help");
  await screen.waitFor(/^\/quit +End the session \(also \/exit\)$/mu);
  assert.match(screen.text(), /^\/image PATH +Attach a picture$/mu);
  assert.match(screen.text(), /^\/model \[NAME \[EFFORT\]\] +Choose the model/mu);
});

test("/init asks the model for an AGENTS.md", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("written"))]);
  const screen = new TerminalScreen(t, { place: makePlace(t, server) });
  await screen.waitFor("Ask for something");
  screen.send("/init");
  await screen.waitFor(/^written$/mu);
  assert.match(JSON.stringify(server.requests[0]?.body), /Write a file AGENTS\.md/u);
});

test("/copy sends the answer to the clipboard, /raw prints its marks", { skip }, async (t) => {
  const answer = "**bold** and `code`\n\n\u001b[31mred\u001b[0m";
  const server = await startModelServer(t, [respond(assistantMessage(answer))]);
  const screen = new TerminalScreen(t, { place: makePlace(t, server) });
  await screen.waitFor("Ask for something");
  screen.send("/copy");
  await screen.waitFor("There is no answer to copy yet");
  screen.send("/raw");
  await screen.waitFor("There is no answer yet");
  screen.send("go");
  await screen.waitFor(/^bold and code$/mu);
  screen.send("/copy");
  await screen.waitFor("Sent to the clipboard");
  const copied = new RegExp(`${ESC}\\]52;c;([A-Za-z0-9+/=]*)\u0007`, "u").exec(screen.raw)?.[1];
  assert.equal(Buffer.from(copied ?? "", "base64").toString(), "**bold** and `code`\n\nred");
  screen.send("/raw");
  await screen.waitFor("**bold** and `code`");
});

test("/mention opens the list of files", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const place = makePlace(t, server);
  writeFileSync(join(place.workspace, "named file.txt"), "words\n");
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.send("/mention");
  await screen.waitFor("▸ named file.txt");
  screen.type(KEY.tab);
  await screen.waitFor('› "named file.txt"');
});

test("/image attaches a picture, and says why when it cannot", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("seen"))]);
  const place = makePlace(t, server);
  writeFileSync(join(place.workspace, "one.png"), PNG);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.send("/image none.png");
  await screen.waitFor(/Cannot attach picture ".*none\.png": no such file/u);
  await screen.waitForRows(/^› \/image none\.png$/mu);
  screen.type(KEY.control("c"));
  await screen.waitFor("Ask for something");
  screen.send("/model o3 silly");
  await screen.waitFor('Unknown effort "silly"');
  await screen.waitForRows(/^› \/model o3 silly$/mu);
  screen.type(KEY.control("c"));
  await screen.waitForRows(/^› Ask for something/mu);
  screen.send("/status");
  await screen.waitFor(/^allowed +no commands and no directories, for this session$/mu);
  screen.send("/image one.png");
  await screen.waitFor(/› \[.*one\.png/u);
  screen.send("what is it?");
  await screen.waitFor(/^seen$/mu);
  const body = JSON.stringify(server.requests[0]?.body);
  assert.ok(body.includes(`data:image/png;base64,${PNG.toString("base64")}`));
  assert.match(body, /what is it\?/u);
});

test(
  "/mcp lists the tools of servers; a call is a cell, and so is its failure",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      respond(
        functionCall("tools__echo", { text: "some words" }, "c1"),
        functionCall("tools__err", {}, "c2"),
      ),
      respond(assistantMessage("called")),
    ]);
    const config = `[mcp_servers.tools]\n${scriptedServer({})}`;
    const place = makePlace(t, server);
    writeFileSync(join(place.codexHome, "config.toml"), `${config}\n`, { flag: "a" });
    const screen = new TerminalScreen(t, { place, rows: 60 });
    await screen.waitFor("Ask for something");
    screen.send("/mcp");
    await screen.waitFor("Tools of MCP servers");
    await screen.waitFor(/tools__echo {2}Does echo/u);
    screen.send("go");
    await screen.waitFor(/^called$/mu);
    assert.match(screen.text(), /✓ .*tools.*echo.*some words/u);
    assert.match(screen.text(), /✗ .*tools.*err/u);
  },
);

test("without servers /mcp says where they would be named", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const screen = new TerminalScreen(t, { place: makePlace(t, server) });
  await screen.waitFor("Ask for something");
  screen.send("/mcp");
  await screen.waitFor("there are no MCP servers in config.toml");
});

test("Esc twice takes the last message back, also for who resumes", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(assistantMessage("the first answer")),
    respond(assistantMessage("the second answer")),
    respond(assistantMessage("the third answer")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, rows: 40 });
  const isIdle = (): boolean => !screen.text().includes("esc to interrupt");
  await screen.waitFor("Ask for something");
  screen.send("question one");
  await screen.waitFor("the first answer");
  await screen.waitUntil(isIdle, "the end of the turn");
  screen.send("question two");
  await screen.waitFor("the second answer");
  await screen.waitUntil(isIdle, "the end of the turn");
  screen.type(KEY.escape);
  await screen.waitFor("Esc again to take the last message back");
  screen.type(KEY.escape);
  await screen.waitFor("are taken back; files stay as they are");
  screen.type(KEY.paste(", edited"));
  await screen.waitFor("› question two, edited");
  screen.type(KEY.enter);
  await screen.waitFor("the third answer");
  const body = JSON.stringify(server.requests[2]?.body);
  assert.match(body, /question one.*the first answer.*question two, edited/u);
  assert.doesNotMatch(body, /the second answer|question two"/u);
  await screen.waitUntil(isIdle, "the end of the turn");
  screen.type(KEY.control("d"));
  await screen.exitCode();
  const id = /codex resume ([0-9a-f-]{36})/u.exec(screen.text())?.[1] ?? "";
  const again = new TerminalScreen(t, { place, args: ["resume", id], rows: 40 });
  await again.waitFor("the third answer");
  assert.match(again.text(), /question two, edited/u);
  assert.doesNotMatch(again.text(), /the second answer/u);
});

test("what was compacted cannot be taken back, and that is said", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(assistantMessage("the answer")),
    respond(assistantMessage("the summary")),
  ]);
  const screen = new TerminalScreen(t, { place: makePlace(t, server), rows: 40 });
  const isIdle = (): boolean => !screen.text().includes("esc to interrupt");
  await screen.waitFor("Ask for something");
  screen.send("the question");
  await screen.waitFor("the answer");
  await screen.waitUntil(isIdle, "the end of the turn");
  screen.send("/compact");
  await screen.waitFor("The conversation was compacted.");
  await screen.waitUntil(isIdle, "the end of the turn");
  screen.type(KEY.escape);
  await screen.waitFor("Esc again");
  screen.type(KEY.escape);
  await screen.waitFor("the model still knows it");
  await screen.waitFor("› the question");
});

/** An answer whose request took so many tokens of the window. */
function respondWith(text: string, input: number, output: number): ServerAnswer {
  const usage = { input_tokens: input, output_tokens: output, total_tokens: input + output };
  const response = { id: "resp_1", output: [], usage };
  return {
    stream: [CREATED, assistantMessage(text), { type: "response.completed", response }],
  };
}

const WINDOW = "model_context_window = 11000";

test("the part of the context that is left goes back with the message", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respondWith("the first answer", 1000, 1000),
    respondWith("the second answer", 5000, 1000),
    respondWith("the summary", 9000, 1000),
  ]);
  const place = makePlace(t, server, WINDOW);
  const screen = new TerminalScreen(t, { place, rows: 40, columns: 120 });
  const isIdle = (): boolean => !screen.text().includes("esc to interrupt");
  const status = (): string => screen.rows().findLast((row) => row !== "") ?? "";
  await screen.waitFor("Ask for something");
  screen.send("question one");
  await screen.waitFor("the first answer");
  await screen.waitUntil(() => status().includes("90% ctx"), "what the first turn left");
  screen.send("question two");
  await screen.waitFor("the second answer");
  await screen.waitUntil(() => status().includes("50% ctx") && isIdle(), "what the second left");
  screen.type(KEY.escape);
  await screen.waitFor("Esc again");
  screen.type(KEY.escape);
  await screen.waitFor("are taken back");
  await screen.waitUntil(() => status().includes("90% ctx"), "what was left before it");
  screen.type(KEY.control("c"));
  screen.send("/compact");
  await screen.waitFor("The conversation was compacted.");
  await screen.waitUntil(isIdle, "the end of the turn");
  assert.doesNotMatch(status(), /ctx/u, "the next request tells what the notes take");
});

test("messages of a resumed session are taken back, one after the other", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respondWith("the first answer", 1000, 1000),
    respondWith("the second answer", 5000, 1000),
    respondWith("the third answer", 1500, 500),
  ]);
  const place = makePlace(t, server, WINDOW);
  const first = new TerminalScreen(t, { place, rows: 40 });
  await first.waitFor("Ask for something");
  for (const [question, answer] of [
    ["question one", "the first answer"],
    ["question two", "the second answer"],
  ] as const) {
    first.send(question);
    await first.waitFor(answer);
    await first.waitUntil(() => !first.text().includes("esc to interrupt"), "the end of the turn");
  }
  first.type(KEY.control("d"));
  await first.exitCode();
  const screen = new TerminalScreen(t, {
    place,
    args: ["resume", "--last"],
    rows: 40,
    columns: 120,
  });
  const status = (): string => screen.rows().findLast((row) => row !== "") ?? "";
  await screen.waitFor("the second answer");
  await screen.waitUntil(() => status().includes("50% ctx"), "what the earlier session had left");
  for (const [count, question] of ["question two", "question one"].entries()) {
    screen.type(KEY.escape);
    await screen.waitFor("Esc again");
    screen.type(KEY.escape);
    await screen.waitUntil(
      () => screen.text().split("are taken back").length === count + 2,
      "the message to be taken back",
    );
    await screen.waitFor(new RegExp(`› ${question}$`, "mu"));
    if (count === 0) {
      screen.type(KEY.control("c"));
      await screen.waitFor("Ask for something");
    }
  }
  assert.doesNotMatch(status(), /ctx/u, "nobody knows what is left without the messages");
  screen.type(KEY.paste(", edited"));
  await screen.waitFor("› question one, edited");
  screen.type(KEY.enter);
  await screen.waitFor("the third answer");
  const body = JSON.stringify(server.requests[2]?.body);
  assert.match(body, /question one, edited/u);
  assert.doesNotMatch(body, /the first answer|question two|question one"/u);
  await screen.waitUntil(() => status().includes("90% ctx"), "what is left of the window");
});
