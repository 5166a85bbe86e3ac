import assert from "node:assert/strict";
import { test } from "node:test";
import { FileSearch } from "../../src/tui/file-search.ts";

const MANY = 500_000;

function manyPaths(): string[] {
  return Array.from(
    { length: MANY },
    (_, index) => `part-${index % 10}/Sub${index % 1000}/f${index}.ts`,
  );
}

test("beginnings come before names, names before what is inside, and short before long", () => {
  const paths = [
    "deep/er/main-thing.ts",
    "a-domain.ts",
    "main.ts",
    "maintenance/x.ts",
    "src/Main.ts",
    "domain/of/x.ts",
    "m/a/i/n.ts",
    "other.ts",
  ];
  const search = new FileSearch(paths, () => undefined);
  assert.deepEqual(search.find("main"), [
    "main.ts",
    "maintenance/x.ts",
    "src/Main.ts",
    "deep/er/main-thing.ts",
    "a-domain.ts",
    "domain/of/x.ts",
    "m/a/i/n.ts",
  ]);
  assert.deepEqual(search.find("nowhere"), []);
  paths.push("no/where.ts");
  assert.deepEqual(
    search.find("nowhere"),
    ["no/where.ts"],
    "a list that has grown is looked at on",
  );
});

test("very many paths are looked at in slices; other work gets its turn between them", async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const search = new FileSearch(manyPaths(), () => resolve(undefined));
  let turns = 0;
  const count = (): void => {
    turns += 1;
    waiting = setImmediate(count);
  };
  let waiting = setImmediate(count);
  search.find("f499999");
  await promise;
  clearImmediate(waiting);
  assert.deepEqual(search.find("f499999"), ["part-9/Sub999/f499999.ts"]);
  assert.ok(turns > 0, "a turn of the event loop before the end");
});

test("other words begin anew, and only what fits them is answered", async () => {
  let finished = Promise.withResolvers<undefined>();
  const search = new FileSearch(manyPaths(), () => finished.resolve(undefined));
  search.find("f1");
  finished = Promise.withResolvers<undefined>();
  const first = search.find("sub77/f");
  assert.ok(first.every((path) => path.toLowerCase().includes("sub77/f")));
  await finished.promise;
  const found = search.find("sub77/f");
  assert.equal(found.length, 50);
  assert.equal(found[0], "part-7/Sub77/f77.ts");
});
