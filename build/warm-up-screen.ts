/** The way to the first frames of a session: header, keys, menus, a streamed answer, a command. */
import { loadConfig } from "../src/config/config.ts";
import { Backlog } from "../src/tui/backlog.ts";
import { Composer } from "../src/tui/composer.ts";
import { ConversationView } from "../src/tui/conversation-view.ts";
import { KeyDecoder } from "../src/tui/key-decoder.ts";
import { LiveRegion } from "../src/tui/live-region.ts";
import { UNICODE_MARKS } from "../src/tui/marks.ts";
import { PromptHistory } from "../src/tui/prompt-history.ts";
import { runScreenSession } from "../src/tui/screen-session.ts";
import { sessionHeader } from "../src/tui/session-header.ts";
import { type SessionRules, statusRow } from "../src/tui/status-line.ts";
import { SynchronizedOutput } from "../src/tui/synchronized-output.ts";

const WIDTH = 99;

export async function warmUpScreen(): Promise<void> {
  // Named only, so that the chunk with the whole front end is made here too.
  if (typeof runScreenSession !== "function") throw new TypeError("Cannot warm up the screen");
  const config = await loadConfig({
    codexHome: "/nonexistent",
    cwd: "/",
    home: "/nonexistent",
    env: {},
  });
  const rules: SessionRules = {
    model: config.model,
    effort: "medium",
    approvalPolicy: config.approvalPolicy,
    sandboxPolicy: config.sandboxPolicy,
    isSandboxAvailable: true,
    cwd: "/",
  };
  const view = new ConversationView({
    cwd: "/",
    marks: UNICODE_MARKS,
    hidesReasoning: false,
    now: () => 0,
    width: () => WIDTH,
  });
  await view.load();
  const composer = new Composer({
    history: new PromptHistory(() => undefined),
    marks: UNICODE_MARKS,
    findFiles: () => [],
    imageAt: () => undefined,
  });
  const live = new LiveRegion(() => undefined, true, new SynchronizedOutput(true));
  const backlog = new Backlog(true, () => undefined);
  const draw = (): void => {
    const input = composer.view(WIDTH, 10, 20, "Ask for something");
    const facts = { ...rules, allowedCount: 0, contextLeft: undefined, turn: undefined };
    const status = statusRow(facts, WIDTH, UNICODE_MARKS);
    const rows = [...view.liveRows(20), [], ...input.rows, status];
    backlog.add(view.takePrinted());
    live.draw(backlog.take(false), { rows, cursor: input.cursor });
  };
  view.print(sessionHeader(rules, "00000000-0000-4000-8000-000000000000", view.context));
  draw();
  const decoder = new KeyDecoder();
  for (const typed of ["a", "\u001b[D", "\u007f", "\u001b[200~words\u001b[201~", "\r"]) {
    for (const key of decoder.feed(Buffer.from(typed))) composer.key(key);
    draw();
  }
  view.userMessage("words");
  view.event({ id: "0", msg: { type: "task_started" } });
  for (const delta of ["# Title\n\nSome **bold** `words`\n", "and more\n\n- one\n", "- two\n\n"]) {
    view.event({ id: "0", msg: { type: "agent_message_delta", delta } });
    draw();
  }
  view.event({ id: "0", msg: { type: "task_complete", last_agent_message: null } });
  draw();
  live.end();
}
