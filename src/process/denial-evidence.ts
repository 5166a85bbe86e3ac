/**
 * Clues in the output of a failed command: an errno in words, and the paths or the address it is
 * about. Only text is looked at; whether a clue proves anything is decided in sandbox-denial.ts.
 *
 * The forms are those that common programs were seen to print under the Linux sandbox.
 */

export type Errno = "EACCES" | "EPERM" | "EROFS" | "EAI_AGAIN" | "ENETUNREACH";

export interface PathClue {
  readonly kind: "path";
  readonly errno: Errno;
  /** As printed, the likeliest first. */
  readonly candidates: readonly string[];
  /** It failed to remove or rename, which is up to the directory, not to the file. */
  readonly isRemoval: boolean;
  /** It failed to change mode or times, which is up to the owner. */
  readonly isMetadata: boolean;
  readonly line: string;
}

export interface AddressClue {
  readonly kind: "address";
  readonly errno: Errno;
  /** Host, host:port, or the path of a local socket; undefined when the output does not say. */
  readonly address: string | undefined;
  readonly line: string;
}

export type Clue = PathClue | AddressClue;

const MAX_BYTES_READ = 65_536; // from the end: what made a command fail is said last
const MAX_LINE = 2_000;
const MAX_CLUES = 200;

/** Clues in the order of the output. `argv` helps where the output names no address. */
export function findClues(output: string, argv: readonly string[]): readonly Clue[] {
  const lines = output
    .slice(-MAX_BYTES_READ)
    // oxlint-disable-next-line no-control-regex -- colours of terminals
    .replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/gu, "")
    // Our own apply_patch names the file, and on the next line what was wrong with it.
    .replaceAll(/\n {2}Patch line [0-9]+ names it: /gu, ": ")
    .split(/\r?\n/u)
    .map((line) => line.slice(0, MAX_LINE));
  const clues: Clue[] = [];
  for (const [index, line] of lines.entries()) {
    // A warning did not end the program.
    if (/\bwarn(?:ing)?\b|Warning:|^W: /iu.test(line)) continue;
    const around = lines.slice(Math.max(0, index - 6), index + 7);
    clues.push(...readLine(line, around, argv));
    if (clues.length >= MAX_CLUES) break;
  }
  return clues;
}

function readLine(
  line: string,
  around: readonly string[],
  argv: readonly string[],
): readonly Clue[] {
  const network = networkErrno(line, around);
  if (network !== undefined) {
    const address = findAddress(line) ?? firstAddress(around) ?? firstAddress(argv);
    return [{ kind: "address", errno: network, address, line: line.trim() }];
  }
  const found = lastMatch(
    line,
    /permission denied|operation not permitted|read-only file ?system|\b(?:EACCES|EPERM|EROFS)\b|No usable temporary directory found in/giu,
  );
  if (found === undefined || isAboutSomethingElse(line, around)) return [];
  const candidates = pathsBeside(line, found);
  return [
    {
      kind: "path",
      errno: errnoOf(found.text),
      candidates: candidates.length > 0 ? candidates : pathsNear(around),
      isRemoval: /\b(?:remove|unlink|delete|rename|rmdir|move)\b/iu.test(line),
      isMetadata: /changing permissions|(?:setting|preserving) times|\b(?:chmod|utime)\b/iu.test(
        line,
      ),
      line: line.trim(),
    },
  ];
}

/**
 * No policy forbids executing a file, so such a failure is the file's own. Giving a file away is
 * refused to everybody but root in any case.
 */
function isAboutSomethingElse(line: string, around: readonly string[]): boolean {
  if (/changing (?:ownership|group)|\bchown\b/iu.test(line)) return true;
  if (/\bspawn\b|\bexecv[pe]*\b|fork\/exec|failed to run command/iu.test(line)) return true;
  if (/^make(?:\[[0-9]+\])?: /u.test(line)) return true;
  return around.some((text) => text.includes("_execute_child"));
}

const resolving =
  /temporary failure in name resolution|could not resolve|unable to resolve host|temporary failure resolving|failed to lookup address|name or service not known|nodename nor servname|unknown host|\bEAI_AGAIN\b|getaddrinfo ENOTFOUND/iu;
const socketCall = /\b(?:connect|socket|bind|listen|dial|sendto|sendmsg)\b|\/dev\/(?:tcp|udp)\//iu;

function networkErrno(line: string, around: readonly string[]): Errno | undefined {
  if (resolving.test(line)) return "EAI_AGAIN";
  if (/network is unreachable|no route to host|\bENETUNREACH\b/iu.test(line)) return "ENETUNREACH";
  // curl swallows the errno; 7 is "no connection could be made".
  if (line.startsWith("curl: (7) ")) return "EPERM";
  // "Permission denied" from connect(2) is the mode of a local socket: only EPERM is the sandbox's.
  if (!/operation not permitted|\bEPERM\b/iu.test(line)) return undefined;
  if (socketCall.test(line)) return "EPERM";
  // Python names the call in its traceback, node in the properties of the error.
  const names = pathsBeside(line, lastMatch(line, /operation not permitted|\bEPERM\b/giu));
  const isBare = names.length === 0;
  return isBare && around.some((text) => tracesSocket.test(text)) ? "EPERM" : undefined;
}

const tracesSocket = /socket\.(?:py|socket)|syscall:? '?(?:connect|listen|bind|getaddrinfo)/u;

