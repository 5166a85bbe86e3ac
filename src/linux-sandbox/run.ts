/** The sandbox helper program: parse, confine, exec. The one way in for `main.ts`. */
import { writeSync } from "node:fs";

import {
  brand,
  byteStringFromText,
  readProcList,
  type ByteString,
} from "../runtime/byte-string.ts";
import { HELPER_NAME, helperUsage, parseHelperArguments } from "./arguments.ts";
import { becomeCommand, endWith, startPristine } from "./become-command.ts";
import { wholeEnvironment } from "./inherited-environment.ts";
import { waitAndBecome } from "./waiting-helper.ts";

/**
 * Never returns to being a CLI. On success the process is the command; otherwise it ends here with
 * one line on stderr and 1 (cannot confine), 2 (usage), 126 or 127 (cannot start the program).
 */
export async function runLinuxSandbox(): Promise<never> {
  const words = readProcList("cmdline") ?? process.argv.map(byteStringFromText);
  startPristine(HELPER_NAME);
  const parsed = parseHelperArguments(words.slice(1));
  switch (parsed.kind) {
    case "help":
      writeSync(1, helperUsage);
      return process.exit(0);
    case "usage-error":
      return endWith(HELPER_NAME, 2, `${parsed.message}; see ${HELPER_NAME} --help`);
    case "wait":
      return waitAndBecome(parsed.parentPid);
    case "template":
      return (await import("./template-helper.ts")).serveAsTemplate(parsed.parentPid);
    case "run": {
      const environment = wholeEnvironment();
      return becomeCommand(
        {
          ...parsed.request,
          environment,
          codexHome: codexHomeOf(environment),
          parentPid: parsed.request.parentPid ?? process.ppid,
        },
        { speaker: HELPER_NAME, tell: () => undefined },
      );
    }
  }
}

/** As config/codex-home.ts finds it, which is too large to load here. */
function codexHomeOf(environment: readonly ByteString[]): ByteString | undefined {
  const valueOf = (name: string): string | undefined =>
    environment.find((entry) => entry.startsWith(`${name}=/`))?.slice(name.length + 1);
  const home = valueOf("HOME");
  const path = valueOf("CODEX_HOME") ?? (home === undefined ? undefined : `${home}/.codex`);
  return path === undefined ? undefined : brand(path);
}
