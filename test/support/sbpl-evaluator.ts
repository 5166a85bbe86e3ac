/**
 * Decides what a Seatbelt profile allows, so that profiles can be examined without a Mac.
 *
 * Two readings of "the last rule that matches wins" are known: all rules in one order, or those of
 * the operation itself before those of the family it belongs to (`file-write*`, `default`). A
 * profile worth trusting answers alike under both; `decide` takes either.
 *
 * Whatever the evaluator does not know is an error, never a guess.
 */
import { parseSbpl, type Expression } from "./sbpl-parser.ts";

export interface Question {
  /** One operation, for example "file-write-data". */
  readonly operation: string;
  /** For files: the canonical path. */
  readonly path?: string;
  readonly vnodeType?: string;
  /** Marks that the kernel gave to the process for this path. */
  readonly extensions?: readonly string[];
  /** For ioctl(2). */
  readonly command?: number;
  /** For sysctl, mach services and POSIX semaphores. */
  readonly objectName?: string;
  /** For signals and process information: who is meant. */
  readonly target?: "self" | "same-sandbox" | "others";
  /** For the network: "host:port" with "localhost" for this machine, or a socket's path. */
  readonly address?: string;
}

export type Verdict = "allow" | "deny";
export type Order = "one order" | "own operation first";

export interface Profile {
  readonly rules: readonly Rule[];
}

interface Rule {
  readonly verdict: Verdict;
  readonly operations: readonly string[];
  readonly matches: Filter;
}

type Filter = (question: Question) => boolean;
type Parameters = ReadonlyMap<string, string>;

/** What sandbox-exec would refuse, too. */
export class SbplError extends Error {
  override readonly name = "SbplError";
}

export function compileProfile(text: string, parameters: Parameters): Profile {
  const rules: Rule[] = [];
  const [version, ...rest] = parseSbpl(text);
  if (version === undefined || describe(version) !== "(version 1)") {
    throw new SbplError("A profile begins with (version 1)");
  }
  for (const expression of rest) {
    const [head, ...items] = listOf(expression);
    const verdict = head === undefined ? "" : symbolOf(head);
    if (verdict !== "allow" && verdict !== "deny") throw new SbplError(`Unknown form "${verdict}"`);
    const operations = items.flatMap((item) => (item.kind === "symbol" ? [item.name] : []));
    const filters = items.filter((item) => item.kind === "list");
    if (operations.length === 0) throw new SbplError(`No operation in ${describe(expression)}`);
    for (const operation of operations) checkOperation(operation);
    const any = filters.map((filter) => compileFilter(filter, parameters));
    const matches: Filter = (question) =>
      any.length === 0 || any.some((filter) => filter(question));
    rules.push({ verdict, operations, matches });
  }
  return { rules };
}

export function decide(profile: Profile, question: Question, order: Order = "one order"): Verdict {
  const { operation } = question;
  checkOperation(operation);
  if (operation.endsWith("*") || operation === "default") {
    throw new SbplError(`Cannot ask about the family "${operation}"`);
  }
  const levels =
    order === "one order"
      ? [[...familiesOf(operation)]]
      : familiesOf(operation).map((name) => [name]);
  for (const names of levels) {
    const last = profile.rules.findLast(
      (rule) => rule.operations.some((name) => names.includes(name)) && rule.matches(question),
    );
    if (last !== undefined) return last.verdict;
  }
  throw new SbplError(`Nothing is said about "${operation}", not even by default`);
}

/** From the operation itself to `default`, widest last. */
function familiesOf(operation: string): readonly string[] {
  const families = KNOWN_OPERATIONS.filter(
    (name) => name.endsWith("*") && operation.startsWith(name.slice(0, -1)),
  );
  const narrowestFirst = families.toSorted((a, b) => b.length - a.length);
  return [operation, ...narrowestFirst, "default"];
}

// Source: names seen in the profiles that macOS 26 ships and in the kernel's own denials.
const KNOWN_OPERATIONS = `default
  file* file-read* file-read-data file-read-metadata file-read-xattr
  file-write* file-write-acl file-write-create file-write-data file-write-flags file-write-mode
  file-write-owner file-write-setugid file-write-times file-write-unlink file-write-xattr
  file-chroot file-clone file-ioctl file-link file-map-executable file-mount file-revoke
  file-test-existence file-unmount
  process* process-exec process-fork process-info* process-info-pidinfo process-info-setcontrol
  signal pseudo-tty
  ipc-posix* ipc-posix-sem ipc-posix-shm* ipc-posix-shm-read-data ipc-posix-shm-write-create
  ipc-posix-shm-write-data ipc-sysv-shm
  mach* mach-lookup mach-register mach-priv-task-port
  network* network-bind network-inbound network-outbound
  sysctl* sysctl-read sysctl-write
  system* system-socket system-reboot system-privilege
  iokit-open user-preference-read user-preference-write appleevent-send lsopen job-creation
  dynamic-code-generation nvram-set`.split(/\s+/);

