/**
 * V8 told to keep its memory small, once the start is over.
 *
 * As flags of the start (sea-config.json) they would make V8 refuse the code caches of Node's own
 * modules, which costs a tenth of each start. Set later, they do so for the chunks that are loaded
 * after them, so it is done as late as it helps.
 */
let isDone = false;

/** To be called before the first command or the first script: cheap, and does it once. */
export function keepV8Small(): void {
  if (isDone) return;
  isDone = true;
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  // Optimizing the bash grammar takes a second and 500 MB after some parses.
  setFlagsFromString("--no-wasm-tier-up");
  setFlagsFromString("--no-wasm-dynamic-tiering");
  // With room to grow, garbage of a flood of output takes 35 MB; without, half of that.
  setFlagsFromString("--semi-space-growth-factor=1");
}
