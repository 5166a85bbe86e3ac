/** What is around the cells: questions, menus, the status line, the header of a session. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event, EventMsg } from "../../src/protocol/event.ts";
import { ApprovalDialog } from "../../src/tui/approval-dialog.ts";
import { questionOf } from "../../src/tui/approval-question.ts";
import type { Key } from "../../src/tui/key-decoder.ts";
import { questionLines } from "../../src/tui/line-question.ts";
import { ASCII_MARKS, UNICODE_MARKS } from "../../src/tui/marks.ts";
import { Menu } from "../../src/tui/menu.ts";
import { sessionHeader } from "../../src/tui/session-header.ts";
import { type SessionRules, statusRow } from "../../src/tui/status-line.ts";
import { rowText, rowWidth } from "../../src/tui/styled.ts";
import { assertGolden, GOLDEN_WIDTHS, type GoldenCase } from "../support/golden-rows.ts";

const CWD = "/home/user/project";
const RULES: SessionRules = {
  model: "gpt-5",
  effort: "medium",
  approvalPolicy: "on-request",
  sandboxPolicy: {
    mode: "workspace-write",
    writable_roots: ["/srv/cache"],
    network_access: false,
    exclude_slash_tmp: false,
    exclude_tmpdir_env_var: true,
  },
  isSandboxAvailable: true,
  cwd: "/srv/a/long/path/of/a/project",
};

function dialogOf(msg: EventMsg, width: number, failedOutput?: string): ApprovalDialog {
  const event: Event = { id: "1", msg };
  const question = questionOf(event, { rules: { ...RULES, cwd: CWD }, failedOutput });
  assert.ok(question !== undefined);
  return new ApprovalDialog({ question, cwd: CWD, now: 0, lastKeyAt: 0, width });
}

interface Asked {
  readonly msg: EventMsg;
  readonly failedOutput?: string;
  readonly keys?: readonly Key[];
  readonly isGuarded?: boolean;
  readonly position?: string;
}

function asked(name: string, { msg, failedOutput, keys = [], ...frame }: Asked): GoldenCase {
  return {
    name,
    rows: (width) => {
      const dialog = dialogOf(msg, width, failedOutput);
      for (const key of keys) dialog.key(key);
      const { isGuarded = false, position = "" } = frame;
      return dialog.view(width, 30, { position, marks: UNICODE_MARKS, isGuarded }).rows;
    },
  };
}

function command(words: readonly string[], reason?: string): EventMsg {
  return {
    type: "exec_approval_request",
    call_id: "c",
    command: [...words],
    cwd: CWD,
    ...(reason === undefined ? {} : { reason }),
  };
}

const text = (words: string): Key => ({ kind: "text", text: words });

test("questions", async () => {
  const touch = command(["touch", "made by 日本語"], "the file is needed by the next step");
  const script = Array.from({ length: 30 }, (_, index) => `echo line ${index + 1}`).join("\n");
  const hidden = command(["bash", "-c", "ls \u202e; ls\u00a0x # \u001b[2J"]);
  await assertGolden("question.txt", [
    asked("leaving the sandbox", { msg: touch }),
    asked("guarded, one of three", { msg: touch, isGuarded: true, position: "1 of 3" }),
    asked("what was denied", {
      msg: command(["touch", "/etc/x"], "blocked by sandbox: write to /etc/x denied"),
      failedOutput:
        "one\ntwo\nthree\nfour\nfive\ntouch: cannot touch '/etc/x': Permission denied\n",
    }),
    asked("a long command", { msg: command(["bash", "-c", script]) }),
    asked("a long command, approved once", {
      msg: command(["bash", "-c", script]),
      keys: [text("y")],
    }),
    asked("hidden characters", { msg: hidden }),
    asked("the reason of a refusal", {
      msg: touch,
      keys: [text("n"), text("use mktemp, and put it into 日本語")],
    }),
    asked("a patch outside of the workspace", {
      msg: {
        type: "apply_patch_approval_request",
        call_id: "p",
        changes: {
          [`${CWD}/one.ts`]: {
            update: { unified_diff: "@@ -1,1 +1,1 @@\n-old\n+new\n", move_path: null },
          },
          "/etc/a-very-long-directory-name/and-a-long-file-name.conf": {
            add: { content: "x\n" },
          },
        },
        reason: "it writes outside of the workspace",
        grant_root: "/etc/a-very-long-directory-name",
      },
    }),
  ]);
});

test("menus", async () => {
  const menu = (preselected: number): Menu =>
    new Menu({
      title: "Do you trust this directory?",
      text: [
        CWD,
        "It is NOT a git work tree, so nothing that is changed can be taken back by git.",
      ],
      choices: [
        { id: "a", label: "Trust it", detail: "workspace-write, asks on request" },
        { id: "b", label: "Do not", detail: "read-only, asks before everything else" },
        ...Array.from({ length: 10 }, (_, index) => ({ id: `${index}`, label: `choice ${index}` })),
      ],
      preselected,
    });
  await assertGolden("menu.txt", [
    { name: "at the top", rows: (width) => menu(1).rows(width, 40, UNICODE_MARKS) },
    { name: "further down, ASCII", rows: (width) => menu(8).rows(width, 40, ASCII_MARKS) },
  ]);
});

test("status line and header", async () => {
  const turn = { elapsedMs: 75_000, isStopping: false, queuedCount: 2 };
  const idle = { ...RULES, allowedCount: 0, contextLeft: undefined, turn: undefined };
  const open = { mode: "danger-full-access" } as const;
  await assertGolden("status.txt", [
    { name: "at the start", rows: (width) => [statusRow(idle, width, UNICODE_MARKS)] },
    {
      name: "a turn",
      rows: (width) => [
        statusRow({ ...idle, allowedCount: 2, contextLeft: 57, turn }, width, UNICODE_MARKS),
      ],
    },
    {
      name: "no sandbox, little context, ASCII",
      rows: (width) => [
        statusRow({ ...idle, sandboxPolicy: open, contextLeft: 7 }, width, ASCII_MARKS),
      ],
    },
    {
      name: "no sandbox on this machine",
      rows: (width) => [statusRow({ ...idle, isSandboxAvailable: false }, width, UNICODE_MARKS)],
    },
    {
      name: "header",
      rows: (width) => sessionHeader(RULES, "00000000-0000-4000-8000-000000000000", { width }),
    },
  ]);
});

test("a long reason pushes neither the command nor the choices off the screen", () => {
  for (const [width, room] of [
    [79, 20],
    [99, 30],
    [39, 26],
  ] as const) {
    const msg = command(["touch", "made"], `because ${"and ".repeat(1000)}`);
    const dialog = dialogOf(msg, width, "denied ".repeat(500));
    const view = () =>
      dialog.view(width, room, { position: "", marks: UNICODE_MARKS, isGuarded: false });
    const { rows } = view();
    assert.ok(rows.length <= room, `${rows.length} rows of ${room}`);
    for (const row of rows) assert.ok(rowWidth(row) <= width, rowText(row));
    const shown = rows.map(rowText).join("\n");
    assert.match(shown, /^Leave the sandbox/u);
    assert.match(shown, /^\$ touch made$/mu);
    assert.match(shown, /^in \/home\/user\/project$/mu);
    assert.match(shown, /WITHOUT\s+sandbox\.$/mu);
    assert.match(shown, /esc +Do not run, stop here$/mu);
    // What was not seen is not approved with one key.
    assert.equal(dialog.key(text("y")), undefined);
    assert.match(view().rows.map(rowText).join("\n"), /press\s+again/u);
    assert.deepEqual(dialog.key(text("y")), { kind: "answered", answer: { decision: "approved" } });
    assert.match(dialog.fullRows(width).map(rowText).join(" "), /(?:and ){20}/u);
  }
});

test("what the pager has shown is approved with one key, on a small screen too", () => {
  const script = Array.from({ length: 30 }, (_, index) => `echo ${index}`).join("\n");
  const dialog = dialogOf(command(["bash", "-c", script]), 79);
  const view = () => dialog.view(79, 14, { position: "", marks: ASCII_MARKS, isGuarded: false });
  view();
  assert.deepEqual(dialog.key({ kind: "chord", letter: "o", ctrl: true, alt: false }), {
    kind: "show-all",
  });
  dialog.wasSeen();
  view();
  assert.deepEqual(dialog.key(text("y")), { kind: "answered", answer: { decision: "approved" } });
});

test("no row of a question is too wide", () => {
  for (const width of [19, ...GOLDEN_WIDTHS]) {
    const dialog = dialogOf(command(["bash", "-c", "x ".repeat(500)], "why ".repeat(50)), width);
    const { rows } = dialog.view(width, 10, { position: "", marks: ASCII_MARKS, isGuarded: true });
    for (const row of rows) assert.ok(rowWidth(row) <= width, rowText(row));
    const shown = rows.map(rowText).join("\n");
    if (width >= 79) assert.match(shown, /more lines[\s\S]*esc +Do not run,\s+stop/u);
    assert.equal(dialog.key(text("y")), undefined, "too small to show all: two steps");
  }
});

test("with few rows the command, the choice of Enter, and the keys of the others stay", () => {
  for (const width of [19, 39, 79]) {
    for (let room = 1; room <= 5; room += 1) {
      const dialog = dialogOf(command(["touch", "made"], "why ".repeat(50)), width);
      const view = (): string => {
        const frame = { position: "", marks: UNICODE_MARKS, isGuarded: false };
        const { rows } = dialog.view(width, room, frame);
        assert.ok(rows.length <= room && rows.every((row) => rowWidth(row) <= width));
        return rows.map(rowText).join("\n");
      };
      assert.match(view(), /^▸ n Do not/mu);
      assert.match(view(), /^▸ n .* y a esc$|^Keys: y,? a,? n,? esc\b/mu);
      if (room > 1) assert.match(view(), /^\$ touch made$/mu);
      if (room > 2) assert.match(view(), /^Leave the sandbox/u);
      assert.equal(dialog.key(text("y")), undefined, "not all is seen");
      assert.match(view(), /^▸ y (?:Run once: pre|again\? a n esc$)/mu);
    }
  }
});

test("what the model says cannot pass for lines of the dialog", () => {
  const spoof = "it is safe\n\nIf you approve, it runs inside of the sandbox.\n  y   Run it there";
  const dialog = dialogOf(command(["touch", "made"], spoof), 200);
  const frame = { position: "", marks: UNICODE_MARKS, isGuarded: false };
  const rows = dialog.view(200, 30, frame).rows.map((each) => rowText(each));
  const said = rows.filter((each) => each.includes("it is safe"));
  assert.deepEqual(said, [
    "The model says: it is safe If you approve, it runs inside of the sandbox. y   Run it there",
  ]);
  assert.equal(rows.filter((each) => each.startsWith("If you approve")).length, 1);
});

test("in lines, neither command nor output can pass for lines of the question", () => {
  const said = [
    "in /tmp",
    "Why: it is in the trusted list",
    "1 or y: run it inside of the sandbox",
  ];
  const spoof = ["x", ...said].join("\n");
  const event: Event = { id: "1", msg: command(["printf", spoof]) };
  const question = questionOf(event, { rules: { ...RULES, cwd: CWD }, failedOutput: spoof });
  assert.ok(question !== undefined);
  const lines = questionLines(question, CWD, 80).join("\n").split("\n");
  assert.deepEqual(
    lines.filter((line) => /^(?:in|Why|\d or)\b/u.test(line)).map((line) => line.slice(0, 11)),
    [
      `in ${CWD}`.slice(0, 11),
      "Why: it is ",
      "1 or y: run",
      "2 or n WHY:",
      "3 or stop: ",
      "4 or a: all",
    ],
  );
});
