/** Main, assets and the stripped pinned Node → one executable file. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { PACKED_FILES, packFiles } from "../src/runtime/packed-files.ts";

/** The system that the executable is for. */
export interface BinaryTarget {
  readonly platform: "linux" | "darwin";
  readonly arch: "x64" | "arm64";
  /** That system's Node, to put the program into. */
  readonly nodePath: string;
  /** Where that system's packages are installed. */
  readonly modulesDirectory: string;
}

export interface BinaryOptions {
  readonly root: string;
  readonly intermediateDirectory: string;
  readonly mainPath: string;
  readonly chunkAssets: ReadonlyMap<string, string>;
  /** The Node that runs here. */
  readonly nodePath: string;
  readonly target: BinaryTarget;
  readonly nodeFlags: readonly string[];
  readonly outputPath: string;
  readonly log: (line: string) => void;
}

// The marker that Node looks for in its own file. Source: Node's documentation on SEA.
const SENTINEL = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

export function makeBinary(options: BinaryOptions): void {
  const { outputPath } = options;
  const blobPath = makeBlob(options);
  const temporary = `${outputPath}.new`;
  const isMac = options.target.platform === "darwin";
  copyFileSync(isMac ? options.target.nodePath : strippedNode(options), temporary);
  chmodSync(temporary, 0o755);
  // Changed bytes make a signature invalid, and a Mac starts nothing whose signature is that.
  if (isMac) sign(["--remove-signature", temporary]);
  options.log("inject the program into it");
  const postject = join(options.root, "node_modules/postject/dist/cli.js");
  const words = [postject, temporary, "NODE_SEA_BLOB", blobPath, "--sentinel-fuse", SENTINEL];
  execFileSync(
    options.nodePath,
    isMac ? [...words, "--macho-segment-name", "NODE_SEA"] : words,
    // Its warnings are about section names that stripping removed; an error still throws here.
    { stdio: "pipe", env: { PATH: process.env["PATH"] } },
  );
  if (isMac) sign(["--sign", "-", temporary]);
  // Replaced, never written in place: a running codex keeps its old file.
  renameSync(temporary, outputPath);
}

/** Source: codesign(1); "-" is a signature without an identity. */
function sign(words: readonly string[]): void {
  execFileSync("/usr/bin/codesign", words, { stdio: "pipe" });
}

function makeBlob(options: BinaryOptions): string {
  const { root, intermediateDirectory } = options;
  const config = readSeaConfig(root);
  const blobPath = join(intermediateDirectory, "codex.blob");
  const assets: Record<string, string> = {};
  for (const [name, path] of Object.entries(config.assets)) assets[name] = join(root, path);
  delete assets[ADDON];
  const addon = addonPath(options.target);
  if (addon !== undefined) assets[ADDON] = addon;
  for (const [name, path] of options.chunkAssets) assets[name] = path;
  const configPath = join(intermediateDirectory, "sea-config.json");
  // V8's caches are for the Node that made them, so there are none for another system.
  const useCodeCache = options.target.nodePath === options.nodePath;
  const packPath = join(intermediateDirectory, PACKED_FILES);
  const files = Object.entries(assets).map(([name, path]) => [name, readFileSync(path)] as const);
  writeFileSync(packPath, packFiles(new Map(files)));
  const complete = {
    ...config,
    useCodeCache,
    main: options.mainPath,
    output: blobPath,
    assets: { [PACKED_FILES]: packPath },
  };
  writeFileSync(configPath, JSON.stringify(complete, undefined, 2));
  options.log("pack program and assets");
  execFileSync(options.nodePath, [...options.nodeFlags, "--experimental-sea-config", configPath], {
    stdio: "pipe",
    env: { PATH: process.env["PATH"] },
  });
  return blobPath;
}

const ADDON = "koffi.node";

/** Only the Linux sandbox calls libc. */
function addonPath({ platform, arch, modulesDirectory }: BinaryTarget): string | undefined {
  if (platform !== "linux") return undefined;
  const path = join(modulesDirectory, `@koromix/koffi-linux-${arch}/linux_${arch}/koffi.node`);
  if (!existsSync(path)) throw new Error(`"${path}" is missing: install koffi for linux-${arch}`);
  return path;
}

export interface SeaConfig {
  readonly execArgv: readonly string[];
  readonly assets: Readonly<Record<string, string>>;
}

export function readSeaConfig(root: string): SeaConfig {
  const config: unknown = JSON.parse(readFileSync(join(root, "sea-config.json"), "utf8"));
  if (!isSeaConfig(config)) throw new Error("Cannot read sea-config.json: no execArgv or assets");
  return config;
}

function isSeaConfig(value: unknown): value is SeaConfig {
  return (
    typeof value === "object" &&
    value !== null &&
    "execArgv" in value &&
    Array.isArray(value.execArgv) &&
    "assets" in value &&
    typeof value.assets === "object"
  );
}

/** Stripping saves 18 MB. It must come before injecting: a stripped finished file crashes. */
function strippedNode({ intermediateDirectory, target, log }: BinaryOptions): string {
  const name = `node-${process.version}-${target.platform}-${target.arch}-stripped`;
  const stripped = join(intermediateDirectory, "..", name);
  if (existsSync(stripped)) return stripped;
  log("strip Node's symbols");
  // GNU's knows its own architecture only.
  for (const program of ["strip", "llvm-strip"]) {
    try {
      execFileSync(program, ["-o", `${stripped}.new`, target.nodePath], { stdio: "pipe" });
      renameSync(`${stripped}.new`, stripped);
      return stripped;
    } catch {
      // The next one.
    }
  }
  log("  (strip is missing: the executable is 18 MB larger; apt-get install binutils)");
  return target.nodePath;
}
