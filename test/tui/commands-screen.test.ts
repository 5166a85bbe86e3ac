/** Slash commands, patches, plans, the transcript, and a terminal that changes its size. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  functionCall,
  HANG,
  type ModelServer,
  needsLoopback,
  respond,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason, needsProgram, needsSandbox } from "../support/skip-reasons.ts";
import {
  assertTold,
  ESC,
  IDLE,
  KEY,
  makePlace,
  type Place,
  sequence,
  sessionLog,
  TerminalScreen,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

const PATCH = `*** Begin Patch
*** Update File: one.txt
@@
 first
-second
+SECOND
*** Add File: two.txt
+new
*** End Patch
`;

test(
  "a patch is shown with its lines, /diff shows it again, /undo takes it back",
  { skip: firstReason(skip, needsSandbox) },
  async (t) => {
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["apply_patch", PATCH] })),
      respond(assistantMessage("patched")),
    ]);
    const place = makePlace(t, server);
    const one = join(place.workspace, "one.txt");
    writeFileSync(one, "first\nsecond\nthird\n");
    const screen = new TerminalScreen(t, { place, rows: 50 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("patched");
    assert.match(screen.text(), /✓ Edited 2 files \(\+2 -1\)/u);
    assert.match(screen.text(), /- second\n.*\+ SECOND/u);
    assert.equal(readFileSync(one, "utf8"), "first\nSECOND\nthird\n");
    await screen.waitForRows(IDLE);
    assertTold(screen, place, {
      rows: IDLE,
      scrollback:
        /^› go\n\n✓ Edited 2 files \(\+2 -1\)\nUpdate one\.txt \(\+1 -1\)\n[^]*- second\n.*\+ SECOND\n[^]*^Add two\.txt \(\+1 -0\)\n[^]*^patched\n/mu,
      log: ["user: go", /^call: shell .*apply_patch/u, /^output: /u, "assistant: patched"],
    });
    screen.send("/diff");
    await screen.waitFor("diff --git a/one.txt b/one.txt");
    screen.send("/undo");
    await screen.waitFor("Take the patches of the last turn back?");
    screen.type("2");
    await screen.waitFor("Taken back: one.txt, two.txt");
    assert.equal(readFileSync(one, "utf8"), "first\nsecond\nthird\n");
    assert.equal(existsSync(join(place.workspace, "two.txt")), false);
  },
);

test(
  "/undo touches nothing when a file was changed since",
  { skip: firstReason(skip, needsSandbox) },
  async (t) => {
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["apply_patch", PATCH] })),
      respond(assistantMessage("patched")),
    ]);
    const place = makePlace(t, server);
    const one = join(place.workspace, "one.txt");
    writeFileSync(one, "first\nsecond\nthird\n");
    const screen = new TerminalScreen(t, { place, rows: 50 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("patched");
    writeFileSync(one, "somebody's work\n");
    screen.send("/undo");
    await screen.waitFor('Nothing was taken back: "one.txt" has been changed since');
    assert.equal(readFileSync(one, "utf8"), "somebody's work\n");
    assert.equal(existsSync(join(place.workspace, "two.txt")), true);
  },
);

test(
  "/diff shows what git sees, with untracked files, and runs nothing that the repository names",
  { skip: firstReason(skip, needsSandbox, needsProgram("git")) },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("unused"))]);
    const place = makePlace(t, server);
    const { workspace } = place;
    const env = { PATH: process.env["PATH"], HOME: place.codexHome };
    const git = (...args: readonly string[]): string =>
      execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.c", ...args], {
        cwd: workspace,
        env,
        encoding: "utf8",
      });
    git("init", "-q", "-b", "main");
    writeFileSync(join(workspace, "one.txt"), "first\nsecond\n");
    git("add", ".");
    git("commit", "-qm", "one");
    const screen = new TerminalScreen(t, { place, rows: 50, columns: 100 });
    await screen.waitFor("Ask for something");
    screen.send("/diff");
    await screen.waitFor("git diff of the work tree is empty, and there are no untracked files");

    const pwned = join(place.codexHome, "pwned");
    const touch = `touch '${pwned}'`;
    writeFileSync(join(workspace, ".gitattributes"), "* filter=bad diff=bad\n");
    for (const [key, value] of [
      ["filter.bad.clean", `${touch}; sed s/SECOND/filtered/`],
      ["filter.bad.required", "true"],
      ["diff.external", touch],
      ["diff.bad.command", touch],
      ["diff.bad.textconv", `${touch}; sed s/SECOND/converted/`],
      ["core.fsmonitor", touch],
      ["core.pager", touch],
      ["diff.submodule", "diff"],
    ] as const) {
      git("config", key, value);
    }
    writeFileSync(join(workspace, "one.txt"), "first\nSECOND\n");
    writeFileSync(join(workspace, "new file.txt"), "not tracked\n");
    screen.send("/diff");
    await screen.waitFor("+not tracked");
    assert.match(
      screen.text(),
      /^git diff of the work tree, with untracked files\ndiff --git a\/one\.txt b\/one\.txt\n[^]*^-second\n\+SECOND\n[^]*^\+\+\+ b\/new file\.txt/mu,
    );
    assert.doesNotMatch(screen.text(), /filtered|converted/u);
    assert.equal(existsSync(pwned), false);

    const lines = Array.from({ length: 3000 }, (_, index) => `line ${index}\n`).join("");
    writeFileSync(join(workspace, "new file.txt"), lines);
    screen.send("/diff");
    await screen.waitFor(/^… \+\d+ rows \(Ctrl-T\)$/mu);
    assert.doesNotMatch(screen.text(), /\+line 2999/u);
    screen.type(KEY.control("t"));
    await screen.waitForRows(/^\+line 2999$/mu);
  },
);

test(
  "/diff ends where it is cut, and says so on the screen",
  { skip: firstReason(skip, needsSandbox, needsProgram("git")) },
  async (t) => {
    const place = makePlace(t, await startModelServer(t, [respond(assistantMessage("unused"))]));
    const { workspace } = place;
    const env = { PATH: process.env["PATH"], HOME: place.codexHome };
    execFileSync("git", ["init", "-q"], { cwd: workspace, env });
    const kilobyte = "0123456789abcde\n".repeat(64);
    for (let index = 0; index < 2000; index += 1) {
      writeFileSync(join(workspace, `new-${String(index).padStart(4, "0")}`), kilobyte);
    }
    const screen = new TerminalScreen(t, { place, rows: 50, columns: 100 });
    await screen.waitFor("Ask for something");
    screen.send("/diff");
    await screen.waitFor(/^… \+\d+ rows \(Ctrl-T\); more than 1 MiB: cut$/mu);
    screen.type(KEY.control("t"));
    await screen.waitForRows(/^\+0123456789abcde$[^]*^\(more than 1 MiB: cut here\)$/mu);

    const lines = new TerminalScreen(t, { place, rows: 50, env: { TERM: "dumb" } });
    await lines.waitFor(/^>/mu);
    lines.type("/diff\n");
    await lines.waitFor(/^… \+\d+ rows \(\/transcript\); more than 1 MiB: cut$/mu);
  },
);

/** The git of a path where naming the untracked files takes ten minutes, and how often that runs. */
function slowGit(place: Place): { readonly path: string; readonly running: () => number } {
  const path = join(place.codexHome, "bin");
  const real = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  // Told apart from every other sleep of the machine.
  const duration = `600.${process.pid}${Date.now()}`;
  mkdirSync(path);
  writeFileSync(
    join(path, "git"),
    `#!/bin/sh\ncase "$*" in *ls-files*) exec sleep ${duration};; esac\nexec '${real}' "$@"\n`,
    { mode: 0o755 },
  );
  const running = (): number =>
    readdirSync("/proc").filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8") === `sleep\0${duration}\0`;
      } catch {
        return false;
      }
    }).length;
  return { path: `${path}:${process.env["PATH"] ?? "/usr/bin:/bin"}`, running };
}

