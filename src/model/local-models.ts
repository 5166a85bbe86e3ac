/** Which models a server on this machine has. Ollama and LM Studio answer the same question. */
import { request } from "node:http";
import { isRecord, parseRecord } from "./json-record.ts";

/** A local server answers at once; one that does not is none. */
const TIMEOUT_MS = 2000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export type LocalModels =
  | { readonly kind: "models"; readonly ids: readonly string[] }
  /** `reason` completes "… does not answer: ". */
  | { readonly kind: "no-answer"; readonly reason: string };

/** `baseUrl` is that of the API, without a slash at the end. Never rejects. */
export async function listLocalModels(baseUrl: string): Promise<LocalModels> {
  try {
    const answer = parseRecord(await get(new URL(`${baseUrl}/models`)));
    const data = answer?.["data"];
    if (!Array.isArray(data)) return { kind: "no-answer", reason: "not a list of models" };
    const ids = data.flatMap((model: unknown) =>
      isRecord(model) && typeof model["id"] === "string" ? [model["id"]] : [],
    );
    return { kind: "models", ids };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason = typeof code === "string" ? code : String(error);
    return { kind: "no-answer", reason };
  }
}

function get(url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }, (response) => {
      const pieces: Buffer[] = [];
      let size = 0;
      response.on("data", (piece: Buffer) => {
        pieces.push(piece);
        size += piece.length;
        if (size > MAX_ANSWER_BYTES) sent.destroy(new Error("answer too long"));
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(Buffer.concat(pieces).toString("utf8"));
        else reject(new Error(`status ${response.statusCode ?? "unknown"}`));
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}
