/** What a user sends, as one message for the model. Pictures are read here, once. */
import { resolve } from "node:path";
import { type ContentPart, type MessageItem, userMessage } from "../protocol/model-item.ts";
import type { InputItem } from "../protocol/submission.ts";
import { readImage } from "./image-file.ts";

export interface UserMessage {
  /** Null when nothing is left of the items. */
  readonly message: MessageItem | null;
  /** One line for each item that could not be used. */
  readonly warnings: readonly string[];
}

export function userMessageFrom(items: readonly InputItem[], cwd: string): UserMessage {
  const warnings: string[] = [];
  const content: ContentPart[] = [];
  for (const item of items) {
    const part = contentPart(item, cwd);
    if (typeof part === "string") warnings.push(part);
    else content.push(part);
  }
  return { message: content.length === 0 ? null : userMessage(content), warnings };
}

/** The texts, for those who want to show or to store what the user wrote. */
export function textsOf(items: readonly InputItem[]): readonly string[] {
  return items.flatMap((item) => (item.type === "text" ? [item.text] : []));
}

function contentPart(item: InputItem, cwd: string): ContentPart | string {
  switch (item.type) {
    case "text":
      return { type: "input_text", text: item.text };
    case "image":
      return { type: "input_image", image_url: item.image_url };
    case "local_image":
      return readImage(resolve(cwd, item.path));
  }
}
