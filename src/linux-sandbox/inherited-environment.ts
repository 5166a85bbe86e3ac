/**
 * The environment that this process was started with, byte for byte, as the user set it.
 *
 * Preloaded libraries are named in it; a start that leaves them behind (pristine-start.ts) sets
 * their variables aside under other names, and here they have their own again.
 */
import {
  brand,
  byteStringFromText,
  readProcList,
  type ByteString,
} from "../runtime/byte-string.ts";

const loaderVariables = ["LD_PRELOAD", "LD_AUDIT"];
const SET_ASIDE = "CODEX_SET_ASIDE_";

/** Every entry this process was started with, byte for byte. */
export function wholeEnvironment(): readonly ByteString[] {
  return withoutSettingAside(
    readProcList("environ") ??
      Object.entries(process.env).map(([name, value]) =>
        byteStringFromText(`${name}=${value ?? ""}`),
      ),
  );
}

export function hasPreloads(environment: readonly ByteString[]): boolean {
  return environment.some(isLoaderVariable);
}

/** The loader's variables under other names. */
export function settingAside(environment: readonly ByteString[]): readonly ByteString[] {
  return environment.map((entry) =>
    isLoaderVariable(entry) ? brand(`${SET_ASIDE}${entry}`) : entry,
  );
}

/** The environment as the user set it, whichever start this is. */
export function withoutSettingAside(environment: readonly ByteString[]): readonly ByteString[] {
  return environment.map((entry) => {
    if (!entry.startsWith(SET_ASIDE)) return entry;
    const original = brand(entry.slice(SET_ASIDE.length));
    return isLoaderVariable(original) ? original : entry;
  });
}

function isLoaderVariable(entry: ByteString): boolean {
  return loaderVariables.some(
    (name) => entry.startsWith(`${name}=`) && entry.length > name.length + 1,
  );
}
