/** What every kind of cell looks like, as rows, live and finished. */
import { test } from "node:test";
import type { EventMsg } from "../../src/protocol/event.ts";
import type { FileChanges } from "../../src/protocol/file-change.ts";
import * as cells from "../../src/tui/cells.ts";
import { ConversationView } from "../../src/tui/conversation-view.ts";
import { diffTextRows } from "../../src/tui/diff-text-rows.ts";
import { ASCII_MARKS, type Marks, UNICODE_MARKS } from "../../src/tui/marks.ts";
import type { Row } from "../../src/tui/styled.ts";
import { toolRows } from "../../src/tui/tool-rows.ts";
import { assertGolden, type GoldenCase } from "../support/golden-rows.ts";

const CWD = "/home/user/project";

interface Scene {
  /** Event by event; a number lets so many milliseconds pass. */
  readonly steps: readonly (EventMsg | number)[];
  readonly marks?: Marks;
  /** Of the live region. */
  readonly liveRows?: number;
}

interface Shown {
  readonly printed: readonly Row[];
  readonly live: readonly Row[];
}

async function viewOf(marks: Marks, width: () => number, now: () => number) {
  const view = new ConversationView({ cwd: CWD, marks, hidesReasoning: false, now, width });
  await view.load();
  return view;
}

async function show(scene: Scene, width: number): Promise<Shown> {
  let time = 1000;
  const view = await viewOf(
    scene.marks ?? UNICODE_MARKS,
    () => width,
    () => time,
  );
  for (const step of scene.steps) {
    if (typeof step === "number") time += step;
    else view.event({ id: "1", msg: step });
  }
  return { printed: view.takePrinted(), live: view.liveRows(scene.liveRows ?? 20) };
}

function printed(name: string, ...steps: Scene["steps"]): GoldenCase {
  return { name, rows: async (width) => (await show({ steps }, width)).printed };
}

function live(name: string, ...steps: Scene["steps"]): GoldenCase {
  return { name, rows: async (width) => (await show({ steps }, width)).live };
}

/** What may be used of a terminal: the last column stays free. */
function plain(
  name: string,
  rows: (context: cells.CellContext) => readonly Row[],
  marks = UNICODE_MARKS,
): GoldenCase {
  return { name, rows: (width) => rows({ width, marks, cwd: CWD }) };
}

function begin(
  command: readonly string[],
  parsed: "unknown" | "read" | "list" | "search",
): EventMsg {
  const cmd = command.join(" ");
  const name = command.at(-1) ?? "";
  const parsed_cmd = {
    unknown: { Unknown: { cmd } },
    read: { Read: { cmd, name } },
    list: { ListFiles: { cmd, path: name } },
    search: { Search: { cmd, query: command[1] ?? null, path: name } },
  }[parsed];
  return {
    type: "exec_command_begin",
    call_id: cmd,
    command: [...command],
    cwd: CWD,
    parsed_cmd: [parsed_cmd],
  };
}

function output(command: readonly string[], text: string): EventMsg {
  const chunk = Buffer.from(text).toString("base64");
  return {
    type: "exec_command_output_delta",
    call_id: command.join(" "),
    stream: "stdout",
    chunk,
  };
}

function end(command: readonly string[], text: string, exitCode = 0, seconds = 1.2): EventMsg {
  return {
    type: "exec_command_end",
    call_id: command.join(" "),
    stdout: text,
    stderr: "",
    aggregated_output: text,
    exit_code: exitCode,
    duration: { secs: Math.floor(seconds), nanos: Math.round((seconds % 1) * 1e9) },
  };
}

function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `line ${index + 1}\n`).join("");
}

const ANSWER = `# A title that is rather long for a narrow terminal

A paragraph with **bold**, *italic*, ~~struck~~ and \`code\`, a [link](https://example.org/a/path)
and 日本語のテキスト, emoji 👩‍👩‍👧 👍🏽 ❤️, and averyveryverylongwordwithoutanyblankthatdoesnotfit.

1. first of an ordered list, with enough words to wrap
2. second
   - nested
- [x] done
- [ ] open

> A quotation that is long enough to need a second row
> - with a list

\`\`\`ts
const answer: number = 42; // a line of code that is longer than forty columns
\`\`\`

| name | 数 | a column that is wide |
|---|---:|---|
| one | 1 | 日本語 |
| twenty-two | 22 | words and words |

---

End.
`;

