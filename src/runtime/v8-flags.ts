/**
 * V8's flags, changed while the program runs.
 *
 * V8 takes a code cache only under the flags that it was made with, whatever they are about. So
 * code that is loaded after a change would be compiled from its text: Node's own modules, and the
 * chunks of this program, which are told of changes here and see to it (chunks.ts).
 */
import { isPacked } from "./assets.ts";
import { anonymousFileDirectories, loadNativeAddon } from "./native-addon.ts";
import { noteFlagChange } from "./v8-flag-changes.ts";

/** As on V8's command line, for example "--no-maglev". None that bears upon bytecode. */
export function setV8Flags(...flags: readonly string[]): void {
  set ??= setterOfThisProcess();
  for (const flag of flags) set(flag);
  noteFlagChange();
}

/**
 * For programs that load many of Node's own modules, before they do: puts the one flag of the start
 * that V8 knows back to its default, under which those modules' caches were made. It has done its
 * work by now. Source: `execArgv` in sea-config.json.
 */
export function restoreFlagsOfNode(): void {
  if (isPacked()) setV8Flags("--rehash-snapshot");
}

type SetFlag = (flag: string) => void;

let set: SetFlag | undefined;

/**
 * Node's module for this loads its streams first, which takes five times as long as the native
 * addon, and a session needs that anyway.
 */
function setterOfThisProcess(): SetFlag {
  return (isPacked() && process.platform === "linux" ? throughAddon() : undefined) ?? throughNode();
}

/** Undefined where the addon cannot be loaded; what needs it most says so. */
function throughAddon(): SetFlag | undefined {
  try {
    const addon = loadNativeAddon(anonymousFileDirectories(process.env));
    const setFlags = addon.load(null).func(`void ${SET_FLAGS}(uintptr_t flags)`);
    return (flag) => {
      const text = Buffer.from(`${flag}\0`, "latin1");
      setFlags(addon.address(text));
    };
  } catch {
    return undefined;
  }
}

/** v8::V8::SetFlagsFromString(const char*), as Itanium's C++ ABI writes it. Source: v8-initialization.h. */
const SET_FLAGS = "_ZN2v82V818SetFlagsFromStringEPKc";

function throughNode(): SetFlag {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  return setFlagsFromString;
}
