/** Questions to a profile, in groups that share their answer, and the profile of an argv. */
import assert from "node:assert/strict";

import {
  compileProfile,
  decide,
  type Profile,
  type Question,
  type Verdict,
} from "./sbpl-evaluator.ts";

export const WRITE_OPERATIONS = [
  "file-write-acl",
  "file-write-create",
  "file-write-data",
  "file-write-flags",
  "file-write-mode",
  "file-write-owner",
  "file-write-setugid",
  "file-write-times",
  "file-write-unlink",
  "file-write-xattr",
  "file-link",
] as const;

export const READ_OPERATIONS = ["file-read-data", "file-read-metadata", "file-read-xattr"] as const;

export interface Group {
  readonly verdict: Verdict;
  readonly questions: readonly Question[];
}

/** Every operation about every path. */
export function group(
  verdict: Verdict,
  operations: readonly string[],
  paths: readonly string[],
  more: Omit<Question, "operation" | "path"> = {},
): Group {
  return {
    verdict,
    questions: paths.flatMap((path) =>
      operations.map((operation) => ({ operation, path, ...more })),
    ),
  };
}

export function named(verdict: Verdict, operation: string, names: readonly string[]): Group {
  return { verdict, questions: names.map((objectName) => ({ operation, objectName })) };
}

export function ask(verdict: Verdict, ...questions: readonly Question[]): Group {
  return { verdict, questions };
}

/** Asks all, in both readings of the order of rules; gives back how many there were. */
export function checkAll(profile: Profile, groups: readonly Group[]): number {
  const wrong: string[] = [];
  for (const { verdict, questions } of groups) {
    for (const question of questions) {
      for (const order of ["one order", "own operation first"] as const) {
        if (decide(profile, question, order) !== verdict) {
          wrong.push(`${JSON.stringify(question)} should be ${verdict} (${order})`);
        }
      }
    }
  }
  assert.deepEqual(wrong, []);
  return groups.reduce((sum, { questions }) => sum + questions.length, 0);
}

export interface ParsedArguments {
  readonly text: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly command: readonly string[];
}

/** As sandbox-exec(1) reads them. Throws for anything that is not exactly of our shape. */
export function readSandboxExecArguments(args: readonly string[]): ParsedArguments {
  const [flag, text, ...rest] = args;
  assert.equal(flag, "-p");
  const end = rest.indexOf("--");
  assert.notEqual(end, -1, "no -- before the command");
  const parameters = new Map<string, string>();
  for (const word of rest.slice(0, end)) {
    const match = /^-D([A-Z0-9_]+)=(.*)$/s.exec(word);
    assert.ok(match?.[1] !== undefined && match[2] !== undefined, `not a parameter: ${word}`);
    assert.ok(!parameters.has(match[1]), `twice: ${match[1]}`);
    parameters.set(match[1], match[2]);
  }
  return { text: text ?? "", parameters, command: rest.slice(end + 1) };
}

export function profileOf(args: readonly string[]): Profile {
  const { text, parameters } = readSandboxExecArguments(args);
  return compileProfile(text, parameters);
}
