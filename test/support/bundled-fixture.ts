/** Fixtures made into one file, for those that are started hundreds of times: 40 ms, not 120. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createRequire } from "node:module";

import { build } from "esbuild";

import { fixture } from "./codex-binary.ts";
import { makeTempDir, removeDir } from "./temp-dir.ts";

const made = new Map<string, Promise<string>>();

/** The path of a plain JavaScript form of test/fixtures/`name`, made once per test process. */
export async function bundledFixture(name: string): Promise<string> {
  const promise = made.get(name) ?? bundle(name);
  made.set(name, promise);
  return promise;
}

async function bundle(name: string): Promise<string> {
  const directory = makeTempDir();
  process.on("exit", () => removeDir(directory));
  const outfile = join(directory, "fixture.mjs");
  const koffi = pathToFileURL(createRequire(import.meta.url).resolve("koffi")).href;
  await build({
    entryPoints: [fixture(name)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
    plugins: [
      {
        name: "koffi stays where it is installed",
        setup(setting) {
          setting.onResolve({ filter: /^koffi$/ }, () => ({ path: koffi, external: true }));
        },
      },
    ],
  });
  return outfile;
}