const skipSlowGit = firstReason(
  skip,
  needsSandbox,
  needsProgram("git"),
  process.platform === "linux" ? false : "reads /proc",
);

function makeRepository(t: TestContext, server: ModelServer): Place {
  const place = makePlace(t, server);
  const env = { PATH: process.env["PATH"], HOME: place.codexHome };
  execFileSync("git", ["init", "-q"], { cwd: place.workspace, env });
  return place;
}

for (const [name, key] of [
  ["Esc", ESC],
  ["Ctrl-C", KEY.control("c")],
] as const) {
  test(
    `/diff shows that it runs, runs once, and ${name} ends it with its processes`,
    { skip: skipSlowGit },
    async (t) => {
      const server = await startModelServer(t, [respond(assistantMessage("here I am"))]);
      const place = makeRepository(t, server);
      const { path, running } = slowGit(place);
      const screen = new TerminalScreen(t, { place, rows: 50, env: { PATH: path } });
      await screen.waitFor("Ask for something");
      screen.send("/diff");
      await screen.waitForRows(/^… computing the diff {2}\(\d+s\) · esc to cancel\n\n› /mu);
      await screen.waitUntil(() => running() === 1, "git runs");
      await screen.waitForRows(/^… computing the diff {2}\([1-9]\d*s\)/mu);
      screen.send("/diff");
      await screen.waitFor("! The diff is being computed already");
      assert.equal(running(), 1);
      screen.type(key);
      await screen.waitFor("✗ The diff was cancelled");
      await screen.waitUntil(() => running() === 0, "git has ended");
      await screen.waitForRows(IDLE);
      assert.doesNotMatch(screen.text(), /computing the diff/u);
      screen.send("go on");
      await screen.waitFor("here I am");
      await screen.waitForRows(IDLE);
      screen.send("/diff");
      await screen.waitUntil(() => running() === 1, "git runs again");
      screen.type(KEY.control("d"));
      assert.equal(await screen.exitCode(), 0);
      await screen.waitUntil(() => running() === 0, "git has ended with the session");
    },
  );
}

