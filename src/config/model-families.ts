/**
 * What is known of models by their names. Source: requests of codex 0.23.0 for each slug; sizes
 * from its tables.
 */

export interface ModelFamily {
  /** The prefix that matched, or the whole slug of an unknown model. */
  readonly family: string;
  /** Requests may ask for reasoning effort and summaries. */
  readonly supportsReasoning: boolean;
  /** Is given the `local_shell` tool in place of the `shell` function. */
  readonly usesLocalShell: boolean;
  /** Is given an `apply_patch` function. */
  readonly usesApplyPatchTool: boolean;
  /** Needs the patch format explained in its instructions. */
  readonly needsPatchInstructions: boolean;
  /** In tokens. */
  readonly contextWindow: number | undefined;
  /** In tokens. */
  readonly maxOutputTokens: number | undefined;
}

type FamilyFacts = Partial<Omit<ModelFamily, "family">>;

/** In this order: the first prefix that fits counts. */
const FAMILIES: readonly (readonly [prefix: string, facts: FamilyFacts])[] = [
  ["o3", sizes(200_000, 100_000, { supportsReasoning: true })],
  ["o4-mini", sizes(200_000, 100_000, { supportsReasoning: true })],
  ["codex-mini-latest", sizes(200_000, 100_000, { supportsReasoning: true, usesLocalShell: true })],
  ["codex-", sizes(272_000, 128_000, { supportsReasoning: true })],
  ["gpt-5", sizes(272_000, 128_000, { supportsReasoning: true })],
  ["gpt-4.1", sizes(1_047_576, 32_768, { needsPatchInstructions: true })],
  ["gpt-4o-2024-05-13", sizes(128_000, 4_096, {})],
  ["gpt-4o", sizes(128_000, 16_384, {})],
  ["gpt-3.5", sizes(16_385, 4_096, {})],
  ["gpt-oss", sizes(96_000, 32_000, { usesApplyPatchTool: true })],
  ["openai/gpt-oss", sizes(96_000, 32_000, { usesApplyPatchTool: true })],
];

export function findModelFamily(slug: string): ModelFamily {
  const [family, facts] = FAMILIES.find(([prefix]) => slug.startsWith(prefix)) ?? [slug, {}];
  return {
    family,
    supportsReasoning: facts.supportsReasoning ?? false,
    usesLocalShell: facts.usesLocalShell ?? false,
    usesApplyPatchTool: facts.usesApplyPatchTool ?? false,
    needsPatchInstructions: facts.needsPatchInstructions ?? false,
    contextWindow: facts.contextWindow,
    maxOutputTokens: facts.maxOutputTokens,
  };
}

/** Slugs worth completing on a command line. */
export const KNOWN_MODELS: readonly string[] = [
  "gpt-5",
  "o3",
  "o4-mini",
  "codex-mini-latest",
  "gpt-4.1",
  "gpt-4o",
  "gpt-oss:20b",
  "gpt-oss:120b",
];

function sizes(contextWindow: number, maxOutputTokens: number, facts: FamilyFacts): FamilyFacts {
  return { ...facts, contextWindow, maxOutputTokens };
}
