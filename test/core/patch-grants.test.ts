/** A directory granted to patches, with the built executable as the sandbox. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { localMachine } from "../../src/core/local-machine.ts";
import type { Machine } from "../../src/core/machine.ts";
import { wholeEnvironment } from "../../src/linux-sandbox/inherited-environment.ts";
import type { EventMsg } from "../../src/protocol/event.ts";
import type { SandboxMode } from "../../src/protocol/sandbox-policy.ts";
import { codexBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  functionCall,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import {
  eventsOfTask,
  type Harness,
  startConversation,
  tempDir,
  text,
} from "./conversation-harness.ts";
import { needsCommands } from "./shell-harness.ts";

const skip = needsCommands;

interface Place {
  readonly cwd: string;
  readonly granted: string;
  readonly secret: string;
  /** In the workspace; leads to `granted`. */
  readonly link: string;
}

function makePlace(t: TestContext): Place {
  const root = realpathSync(tempDir(t));
  const place = {
    cwd: join(root, "repo"),
    granted: join(root, "granted"),
    secret: join(root, "secret"),
    link: join(root, "repo", "docs"),
  };
  for (const path of [place.cwd, place.granted, place.secret]) mkdirSync(path);
  symlinkSync(place.granted, place.link);
  return place;
}

function addFile(...paths: readonly string[]): unknown {
  const files = paths.map((path) => `*** Add File: ${path}\n+hello\n`);
  return { command: ["apply_patch", `*** Begin Patch\n${files.join("")}*** End Patch\n`] };
}

interface Options {
  readonly place: Place;
  readonly patches: readonly unknown[];
  readonly mode?: SandboxMode;
  readonly approval?: string;
  /** Before the nth command runs, as a command in the background would. */
  readonly beforeRun?: (nth: number) => void;
}

async function start(t: TestContext, options: Options): Promise<Harness> {
  const { place, mode = "workspace-write", approval = "on-request" } = options;
  const answers = options.patches.map((patch, nth) =>
    respond(functionCall("shell", patch, `c${nth}`)),
  );
  const server = await startModelServer(t, [
    respond(assistantMessage("ready")),
    ...answers.flatMap((answer) => [answer, respond(assistantMessage("done"))]),
  ]);
  const machine = localMachine({
    env: process.env,
    inheritedEnvironment: wholeEnvironment(),
    executable: codexBinary,
  });
  t.after(() => machine.close());
  let ran = 0;
  const watched: Machine = {
    ...machine,
    createCommands: (config) => {
      const commands = machine.createCommands(config);
      const { runner } = commands;
      return {
        ...commands,
        runner: {
          places: runner.places,
          prepare: runner.prepare,
          run: (request) => {
            options.beforeRun?.(ran);
            ran += 1;
            return runner.run(request);
          },
        },
      };
    },
  };
  const conversation = await startConversation(t, {
    url: server.url,
    cwd: place.cwd,
    machine: watched,
    overrides: [
      `sandbox_mode="${mode}"`,
      "sandbox_workspace_write={exclude_slash_tmp=true,exclude_tmpdir_env_var=true}",
      `approval_policy=${approval}`,
    ],
  });
  await ask(conversation);
  return conversation;
}

/** The questions of one task, each of which is approved for the session. */
async function ask(
  { conversation }: Harness,
  beforeAnswer: () => void = () => undefined,
  onEvent: (event: EventMsg) => void = () => undefined,
): Promise<readonly EventMsg[]> {
  const questions: EventMsg[] = [];
  const id = conversation.submit({ type: "user_input", items: text("go") });
  await eventsOfTask(conversation, id, (event) => {
    onEvent(event.msg);
    if (event.msg.type !== "apply_patch_approval_request") return;
    questions.push(event.msg);
    beforeAnswer();
    conversation.submit({ type: "patch_approval", id: event.id, decision: "approved_for_session" });
  });
  return questions;
}

function lead(link: string, target: string): void {
  rmSync(link);
  symlinkSync(target, link);
}

for (const mode of ["workspace-write", "read-only"] as const) {
  test(`a patch follows a grant and nothing else, under ${mode}`, { skip }, async (t) => {
    const place = makePlace(t);
    const { granted, link, secret } = place;
    const patches = [addFile("docs/a"), addFile("docs/new/b"), addFile("docs/c")];
    const conversation = await start(t, {
      place,
      mode,
      patches,
      // Judged already: the link led to what is granted.
      beforeRun: (nth) => nth === 2 && lead(link, secret),
    });
    const [question] = await ask(conversation);
    assert.ok(question?.type === "apply_patch_approval_request");
    assert.equal(question.grant_root, granted);
    assert.deepEqual(await ask(conversation), []);
    assert.equal(readFileSync(join(granted, "new/b"), "utf8"), "hello\n");
    assert.deepEqual(await ask(conversation), []);
    assert.equal(existsSync(join(secret, "c")), false);
    assert.equal(existsSync(join(granted, "c")), false);
  });
}