test("Ctrl-C ends /diff with its processes in line mode", { skip: skipSlowGit }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("here I am"))]);
  const place = makeRepository(t, server);
  const { path, running } = slowGit(place);
  const screen = new TerminalScreen(t, { place, rows: 50, env: { TERM: "dumb", PATH: path } });
  await screen.waitFor(/^>/mu);
  screen.type("/diff\n");
  await screen.waitUntil(() => running() === 1, "git runs");
  screen.type("/diff\n");
  await screen.waitFor("! The diff is being computed already");
  assert.equal(running(), 1);
  screen.type(KEY.control("c"));
  await screen.waitFor("✗ The diff was cancelled");
  await screen.waitUntil(() => running() === 0, "git has ended");
  screen.type("go on\n");
  await screen.waitFor("here I am");
});

test("/diff says where it looked when there is no repository", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("unused"))]);
  const place = makePlace(t, server);
  rmSync(join(place.workspace, ".git"), { recursive: true });
  const screen = new TerminalScreen(t, { place, rows: 50, columns: 120 });
  await screen.waitFor("Ask for something");
  screen.send("/diff");
  await screen.waitFor(
    "This directory is in no git repository, and the patches of the last turn have changed nothing",
  );
});

test("a patch that does not fit leaves a row", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(functionCall("shell", { command: ["apply_patch", PATCH] })),
    respond(assistantMessage("so what")),
  ]);
  const place = makePlace(t, server);
  writeFileSync(join(place.workspace, "one.txt"), "quite\nother\n");
  const screen = new TerminalScreen(t, { place, rows: 50 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("so what");
  assert.match(
    screen.text(),
    /^› go\n\n✗ Patch did not apply: Failed to find expected lines [^]*one\.txt\n\nso what$/mu,
  );
});

test(
  "the model and the rules change for the next turn, and the status line says so",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
    const screen = new TerminalScreen(t, { place: makePlace(t, server), columns: 110 });
    await screen.waitFor("Ask for something");
    screen.send("/model o3 high");
    await screen.waitFor("Model: o3 high");
    await screen.waitFor(/^o3 high · on-request · workspace-write/mu);
    screen.send("/approvals");
    await screen.waitFor("What may happen without asking?");
    screen.type("4");
    await screen.waitFor(/^o3 high · never · NO SANDBOX · net on/mu);
    screen.send("go");
    await screen.waitFor(/^ok$/mu);
    const body = JSON.stringify(server.requests[0]?.body);
    assert.match(body, /"model":"o3"/u);
    assert.match(body, /danger-full-access/u);
  },
);

