/** The stand-alone patch program as the executable starts it: arguments in, exit code out. */
import { runApplyPatch } from "../../src/apply-patch/run.ts";

process.exitCode = runApplyPatch(process.argv.slice(2), process.cwd());
