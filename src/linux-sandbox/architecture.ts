/** What the sandbox of Linux is made for, as Node names it. */
export type Architecture = "x64" | "arm64";

/** The running machine's architecture; anything else has no sandbox here. */
export function hostArchitecture(arch: string): Architecture | undefined {
  return arch === "x64" || arch === "arm64" ? arch : undefined;
}
