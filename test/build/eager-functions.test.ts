import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext, Script } from "node:vm";

import { withEagerFunctions } from "../../build/eager-functions.ts";

const code = `"use strict";
function plain(a) { return a + inner(a); function inner(b) { return b * 2; } }
async function later() { return 1; }
const arrow = a => b => a + b;
const named = function factorial(n) { return n < 2 ? 1 : n * factorial(n - 1); };
class Shape { get area() { return 6; } static function() { return 7; } method() { return 8; } }
const object = { get value() { return 9; }, function() { return 10; }, async work() { return 11; } };
if (arrow(0)(1)) { function onlyHere() { return 12; } named.result = onlyHere(); }
[plain.name, later.name, arrow.name, named.name].join() + [
  arrow(1)(2), named(4), new Shape().area, Shape.function(), new Shape().method(), object.value,
  object.function(), named.result, typeof onlyHere, typeof object.work().then, typeof later().then,
].join();
`;

test("the script does the same", () => {
  assert.equal(runInNewContext(withEagerFunctions(code)), runInNewContext(code));
});

test("V8's code cache of a script that has not run has its functions then", () => {
  const body = "return Array.from({ length: 10 }, (_, i) => i).filter((i) => i % 2).join();";
  const script = Array.from({ length: 20 }, (_, i) => `function f${i}() { ${body} }`).join("\n");
  const lazy = new Script(script).createCachedData().length;
  const eager = new Script(withEagerFunctions(script)).createCachedData().length;
  assert.ok(eager > lazy * 3, `${eager} to ${lazy} bytes`);
});
