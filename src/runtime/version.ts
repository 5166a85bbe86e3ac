/** The version string, written into the bundle at build time. */

// Replaced by the bundler (build/bundle.ts, `define`). Absent when run from source.
declare const CODEX_BUILD_VERSION: string | undefined;

/** Semantic version of this build, for example "0.1.0"; "0.0.0-source" when run from source. */
export const version: string =
  typeof CODEX_BUILD_VERSION === "string" ? CODEX_BUILD_VERSION : "0.0.0-source";