test("a grant reaches no hooks, and not what replaced its directory", { skip }, async (t) => {
  const place = makePlace(t);
  const { granted, secret } = place;
  mkdirSync(join(granted, ".git"));
  const patches = [addFile("docs/a"), addFile("docs/.git/hooks/x"), addFile("docs/b")];
  const conversation = await start(t, { place, patches });
  assert.equal((await ask(conversation)).length, 1);
  const [hook] = await ask(conversation);
  assert.ok(hook?.type === "apply_patch_approval_request");
  assert.equal(hook.grant_root, undefined);
  rmSync(granted, { recursive: true });
  symlinkSync(secret, granted);
  assert.equal((await ask(conversation)).length, 1);
});

test("a grant does not outlive the rules it was given under", { skip }, async (t) => {
  const place = makePlace(t);
  const patches = ["a", "b", "c"].map((name) => addFile(`docs/${name}`));
  const conversation = await start(t, { place, patches });
  assert.equal((await ask(conversation)).length, 1);
  assert.equal((await ask(conversation)).length, 0);
  const sandbox_policy = { mode: "read-only" } as const;
  conversation.conversation.submit({ type: "override_turn_context", sandbox_policy });
  assert.equal((await ask(conversation)).length, 1);
});

test("what is approved after a failure is what was shown", { skip }, async (t) => {
  for (const swaps of [false, true]) {
    const place = makePlace(t);
    const { granted, link, secret } = place;
    const conversation = await start(t, {
      place,
      approval: "on-failure",
      patches: [addFile(join(link, "a"))],
    });
    const questions = await ask(conversation, () => {
      if (swaps) lead(link, secret);
    });
    assert.equal(questions.length, 1);
    assert.equal(existsSync(join(granted, "a")), !swaps);
    assert.equal(existsSync(join(secret, "a")), false);
  }
});

test("a question names every place outside that links lead to", { skip }, async (t) => {
  const place = makePlace(t);
  const { cwd, granted, secret } = place;
  symlinkSync(secret, join(cwd, "src"));
  writeFileSync(join(cwd, "plain"), "");
  const patches = [addFile("docs/a", "src/b", "inside"), addFile(".git/hooks/x", "src/d")];
  const conversation = await start(t, { place, patches });
  const questions = [...(await ask(conversation)), ...(await ask(conversation))];
  const reasons = questions.map((question) => "reason" in question && question.reason);
  assert.deepEqual(reasons, [
    `writing outside of the project: "${granted}/a" is in no writable root; and to "${secret}/b"`,
    `writing to a protected place: "${cwd}/.git/hooks/x" belongs to "${cwd}/.git"; and to "${secret}/d"`,
  ]);
});

for (const mode of ["workspace-write", "read-only"] as const) {
  test(`what is approved is written where it was shown, under ${mode}`, { skip }, async (t) => {
    for (const swaps of [false, true]) {
      const place = makePlace(t);
      const { granted, link, secret } = place;
      const conversation = await start(t, {
        place,
        mode,
        patches: [addFile("docs/a", "docs/new/b")],
        // Looked at for the last time: the link led to what was shown.
        beforeRun: () => swaps && lead(link, secret),
      });
      assert.equal((await ask(conversation)).length, 1);
      assert.equal(existsSync(join(granted, "a")), !swaps);
      assert.equal(existsSync(join(granted, "new/b")), !swaps);
      assert.equal(existsSync(join(secret, "a")), false);
    }
  });
}

test("what is approved is written in no other directory below it", { skip }, async (t) => {
  for (const swaps of [false, true]) {
    const place = makePlace(t);
    const { granted, link } = place;
    mkdirSync(join(granted, "below"));
    const conversation = await start(t, {
      place,
      patches: [addFile("docs/a")],
      // Looked at for the last time. What it leads to now is open in the sandbox too.
      beforeRun: () => swaps && lead(link, join(granted, "below")),
    });
    assert.equal((await ask(conversation)).length, 1);
    assert.equal(existsSync(join(granted, "a")), !swaps);
    assert.equal(existsSync(join(granted, "below/a")), false);
  }
});

