import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { findTrust, trustRoot } from "../../src/config/trust.ts";
import { tempDir } from "../support/temp-dir.ts";

test("trust in a repository holds for everything in it", (t) => {
  const repository = tempDir(t);
  const deep = join(repository, "a", "b");
  mkdirSync(deep, { recursive: true });
  mkdirSync(join(repository, ".git"));
  assert.equal(trustRoot(deep), repository);
  assert.equal(findTrust({ [repository]: { trust_level: "trusted" } }, deep), "trusted");
  assert.equal(findTrust({ [`${repository}/`]: { trust_level: "trusted" } }, deep), "trusted");
  assert.equal(findTrust({ [repository]: { trust_level: "yes" } }, deep), "untrusted");
  assert.equal(findTrust({ [repository]: {} }, deep), undefined);
});

test("trust in a directory that is no repository holds for it alone", (t) => {
  const directory = tempDir(t);
  const inside = join(directory, "inside");
  mkdirSync(inside);
  const projects = { [directory]: { trust_level: "trusted" } };
  assert.equal(findTrust(projects, directory), "trusted");
  assert.equal(findTrust(projects, inside), undefined);
});

test("a repository inside of a trusted one, and one that points to it, are strangers", (t) => {
  const trusted = tempDir(t);
  mkdirSync(join(trusted, ".git"));
  const nested = join(trusted, "vendor");
  mkdirSync(nested);
  writeFileSync(join(nested, ".git"), `gitdir: ${trusted}/.git\n`);
  assert.equal(findTrust({ [trusted]: { trust_level: "trusted" } }, nested), undefined);
});

test("a link to a trusted directory is that directory", (t) => {
  const directory = tempDir(t);
  const link = join(tempDir(t), "link");
  symlinkSync(directory, link);
  assert.equal(findTrust({ [directory]: { trust_level: "trusted" } }, link), "trusted");
});
