/** `--oss`: which server on this machine has the model, or what is missing. */
import type { Config } from "../config/config.ts";
import { DEFAULT_OSS_BASE_URL, OSS_PROVIDER_ID } from "../config/model-providers.ts";
import { listLocalModels } from "../model/local-models.ts";

const LM_STUDIO_BASE_URL = "http://localhost:1234/v1";

/** The message says what is missing and what to do. */
export class LocalProviderError extends Error {
  override readonly name = "LocalProviderError";
}

/**
 * The configuration with the server and the name under which it has the model; as it is when the
 * provider is another one. Ollama comes first, LM Studio where no address was set.
 * Errors: LocalProviderError.
 */
export async function findLocalProvider(config: Config): Promise<Config> {
  const { modelProvider, model } = config;
  if (modelProvider.id !== OSS_PROVIDER_ID) return config;
  const complaints: string[] = [];
  for (const baseUrl of candidates(modelProvider.baseUrl)) {
    const found = await listLocalModels(baseUrl);
    if (found.kind === "no-answer") {
      complaints.push(`"${baseUrl}" does not answer (${found.reason})`);
      continue;
    }
    const id = found.ids.find((each) => isSameModel(each, model));
    if (id !== undefined)
      return { ...config, model: id, modelProvider: { ...modelProvider, baseUrl } };
    complaints.push(`"${baseUrl}" has ${describeModels(found.ids)}`);
  }
  throw new LocalProviderError(
    `No local server has model "${model}": ${complaints.join("; ")}. ${advice(complaints, model)}`,
  );
}

function candidates(baseUrl: string): readonly string[] {
  return baseUrl === DEFAULT_OSS_BASE_URL ? [baseUrl, LM_STUDIO_BASE_URL] : [baseUrl];
}

/** Ollama writes `gpt-oss:20b` and adds `:latest`, LM Studio `openai/gpt-oss-20b`. */
export function isSameModel(id: string, wanted: string): boolean {
  const plain = (name: string): string =>
    name
      .toLowerCase()
      .replace(/:latest$/u, "")
      .replace(/^.*\//u, "")
      .replaceAll(":", "-");
  return id === wanted || plain(id) === plain(wanted);
}

const MOST_NAMES = 10;

function describeModels(ids: readonly string[]): string {
  if (ids.length === 0) return "no models";
  const more = ids.length > MOST_NAMES ? ` and ${ids.length - MOST_NAMES} more` : "";
  return `${ids.slice(0, MOST_NAMES).join(", ")}${more}`;
}

function advice(complaints: readonly string[], model: string): string {
  const isRunning = complaints.some((complaint) => complaint.includes(" has "));
  return isRunning
    ? `Get it ("ollama pull ${model}"), or choose another with -m`
    : "Start Ollama (https://ollama.com) or the server of LM Studio";
}
