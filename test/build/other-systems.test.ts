import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { readSeaConfig } from "../../build/binary.ts";
import { makeBundle } from "../../build/bundle.ts";
import { tempDir } from "../support/temp-dir.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

// The Node that runs here in the place of that system's: what differs is what is packed.
test("a system without filters gets its code caches all the same", async (t) => {
  const { assets } = await makeBundle({
    root,
    outputDirectory: tempDir(t),
    version: "0.0.0",
    nodePath: process.execPath,
    nodeFlags: readSeaConfig(root).execArgv,
    target: { platform: "darwin", arch: "arm64" },
    makesCodeCaches: true,
  });
  const names = [...assets.keys()];
  assert.ok(assets.has("debug.js.cache"));
  assert.deepEqual(
    names.filter((name) => name.startsWith("seccomp-")),
    [],
  );
});
