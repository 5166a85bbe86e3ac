/**
 * Run it, ask first, or refuse; in the sandbox or not. Tables of facts, nothing is looked up.
 *
 * Base: the approval matrix of 0.23.0. Different on purpose: a known-safe command stays inside the
 * sandbox, and only `approved_for_session` is remembered.
 */
import type { ApprovalPolicy, ReviewDecision } from "../protocol/approval.ts";
import type { SandboxMode } from "../protocol/sandbox-policy.ts";
import { isWithin } from "../protocol/writable-roots.ts";
import { foldName } from "./fold-name.ts";
import { type Rules, RulesWatch } from "./rules-watch.ts";
import { grantOf } from "./patch-grants.ts";

export interface CommandFacts {
  readonly approval: ApprovalPolicy;
  readonly mode: SandboxMode;
  /** `isSafeCommand` said so. */
  readonly isTrusted: boolean;
  /** The user approved this very argument vector, in this directory, for the session. */
  readonly isApprovedForSession: boolean;
  /** The model asked for `with_escalated_permissions`. */
  readonly wantsEscalation: boolean;
  /** This platform can enforce a policy. A sandbox that should work and does not is an error, not this. */
  readonly hasPlatformSandbox: boolean;
}

export type AskReason =
  /** Policy `untrusted`: everything but known read-only commands. */
  | "not-trusted"
  /** The model wants to leave the sandbox. */
  | "escalation"
  /** It would run unconfined, because nothing here can confine it. */
  | "no-sandbox";

export type CommandDecision =
  | { readonly kind: "run-sandboxed" }
  | { readonly kind: "run-unsandboxed" }
  /** If approved, it runs unsandboxed: that is what the user is asked for. */
  | { readonly kind: "ask"; readonly reason: AskReason }
  | { readonly kind: "reject"; readonly reason: "no-sandbox" };

const sandboxed: CommandDecision = { kind: "run-sandboxed" };
const unsandboxed: CommandDecision = { kind: "run-unsandboxed" };

export function assessCommand(facts: CommandFacts): CommandDecision {
  if (facts.isApprovedForSession) return unsandboxed;
  if (facts.mode === "danger-full-access") {
    const asks = facts.approval === "untrusted" && !facts.isTrusted;
    return asks ? ask("not-trusted") : unsandboxed;
  }
  return facts.hasPlatformSandbox ? assessConfinable(facts) : assessUnconfinable(facts);
}

function assessConfinable(facts: CommandFacts): CommandDecision {
  switch (facts.approval) {
    case "untrusted":
      if (facts.wantsEscalation) return ask("escalation");
      return facts.isTrusted ? sandboxed : ask("not-trusted");
    case "on-request":
      return facts.wantsEscalation ? ask("escalation") : sandboxed;
    case "on-failure": // asked after the failure, if the sandbox caused it
    case "never":
      return sandboxed;
  }
}

function assessUnconfinable(facts: CommandFacts): CommandDecision {
  if (facts.isTrusted) return unsandboxed;
  switch (facts.approval) {
    case "untrusted":
      return ask("not-trusted");
    case "on-failure":
    case "on-request":
      return ask("no-sandbox");
    case "never":
      return { kind: "reject", reason: "no-sandbox" };
  }
}

function ask(reason: AskReason): CommandDecision {
  return { kind: "ask", reason };
}

/** For the `reason` of an approval request, when the model gave no justification. */
export function describeAskReason(reason: AskReason): string {
  switch (reason) {
    case "not-trusted":
      return "The command is not known to only read, and would run without a sandbox";
    case "escalation":
      return "The model asks to run the command without the sandbox";
    case "no-sandbox":
      return "There is no sandbox on this platform: the command would run unconfined";
  }
}

/** What the model is told after `exec command rejected: `. */
export const NO_SANDBOX_REJECTION =
  "there is no sandbox on this platform, and the approval policy is never to ask";

/**
 * After a command failed because the sandbox stopped it: ask the user to run it again without, or
 * tell the model. 0.23.0 asks under `untrusted` and `on-failure`.
 */
export function assessDeniedCommand(approval: ApprovalPolicy): "ask" | "tell-model" {
  return approval === "untrusted" || approval === "on-failure" ? "ask" : "tell-model";
}

