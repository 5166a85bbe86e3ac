/**
 * Runs a table of attacks against the sandbox, each with its twin.
 *
 * The twin is the same program without the sandbox, which must succeed; so a denial is the
 * sandbox's doing and not a lack of the machine. Then each policy's verdict is compared by errno.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";

import type { SandboxPolicy } from "../../src/protocol/sandbox-policy.ts";
import { bundledFixture } from "./bundled-fixture.ts";
import { pinnedNode } from "./codex-binary.ts";
import { run, type RunOptions } from "./run.ts";
import {
  alreadyConfined,
  firstReason,
  landlockAbi,
  needsNetwork,
  needsProgram,
  needsRoot,
  needsSandbox,
  type SkipReason,
} from "./skip-reasons.ts";
import { makeTempDir, removeDir } from "./temp-dir.ts";
import { readOnly, underSandbox, workspaceWrite } from "./under-sandbox.ts";
import { startVictim, type Victim, type VictimReport } from "./victim.ts";

export const policies = {
  "read-only": readOnly,
  "workspace-write": workspaceWrite(),
  "workspace-write+network": workspaceWrite({ network_access: true }),
} as const satisfies Record<string, SandboxPolicy>;

export type PolicyName = keyof typeof policies;

export interface AttackRow {
  /** The attack's name, then arguments. "{name}" stands for a place or a fact of the victim. */
  readonly attack: readonly string[];
  /** What the attack prints under each policy. */
  readonly expect: Readonly<Record<PolicyName, string>>;
  /** What it prints without a sandbox; absent means "ok". Another errno shows how far it got. */
  readonly twin?: string;
  /** Why the twin cannot succeed on any machine; the sandboxed verdicts still count. */
  readonly noTwin?: string;
  /** What the victim notices of a success, and may not notice of a denial. */
  readonly effect?: keyof VictimReport;
  /** Why success is accepted where `expect` says "ok": a documented limit. */
  readonly limit?: string;
  readonly needs?: "root" | "network";
  /** The lowest Landlock ABI that can refuse it. */
  readonly fromAbi?: number;
  /** Run under this user id instead of ours, so that an attack on "all my processes" is harmless. */
  readonly asUser?: number;
  /** Something at descriptor 0 that the attacker inherits. */
  readonly stdin?: (places: Places) => number;
}

/** One attack's own places; `outside` holds a file "victim" and a directory "dir". */
export interface Places {
  readonly outside: string;
  readonly workspace: string;
}

/** The same under every policy. */
export function always(result: string): AttackRow["expect"] {
  return {
    "read-only": result,
    "workspace-write": result,
    "workspace-write+network": result,
  };
}

/** Refused where the network is off. */
export function offline(result: string, online = "ok"): AttackRow["expect"] {
  return { ...always(result), "workspace-write+network": online };
}

/** Refused where nothing may change. */
export function onReadOnly(result: string, elsewhere = "ok"): AttackRow["expect"] {
  return { ...always(elsewhere), "read-only": result };
}

export function attackTests(title: string, rows: readonly AttackRow[]): void {
  suite(title, () => {
    let shared = "";
    let victim: Victim | undefined;
    let count = 0;
    before(async () => {
      shared = makeTempDir();
      victim = await startVictim(shared);
    });
    after(async () => {
      await victim?.stop();
      removeDir(shared);
    });
    const prepare = (): { readonly places: Places; readonly victim: Victim } => {
      assert.ok(victim, "the victim has started");
      count += 1;
      return { places: makePlaces(join(shared, `run${count}`)), victim };
    };
    for (const row of rows) {
      const name = row.attack.join(" ") + (row.asUser === undefined ? "" : ` as ${row.asUser}`);
      test(`${name}: twin without the sandbox`, { skip: twinSkip(row) }, async (t) => {
        await runTwin(row, prepare(), (reason) => t.skip(reason));
      });
      for (const policy of policyNames) {
        const note = row.expect[policy] === "ok" && row.limit ? ` (limit: ${row.limit})` : "";
        const verdict = `${name}: ${row.expect[policy]} under ${policy}${note}`;
        test(verdict, { skip: sandboxSkip(row) }, async (t) => {
          await runConfined(row, policy, prepare(), (reason) => t.skip(reason));
        });
      }
    }
  });
}

const policyNames = ["read-only", "workspace-write", "workspace-write+network"] as const;

/** What the kernel answers for a call, a family or a device that it was built without. */
const absent = [
  "ENOENT",
  "ENXIO",
  "ENODEV",
  "ENOSYS",
  "EAFNOSUPPORT",
  "EPROTONOSUPPORT",
  "ESOCKTNOSUPPORT",
];

type Setting = { readonly places: Places; readonly victim: Victim };