const LONG_TEST = ["npm", "test", "--", "--reporter=spec", "--grep", "a name with blanks"];
const SCRIPT = ["bash", "-lc", 'set -e\nfor f in *.ts; do\n  echo "$f"\ndone\nexit 7'];
const SEQ = ["seq", "1", "500"];
const COLOURED =
  "\u001b[32mok\u001b[0m 日本 👩‍👩‍👧\tafter a tab\r\nprogress 1%\rprogress 100%\nno \u001b]0;title\u0007title\n";

test("assistant text, finished and while it streams", async () => {
  await assertGolden("assistant-text.txt", [
    printed("finished", { type: "agent_message", message: ANSWER }),
    live("the open block", {
      type: "agent_message_delta",
      delta: "A finished paragraph.\n\nAn **open** paragraph, 日本語 and `co",
    }),
    live("reasoning", {
      type: "agent_reasoning_delta",
      delta: "**Looking at the code that draws rows**\n\nSome",
    }),
    printed("reasoning, finished", {
      type: "agent_reasoning",
      text: "**Looking at the code**\n\nIt wraps words, and it does so with care.",
    }),
    printed(
      "cut and begun again",
      { type: "agent_message_delta", delta: "first part\n\nsecond\nthird" },
      {
        type: "background_event",
        message: "stream error: stream disconnected; retrying 1/10 in 232ms…",
      },
      { type: "agent_message", message: "the whole answer" },
    ),
    {
      name: "on a terminal of few rows",
      rows: async (width) => {
        const isPlain = (): boolean => true;
        const marks = UNICODE_MARKS;
        const options = { cwd: CWD, marks, hidesReasoning: false, now: () => 0, isPlain };
        const view = new ConversationView({ ...options, width: () => width });
        await view.load();
        view.event({ id: "1", msg: { type: "agent_message", message: ANSWER } });
        return view.takePrinted();
      },
    },
    plain("user message", (context) =>
      cells.userCell("Fix the bug in 日本語.ts,\nplease, and tell why it was there", context),
    ),
  ]);
});

test("shell commands, live and finished", async () => {
  await assertGolden("shell-command.txt", [
    live("running, no output", begin(LONG_TEST, "unknown"), 4200),
    live("running, output", begin(SEQ, "unknown"), output(SEQ, numbered(23)), 65_000),
    live("running, coloured output", begin(SEQ, "unknown"), output(SEQ, COLOURED), 900),
    live("running script", begin(SCRIPT, "unknown"), output(SCRIPT, "a.ts\n"), 100),
    printed("finished", begin(LONG_TEST, "unknown"), end(LONG_TEST, "12 passing\n")),
    printed("finished, no output", begin(["true"], "unknown"), end(["true"], "", 0, 0.012)),
    printed("finished, long output", begin(SEQ, "unknown"), end(SEQ, numbered(500))),
    printed("finished, coloured output", begin(SEQ, "unknown"), end(SEQ, COLOURED)),
    printed(
      "finished, one long line",
      begin(SEQ, "unknown"),
      end(SEQ, `${"0123456789".repeat(60)}\n`),
    ),
    printed("failed script", begin(SCRIPT, "unknown"), end(SCRIPT, "a.ts\n", 7)),
    printed("timed out", begin(["sleep", "60"], "unknown"), end(["sleep", "60"], "", 124, 10)),
    printed("killed", begin(["sleep", "60"], "unknown"), end(["sleep", "60"], "x\n", 137, 75)),
    printed(
      "could not start",
      begin(["nothing"], "unknown"),
      end(["nothing"], "No such file\n", -1, 0),
    ),
    printed("interrupted", begin(SEQ, "unknown"), output(SEQ, numbered(3)), 4000, {
      type: "turn_aborted",
      reason: "interrupted",
    }),
  ]);
});

