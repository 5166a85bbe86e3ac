/** Colours for code, from the terminal's own palette. */
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import {
  BLUE,
  CYAN,
  DIM,
  GREEN,
  MAGENTA,
  PLAIN,
  RED,
  type Row,
  type Span,
  type Style,
  YELLOW,
} from "./styled.ts";

const LANGUAGES = { bash, css, diff, go, javascript, json, python, rust, typescript, xml, yaml };
/** Colours are not worth more time than this takes. */
const MAX_CHARACTERS = 50_000;

let isReady = false;

/** One row per line of the code, not wrapped. Unknown languages stay plain. */
export function highlightCode(code: string, language: string): readonly Row[] {
  prepare();
  const name = language.split(/[\s,{]/u)[0] ?? "";
  if (name === "" || code.length > MAX_CHARACTERS || hljs.getLanguage(name) === undefined) {
    return splitLines([{ text: code, style: PLAIN }]);
  }
  const { value } = hljs.highlight(code, { language: name, ignoreIllegals: true });
  return splitLines(spansOfHtml(value));
}

function prepare(): void {
  if (isReady) return;
  isReady = true;
  for (const [name, definition] of Object.entries(LANGUAGES))
    hljs.registerLanguage(name, definition);
}

const STYLES: Readonly<Record<string, Style>> = {
  keyword: { color: MAGENTA },
  built_in: { color: CYAN },
  type: { color: CYAN },
  literal: { color: YELLOW },
  number: { color: YELLOW },
  string: { color: GREEN },
  regexp: { color: GREEN },
  comment: DIM,
  title: { color: BLUE },
  attr: { color: BLUE },
  attribute: { color: BLUE },
  name: { color: BLUE },
  tag: { color: BLUE },
  variable: { color: CYAN },
  addition: { color: GREEN },
  deletion: { color: RED },
  meta: { color: YELLOW },
  section: { bold: true },
};

const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#x27;": "'",
};

/** highlight.js writes HTML: spans with a class, and five entities. */
function spansOfHtml(html: string): readonly Span[] {
  const spans: Span[] = [];
  const stack: Style[] = [PLAIN];
  for (const [token] of html.matchAll(/<[^>]*>|[^<]+/gu)) {
    if (token.startsWith("</")) stack.pop();
    else if (token.startsWith("<")) stack.push(styleOfTag(token) ?? stack.at(-1) ?? PLAIN);
    else {
      const text = token.replaceAll(
        /&(?:amp|lt|gt|quot|#x27);/gu,
        (entity) => ENTITIES[entity] ?? entity,
      );
      spans.push({ text, style: stack.at(-1) ?? PLAIN });
    }
  }
  return spans;
}

function styleOfTag(tag: string): Style | undefined {
  const name = /hljs-([a-z_]+)/u.exec(tag)?.[1];
  return name === undefined ? undefined : STYLES[name];
}

function splitLines(spans: readonly Span[]): readonly Row[] {
  const rows: Span[][] = [[]];
  for (const { text, style = PLAIN } of spans) {
    for (const [index, line] of text.split("\n").entries()) {
      if (index > 0) rows.push([]);
      if (line !== "") rows.at(-1)?.push({ text: line, style });
    }
  }
  return rows;
}