async function runTwin(row: AttackRow, setting: Setting, skip: (why: string) => void) {
  const words = resolveWords(row, setting);
  if (words === undefined) return skip("this test process is confined: the victim lacks this");
  const earlier = await setting.victim.report();
  const result = await resultOf(asUser(row, await attackCommand(words)), row, setting);
  const expected = row.twin ?? "ok";
  if (result !== expected && absent.includes(result)) {
    return skip(`this kernel does not have it: ${result}`);
  }
  if (result !== expected && alreadyConfined) {
    return skip(`this test process is confined: ${result} without our sandbox, too`);
  }
  assert.equal(result, expected);
  if (row.effect !== undefined) await untilNoticed(setting.victim, row.effect, earlier);
}

async function runConfined(
  row: AttackRow,
  policy: PolicyName,
  setting: Setting,
  skip: (why: string) => void,
) {
  const words = resolveWords(row, setting);
  if (words === undefined) return skip("this test process is confined: the victim lacks this");
  const earlier = await setting.victim.report();
  const outsideEarlier = snapshot(setting.places.outside);
  const command = underSandbox(
    policies[policy],
    setting.places.workspace,
    await attackCommand(words),
  );
  const result = await resultOf(asUser(row, command), row, setting);
  if (alreadyConfined && row.expect[policy] === "ok" && result !== "ok") {
    return skip(`this test process is confined: ${result} without our sandbox, too`);
  }
  assert.equal(result, row.expect[policy]);
  if (row.effect !== undefined && (result !== "ok" || row.limit === undefined)) {
    const noticed = await setting.victim.report();
    const isReached = row.expect[policy] === "ok" && row.effect !== "signals";
    if (!isReached) assert.deepEqual(noticed, earlier);
  }
  if (result !== "ok") assert.deepEqual(snapshot(setting.places.outside), outsideEarlier);
}

async function resultOf(
  command: readonly string[],
  row: AttackRow,
  { places }: Setting,
): Promise<string> {
  const options: RunOptions = {
    cwd: places.workspace,
    detached: true,
    ...(row.stdin === undefined ? {} : { stdin: row.stdin(places) }),
  };
  const ended = await run(command, options);
  if (ended.signal !== null) return ended.signal;
  const match = /^\{"result":"(.*)"\}\n$/.exec(ended.stdout);
  assert.ok(match, `the attack ran: ${JSON.stringify(ended)}`);
  return match[1] ?? "";
}

async function attackCommand(words: readonly string[]): Promise<readonly string[]> {
  return [pinnedNode, await bundledFixture("attack.ts"), ...words];
}

function asUser(row: AttackRow, command: readonly string[]): readonly string[] {
  if (row.asUser === undefined) return command;
  const id = String(row.asUser);
  return ["setpriv", "--reuid", id, "--regid", id, "--clear-groups", ...command];
}

/** Undefined when the victim lacks something that the attack aims at. */
function resolveWords(row: AttackRow, { places, victim }: Setting): readonly string[] | undefined {
  const known = new Map<string, string>([...victim.facts, ...Object.entries(places)]);
  const missing = row.attack
    .flatMap((word) => [...word.matchAll(/\{(\w+)\}/g)])
    .filter((match) => !known.has(match[1] ?? ""));
  if (missing.length > 0) return undefined;
  return row.attack.map((word) =>
    word.replace(/\{(\w+)\}/g, (_match, name: string) => known.get(name) ?? ""),
  );
}

function makePlaces(base: string): Places {
  const places = { outside: join(base, "outside"), workspace: join(base, "ws") };
  for (const place of [places.outside, places.workspace]) {
    mkdirSync(join(place, "dir"), { recursive: true });
    writeFileSync(join(place, "victim"), "content\n", { mode: 0o644 });
  }
  return places;
}

/** Everything about the outside that a denied attack must leave as it was. */
function snapshot(directory: string): readonly unknown[] {
  const entries = ["", ...readdirSync(directory, { recursive: true, encoding: "utf8" }).toSorted()];
  return entries.map((entry) => {
    const path = join(directory, entry);
    const { mode, uid, gid, nlink, size, mtimeMs, ctimeMs } = statSync(path);
    const content = (mode & 0o170000) === 0o100000 ? readFileSync(path, "latin1") : "";
    return { entry, mode, uid, gid, nlink, size, mtimeMs, ctimeMs, content };
  });
}

async function untilNoticed(
  victim: Victim,
  effect: keyof VictimReport,
  earlier: VictimReport,
): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (Date.now() < deadline) {
    if ((await victim.report())[effect] > earlier[effect]) return;
  }
  assert.fail(`the victim noticed no ${effect}`);
}

function twinSkip(row: AttackRow): SkipReason {
  return firstReason(row.noTwin ?? false, rowSkip(row));
}

function sandboxSkip(row: AttackRow): SkipReason {
  const abi = row.fromAbi ?? 1;
  const oldKernel = landlockAbi < abi ? `needs Landlock ABI ${abi}, here ${landlockAbi}` : false;
  return firstReason(needsSandbox, oldKernel, rowSkip(row));
}

function rowSkip(row: AttackRow): SkipReason {
  return firstReason(
    row.needs === "root" ? needsRoot : false,
    row.needs === "network" ? needsNetwork : false,
    row.asUser === undefined ? false : firstReason(needsRoot, needsProgram("setpriv")),
  );
}
