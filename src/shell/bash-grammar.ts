/**
 * The bash grammar: tree-sitter compiled to WebAssembly, loaded when a script is first read.
 *
 * Loading is asynchronous, because the runtime of web-tree-sitter is; reading is synchronous.
 * Neither touches the file system beyond `readAsset`: both modules are handed over as bytes.
 * A CommonJS bundle must take the package's web-tree-sitter.cjs: the other build of it needs
 * import.meta.url and a `require` of its own.
 */
import { Language, type Node, Parser, type Tree } from "web-tree-sitter";
import { readAsset } from "../runtime/assets.ts";
import { keepV8Small } from "../runtime/v8-memory.ts";

export type SyntaxNode = Node;

export interface BashGrammar {
  /**
   * Parses `script` and gives the root to `read`; the nodes die when `read` returns.
   *
   * Undefined for a script longer than MAX_SCRIPT_LENGTH, one that takes too many parse steps, one
   * with syntax errors, and when the parser itself fails: nobody may act on half a tree.
   */
  readonly readTree: <T>(script: string, read: (root: SyntaxNode) => T) => T | undefined;
}

/** UTF-16 units. What a person could still judge on a screen is far below. */
export const MAX_SCRIPT_LENGTH = 16_384;

/** Calls of the progress callback; 30,000 characters of `ls &&` take 400 (measured). */
const MAX_PROGRESS_CALLS = 5_000;

let loading: Promise<BashGrammar> | undefined;

/** Loads once (about 15 ms); later calls get the same grammar. Rejects only when an asset is missing or damaged. */
export function loadBashGrammar(): Promise<BashGrammar> {
  loading ??= createGrammar();
  return loading;
}

async function createGrammar(): Promise<BashGrammar> {
  keepV8Small();
  await Parser.init({ wasmBinary: readAsset("web-tree-sitter.wasm") });
  const parser = new Parser();
  parser.setLanguage(await Language.load(readAsset("tree-sitter-bash.wasm")));
  return { readTree: (script, read) => readTree(parser, script, read) };
}

function readTree<T>(parser: Parser, script: string, read: (root: Node) => T): T | undefined {
  if (script.length > MAX_SCRIPT_LENGTH) return undefined;
  const tree = parse(parser, script);
  if (tree === undefined) return undefined;
  try {
    return tree.rootNode.hasError ? undefined : read(tree.rootNode);
  } finally {
    tree.delete();
  }
}

function parse(parser: Parser, script: string): Tree | undefined {
  let calls = 0;
  const progressCallback = (): boolean => {
    calls += 1;
    return calls > MAX_PROGRESS_CALLS;
  };
  try {
    const tree = parser.parse(script, null, { progressCallback });
    if (tree !== null) return tree;
    parser.reset();
    return undefined;
  } catch {
    // A trap inside WebAssembly. The parser may be broken for good; then every script is unreadable.
    return undefined;
  }
}