test(
  "a script that becomes a hook is shown in full, and that it can be run",
  { skip },
  async (t) => {
    const hook = "a moved file";
    for (const mode of [0o755, 0o644]) {
      const place = makePlace(t);
      const { cwd } = place;
      mkdirSync(join(cwd, ".git/hooks"), { recursive: true });
      writeFileSync(join(cwd, "script"), `${hook}\n1\n2\n3\n`, { mode });
      const move = "*** Update File: script\n*** Move to: .git/hooks/x\n@@\n-3\n+4\n";
      const conversation = await start(t, {
        place,
        patches: [{ command: ["apply_patch", `*** Begin Patch\n${move}*** End Patch\n`] }],
      });
      const [question] = await ask(conversation);
      assert.ok(question?.type === "apply_patch_approval_request");
      const target = join(cwd, ".git/hooks/x");
      const content = `${hook}\n1\n2\n4\n`;
      assert.deepEqual(question.changes, {
        [join(cwd, "script")]: "delete",
        [target]: { add: { content } },
      });
      const says = question.reason?.endsWith(`; executable: "${target}"`);
      assert.equal(says, mode === 0o755, question.reason);
      assert.equal(readFileSync(target, "utf8"), content);
      assert.equal(statSync(target).mode & 0o777, mode);
    }
  },
);

test("hooks that the user has approved are written", { skip }, async (t) => {
  const place = makePlace(t);
  const { cwd, granted } = place;
  for (const repository of [cwd, granted])
    mkdirSync(join(repository, ".git/hooks"), { recursive: true });
  const tooLongForOneWord = "x".repeat(150_000);
  const long = `*** Begin Patch\n*** Add File: .git/hooks/y\n+${tooLongForOneWord}\n*** End Patch\n`;
  const patches = [
    addFile(".git/hooks/x"),
    { command: ["apply_patch", long] },
    addFile("docs/.git/hooks/x"),
  ];
  const conversation = await start(t, { place, patches });
  assert.equal((await ask(conversation)).length, 1);
  assert.equal(existsSync(join(cwd, ".git/hooks/x")), true);
  assert.equal((await ask(conversation)).length, 1);
  assert.equal(readFileSync(join(cwd, ".git/hooks/y"), "utf8"), `${tooLongForOneWord}\n`);
  assert.equal((await ask(conversation)).length, 1);
  assert.equal(existsSync(join(granted, ".git/hooks/x")), true);
});

/** What was changed after the last look at the paths, and before the patch program began. */
const changesBeforeWrite = {
  nothing: () => undefined,
  "a link in the place of .codex": ({ cwd, secret }) => symlinkSync(secret, join(cwd, ".codex")),
  "a link in the place of the hooks": ({ cwd, secret }) => {
    renameSync(join(cwd, ".git/hooks"), join(cwd, "moved"));
    writeFileSync(join(secret, "pre-commit"), "#!/bin/sh\nfalse\n");
    symlinkSync(secret, join(cwd, ".git/hooks"));
  },
  "another line in the hook": ({ cwd }) =>
    appendFileSync(join(cwd, ".git/hooks/pre-commit"), "evil\n"),
} as const satisfies Record<string, (place: Place) => void>;

for (const [name, change] of Object.entries(changesBeforeWrite)) {
  test(`an approved patch of protected places, with ${name}`, { skip }, async (t) => {
    const place = makePlace(t);
    const { cwd, secret } = place;
    mkdirSync(join(cwd, ".git/hooks"), { recursive: true });
    writeFileSync(join(cwd, ".git/hooks/pre-commit"), "#!/bin/sh\nfalse\n");
    const update = "*** Update File: .git/hooks/pre-commit\n@@\n-false\n+true\n";
    const add = "*** Add File: .codex/config.toml\n+hello\n";
    const conversation = await start(t, {
      place,
      patches: [{ command: ["apply_patch", `*** Begin Patch\n${update}${add}*** End Patch\n`] }],
      beforeRun: () => change(place),
    });
    const ends: EventMsg[] = [];
    assert.equal((await ask(conversation, undefined, (event) => ends.push(event))).length, 1);
    const end = ends.find((event) => event.type === "patch_apply_end");
    const isWritten = name === "nothing";
    assert.equal(end?.success, isWritten);
    if (!isWritten) {
      assert.equal(end.stderr, "What the patch would write is no longer what the user was shown\n");
    }
    assert.equal(existsSync(join(secret, "config.toml")), false);
    assert.equal(existsSync(join(cwd, ".codex/config.toml")), isWritten);
    const hook = readFileSync(join(cwd, ".git/hooks/pre-commit"), "utf8");
    assert.equal(hook.includes("true"), isWritten);
  });
}
