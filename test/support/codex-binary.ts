/** The executable under test, and how to start it under another name. */
import { existsSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

import { HELPER_NAME } from "../../src/linux-sandbox/arguments.ts";
import { makeTempDir, removeDir } from "./temp-dir.ts";

export const projectRoot = dirname(dirname(import.meta.dirname));

const installedNode = join(projectRoot, "node_modules/.bin/node");

/** The pinned Node, which runs fixtures straight from their TypeScript; where npm has none, ours. */
export const pinnedNode = existsSync(installedNode) ? installedNode : process.execPath;

/** dist/codex, or the file that CODEX_TEST_BINARY names. */
export const codexBinary = process.env["CODEX_TEST_BINARY"] ?? join(projectRoot, "dist/codex");

/** False, or why a test that starts the executable cannot run. */
export const needsBinary: false | string = existsSync(codexBinary)
  ? false
  : `${codexBinary} is not built: npm run build`;

export function fixture(name: string): string {
  return join(projectRoot, "test/fixtures", name);
}

let links: string | undefined;

/** A symbolic link of that name to the executable, made once per test process. */
export function binaryUnderName(name: string): string {
  if (links === undefined) {
    const directory = makeTempDir();
    process.on("exit", () => removeDir(directory));
    links = directory;
  }
  const link = join(links, name);
  if (!existsSync(link)) symlinkSync(codexBinary, link);
  return link;
}

/** The sandbox helper's path. */
export function helperBinary(): string {
  return binaryUnderName(HELPER_NAME);
}
