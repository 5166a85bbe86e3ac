/** Telling operands from options well enough to show them. Nothing is decided by it. */

/** Operands of `args`. `valued`: letters of options whose value is the rest of the word, or the next. */
export function dropOptions(args: readonly string[], valued: string): readonly string[] {
  const operands: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    if (arg === "--") return [...operands, ...args.slice(index + 1)];
    if (!arg.startsWith("-") || arg === "-") operands.push(arg);
    else if (
      !arg.startsWith("--") &&
      valued.includes(arg.slice(-1)) &&
      isFirstValued(arg, valued)
    ) {
      index += 1;
    }
  }
  return operands;
}

/** The value of a short or long option, joined or as the next word. */
export function takeOption(
  args: readonly string[],
  short: string,
  long: string,
): string | undefined {
  const end = args.indexOf("--");
  const options = end === -1 ? args : args.slice(0, end);
  for (const [index, arg] of options.entries()) {
    if (arg === short || arg === long) return options[index + 1];
    if (arg.startsWith(`${long}=`)) return arg.slice(long.length + 1);
  }
  return undefined;
}

/** In `-A3`, "3" is the value of A even where "3" were a letter with a value. */
function isFirstValued(arg: string, valued: string): boolean {
  const letters = arg.slice(1);
  for (let index = 0; index < letters.length - 1; index += 1) {
    if (valued.includes(letters.charAt(index))) return false;
  }
  return true;
}
