/**
 * Which commit of which repository a directory is at, read from git's own files: no program is
 * started, so nothing that the repository configures can run. Source: gitrepository-layout(5).
 */
import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { findRepositoryRoot } from "../config/trust.ts";

/** Each field only when it is known. */
export interface GitInfo {
  readonly commit_hash?: string;
  readonly branch?: string;
  /** Without user name, password and query. */
  readonly repository_url?: string;
}

/** Null outside of a repository. Never throws. */
export function readGitInfo(cwd: string): GitInfo | null {
  const root = findRepositoryRoot(cwd);
  if (root === undefined) return null;
  const gitDirectory = findGitDirectory(join(root, ".git"));
  if (gitDirectory === null) return {};
  const common = commonDirectory(gitDirectory);
  const head = readSmall(join(gitDirectory, "HEAD"))?.trim();
  const ref = head === undefined ? undefined : /^ref: (refs\/\S+)$/u.exec(head)?.[1];
  const commit = ref === undefined ? head : resolveRef(gitDirectory, common, ref);
  const url = originUrl(readSmall(join(common, "config")) ?? "");
  return {
    ...(commit !== undefined && /^[0-9a-f]{40,64}$/u.test(commit) ? { commit_hash: commit } : {}),
    ...(ref?.startsWith("refs/heads/") === true ? { branch: ref.slice("refs/heads/".length) } : {}),
    ...(url === undefined ? {} : { repository_url: withoutCredentials(url) }),
  };
}

/** What a log may keep of an address: neither name nor password, which may be a token. */
export function withoutCredentials(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.host === "") {
    // git's short form, host:path; what stands before the @ is a login name, or worse.
    return url.replace(/^[^/@]*@/u, "");
  }
  parsed.username = "";
  parsed.password = "";
  parsed.search = "";
  parsed.hash = "";
  return parsed.href;
}

function findGitDirectory(path: string): string | null {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory() === true) return path;
  const target = /^gitdir: (.+)$/mu.exec(readSmall(path) ?? "")?.[1];
  return target === undefined ? null : resolve(join(path, ".."), target.trim());
}

/** Of a linked worktree, the directory that it shares with the others. */
function commonDirectory(gitDirectory: string): string {
  const common = readSmall(join(gitDirectory, "commondir"))?.trim();
  return common === undefined || common === "" ? gitDirectory : resolve(gitDirectory, common);
}

function resolveRef(gitDirectory: string, common: string, ref: string): string | undefined {
  if (ref.split("/").includes("..")) return undefined;
  for (const directory of [gitDirectory, common]) {
    const loose = readSmall(join(directory, ref))?.trim();
    if (loose !== undefined) return loose;
  }
  const packed = readSmall(join(common, "packed-refs")) ?? "";
  return packed
    .split("\n")
    .find((line) => line.endsWith(` ${ref}`))
    ?.split(" ")[0];
}

function originUrl(config: string): string | undefined {
  let isOrigin = false;
  for (const line of config.split("\n")) {
    const text = line.trim();
    if (text.startsWith("[")) isOrigin = text.startsWith(`[remote "origin"]`);
    else if (isOrigin) {
      const url = /^url\s*=\s*"?([^"]+)"?$/u.exec(text)?.[1];
      if (url !== undefined) return url.trim();
    }
  }
  return undefined;
}

const MAX_BYTES = 4 * 1024 * 1024;

function readSmall(path: string): string | undefined {
  try {
    const status = statSync(path);
    if (!status.isFile() || status.size > MAX_BYTES) return undefined;
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
