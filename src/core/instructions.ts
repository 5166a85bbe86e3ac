/** The text that tells every model who it is and how it works. */
import type { Config } from "../config/config.ts";
import { readTextAsset } from "../runtime/assets.ts";

let own: string | undefined;

/** The user's text in place of ours, if there is one. Ours is the same for all models. */
export function baseInstructions(config: Pick<Config, "baseInstructions">): string {
  if (config.baseInstructions !== undefined) return config.baseInstructions;
  own ??= readTextAsset("instructions.md");
  return own;
}
