import assert from "node:assert/strict";
import { test } from "node:test";
import { runInThisContext } from "node:vm";

import { groupInOneScope, requireNoWayBack, type ScopeMember } from "../../build/group-scope.ts";

type Exports = Readonly<Record<string, unknown>>;
type Load = (
  exports: unknown,
  require: (id: string) => unknown,
  module: { exports: Exports },
) => void;

function member(name: string, text: string, ...imports: readonly string[]): ScopeMember {
  const exports = Array.from(text.matchAll(/export (?:const|function|\{) ?(\w+)/g), ([, each]) => {
    assert.ok(each !== undefined);
    return each;
  });
  return { name, text, exports, bytes: text.length, entryPoint: undefined, imports };
}

const names = new Map([
  ["a.js", "start/a.js"],
  ["b.js", "start/b.js"],
  ["far.js", "far/far.js"],
]);

async function loadersOf(members: readonly ScopeMember[]): Promise<ReadonlyMap<string, Load>> {
  const group: unknown = runInThisContext(await groupInOneScope(members, names));
  assert.ok(typeof group === "object" && group !== null);
  return new Map(Object.entries(group).map(([name, value]) => [name, asLoad(value)]));
}

function asLoad(value: unknown): Load {
  assert.ok(typeof value === "function");
  return (exports, require, module) => {
    Reflect.apply(value, undefined, [exports, require, module]);
  };
}

function load(loaders: ReadonlyMap<string, Load>, name: string, asked: string[] = []): Exports {
  const module: { exports: Exports } = { exports: {} };
  const require = (id: string): unknown => {
    asked.push(id);
    return { far: () => "far away", default: 7 };
  };
  loaders.get(name)?.({}, require, module);
  return module.exports;
}

test("chunks of a group share their state and are each handed out under their name", async () => {
  const loaders = await loadersOf([
    member("a.js", `import { count } from "./b.js"; export const next = () => count();`, "b.js"),
    member("b.js", `let n = 0; export function count() { n += 1; return n; } export { n };`),
  ]);
  assert.deepEqual([...loaders.keys()], ["start/a.js", "start/b.js"]);
  const [a, b] = [load(loaders, "start/a.js"), load(loaders, "start/b.js")];
  assert.ok(typeof a["next"] === "function" && typeof b["count"] === "function");
  assert.equal(Reflect.apply(a["next"], undefined, []), 1);
  assert.equal(Reflect.apply(b["count"], undefined, []), 2);
  assert.equal(b["n"], 2, "what is exported stays live");
  assert.equal(
    b["__esModule"],
    true,
    "import() must take it for a module, not for a default export",
  );
});

test("other chunks are asked for under their own group, those of import() only when it runs", async () => {
  const loaders = await loadersOf([
    member(
      "a.js",
      `import { far } from "./far.js"; import { sep } from "node:path";
       export const here = far() + sep; export const later = () => import("./b.js");`,
      "far.js",
    ),
    member("b.js", `export const late = 1;`),
  ]);
  const asked: string[] = [];
  load(loaders, "start/a.js", asked);
  assert.deepEqual(asked, ["./far/far.js", "node:path"]);
});

test("a chunk outside that needs one inside, and is needed by one, fails the build", () => {
  const a = member("a.js", "", "far.js");
  const near = member("near.js", "");
  const far = member("far.js", "", "near.js");
  assert.doesNotThrow(() => requireNoWayBack([a], [a, far, near]));
  const back = member("near.js", "", "a.js");
  assert.throws(() => requireNoWayBack([a], [a, far, back]), /need each other/);
});
