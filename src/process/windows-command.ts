/** What has to be started on Windows for a command's words. Pure: the disk is asked through `isFile`. */
import { win32 } from "node:path";

import { findWindowsProgram } from "./windows-program.ts";
import { cmdArguments, WindowsQuotingError } from "./windows-quoting.ts";

export interface WindowsPlace {
  /** Absolute. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly isFile: (path: string) => boolean;
}

export type WindowsStart =
  | {
      readonly program: string;
      readonly args: readonly string[];
      readonly argv0?: string;
      /** The arguments are joined by blanks, and nothing in them is quoted. */
      readonly isVerbatim: boolean;
    }
  | { readonly exitCode: 126 | 127; readonly message: string };

/** A program is started by its path; a batch file by cmd.exe, in words that cmd.exe reads back. */
export function findWindowsCommand(argv: readonly string[], place: WindowsPlace): WindowsStart {
  const [name = "", ...args] = argv;
  const shown = JSON.stringify(name);
  const program = findWindowsProgram(name, {
    cwd: place.cwd,
    path: windowsVariable(place.environment, "PATH"),
    pathExt: windowsVariable(place.environment, "PATHEXT"),
    isFile: place.isFile,
  });
  if (program === undefined) return { exitCode: 127, message: `Cannot run ${shown}: not found` };
  if (program.kind === "executable") {
    return { program: program.path, argv0: name, args, isVerbatim: false };
  }
  try {
    const words = cmdArguments([program.path, ...args]);
    return { program: commandInterpreter(place.environment), args: words, isVerbatim: true };
  } catch (error) {
    if (!(error instanceof WindowsQuotingError)) throw error;
    return { exitCode: 126, message: error.message };
  }
}

/** Names of variables have no letter case on Windows. */
export function windowsVariable(
  environment: Readonly<Record<string, string>>,
  name: string,
): string | undefined {
  return Object.entries(environment).find(([key]) => key.toUpperCase() === name.toUpperCase())?.[1];
}

/** Not from COMSPEC, which a command's environment may set to anything. */
function commandInterpreter(environment: Readonly<Record<string, string>>): string {
  const root = windowsVariable(environment, "SystemRoot") ?? "";
  const isPlain = /^[a-z]:\\[\w\\]+$/i.test(root);
  return win32.join(isPlain ? root : "C:\\Windows", "System32", "cmd.exe");
}
