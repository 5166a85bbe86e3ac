/**
 * src/main.ts → a tiny main and lazily loaded chunks, each with a V8 code cache.
 *
 * Main is one piece of code, which shares nothing with the chunks: every start runs it. What it
 * imports when it is needed are the entries of the rest, and every dynamic import() there becomes a
 * chunk of its own. esbuild splits ES modules only, so the split output is turned to CommonJS file by
 * file; `require` of a chunk is then what runtime/chunks.ts makes of it. A chunk's name is
 * "GROUP/NAME", and GROUP is the packed file that holds it.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

import { build, transform, type Plugin } from "esbuild";

import { COMPLETE_START, completeStart, groupChunks, START_GROUPS } from "./chunk-groups.ts";
import { withEagerFunctions } from "./eager-functions.ts";
import { groupInOneScope, ONE_SCRIPT, requireNoWayBack, type ScopeMember } from "./group-scope.ts";
import type { Architecture } from "../src/linux-sandbox/architecture.ts";
import {
  ALL_SECCOMP_NEEDS,
  seccompFilterName,
} from "../src/linux-sandbox/packed-seccomp-filter.ts";
import { seccompFilter } from "../src/linux-sandbox/seccomp-filter.ts";

export interface BundleOptions {
  readonly root: string;
  /** Where main.cjs, the chunks and their caches go; emptied first. */
  readonly outputDirectory: string;
  readonly version: string;
  /** The Node that will run the executable; only it can make matching code caches. */
  readonly nodePath: string;
  /** Flags the executable starts Node with; a cache made without them is rejected. */
  readonly nodeFlags: readonly string[];
  /** The system that the executable is for. */
  readonly target: { readonly platform: string; readonly arch: Architecture };
  /** False for an executable that another Node will run. */
  readonly makesCodeCaches: boolean;
}

export interface Bundle {
  readonly mainPath: string;
  readonly mainBytes: number;
  /** Asset name to file, chunks and caches. */
  readonly assets: ReadonlyMap<string, string>;
}

export async function makeBundle(options: BundleOptions): Promise<Bundle> {
  const { outputDirectory } = options;
  rmSync(outputDirectory, { recursive: true, force: true });
  mkdirSync(outputDirectory, { recursive: true });
  const main = await bundleMain(options);
  const modules = await splitModules(options, main.parts);
  const program = modules.filter(({ name }) => name !== `${WARM_UP}.js`);
  const names = chunkNames(modules, groupChunks(program));
  const mainPath = join(outputDirectory, "main.cjs");
  const mainText = `${await chunkLoader(options.root)}${withChunkNames(main.text, names)}`;
  writeFileSync(mainPath, withEagerFunctions(mainText));
  const assetTexts = new Map<string, string>();
  const startChunks = new Map(START_GROUPS.map((group): [string, ModuleText[]] => [group, []]));
  for (const module of modules) {
    const { name, text } = module;
    const chunk = names.get(name) ?? name;
    const group = dirname(chunk);
    const ofStart = startChunks.get(group);
    ofStart?.push(module);
    if (ofStart !== undefined || group === COMPLETE_START.group) continue;
    const code = await toCommonJs(withChunkNames(text, names));
    const asset = `${group}.js`;
    const property = `${JSON.stringify(chunk)}: function (exports, require, module) {${code}\n},\n`;
    assetTexts.set(asset, `${assetTexts.get(asset) ?? ""}${property}`);
  }
  const scripts = new Map(
    [...assetTexts].map(([name, properties]) => [name, `({\n${properties}})`]),
  );
  const complete = new Set(completeStart(program).map(({ name }) => name));
  const ofComplete = modules.filter(({ name }) => complete.has(name));
  for (const [group, members] of [...startChunks, [COMPLETE_START.group, ofComplete] as const]) {
    requireNoWayBack(members, modules);
    scripts.set(`${group}.js`, await groupInOneScope(members, names));
  }
  const files = [...scripts].map(([name, text]) => {
    const path = join(outputDirectory, name);
    // The loader reads it as such (runtime/chunks.ts).
    if (Buffer.byteLength(text) !== text.length) throw new Error(`"${name}" is not ASCII`);
    writeFileSync(path, text);
    return path;
  });
  const filters = writeSeccompFilters(options);
  if (options.makesCodeCaches) makeCodeCaches(options, files);
  const packed = files.filter((path) => basename(path) !== `${WARM_UP}.js`);
  const assets = packed.flatMap((path) => {
    const name = basename(path);
    const text = [name, path] as const;
    return options.makesCodeCaches ? [text, [`${name}.cache`, `${path}.cache`] as const] : [text];
  });
  return {
    mainPath,
    mainBytes: readFileSync(mainPath).length,
    assets: new Map([...assets, ...filters]),
  };
}

const WARM_UP = "warm-up";

type ModuleText = ScopeMember;

/** "chunk-X.js" to "GROUP/chunk-X.js". */
function chunkNames(
  modules: readonly ModuleText[],
  groups: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  return new Map(
    modules.map(({ name }) => [name, `${groups.get(name) ?? name.replace(/\.js$/, "")}/${name}`]),
  );
}

