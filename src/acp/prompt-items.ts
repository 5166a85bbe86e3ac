/** What an editor sends, as items of a message. */
import { fileURLToPath } from "node:url";
import { type ContentBlock, RequestError } from "@agentclientprotocol/sdk";
import type { InputItem } from "../protocol/submission.ts";

/** Errors: RequestError for what `initialize` did not offer. */
export function promptItems(blocks: readonly ContentBlock[]): readonly InputItem[] {
  return blocks.map(promptItem);
}

function promptItem(block: ContentBlock): InputItem {
  switch (block.type) {
    case "text":
      return { type: "text", text: block.text };
    case "image":
      return image(block.mimeType, block.data);
    case "resource_link":
      return { type: "text", text: linkText(block.name, block.uri) };
    case "resource": {
      const { resource } = block;
      if ("text" in resource) {
        const place = pathOf(resource.uri);
        return {
          type: "text",
          text: `<context ref=${JSON.stringify(place)}>\n${resource.text}\n</context>`,
        };
      }
      const { mimeType, uri, blob } = resource;
      if (mimeType?.startsWith("image/") === true) return image(mimeType, blob);
      return { type: "text", text: linkText("attachment", uri) };
    }
    case "audio":
      throw RequestError.invalidParams({ prompt: "audio is not supported" });
  }
}

function image(mimeType: string, data: string): InputItem {
  return { type: "image", image_url: `data:${mimeType};base64,${data}` };
}

function linkText(name: string, uri: string): string {
  return `[@${name}](${pathOf(uri)})`;
}

/** The model reads files by their paths. */
function pathOf(uri: string): string {
  try {
    return uri.startsWith("file:") ? fileURLToPath(uri) : uri;
  } catch {
    return uri;
  }
}
