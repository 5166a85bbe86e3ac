/**
 * Makes ink and its layout engine packable: chunks are CommonJS, which has no top-level await, and
 * both libraries use one. The layout engine's WebAssembly is compiled synchronously instead; the
 * rest is for React's developer tools, which are not part of the program.
 *
 * Every replacement must match, so that another version of a library fails the build, not the user.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";

import type { Plugin } from "esbuild";

export const inkInChunks: Plugin = {
  name: "ink-in-chunks",
  setup(bundler) {
    bundler.onLoad({ filter: /\/yoga-layout\/dist\/src\/index\.js$/ }, ({ path }) => ({
      contents: replaceAll(path, [[YOGA_AWAITED, YOGA_SYNCHRONOUS]]),
    }));
    bundler.onLoad({ filter: /\/yoga-wasm-base64-esm\.js$/ }, ({ path }) => ({
      // The whole file around the data, then the data as a constant of the module.
      contents: replaceAll(path, [[YOGA_DATA, '$1base64,"$3\nexport const wasmBase64 = "$2";']]),
    }));
    bundler.onLoad({ filter: /\/node_modules\/string-width\/index\.js$/ }, ({ path }) => ({
      contents: replaceAll(path, [
        [ALL_EMOJI, EMOJI_WHEN_NEEDED],
        [NEW_SEGMENTER, SEGMENTER_WHEN_NEEDED],
      ]),
    }));
    bundler.onLoad({ filter: WITH_SEGMENTER }, ({ path }) => ({
      contents: replaceAll(path, [[NEW_SEGMENTER, SEGMENTER_WHEN_NEEDED]]),
    }));
    // For one check of a type that ink passes right; loading it takes 6 ms.
    bundler.onLoad({ filter: /\/node_modules\/signal-exit\/index\.js$/ }, ({ path }) => ({
      contents: replaceAll(path, [[/require\('assert'\)/, "{ equal() {} }"]]),
    }));
    // The terminal puts the cursor back itself; this one would wait at the end for a terminal that
    // takes nothing any more.
    bundler.onLoad({ filter: /\/node_modules\/restore-cursor\/index\.js$/ }, () => ({
      contents: "export default () => undefined;",
    }));
    // Draws errors of components with their source, for which it loads six more modules at the start.
    bundler.onLoad({ filter: /\/ink\/build\/components\/ErrorOverview\.js$/ }, () => ({
      contents: "export default () => null;",
    }));
    bundler.onLoad({ filter: /\/ink\/build\/reconciler\.js$/ }, ({ path }) => ({
      contents: replaceAll(path, [
        [/if \(process\.env\['DEV'\] === 'true'\) \{[\s\S]*?\n\}\n/g, ""],
        [/async function loadPackageJson\(\) \{[\s\S]*?\n\}\n/g, ""],
      ]),
    }));
  },
};

/** The list of all emoji takes 100 ms to compile; no text without one of these characters has any. */
const ALL_EMOJI = /const rgiEmojiRegex = \/\^\\p\{RGI_Emoji\}\$\/v;/;
const EMOJI_WHEN_NEEDED = String.raw`
let allEmoji;
const rgiEmojiRegex = {
  test(text) {
    if (!/[\p{Emoji_Presentation}\ufe0f]/u.test(text)) return false;
    allEmoji ??= new RegExp("^\\p{RGI_Emoji}$", "v");
    return allEmoji.test(text);
  },
};`;

const WITH_SEGMENTER =
  /\/node_modules\/(?:wrap-ansi\/index|cli-truncate\/index|slice-ansi\/tokenize-ansi|@alcalzone\/ansi-tokenize\/build\/tokenize|ink\/build\/line-update)\.js$/;
const NEW_SEGMENTER = /new Intl\.Segmenter\(([^)]*)\)/;
/**
 * The data of the first segmenter takes 30 ms to load. These characters are segments of their own,
 * as width.ts says too; others load it.
 */
const SEGMENTER_WHEN_NEEDED = String.raw`{
  made: undefined,
  segment(text) {
    if (/^[\n\u001b\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u21ff\u2500-\u257f\u25b8\u2713\u2717]*$/.test(text)) {
      return Array.from(text, (segment, index) => ({ segment, index, input: text }));
    }
    this.made ??= new Intl.Segmenter($1);
    return this.made.segment(text);
  },
}`;

const YOGA_AWAITED = /const Yoga = wrapAssembly\(await loadYoga\(\)\);/;
const YOGA_SYNCHRONOUS = `
import { wasmBase64 } from '../binaries/yoga-wasm-base64-esm.js';
const parts = {
  instantiateWasm(imports, done) {
    const code = new WebAssembly.Module(Buffer.from(wasmBase64, "base64"));
    const instance = new WebAssembly.Instance(code, imports);
    done(instance);
    return instance.exports;
  },
};
loadYoga(parts);
const Yoga = wrapAssembly(parts);`;
const YOGA_DATA = /^([\s\S]*"data:application\/octet-stream;)base64,([^"]+)"([\s\S]*)$/;

function replaceAll(path: string, changes: readonly (readonly [RegExp, string])[]): string {
  let text = readFileSync(path, "utf8");
  for (const [pattern, replacement] of changes) {
    const changed = text.replace(pattern, replacement);
    if (changed === text) {
      throw new Error(`Cannot pack "${basename(path)}": ${String(pattern)} is not in it`);
    }
    text = changed;
  }
  return text;
}
