import assert from "node:assert/strict";
import { test } from "node:test";
import { loadBashGrammar, MAX_SCRIPT_LENGTH } from "../../src/shell/bash-grammar.ts";

const grammar = await loadBashGrammar();

test("the grammar is loaded once and reads synchronously", async () => {
  assert.equal(await loadBashGrammar(), grammar);
  assert.equal(
    grammar.readTree("ls -l | wc", (root) => root.toString()),
    "(program (pipeline (command name: (command_name (word)) argument: (word)) " +
      "(command name: (command_name (word)))))",
  );
});

test("syntax errors and too long scripts have no tree", () => {
  const type = (script: string): string | undefined =>
    grammar.readTree(script, (root) => root.type);
  assert.equal(type("ls &&"), undefined);
  assert.equal(type("echo 'a"), undefined);
  assert.equal(type("ls ".repeat(MAX_SCRIPT_LENGTH / 2)), undefined);
  assert.equal(type("ls"), "program");
});

test("a reader that throws leaves the grammar usable", () => {
  assert.throws(
    () => grammar.readTree("ls", () => assert.fail("from the reader")),
    /from the reader/u,
  );
  assert.equal(
    grammar.readTree("ls", (root) => root.type),
    "program",
  );
});
