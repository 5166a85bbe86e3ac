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

export interface BinaryOptions {
  readonly root: string;
  readonly intermediateDirectory: string;
  readonly mainPath: string;
  readonly chunkAssets: ReadonlyMap<string, string>;
  readonly nodePath: string;
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
  copyFileSync(strippedNode(options), temporary);
  chmodSync(temporary, 0o755);
  options.log("inject the program into it");
  const postject = join(options.root, "node_modules/postject/dist/cli.js");
  execFileSync(
    options.nodePath,
    [postject, temporary, "NODE_SEA_BLOB", blobPath, "--sentinel-fuse", SENTINEL],
    // Its warnings are about section names that stripping removed; an error still throws here.
    { stdio: "pipe", env: { PATH: process.env["PATH"] } },
  );
  // Replaced, never written in place: a running codex keeps its old file.
  renameSync(temporary, outputPath);
}

function makeBlob(options: BinaryOptions): string {
  const { root, intermediateDirectory } = options;
  const config = readSeaConfig(root);
  const blobPath = join(intermediateDirectory, "codex.blob");
  const assets: Record<string, string> = {};
  for (const [name, path] of Object.entries(config.assets)) assets[name] = join(root, path);
  for (const [name, path] of options.chunkAssets) assets[name] = path;
  const configPath = join(intermediateDirectory, "sea-config.json");
  const complete = { ...config, main: options.mainPath, output: blobPath, assets };
  writeFileSync(configPath, JSON.stringify(complete, undefined, 2));
  options.log("pack program and assets");
  execFileSync(options.nodePath, [...options.nodeFlags, "--experimental-sea-config", configPath], {
    stdio: "pipe",
    env: { PATH: process.env["PATH"] },
  });
  return blobPath;
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
function strippedNode(options: BinaryOptions): string {
  const stripped = join(options.intermediateDirectory, "..", `node-${process.version}-stripped`);
  if (existsSync(stripped)) return stripped;
  options.log("strip Node's symbols");
  try {
    execFileSync("strip", ["-o", `${stripped}.new`, options.nodePath], { stdio: "pipe" });
  } catch {
    options.log("  (strip is missing: the executable is 18 MB larger; apt-get install binutils)");
    return options.nodePath;
  }
  renameSync(`${stripped}.new`, stripped);
  return stripped;
}