test("/compact replaces the history by a summary, and /new begins anew", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(assistantMessage("the long answer")),
    respond(assistantMessage("the summary")),
    respond(assistantMessage("after it")),
    respond(assistantMessage("all new")),
  ]);
  const screen = new TerminalScreen(t, { place: makePlace(t, server), rows: 40 });
  await screen.waitFor("Ask for something");
  screen.send("the question");
  await screen.waitFor("the long answer");
  screen.send("/compact");
  await screen.waitFor("The conversation was compacted.");
  screen.send("next");
  await screen.waitFor("after it");
  const after = JSON.stringify(server.requests[2]?.body);
  assert.match(after, /the summary/u);
  assert.match(after, /the question/u);
  assert.doesNotMatch(after, /the long answer/u);
  screen.send("/new");
  await screen.waitUntil(() => screen.text().split("Codex 0.").length === 3, "a second header");
  screen.send("fresh");
  await screen.waitFor("all new");
  assert.doesNotMatch(JSON.stringify(server.requests[3]?.body), /the summary|the question/u);
});

test(
  "plans are printed, read-only commands are grouped, a long output is cut and whole in the transcript",
  { skip: firstReason(skip, needsSandbox) },
  async (t) => {
    const plan = [
      { step: "look", status: "completed" },
      { step: "write", status: "in_progress" },
      { step: "test", status: "pending" },
    ];
    const server = await startModelServer(t, [
      respond(
        functionCall("update_plan", { plan }, "c1"),
        functionCall("shell", { command: ["ls"] }, "c2"),
        functionCall("shell", { command: ["cat", "one.txt"] }, "c3"),
        functionCall("shell", { command: ["seq", "1", "500"] }, "c4"),
      ),
      respond(assistantMessage("finished")),
    ]);
    const place = makePlace(t, server);
    writeFileSync(join(place.workspace, "one.txt"), "content\n");
    const screen = new TerminalScreen(t, { place, rows: 50 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("finished");
    const text = screen.text();
    assert.match(text, /Plan\n {2}✓ look\n {2}▸ write\n {2}- test/u);
    assert.match(text, /✓ Explored\n {2}list files\n {2}read one\.txt/u);
    assert.match(
      text,
      /✓ \$ seq 1 500.*\n {2}1\n {2}2\n {2}3\n {2}4\n {2}5\n {2}… \+490 lines \(Ctrl-T\)\n {2}496/u,
    );
    const log = sessionLog(place);
    assert.deepEqual(
      log.map((line) => /^\w+/u.exec(line)?.[0]),
      ["user", ...Array.from({ length: 4 }, () => ["call", "output"]).flat(), "assistant"],
    );
    assert.match(log.find((line) => line.includes("500")) ?? "", /call: shell .*seq/u);
    await screen.waitForRows(IDLE);
    screen.type(KEY.control("t"));
    await screen.waitFor("q leaves");
    screen.type("g");
    await screen.waitFor(/^── You$/mu);
    screen.type("q");
    await screen.waitFor("Ask for something");
    assert.match(screen.text(), /… \+490 lines/u);
  },
);

test("of a long plan in progress the current step is seen", { skip }, async (t) => {
  const planOf = (done: number) =>
    Array.from({ length: 14 }, (_, index) => ({
      step: `step ${index + 1}`,
      status: index < done ? "completed" : index === done ? "in_progress" : "pending",
    }));
  const server = await startModelServer(t, [
    respond(functionCall("update_plan", { plan: planOf(0) }, "c1")),
    respond(functionCall("update_plan", { plan: planOf(11) }, "c2")),
    { stream: [CREATED, 60_000, COMPLETED] },
  ]);
  const screen = new TerminalScreen(t, { place: makePlace(t, server), rows: 40 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor(/Plan 7 done\n {2}✓ step 8\n(?:.*\n){3} {2}▸ step 12\n {2}- step 13/u);
  screen.type(KEY.escape);
  await screen.waitFor("Interrupted");
});

test(
  "a plan stays on the screen while the turn runs, and is printed when it changed",
  { skip },
  async (t) => {
    const step = (name: string, status: string) => ({ step: name, status });
    const plan = [step("look", "completed"), step("write", "in_progress"), step("test", "pending")];
    const lines = Array.from({ length: 20 }, (_, index) => `- line ${index}\n`).join("");
    const server = await startModelServer(t, [
      respond(functionCall("update_plan", { plan }), assistantMessage("The first words.")),
      {
        stream: [
          CREATED,
          textDelta("and an open"),
          1500,
          textDelta(`\n\n${lines}\nthe rest`),
          HANG,
        ],
      },
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Ask for something");
    screen.send("go");
    const list = String.raw`Plan\n {2}✓ look\n {2}▸ write\n {2}- test\n`;
    const below = String.raw`\n› Type to queue.*\n.*esc to interrupt$(?![^])`;
    // As long as the printed one is in sight, it is not shown again.
    await screen.waitForRows(
      new RegExp(`^› go\n\n${list}\nThe first words\\.\n\nand an open\n${below}`, "mu"),
    );
    await screen.waitForRows(new RegExp(`^- line 19\n\nthe rest\n\n${list}${below}`, "mu"));
    screen.resize(80, 12);
    await screen.waitForRows(new RegExp(`^the rest\n\nPlan 2/3 ▸ write\n${below}`, "mu"));
    screen.resize(80, 24);
    await screen.waitForRows(new RegExp(`^the rest\n\n${list}${below}`, "mu"));
    screen.type(KEY.escape);
    await screen.waitFor("Interrupted");
    await screen.waitForRows(IDLE);
    // Once in the scrollback, for it has not changed since.
    assert.equal(screen.text().split("▸ write").length, 2);
    assert.doesNotMatch(screen.text(), /Plan 2/u);
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: new RegExp(`^› go\n\n${list}\n[^]*^the rest\n\n✗ Interrupted$`, "mu"),
      log: [
        "user: go",
        /^call: update_plan .*look/u,
        /^output: /u,
        "assistant: The first words.",
        `assistant: and an open\n\n${lines}\nthe rest`,
      ],
    });
  },
);

test(
  "the size of the terminal changes while an answer streams: every line once",
  { skip },
  async (t) => {
    const lines = Array.from({ length: 120 }, (_, index) => `paragraph number ${index}\n\n`);
    const text = lines.join("");
    const server = await startModelServer(t, [
      {
        stream: [
          CREATED,
          ...lines.flatMap((line, index) =>
            index % 4 === 0 ? [textDelta(line), 40] : [textDelta(line)],
          ),
          assistantMessage(text),
          COMPLETED,
        ],
      },
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, columns: 100, rows: 30 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    for (const [index, columns] of [90, 70, 110, 60, 100].entries()) {
      await screen.waitFor(`paragraph number ${index * 20}`);
      screen.resize(columns, 30 - index);
    }
    await screen.waitFor("paragraph number 119");
    await screen.waitUntil(
      () => !screen.text().includes("esc to interrupt"),
      "the end of the turn",
    );
    const shown = [...screen.text().matchAll(/paragraph number (\d+)$/gmu)].map((match) =>
      Number(match[1]),
    );
    assert.deepEqual(
      shown,
      Array.from({ length: 120 }, (_, index) => index),
    );
    assert.doesNotMatch(screen.raw, sequence(String.raw`\[[23]J`));
    await screen.waitForRows(IDLE);
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: /^› go\n/mu,
      log: ["user: go", `assistant: ${text}`],
    });
  },
);

test("a very small terminal shows the draft alone", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("fits"))]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, columns: 19, rows: 5 });
  await screen.waitFor("Ask for");
  await screen.waitUntil(() => screen.text().includes("session"), "the header");
  assert.doesNotMatch(screen.text(), /workspace-write ·|· workspace/u, "no status line");
  screen.type("words");
  await screen.waitFor("› words");
  screen.resize(10, 3);
  screen.type("x");
  await screen.waitFor("wordsx");
  screen.type(KEY.enter);
  await screen.waitFor(/^fits$/mu);
  screen.resize(80, 24);
  await screen.waitForRows(IDLE);
  const log = ["user: wordsx", "assistant: fits"];
  assertTold(screen, place, { rows: IDLE, scrollback: /^› wordsx\n\nfits$/mu, log });
});

test(
  "Ctrl-T shows the transcript over a menu, which is there again afterwards",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("the answer"))]);
    const screen = new TerminalScreen(t, { place: makePlace(t, server) });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor(/^the answer$/mu);
    screen.send("/approvals");
    await screen.waitFor("What may happen without asking?");
    screen.type(KEY.control("t"));
    await screen.waitFor("q leaves");
    screen.type("q");
    await screen.waitFor("What may happen without asking?");
    screen.type("1");
    await screen.waitUntil(
      () => !screen.text().includes("What may happen without asking?"),
      "the end of the menu",
    );
  },
);
