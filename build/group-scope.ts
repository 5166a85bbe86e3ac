/**
 * Puts the chunks of one start into one scope.
 *
 * Chunks that are linked by `require` cost at every start: each makes an object of getters, each
 * use of another chunk's function goes through two of them, and all of it runs in the interpreter.
 * A start runs every chunk of its group anyway, so they can as well be one piece of code whose parts
 * know each other directly.
 */
import { build, type BuildOptions, type Plugin } from "esbuild";

import type { SplitModule } from "./chunk-groups.ts";

/** esbuild's options for one piece of CommonJS, in which import() is a require for later. */
export const ONE_SCRIPT = {
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node24",
  minify: true,
  legalComments: "none",
  write: false,
  supported: { "dynamic-import": false },
  logLevel: "warning",
} as const satisfies BuildOptions;

export interface ScopeMember extends SplitModule {
  /** An ES module. */
  readonly text: string;
  /** The names that it exports. */
  readonly exports: readonly string[];
}

/**
 * An expression for an object as every group has it: for each chunk a function that loads it. The
 * first one that is called runs the code of all; what a chunk exports is only put together for who
 * asks. `chunkNames`: "chunk-X.js" to "GROUP/chunk-X.js", for all chunks of the program.
 */
export async function groupInOneScope(
  members: readonly ScopeMember[],
  chunkNames: ReadonlyMap<string, string>,
): Promise<string> {
  const imports = members.map(({ name, exports }, index) => {
    const names = exports.map((each, place) => `${each} as m${index}_${place}`);
    return `import { ${names.join(", ")} } from "./${name}";`;
  });
  const getters = members.map(({ name, exports }, index) => {
    const each = exports.map((key, place) => `get ${key}() { return m${index}_${place}; }`);
    return `${JSON.stringify(name)}: () => ({ __esModule: true, ${each.join(", ")} }),`;
  });
  const entry = [...imports, "export const chunks = {", ...getters, "};"];
  const result = await build({
    ...ONE_SCRIPT,
    stdin: { contents: entry.join("\n"), loader: "js" },
    // import.meta is only read when running from source.
    logOverride: { "empty-import-meta": "silent" },
    plugins: [chunksOf(members, chunkNames)],
  });
  const code = result.outputFiles[0]?.text ?? "";
  const loaders = members.map(({ name }) => {
    const loader = `(exports, require, module) => { module.exports = chunk(require, ${JSON.stringify(name)}); }`;
    return `${JSON.stringify(chunkNames.get(name) ?? name)}: ${loader},\n`;
  });
  return `(() => {
let all;
const run = (require) => { const module = { exports: {} }; (function (exports, require, module) {${code}
})(module.exports, require, module); return module.exports.chunks; };
const chunk = (require, name) => (all ??= run(require))[name]();
return {\n${loaders.join("")}};
})()`;
}

/**
 * Fails the build when code outside the group needs it and is needed by it: while the group's one
 * scope runs, nothing in it can be handed out yet.
 */
export function requireNoWayBack(
  members: readonly SplitModule[],
  modules: readonly SplitModule[],
): void {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const own = new Set(members.map(({ name }) => name));
  const outside = new Set(
    members.flatMap(({ imports }) => imports.filter((name) => !own.has(name))),
  );
  for (const name of outside) {
    for (const imported of byName.get(name)?.imports ?? []) {
      if (own.has(imported)) throw new Error(`"${name}" and the chunks of a start need each other`);
      outside.add(imported);
    }
  }
}

function chunksOf(
  members: readonly ScopeMember[],
  chunkNames: ReadonlyMap<string, string>,
): Plugin {
  const texts = new Map(members.map(({ name, text }) => [name, text]));
  return {
    name: "chunks-of-a-group",
    setup(bundler) {
      bundler.onResolve({ filter: /^\.\// }, ({ path, kind }) => {
        const name = path.slice("./".length);
        if (kind === "import-statement" && texts.has(name))
          return { path: name, namespace: "chunk" };
        return { path: `./${chunkNames.get(name) ?? name}`, external: true };
      });
      bundler.onLoad({ filter: /.*/, namespace: "chunk" }, ({ path }) => ({
        contents: texts.get(path) ?? "",
        loader: "js",
      }));
    },
  };
}
