/** Test runners, linters and formatters by the words that start them. For display only. */
import type { ParsedCommand } from "../protocol/parsed-command.ts";

type Purpose = "test" | "lint" | "format";

/** Programs, or program and first word, as written before the operands. */
const tools: ReadonlyMap<string, Purpose> = new Map<string, Purpose>([
  ...named(
    "test",
    `
    ava, bats, ctest, jasmine, jest, mocha, phpunit, pytest, rspec, tox, vitest, bun test,
    cargo test, cargo nextest, deno test, dotnet test, go test, gradle test, ./gradlew test,
    make check, make test, mix test, mvn test, npm test, npm t, npm run test, pnpm test,
    pnpm run test, yarn test, yarn run test, bun run test, node --test, python -m pytest,
    python3 -m pytest, python -m unittest, python3 -m unittest, swift test, zig test`,
  ),
  ...named(
    "lint",
    `
    eslint, flake8, golangci-lint, hadolint, mypy, oxlint, pylint, rubocop, ruff, shellcheck,
    stylelint, yamllint, ruff check, biome lint, biome check, cargo clippy, deno lint, go vet,
    npm run lint, pnpm lint, pnpm run lint, yarn lint, yarn run lint, bun run lint, make lint`,
  ),
  ...named(
    "format",
    `
    black, clang-format, gofmt, isort, oxfmt, prettier, rustfmt, shfmt, biome format, cargo fmt,
    deno fmt, go fmt, ruff format, npm run format, npm run fmt, pnpm format, pnpm run format,
    yarn format, yarn run format`,
  ),
]);

const launchers = new Set(["npx", "pnpx", "bunx", "uvx"]);

/** Undefined when the words start none of them. `words` begins with the program. */
export function classifyTool(cmd: string, words: readonly string[]): ParsedCommand | undefined {
  const start = launchers.has(words[0] ?? "") ? 1 : 0;
  // The longest name wins: "ruff format" is not "ruff".
  for (const length of [3, 2, 1]) {
    const tool = words.slice(start, start + length).join(" ");
    const purpose = words.length >= start + length ? tools.get(tool) : undefined;
    if (purpose !== undefined) return entry(purpose, cmd, tool, words.slice(start + length));
  }
  return undefined;
}

function entry(
  purpose: Purpose,
  cmd: string,
  tool: string,
  args: readonly string[],
): ParsedCommand {
  const operands = args.filter((arg) => !arg.startsWith("-"));
  const targets = operands.length > 0 ? operands : null;
  switch (purpose) {
    case "test":
      return { Test: { cmd } };
    case "lint":
      return { Lint: { cmd, tool, targets } };
    case "format":
      return { Format: { cmd, tool, targets } };
  }
}

/** `names` are separated by commas. */
function named(purpose: Purpose, names: string): readonly (readonly [string, Purpose])[] {
  return names.split(",").map((name) => [name.trim(), purpose] as const);
}
