/**
 * Words into the one command line that a Windows process gets, and into scripts for its shells.
 *
 * Source: the rules of CommandLineToArgvW and of the C runtime; for cmd.exe, its help (`cmd /?`)
 * and the advisories on batch files of 2024 (CVE-2024-24576).
 */

/** There is no way to write this word so that the shell would read it back. */
export class WindowsQuotingError extends Error {
  override readonly name = "WindowsQuotingError";
  readonly word: string;

  constructor(word: string, sign: string) {
    super(`Cannot quote ${JSON.stringify(word)} for cmd.exe: it contains ${sign}`);
    this.word = word;
  }
}

/** One word as CommandLineToArgvW reads it back. */
export function quoteWindowsWord(word: string): string {
  if (word !== "" && !/[\s"]/.test(word)) return word;
  // Backslashes are literal unless a quote follows; then they come in pairs.
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
}

/** The command line of a program that is no batch file. */
export function windowsCommandLine(argv: readonly string[]): string {
  return argv.map(quoteWindowsWord).join(" ");
}

/**
 * The arguments of cmd.exe that run a batch file with these words, to be passed on verbatim.
 * Errors: WindowsQuotingError for line breaks and NUL, which end a command whatever is around them.
 */
export function cmdArguments(argv: readonly string[]): readonly string[] {
  return ["/d", "/e:ON", "/v:OFF", "/s", "/c", `"${argv.map(quoteForCmd).join(" ")}"`];
}

/**
 * One word for cmd.exe, with delayed expansion off and extensions on. Errors: WindowsQuotingError.
 *
 * A percent sign is expanded inside quotes too. Behind it stands a variable's empty part
 * (`%cd:~,%`), so that what follows is never read as the rest of a name.
 */
export function quoteForCmd(word: string): string {
  const sign = /[\r\n\0]/.exec(word)?.[0];
  if (sign !== undefined)
    throw new WindowsQuotingError(word, sign === "\0" ? "NUL" : "a line break");
  if (/^[A-Za-z0-9_./:\\@+-]+$/.test(word) && !word.endsWith("\\")) return word;
  const quoted = word
    .replace(/(\\*)"/g, '$1$1""')
    .replace(/(\\+)$/, "$1$1")
    .replaceAll("%", "%%cd:~,%");
  return `"${quoted}"`;
}

/** One word as PowerShell reads it literally. It takes typographic quotes for plain ones. */
export function quoteForPowerShell(word: string): string {
  return `'${word.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}

/** A script that runs the words as one command. */
export function powerShellCommand(argv: readonly string[]): string {
  return `& ${argv.map(quoteForPowerShell).join(" ")}`;
}

/** For `powershell -EncodedCommand`: base64 of UTF-16, so that no shell in between reads it. */
export function encodedPowerShell(script: string): string {
  return Buffer.from(script, "utf16le").toString("base64");
}
