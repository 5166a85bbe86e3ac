import assert from "node:assert/strict";
import { test } from "node:test";

import { findModelFamily } from "../../src/config/model-families.ts";
import { listModelProviders } from "../../src/config/model-providers.ts";

test("model families by the start of the slug", () => {
  const facts = (slug: string) => {
    const family = findModelFamily(slug);
    const marks = [
      family.supportsReasoning ? "reasoning" : "",
      family.usesLocalShell ? "local-shell" : "",
      family.usesApplyPatchTool ? "patch-tool" : "",
      family.needsPatchInstructions ? "patch-text" : "",
    ];
    return `${marks.filter((mark) => mark !== "").join(" ")} ${family.contextWindow} ${family.maxOutputTokens}`;
  };
  assert.deepEqual(
    Object.fromEntries(
      [
        "gpt-5",
        "gpt-5-mini",
        "o3",
        "o4-mini",
        "codex-mini-latest",
        "codex-x",
        "gpt-4.1",
        "gpt-4o",
        "gpt-4o-2024-05-13",
        "gpt-3.5-turbo",
        "gpt-oss:20b",
        "openai/gpt-oss-120b",
        "unknown",
      ].map((slug) => [slug, facts(slug).trim()]),
    ),
    {
      "gpt-5": "reasoning 272000 128000",
      "gpt-5-mini": "reasoning 272000 128000",
      o3: "reasoning 200000 100000",
      "o4-mini": "reasoning 200000 100000",
      "codex-mini-latest": "reasoning local-shell 200000 100000",
      "codex-x": "reasoning 272000 128000",
      "gpt-4.1": "patch-text 1047576 32768",
      "gpt-4o": "128000 16384",
      "gpt-4o-2024-05-13": "128000 4096",
      "gpt-3.5-turbo": "16385 4096",
      "gpt-oss:20b": "patch-tool 96000 32000",
      "openai/gpt-oss-120b": "patch-tool 96000 32000",
      unknown: "undefined undefined",
    },
  );
});

test("the addresses of the built-in providers", () => {
  const addresses = (env: Readonly<Record<string, string>>) => {
    const { providers } = listModelProviders({}, env);
    return [providers.get("openai")?.baseUrl, providers.get("oss")?.baseUrl];
  };
  assert.deepEqual(addresses({}), ["https://api.openai.com/v1", "http://localhost:11434/v1"]);
  assert.deepEqual(addresses({ OPENAI_BASE_URL: "", CODEX_OSS_PORT: "" }), addresses({}));
  assert.deepEqual(addresses({ OPENAI_BASE_URL: "http://a/v1/", CODEX_OSS_PORT: "1" }), [
    "http://a/v1",
    "http://localhost:1/v1",
  ]);
  assert.deepEqual(
    addresses({ CODEX_OSS_BASE_URL: "http://b", CODEX_OSS_PORT: "1" })[1],
    "http://b",
  );
});

test("of an entry under a built-in name only the address counts, with a warning", () => {
  const entry = { name: "Mine", base_url: "http://proxy/", requires_openai_auth: false };
  const { providers, warnings } = listModelProviders({ openai: entry }, {});
  const openai = providers.get("openai");
  assert.deepEqual(
    [openai?.name, openai?.baseUrl, openai?.requiresOpenaiAuth, openai?.wireApi],
    ["OpenAI", "http://proxy", true, "responses"],
  );
  assert.deepEqual(warnings, [
    {
      key: ["model_providers", "openai"],
      complaint:
        '"openai" is built in: only base_url has an effect; choose another name for the rest',
    },
  ]);
  const fromEnvironment = listModelProviders({ openai: entry }, { OPENAI_BASE_URL: "http://env" });
  assert.equal(fromEnvironment.providers.get("openai")?.baseUrl, "http://env");
});
