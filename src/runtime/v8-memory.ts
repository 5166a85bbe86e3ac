/**
 * V8 told to keep its memory small, once the start is over.
 *
 * As flags of the start (sea-config.json) they would make V8 refuse the code caches of Node's own
 * modules, and set later those of modules that are loaded after them, so it is done as late as it
 * helps.
 */
import { setV8Flags } from "./v8-flags.ts";

let isSmall = false;
let isFlat = false;

/** To be called before the first command or the first script: cheap, and does it once. */
export function keepV8Small(): void {
  if (isSmall) return;
  isSmall = true;
  // Optimizing the bash grammar takes a second and 500 MB after some parses.
  setV8Flags("--no-wasm-tier-up");
  setV8Flags("--no-wasm-dynamic-tiering");
  // With room to grow, garbage of a flood of output takes 35 MB; without, half of that.
  setV8Flags("--semi-space-growth-factor=1");
}

/**
 * To be called when a program begins to serve one thing after the other, for as long as it lives:
 * what it needs for one must do for a thousand.
 */
export function keepV8Flat(): void {
  if (isFlat) return;
  isFlat = true;
  // This compiler takes 33 MB for a while, which malloc never gives back.
  setV8Flags("--no-maglev");
  setV8Flags(SLOW_GROWTH);
}

/** Else the heap may double before garbage is collected, and does so again and again. */
const SLOW_GROWTH = "--heap-growing-percent=20";

/**
 * To be called when a session of one user begins. An answer at a model's speed keeps a few
 * functions busy for minutes, hardly ever the same for long: V8's best compiler works on them for
 * more than it saves, a fifth of all processor time. The quick one is enough.
 */
export function keepV8Calm(): void {
  setV8Flags("--no-turbofan");
  // The memory reducer collects everything twice after a few quiet seconds, and makes room for
  // little garbage only; what a long answer leaves is given back otherwise, see memory-watch.ts. It
  // exists by now, so that --no-memory-reducer comes too late.
  setV8Flags("--memory-reducer-gc-count=0");
  setV8Flags(SLOW_GROWTH);
}

/**
 * Takes a tenth of a second or two: collects everything that is garbage and gives the pages back,
 * which V8 by itself does only when it needs them. Source: V8's extension "gc", whose flag counts for
 * contexts that are made after it.
 */
export function giveMemoryBack(): void {
  setV8Flags("--expose-gc");
  const collect: unknown = process.getBuiltinModule("node:vm").runInNewContext("gc");
  setV8Flags("--no-expose-gc");
  if (typeof collect !== "function") return;
  Reflect.apply(collect, undefined, [{ type: "major", flavor: "last-resort" }]);
}