/**
 * Argument vectors approved for the session, each exactly as approved and where it was: "./run" and
 * "make" are other programs in another directory.
 */
export class SessionApprovals {
  readonly #approved = new Set<string>();
  readonly #watch = new RulesWatch();

  /** `cwd` is absolute. */
  has(argv: readonly string[], cwd: string, rules: Rules): boolean {
    this.#forgetOthers(rules);
    return this.#approved.has(keyOf(argv, cwd));
  }

  /** Keeps `approved_for_session` only; every other decision holds once. */
  record(argv: readonly string[], cwd: string, decision: ReviewDecision, rules: Rules): void {
    this.#forgetOthers(rules);
    if (decision === "approved_for_session") this.#approved.add(keyOf(argv, cwd));
  }

  #forgetOthers(rules: Rules): void {
    if (this.#watch.haveChanged(rules)) this.#approved.clear();
  }
}

/** JSON keeps `["a b"]` and `["a", "b"]` apart, and lone surrogates too. */
function keyOf(argv: readonly string[], cwd: string): string {
  return JSON.stringify([cwd, ...argv]);
}

export interface PatchFacts {
  readonly approval: ApprovalPolicy;
  readonly mode: SandboxMode;
  readonly hasPlatformSandbox: boolean;
  /**
   * Every file the patch makes, changes, deletes or moves to, and moves from: absolute, with
   * symbolic links and ".." resolved against the disk (for a new file: its nearest existing parent).
   */
  readonly targets: readonly string[];
  /** Canonical. Empty under read-only; not looked at under danger-full-access. */
  readonly writableRoots: readonly string[];
  /** Places inside the roots that are not for the model, canonical: .git/hooks, .git/config, .codex, CODEX_HOME. */
  readonly protectedPlaces: readonly string[];
  /** Directories that the user has granted to patches for the session, canonical. */
  readonly grantedRoots: readonly string[];
}

/** `more`: what else the patch writes that must not go unsaid; a link can give it a harmless name. */
export type PatchAskReason =
  | { readonly kind: "not-trusted" }
  | { readonly kind: "outside-roots"; readonly path: string; readonly more?: readonly string[] }
  /** No root at all: where the path lies has nothing to do with it. */
  | { readonly kind: "read-only"; readonly path: string; readonly more?: readonly string[] }
  | {
      readonly kind: "protected";
      readonly path: string;
      readonly place: string;
      readonly more?: readonly string[];
    }
  | { readonly kind: "no-sandbox" };

export type PatchDecision =
  | { readonly kind: "apply-sandboxed" }
  | { readonly kind: "apply-unsandboxed" }
  /** In the sandbox, which lets it write in these directories too. */
  | { readonly kind: "apply-granted"; readonly roots: readonly string[] }
  /** If approved, in a sandbox that leaves open what was shown; see ApplyPatchTool. */
  | { readonly kind: "ask"; readonly reason: PatchAskReason }
  | { readonly kind: "reject"; readonly reason: PatchAskReason | { readonly kind: "empty" } };

/** Judged on real paths. */
export function assessPatch(facts: PatchFacts): PatchDecision {
  if (facts.targets.length === 0) return { kind: "reject", reason: { kind: "empty" } };
  const isUntrusted = facts.approval === "untrusted";
  if (facts.mode === "danger-full-access") {
    return isUntrusted
      ? { kind: "ask", reason: { kind: "not-trusted" } }
      : { kind: "apply-unsandboxed" };
  }
  // Who wants to be asked about every patch has granted nothing.
  const obstacle = findObstacle(isUntrusted ? { ...facts, grantedRoots: [] } : facts);
  // A link of the repository can lead a harmless name outside, so the user is told where to.
  if (isUntrusted) return { kind: "ask", reason: obstacle ?? { kind: "not-trusted" } };
  if (obstacle === undefined) {
    const roots = neededGrants(facts);
    return roots.length === 0 ? { kind: "apply-sandboxed" } : { kind: "apply-granted", roots };
  }
  return { kind: facts.approval === "never" ? "reject" : "ask", reason: obstacle };
}