function checkOperation(name: string): void {
  if (!KNOWN_OPERATIONS.includes(name)) throw new SbplError(`Unknown operation "${name}"`);
}

function compileFilter(expression: Expression, parameters: Parameters): Filter {
  const [head, ...items] = listOf(expression);
  const name = head === undefined ? "" : symbolOf(head);
  const inner = (): readonly Filter[] => items.map((item) => compileFilter(item, parameters));
  const text = (): string => onlyText(items, parameters);
  const symbol = (): string => symbolOf(only(items));
  switch (name) {
    case "require-all":
      return every(inner());
    case "require-any":
      return some(inner());
    case "require-not": {
      const filter = only(inner());
      return (question) => !filter(question);
    }
    case "literal":
    case "path": {
      const wanted = absolute(text());
      return ({ path }) => path === wanted;
    }
    case "subpath": {
      const wanted = absolute(text());
      const prefix = wanted === "/" ? "/" : `${wanted}/`;
      return ({ path }) => path !== undefined && (path === wanted || path.startsWith(prefix));
    }
    case "regex": {
      const pattern = new RegExp(text(), "s");
      return ({ path }) => path !== undefined && pattern.test(path);
    }
    case "vnode-type": {
      const wanted = symbol();
      return ({ vnodeType }) => vnodeType === wanted;
    }
    case "extension": {
      const wanted = text();
      return ({ extensions }) => extensions?.includes(wanted) === true;
    }
    case "ioctl-command": {
      const item = only(items);
      if (item.kind !== "number") throw new SbplError(`unbound variable: ${describe(item)}`);
      return ({ command }) => command === item.value;
    }
    case "target":
      return targetFilter(symbol());
    case "global-name":
    case "sysctl-name":
    case "ipc-posix-name": {
      const wanted = text();
      return ({ objectName }) => objectName === wanted;
    }
    case "sysctl-name-prefix": {
      const wanted = text();
      return ({ objectName }) => objectName?.startsWith(wanted) === true;
    }
    case "remote":
    case "local":
      return addressFilter(items, parameters);
    default:
      throw new SbplError(`Unknown filter "${name}"`);
  }
}

function targetFilter(wanted: string): Filter {
  if (wanted === "self") return ({ target }) => target === "self";
  if (wanted === "same-sandbox") return ({ target }) => target === "self" || target === wanted;
  throw new SbplError(`Unknown target "${wanted}"`);
}

/** `(remote ip "localhost:*")`: either part may be "*". */
function addressFilter(items: readonly Expression[], parameters: Parameters): Filter {
  const [kind, pattern] = items;
  if (kind === undefined || pattern === undefined || items.length !== 2) {
    throw new SbplError("An address filter takes a protocol and an address");
  }
  if (!["ip", "tcp", "udp"].includes(symbolOf(kind))) throw new SbplError("Unknown protocol");
  const wanted = textOf(pattern, parameters).split(":");
  return ({ address }) => {
    const parts = address?.split(":");
    return (
      parts?.length === 2 && parts.every((part, at) => wanted[at] === "*" || wanted[at] === part)
    );
  };
}

function every(filters: readonly Filter[]): Filter {
  return (question) => filters.every((filter) => filter(question));
}

function some(filters: readonly Filter[]): Filter {
  return (question) => filters.some((filter) => filter(question));
}

function textOf(expression: Expression, parameters: Parameters): string {
  if (expression.kind === "text") return expression.value;
  const [head, ...items] = listOf(expression);
  switch (head === undefined ? "" : symbolOf(head)) {
    case "param": {
      const name = onlyText(items, parameters);
      const value = parameters.get(name);
      if (value === undefined) throw new SbplError(`No parameter "${name}"`);
      return value;
    }
    case "string-append":
      return items.map((item) => textOf(item, parameters)).join("");
    case "regex-quote":
      return onlyText(items, parameters).replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    default:
      throw new SbplError(`Unknown text ${describe(expression)}`);
  }
}

function onlyText(items: readonly Expression[], parameters: Parameters): string {
  return textOf(only(items), parameters);
}

function absolute(path: string): string {
  if (!path.startsWith("/")) throw new SbplError(`Not an absolute path: ${JSON.stringify(path)}`);
  return path;
}

function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined || items.length !== 1) throw new SbplError("Exactly one is expected");
  return item;
}

function listOf(expression: Expression): readonly Expression[] {
  if (expression.kind !== "list") throw new SbplError(`Not a list: ${describe(expression)}`);
  return expression.items;
}

function symbolOf(expression: Expression): string {
  if (expression.kind !== "symbol") throw new SbplError(`Not a word: ${describe(expression)}`);
  return expression.name;
}

function describe(expression: Expression): string {
  switch (expression.kind) {
    case "list":
      return `(${expression.items.map(describe).join(" ")})`;
    case "symbol":
      return expression.name;
    case "number":
      return String(expression.value);
    case "text":
      return JSON.stringify(expression.value);
  }
}
