/**
 * Reads the command lines that need no explanation, without loading commander: that takes 6 ms, a
 * fifth of a start. Whatever is asked for help, wrong, or written in an unusual way is left to it.
 */
import type { CommandSpec, FlagSpec } from "./command-spec.ts";
import { describeBadValue, type Invocation, type LevelFlags, mergeLevels } from "./invocation.ts";

/** `undefined`: commander has to read this one. Errors: UsageError, as `mergeLevels`. */
export function readCommandLine(
  table: CommandSpec,
  words: readonly string[],
): Invocation | undefined {
  const reader = new CommandLineReader(table);
  if (!reader.read(words)) return undefined;
  return reader.finish();
}

class CommandLineReader {
  readonly #levels: (LevelFlags & { readonly flags: Map<string, readonly string[]> })[] = [];
  readonly #operands: string[] = [];
  #spec: CommandSpec;

  constructor(table: CommandSpec) {
    this.#spec = table;
    this.#enter(table, []);
  }

  /** Whether all words were understood. */
  read(words: readonly string[]): boolean {
    let index = 0;
    while (index < words.length) {
      const word = words[index++] ?? "";
      if (word === "--") {
        // What follows is never a command, so `codex -- exec` is a prompt.
        this.#operands.push(...words.slice(index));
        return true;
      }
      if (word.startsWith("-") && word !== "-") {
        const used = this.#flag(word, words[index]);
        if (used === undefined) return false;
        index += used;
      } else if (!this.#command(word)) {
        this.#operands.push(word);
        if (this.#spec.stopsAtFirstArgument === true) {
          this.#operands.push(...words.slice(index));
          return true;
        }
      }
    }
    return true;
  }

  finish(): Invocation | undefined {
    if (this.#spec.isGroup === true || !this.#operandsFit()) return undefined;
    const path = this.#levels.at(-1)?.path ?? [];
    return { path, flags: mergeLevels(this.#levels), words: this.#operands };
  }

  #enter(spec: CommandSpec, path: readonly string[]): void {
    this.#spec = spec;
    this.#levels.push({ spec, path, flags: new Map() });
  }

  #command(word: string): boolean {
    if (this.#operands.length > 0) return false;
    const found = this.#spec.commands?.find(
      ({ name, aliases }) => name === word || aliases?.includes(word) === true,
    );
    if (found === undefined) return false;
    this.#enter(found, [...(this.#levels.at(-1)?.path ?? []), found.name]);
    return true;
  }

  /** How many words after the flag belong to it; `undefined` when this is no plain flag. */
  #flag(word: string, next: string | undefined): number | undefined {
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const name = equals === -1 ? word : word.slice(0, equals);
    const spec = this.#spec.flags.find(({ long, short }) => name === long || name === short);
    if (spec === undefined || spec.isValueOptional === true) return undefined;
    if (spec.value === undefined) return equals === -1 ? this.#set(spec, [], 0) : undefined;
    const value = equals === -1 ? next : word.slice(equals + 1);
    if (value === undefined || value.startsWith("-")) return undefined;
    if (describeBadValue(spec, value) !== undefined) return undefined;
    return this.#set(spec, [value], equals === -1 ? 1 : 0);
  }

  #set(spec: FlagSpec, values: readonly string[], used: number): number {
    const flags = this.#levels.at(-1)?.flags;
    const before = spec.isRepeatable === true ? (flags?.get(spec.long) ?? []) : [];
    flags?.set(spec.long, [...before, ...values]);
    return used;
  }

  #operandsFit(): boolean {
    const specs = this.#spec.arguments ?? [];
    const isOpenEnded = specs.at(-1)?.isVariadic === true;
    const required = specs.filter(({ isRequired }) => isRequired === true).length;
    const count = this.#operands.length;
    if (count < required || (count > specs.length && !isOpenEnded)) return false;
    return specs.every(({ choices }, index) => {
      const operand = this.#operands[index];
      return operand === undefined || choices === undefined || choices.includes(operand);
    });
  }
}
