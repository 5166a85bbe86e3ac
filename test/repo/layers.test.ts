/** The layers of ARCHITECTURE.md, section 2, as data: who may import whom. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";

const root = dirname(dirname(import.meta.dirname));

interface Layer {
  readonly row: number;
  readonly packages: readonly string[];
}

const layers: Readonly<Record<string, Layer>> = {
  "main.ts": { row: 9, packages: [] },
  cli: { row: 8, packages: ["commander"] },
  tui: { row: 7, packages: ["marked", "diff", "highlight.js"] },
  "exec-mode": { row: 7, packages: ["zod"] },
  proto: { row: 7, packages: ["zod"] },
  "mcp-server": { row: 7, packages: ["@modelcontextprotocol/sdk", "zod"] },
  acp: { row: 7, packages: ["@agentclientprotocol/sdk", "diff"] },
  "debug-sandbox": { row: 7, packages: [] },
  core: { row: 6, packages: ["diff", "zod"] },
  model: { row: 5, packages: ["openai"] },
  "mcp-client": { row: 5, packages: ["@modelcontextprotocol/sdk", "zod"] },
  auth: { row: 5, packages: ["zod"] },
  config: { row: 4, packages: ["smol-toml", "zod"] },
  process: { row: 3, packages: ["picomatch"] },
  sandbox: { row: 2, packages: [] },
  "linux-sandbox": { row: 2, packages: [] },
  "apply-patch": { row: 2, packages: [] },
  shell: { row: 2, packages: ["web-tree-sitter"] },
  protocol: { row: 1, packages: ["zod"] },
  runtime: { row: 0, packages: [] },
};

/** Imports across a row that are allowed, each for one file. ARCHITECTURE.md gives the reasons. */
const exceptions: ReadonlySet<string> = new Set([
  "sandbox/landlock.ts -> linux-sandbox/arguments.ts",
]);

/** More than the rows forbid. */
const forbidden: Readonly<Record<string, readonly string[]>> = {
  "debug-sandbox": ["core", "model", "auth"],
  // Nothing of the agent is loaded in a helper: of the protocol only what imports nothing itself.
  "linux-sandbox": ["protocol"],
};

const helperMayImport: ReadonlySet<string> = new Set([
  "protocol/protected-places.ts",
  "protocol/sandbox-policy.ts",
  "protocol/writable-roots.ts",
]);

interface Import {
  readonly from: string;
  readonly target: string;
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(root, "src", file), "utf8");
  const pattern = /(?:^|\n)\s*(?:import|export)\b[^;]*?from\s+"([^"]+)"|\bimport\("([^"]+)"\)/g;
  return [...text.matchAll(pattern)].map((match) => ({
    from: file,
    target: match[1] ?? match[2] ?? "",
  }));
}

function layerName(file: string): string {
  return file.includes("/") ? (file.split("/")[0] ?? file) : file;
}

function complaint({ from, target }: Import): string | undefined {
  if (target.startsWith("node:")) return undefined;
  const own = layers[layerName(from)];
  if (own === undefined) return `${from}: its folder is not in the table`;
  if (!target.startsWith(".")) {
    const known = own.packages.some((name) => target === name || target.startsWith(`${name}/`));
    return known ? undefined : `${from} imports package ${target}`;
  }
  const file = normalize(join(dirname(from), target));
  const name = layerName(file);
  if (name === layerName(from) || exceptions.has(`${from} -> ${file}`)) return undefined;
  const other = layers[name];
  if (other === undefined || other.row >= own.row)
    return `${from} imports ${file}, not a lower row`;
  const barred = forbidden[layerName(from)]?.includes(name) === true;
  return barred && !helperMayImport.has(file)
    ? `${from} imports ${file}, which it may not`
    : undefined;
}

const files = globSync("**/*.{ts,tsx}", { cwd: join(root, "src") }).toSorted();

test("every import goes to a lower layer", () => {
  assert.ok(files.length > 10);
  assert.deepEqual(
    files.flatMap(importsOf).flatMap((entry) => complaint(entry) ?? []),
    [],
  );
});

test("the protocol files that a helper loads import nothing but types and each other", () => {
  for (const file of helperMayImport) {
    const text = readFileSync(join(root, "src", file), "utf8");
    const targets = [...text.matchAll(/^import (?!type )[^;]* from "\.\/(.*)";/gm)];
    assert.deepEqual(
      targets.filter(([, target]) => !helperMayImport.has(`protocol/${target}`)),
      [],
      file,
    );
  }
});

test("only process/spawn.ts creates processes", () => {
  const users = files.filter((file) =>
    /from "node:child_process"|import\("node:child_process"\)/.test(
      readFileSync(join(root, "src", file), "utf8"),
    ),
  );
  assert.deepEqual(
    users.filter((file) => file !== "process/spawn.ts"),
    [],
  );
});

test("main imports nothing but node modules and row 0 at its top", () => {
  const statics = readFileSync(join(root, "src/main.ts"), "utf8").matchAll(
    /^import .* from "(.*)";/gm,
  );
  for (const [, target] of statics) {
    assert.match(target ?? "", /^(node:|\.\/runtime\/)/);
  }
});

test("nothing below the front ends reads the environment or the directory of the process", () => {
  const readers = files.filter(
    (file) =>
      /^(core|model|config|auth|apply-patch|shell|protocol|sandbox|mcp-client)\//.test(file) &&
      /process\.(env|cwd)\b/.test(readFileSync(join(root, "src", file), "utf8")),
  );
  assert.deepEqual(readers, []);
});
