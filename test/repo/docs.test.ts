/** The documents name what is there. */
import assert from "node:assert/strict";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";

const root = dirname(dirname(import.meta.dirname));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

test("every file that ARCHITECTURE.md names exists", () => {
  const there = globSync("{src,build,test,bench,seatbelt,.github}/**/*", { cwd: root });
  const names = new Set([...there, ...readdirSync(root)].map((path) => basename(path)));
  const named = read("ARCHITECTURE.md").matchAll(/[\w.-]+\.(?:ts|sbpl|jsonl|yml|json)\b/g);
  const missing = [...named].map(([name]) => name).filter((name) => !names.has(name));
  assert.deepEqual([...new Set(missing)], []);
});

test("every folder of the sources stands in its code map", () => {
  const map = read("ARCHITECTURE.md").split("## 3. Code map")[1]?.split("## 4.")[0] ?? "";
  const folders = readdirSync(join(root, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  assert.deepEqual(
    folders.filter((name) => !map.includes(`\n  ${name}/`)),
    [],
  );
});

test("links between the documents lead somewhere", () => {
  for (const document of documents.filter((path) => existsSync(join(root, path)))) {
    const links = read(document).matchAll(/(?:\]\(|srcset="|src=")([^)"#:]+)[)"]/g);
    for (const [, link = ""] of links)
      assert.ok(existsSync(join(root, link)), `${document}: ${link}`);
  }
});

test("the two commands of the README are scripts of the package, and CI runs the second", () => {
  const commands = [...read("README.md").matchAll(/^ {7}(npm ci && .+)$/gm)].map(
    ([, line]) => line,
  );
  assert.deepEqual(commands, ["npm ci && npm run demo", "npm ci && npm test"]);
  const scripts = read("package.json");
  for (const name of ["demo", "test"]) assert.match(scripts, new RegExp(`^ {4}"${name}": `, "m"));
  assert.ok(
    read(".ci/run")
      .split("\n")
      .includes(commands[1] ?? ""),
  );
});