test("exploration", async () => {
  const list = ["ls", "src"];
  const read = ["cat", "a-file-with-a-long-name-in-the-project.ts"];
  const search = ["rg", "a phrase to search", "test/tui"];
  const steps = [
    begin(list, "list"),
    end(list, "x\n"),
    begin(read, "read"),
    end(read, "x\n"),
    begin(search, "search"),
    end(search, "x\n"),
  ];
  await assertGolden("exploration.txt", [
    live("group, live", ...steps),
    printed("group, finished", ...steps, { type: "agent_message", message: "Read." }),
    printed("failed, not grouped", begin(read, "read"), end(read, "cat: no such file\n", 1)),
  ]);
});

const CHANGES: FileChanges = {
  [`${CWD}/src/one.ts`]: {
    update: {
      unified_diff:
        '@@ -9,4 +9,4 @@\n const before = 1;\n-const name = "the old name of this thing";\n+const name = "the new name of this thing";\n const after = 2;\n@@ -120,2 +120,3 @@\n last\n+\tadded after a tab, 日本語 in it\n end\n',
      move_path: null,
    },
  },
  [`${CWD}/notes.md`]: { add: { content: "# Notes\n\nwords\n" } },
  [`${CWD}/old.ts`]: {
    update: {
      unified_diff:
        "@@ -1,2 +1,2 @@\n-const a = 1;\n-const b = 2;\n+something(entirely, different);\n",
      move_path: `${CWD}/new.ts`,
    },
  },
  "/etc/motd": "delete",
};

test("patches", async () => {
  const begun: EventMsg = {
    type: "patch_apply_begin",
    call_id: "p",
    auto_approved: true,
    changes: CHANGES,
  };
  const ended = (success: boolean, stderr: string): EventMsg => ({
    type: "patch_apply_end",
    call_id: "p",
    stdout: "",
    stderr,
    success,
  });
  const long = { [`${CWD}/long.txt`]: { add: { content: numbered(250) } } };
  await assertGolden("patch.txt", [
    live("editing", begun),
    printed("edited", begun, ended(true, "")),
    printed(
      "failed",
      begun,
      ended(false, "Failed to find expected lines in src/one.ts:\nconst name\n"),
    ),
    plain("more rows than are shown", (context) =>
      cells.patchCell({ changes: long, success: true, message: "" }, context).slice(-4),
    ),
    plain("a diff in git's form", ({ width }) =>
      diffTextRows(
        "diff --git a/one.ts b/one.ts\nindex 1..2 100644\n--- a/one.ts\n+++ b/one.ts\n@@ -1,2 +1,2 @@\n context 日本語\n-\told line\n+\tnew line\n",
        width,
      ),
    ),
  ]);
});

test("plans", async () => {
  const plan: EventMsg = {
    type: "plan_update",
    explanation: "Three steps, the second of which is being worked on now",
    plan: [
      { step: "Read how rows are laid out", status: "completed" },
      { step: "Write goldens for 20, 40, 80 and 200 columns", status: "in_progress" },
      { step: "日本語のテキスト and\nthe rest", status: "pending" },
    ],
  };
  const changed: EventMsg = { ...plan, explanation: null };
  const answer: EventMsg = { type: "agent_message", message: "An answer." };
  const long: EventMsg = { type: "agent_message", message: numbered(30) };
  const done: EventMsg = { type: "task_complete", last_agent_message: null };
  const within = (liveRows: number): GoldenCase => ({
    name: `live, with ${liveRows} rows for everything`,
    rows: async (width) => (await show({ steps: [plan, long], liveRows }, width)).live,
  });
  await assertGolden("plan.txt", [
    printed("printed", plan),
    live("live, with the printed one in sight", plan, answer, begin(SEQ, "unknown"), 1000),
    live("live, as the last one was printed just now", plan, 1000, changed),
    live("live, with the printed one out of sight", plan, long, begin(SEQ, "unknown"), 1000),
    within(10),
    within(5),
    within(2),
    printed("changed within ten seconds, and nothing else", plan, 9000, changed, done),
    printed("changed within ten seconds, then the turn goes on", plan, 9000, changed, 1000, answer),
    printed("the turn ends, with the last one printed", plan, answer, done),
    live("the turn has ended", plan, answer, done),
  ]);
});