function errnoOf(text: string): Errno {
  if (/operation|EPERM/iu.test(text)) return "EPERM";
  return /read-only|EROFS/iu.test(text) ? "EROFS" : "EACCES";
}

interface Match {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function lastMatch(line: string, pattern: RegExp): Match | undefined {
  const match = [...line.matchAll(pattern)].at(-1);
  if (match === undefined) return undefined;
  return { text: match[0], start: match.index, end: match.index + match[0].length };
}

const quoted = /'[^']+'|"[^"]+"|`[^`]+`|\u2018[^\u2019]+\u2019/gu;

function quotedIn(text: string): readonly string[] {
  return [...text.matchAll(quoted)].map((match) => match[0].slice(1, -1));
}

/** Paths on the line itself, in the places where programs put them. */
function pathsBeside(line: string, errno: Match | undefined): readonly string[] {
  if (errno === undefined) return [];
  const after = line.slice(errno.end);
  // node: "permission denied, open '/x'"; python: "Permission denied: '/x'".
  const quotedAfter = quotedIn(after);
  if (quotedAfter.length > 0) return quotedAfter.toReversed();
  // zsh: "permission denied: /x".
  const plainAfter = /^: (\S+)$/u.exec(after)?.[1];
  if (plainAfter !== undefined) return [plainAfter];
  const before = line
    .slice(0, errno.start)
    .replace(/[\s:([-]*(?:\[?(?:Errno )?[0-9]+[\]:]?)?[\s:]*$/u, "");
  const quotedBefore = quotedIn(before);
  if (quotedBefore.length > 0) return quotedBefore.toReversed();
  return pathsInSegments(before.split(/:\s+/u));
}

/** "program: line 1: NAME", "dash: 1: cannot create NAME", "tar: NAME: Cannot open". */
function pathsInSegments(segments: readonly string[]): readonly string[] {
  const said = segments.slice(1); // the program's name comes first
  const last = (said.at(-1) ?? segments[0] ?? "").trim();
  const tokens = last.split(/\s+/u).map((token) => token.replace(/[,;)]+$/u, ""));
  const pathLike = tokens.filter((token) => /[/.]/u.test(token) && /\w/u.test(token));
  if (pathLike.length > 0) return pathLike.toReversed();
  if (said.length === 0) return [];
  if (tokens.length === 1) return isPosition(last) ? [] : [last];
  const previous = said.at(-2)?.trim();
  if (previous !== undefined && !/\s/u.test(previous) && !isPosition(previous)) return [previous];
  return /^(?:cannot|can't|could not|couldn't|failed to|unable to) \w+ \S+$/iu.test(last)
    ? tokens.slice(-1)
    : [];
}

function isPosition(text: string): boolean {
  return /^(?:line )?[0-9]*$/u.test(text);
}

/** cargo and npm name the path some lines away from the errno. */
function pathsNear(around: readonly string[]): readonly string[] {
  return around
    .filter((line) => /\bpath\b|creat|open|writ|remov|mkdir|director|\bfile\b/iu.test(line))
    .flatMap((line) => {
      const named = /\bpath:? (\/\S+)$/u.exec(line)?.[1];
      return named === undefined ? quotedIn(line).filter((text) => text.includes("/")) : [named];
    });
}

function firstAddress(texts: readonly string[]): string | undefined {
  for (const text of texts) {
    const address = findAddress(text);
    if (address !== undefined) return address;
  }
  return undefined;
}

const host = String.raw`(\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)`;

/** Host and, if any, port; or the path of a local socket. The most telling forms first. */
const addressForms: readonly RegExp[] = [
  /()\bunix (?:socket )?(\/[^\s:]+)/u,
  new RegExp(String.raw`/dev/(?:tcp|udp)/${host}/([0-9]+)`, "u"),
  new RegExp(
    String.raw`\b(?:https?|ftp|ssh|git|wss?)://(?:[^/\s@'"]*@)?${host}(?::([0-9]+))?`,
    "u",
  ),
  new RegExp(String.raw`connect to (?:host )?${host} port ([0-9]+)`, "u"),
  new RegExp(String.raw`resolve (?:host address|hostname|host|proxy):? ['"\u2018]?${host}`, "u"),
  new RegExp(String.raw`\(Could not resolve host: ${host}`, "u"),
  new RegExp(
    String.raw`(?:EAI_AGAIN|ENOTFOUND|lookup|[Uu]nknown host|resolving) ['"\u2018]?${host}`,
    "u",
  ),
  new RegExp(String.raw`(?:EPERM|not permitted) ${host}(?::([0-9]+))?`, "u"),
  new RegExp(String.raw`TCP connection to ${host}:([0-9]+)`, "u"),
  new RegExp(String.raw`(?:: line [0-9]+|^\w+): ${host}: Temporary failure`, "u"),
  /\bhostname: '([^']+)'/u,
  /\baddress: '([^']+)'/u,
  /\b([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?::([0-9]+))?\b/u,
  new RegExp(String.raw`^\w+@${host}:`, "u"),
];

function findAddress(text: string): string | undefined {
  for (const form of addressForms) {
    const match = form.exec(text);
    if (match === null) continue;
    const [, name = "", detail] = match;
    if (name === "") return detail;
    return detail === undefined ? name : `${name}:${detail}`;
  }
  return undefined;
}
