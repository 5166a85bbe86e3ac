/** A picture in a file, as the model is given it. Loads no decoder, so that front ends may look too. */
import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import type { ContentPart } from "../protocol/model-item.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";

/** What a data URL of it would make of every later request is three times that in base64. */
const MAX_IMAGE_BYTES = 20 * 1024 * 1024;

/** The part, or what is wrong with the file. Source of the bytes: the formats' own signatures. */
export function readImage(path: string): ContentPart | string {
  try {
    const status = statSync(path);
    if (!status.isFile()) return `Cannot attach picture "${path}": not a regular file`;
    if (status.size === 0) return `Cannot attach picture "${path}": the file is empty`;
    if (status.size > MAX_IMAGE_BYTES) {
      return `Cannot attach picture "${path}": more than ${MAX_IMAGE_BYTES / 1024 / 1024} MiB`;
    }
    const bytes = readFileSync(path);
    const type = imageType(bytes) ?? (isSvg(path, bytes) ? "image/svg+xml" : undefined);
    if (type === undefined) {
      return `Cannot attach picture "${path}": not a PNG, JPEG, GIF, WebP, BMP or SVG file`;
    }
    return { type: "input_image", image_url: `data:${type};base64,${bytes.toString("base64")}` };
  } catch (error) {
    return `Cannot attach picture "${path}": ${describeFileProblem(error)}`;
  }
}

function imageType(bytes: Buffer): string | undefined {
  const head = bytes.toString("latin1", 0, 12);
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) return "image/gif";
  if (head.startsWith("RIFF") && head.slice(8) === "WEBP") return "image/webp";
  return head.startsWith("BM") ? "image/bmp" : undefined;
}

function isSvg(path: string, bytes: Buffer): boolean {
  return extname(path).toLowerCase() === ".svg" && bytes.toString("latin1", 0, 1024).includes("<");
}
