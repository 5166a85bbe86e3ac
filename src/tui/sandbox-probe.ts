/** Whether this system can confine commands, as far as a look at one file tells. */
import { readFileSync } from "node:fs";

/**
 * True when nothing says otherwise: where the file cannot be read, a command that cannot be confined
 * is refused when it is run. Source: Documentation/admin-guide/LSM/index.rst of Linux.
 */
export function probeSandbox(platform: NodeJS.Platform = process.platform): boolean {
  if (platform !== "linux") return platform === "darwin";
  try {
    return readFileSync("/sys/kernel/security/lsm", "utf8").split(",").includes("landlock");
  } catch {
    return true;
  }
}