test("tools of MCP servers", async () => {
  const invocation = {
    server: "files",
    tool: "search",
    arguments: { query: "a phrase, 日本語", limit: 10 },
  };
  const duration = { secs: 0, nanos: 340_000_000 };
  const begun: EventMsg = { type: "mcp_tool_call_begin", call_id: "m", invocation };
  const ended = (result: Extract<EventMsg, { type: "mcp_tool_call_end" }>["result"]): EventMsg => ({
    type: "mcp_tool_call_end",
    call_id: "m",
    invocation,
    duration,
    result,
  });
  const text = (words: string) => ({ content: [{ type: "text", text: words }] });
  await assertGolden("mcp-tool.txt", [
    live("running", begun),
    printed("result", begun, ended({ Ok: text(numbered(12)) })),
    printed("empty result", begun, ended({ Ok: { content: [] } })),
    printed(
      "a picture",
      begun,
      ended({ Ok: { content: [{ type: "image", data: "aGVsbG8=", mimeType: "image/png" }] } }),
    ),
    printed("error of the tool", begun, ended({ Ok: { ...text(numbered(6)), isError: true } })),
    printed(
      "error of the server",
      begun,
      ended({ Err: "tools/call: connection closed by the server" }),
    ),
    plain("the list", (context) =>
      toolRows(
        {
          files__search: {
            name: "search",
            inputSchema: {},
            description: "Searches files.\nAnd says where.",
          },
          files__read: { name: "read", inputSchema: {} },
        },
        context,
      ),
    ),
    plain("an empty list", (context) => toolRows({}, context)),
  ]);
});

test("retries, errors and notices", async () => {
  const retry = (count: number, delay: string): EventMsg => ({
    type: "background_event",
    message: `stream error: the server answered 503: overloaded, come back later; retrying ${count}/10 in ${delay}…`,
  });
  const done: EventMsg = { type: "task_complete", last_agent_message: null };
  await assertGolden("notices.txt", [
    live("waiting to try again", retry(1, "232ms"), 100),
    live("waiting for seconds", retry(6, "6.4s"), 1000),
    live("trying again", retry(1, "232ms"), 500),
    printed("one retry", retry(1, "232ms"), done),
    printed("three retries", retry(1, "200ms"), retry(2, "400ms"), retry(3, "800ms"), done),
    printed(
      "four retries",
      retry(1, "200ms"),
      retry(2, "400ms"),
      retry(3, "800ms"),
      retry(4, "1.6s"),
      done,
    ),
    printed("an error", {
      type: "error",
      message: "stream disconnected before completion: the response is not complete",
    }),
    printed("a server that is not there", {
      type: "error",
      message: 'Cannot reach "http://127.0.0.1:404/v1/responses": ECONNREFUSED',
    }),
    printed("a refused key", {
      type: "error",
      message: "The server answered 401 Unauthorized: bad key",
    }),
    printed("a request that cannot work", {
      type: "error",
      message: "The server answered 404 Not Found: no such model",
    }),
    printed("a notice", {
      type: "background_event",
      message: "blocked by sandbox: write to /etc/passwd denied\nand a second line",
    }),
    printed(
      "a patch that does not fit, and whose path looks like news of an attempt",
      retry(1, "200ms"),
      {
        type: "background_event",
        message: "Patch did not apply: Failed to read file to update a; retrying 1/9 in 9s: none",
      },
      done,
    ),
    printed("interrupted", { type: "turn_aborted", reason: "interrupted" }),
    plain("done", (context) => cells.doneCell("You approved, this once: $ touch made", context)),
    plain("failed", (context) =>
      cells.failedCell("You refused: $ touch made; told the model: use mktemp", context),
    ),
    plain(
      "ASCII: notice",
      (context) => cells.noticeCell("There is no earlier session", context),
      ASCII_MARKS,
    ),
    plain(
      "ASCII: failed",
      (context) => cells.failedCell("You refused: $ touch made", context),
      ASCII_MARKS,
    ),
    plain(
      "ASCII: retry",
      (context) => cells.retryCell("stream error: cut; retried once", context),
      ASCII_MARKS,
    ),
  ]);
});