function findObstacle(facts: PatchFacts): PatchAskReason | undefined {
  const unclear = facts.targets.find((path) => !isCanonical(path));
  if (unclear !== undefined) return { kind: "outside-roots", path: unclear };
  for (const path of facts.targets) {
    const place = protectedPlaceOf(path, facts);
    if (place === undefined) continue;
    return { kind: "protected", path, place, ...moreOf(facts, path) };
  }
  if (!facts.hasPlatformSandbox) return findOutside(facts) ?? { kind: "no-sandbox" };
  // Under on-failure it is tried inside the sandbox, which stops it, and the user is asked then.
  return facts.approval === "on-failure" ? undefined : findOutside(facts);
}

/** Whether a sandbox with these places lets a patch write it. `path` is canonical. */
export function isWritable(
  path: string,
  places: Pick<PatchFacts, "writableRoots" | "protectedPlaces">,
): boolean {
  const isInside = outsideOf([path], places.writableRoots).length === 0;
  return isInside && protectedPlaceOf(path, places) === undefined;
}

/** The place that `path` belongs to. `path` is canonical. */
export function protectedPlaceOf(
  path: string,
  { protectedPlaces }: Pick<PatchFacts, "protectedPlaces">,
): string | undefined {
  return (
    protectedPlaces.find((candidate) => touches(path, candidate)) ??
    repositoryBelow(path, protectedPlaces)
  );
}

function findOutside(facts: PatchFacts): PatchAskReason | undefined {
  const path = outsideOf(facts.targets, facts.writableRoots).find(
    (target) => !grantOf(target, facts.grantedRoots),
  );
  if (path === undefined) return undefined;
  const kind = facts.mode === "read-only" ? "read-only" : "outside-roots";
  return { kind, path, ...moreOf(facts, path) };
}

/** All that is outside or protected, but for `told`. */
function moreOf(facts: PatchFacts, told: string): { readonly more?: readonly string[] } {
  const outside = new Set(outsideOf(facts.targets, facts.writableRoots));
  const more = facts.targets.filter(
    (path) => path !== told && (outside.has(path) || protectedPlaceOf(path, facts) !== undefined),
  );
  return more.length === 0 ? {} : { more };
}

/** Paths and roots are canonical. */
export function outsideOf(
  targets: readonly string[],
  writableRoots: readonly string[],
): readonly string[] {
  return targets.filter((target) => !writableRoots.some((root) => isWithin(target, root)));
}

/** Empty also when not all of what the sandbox would stop is granted. */
function neededGrants(facts: PatchFacts): readonly string[] {
  if (findOutside(facts) !== undefined) return [];
  const roots = outsideOf(facts.targets, facts.writableRoots).map((path) =>
    grantOf(path, facts.grantedRoots),
  );
  return [...new Set(roots.filter((root) => root !== undefined))];
}

/**
 * Whether a change of `path` changes `place`: below it, or instead of a directory above it (a file
 * `.git` that redirects).
 */
function touches(path: string, place: string): boolean {
  const [a, b] = [foldName(path), foldName(place)];
  return isWithin(a, b) || isWithin(b, a);
}

/**
 * The entry .git that `path` is or lies in, of a repository below the top: git at the top may enter
 * it, and no patch has to do with it. At the top, `places` say what is protected.
 */
function repositoryBelow(path: string, places: readonly string[]): string | undefined {
  const match = /^.*?\/\.git(?=\/|$)/u.exec(foldName(path))?.[0];
  if (match === undefined || places.some((place) => isWithin(foldName(place), match))) {
    return undefined;
  }
  return match;
}

function isCanonical(path: string): boolean {
  return path.startsWith("/") && !/(?:^|\/)\.{0,2}(?:\/|$)/u.test(path.slice(1));
}

export function describePatchReason(reason: PatchAskReason | { readonly kind: "empty" }): string {
  switch (reason.kind) {
    case "empty":
      return "empty patch";
    case "not-trusted":
      return "The approval policy is to ask before every patch";
    case "outside-roots":
      return `writing outside of the project: "${reason.path}" is in no writable root${also(reason.more)}`;
    case "read-only":
      return `the sandbox is read-only: no writing to "${reason.path}"${also(reason.more)}`;
    case "protected":
      return `writing to a protected place: "${reason.path}" belongs to "${reason.place}"${also(reason.more)}`;
    case "no-sandbox":
      return "There is no sandbox on this platform: the patch would be applied unconfined";
  }
}

function also(more: readonly string[] = []): string {
  return more.length === 0 ? "" : `; and to ${more.map((path) => `"${path}"`).join(", ")}`;
}
