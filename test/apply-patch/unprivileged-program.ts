/** As apply-patch-program.ts, but as a user without rights, since root meets no permission errors. */
import { runApplyPatch } from "../../src/apply-patch/run.ts";

const NOBODY = 65534;

if (process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}
process.exitCode = runApplyPatch(process.argv.slice(2), process.cwd());