/** The text with every import of a chunk under the name that its group gives it. */
function withChunkNames(text: string, names: ReadonlyMap<string, string>): string {
  return text.replace(/(["'`])\.\/([\w-]+\.js)\1/g, (specifier, quote: string, name: string) => {
    const chunk = names.get(name);
    return chunk === undefined ? specifier : `${quote}./${chunk}${quote}`;
  });
}

interface MainModule {
  /** CommonJS, in which each part is asked for as "./NAME.js". */
  readonly text: string;
  /** NAME to the source, for each part of the program that main imports when it needs it. */
  readonly parts: Readonly<Record<string, string>>;
}

async function bundleMain(options: BundleOptions): Promise<MainModule> {
  const parts: Record<string, string> = {};
  const outside: Plugin = {
    name: "parts-outside",
    setup(bundler) {
      bundler.onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) => {
        if (kind !== "dynamic-import") return undefined;
        const source = relative(options.root, join(resolveDir, path));
        const name = source.replace(/^src\/|\.ts$/g, "").replaceAll("/", "-");
        parts[name] = source;
        return { path: `./${name}.js`, external: true };
      });
    },
  };
  const result = await build({
    ...ONE_SCRIPT,
    absWorkingDir: options.root,
    entryPoints: ["src/main.ts"],
    metafile: true,
    define: { CODEX_BUILD_VERSION: JSON.stringify(options.version) },
    plugins: [outside],
  });
  // Whatever else it had would be there twice, here and in the chunks.
  const sources = Object.keys(result.metafile.inputs);
  const unexpected = sources.find((source) => !MAIN_SOURCES.includes(source));
  if (unexpected !== undefined) throw new Error(`Main may not import "${unexpected}" at its top`);
  return { text: result.outputFiles[0]?.text ?? "", parts };
}

const MAIN_SOURCES = ["src/main.ts", "src/runtime/version.ts"];

/** `parts`: names and sources of entries. */
async function splitModules(
  options: BundleOptions,
  parts: Readonly<Record<string, string>>,
): Promise<readonly ModuleText[]> {
  const result = await build({
    absWorkingDir: options.root,
    entryPoints: { ...parts, [WARM_UP]: "build/warm-up.ts" },
    outdir: options.outputDirectory,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    minify: true,
    keepNames: false,
    legalComments: "none",
    write: false,
    metafile: true,
    define: {
      CODEX_BUILD_VERSION: JSON.stringify(options.version),
      "process.env.NODE_ENV": '"production"',
      // The grammar library looks beside itself for files that it is given as bytes here.
      __dirname: '"/nonexistent"',
    },
    // Its ES module form asks for a `require` that only exists in a file of its own.
    alias: { "web-tree-sitter": "./node_modules/web-tree-sitter/web-tree-sitter.cjs" },
    logLevel: "warning",
    plugins: [withoutChildProcess, withPackedFilters],
  });
  const outputs = Object.entries(result.metafile.outputs);
  return result.outputFiles.map((file) => {
    const name = basename(file.path);
    const output = outputs.find(([path]) => basename(path) === name)?.[1];
    if (output === undefined) throw new Error(`Unknown output "${name}"`);
    const { bytes, entryPoint } = output;
    const imports = output.imports.filter(({ kind }) => kind === "import-statement");
    return {
      name,
      text: file.text,
      bytes,
      entryPoint,
      exports: output.exports,
      imports: imports.map(({ path }) => basename(path)),
    };
  });
}

/**
 * commander loads child_process at its start, for subcommands that are programs of their own. There
 * are none here, and loading that module takes 9 ms of a 25 ms start.
 */
const withoutChildProcess: Plugin = {
  name: "without-child-process",
  setup(bundler) {
    bundler.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /\/node_modules\/commander\//.test(importer)
        ? { path: "child_process", namespace: "left-out" }
        : undefined,
    );
    bundler.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({
      contents: "export default {};",
    }));
  },
};

const withPackedFilters: Plugin = {
  name: "with-packed-filters",
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\/seccomp-filter\.ts$/ }, ({ resolveDir }) => ({
      path: join(resolveDir, "packed-seccomp-filter.ts"),
    }));
  },
};

/** Asset name to file. */
function writeSeccompFilters({
  outputDirectory,
  target: { platform, arch },
}: BundleOptions): readonly (readonly [string, string])[] {
  if (platform !== "linux") return [];
  return ALL_SECCOMP_NEEDS.map((needs) => {
    const name = seccompFilterName(needs, arch);
    const path = join(outputDirectory, name);
    writeFileSync(path, seccompFilter(needs, arch));
    return [name, path];
  });
}

async function toCommonJs(text: string): Promise<string> {
  const result = await transform(text, {
    format: "cjs",
    platform: "node",
    target: "node24",
    minify: true,
    supported: { "dynamic-import": false },
    // import.meta is only read when running from source.
    logOverride: { "empty-import-meta": "silent" },
  });
  return result.code;
}

/** The text that replaces main's `require` before anything else runs. */
async function chunkLoader(root: string): Promise<string> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: ["src/runtime/chunks.ts"],
    bundle: true,
    format: "iife",
    globalName: "codexChunks",
    platform: "node",
    target: "node24",
    minify: true,
    write: false,
  });
  const text = result.outputFiles[0]?.text ?? "";
  return `${text}var require = codexChunks.createChunkRequire(require);\n`;
}

/** The complete start is warmed up alone: its copies are other functions than those they copy. */
function makeCodeCaches(options: BundleOptions, chunkFiles: readonly string[]): void {
  const script = join(options.root, "build", "code-cache.ts");
  const complete = join(options.outputDirectory, `${COMPLETE_START.group}.js`);
  const others = chunkFiles.filter((path) => path !== complete);
  for (const words of [
    ["all", ...others],
    ["complete-start", ...others, complete],
  ]) {
    execFileSync(options.nodePath, [...options.nodeFlags, script, ...words], {
      // What the program prints while it is warmed up is of no use; a failure still throws.
      stdio: "pipe",
      env: { PATH: process.env["PATH"], HOME: "/nonexistent" },
    });
  }
}
