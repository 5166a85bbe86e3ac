/**
 * `node_modules/.bin/node build/screenshots.ts`: the pictures in docs/, from sessions of the
 * executable on a pseudo-terminal with a scripted model. What is drawn is the state of the
 * terminal's cells, with what is new in each run left out; `--check` only says which of them would
 * be others by now.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { spawn } from "@lydell/node-pty";
import headless from "@xterm/headless";

const root = dirname(import.meta.dirname);
const isCheck = process.argv.includes("--check");
const COLUMNS = 100;
const ROWS = 30;
const CELL = { width: 8.4, height: 18 };
const DEADLINE_MS = 30_000;

interface Theme {
  readonly background: string;
  readonly foreground: string;
  /** The sixteen colours of a terminal. */
  readonly palette: readonly string[];
}

const THEMES: Readonly<Record<"light" | "dark", Theme>> = {
  light: {
    background: "#ffffff",
    foreground: "#24292f",
    palette: "#24292f #cf222e #116329 #7d4e00 #0550ae #8250df #1b7c83 #6e7781".split(" "),
  },
  dark: {
    background: "#0d1117",
    foreground: "#e6edf3",
    palette: "#484f58 #ff7b72 #3fb950 #d29922 #58a6ff #bc8cff #39c5cf #b1bac4".split(" "),
  },
};

type Item = Readonly<Record<string, unknown>>;

function message(text: string): Item {
  const content = [{ type: "output_text", text, annotations: [] }];
  return { type: "message", id: "m", role: "assistant", status: "completed", content };
}

function call(name: string, args: Item, id: string): Item {
  return { type: "function_call", id, call_id: id, name, arguments: JSON.stringify(args) };
}

const PATCH = `*** Begin Patch
*** Update File: greet.js
@@
 export function greet(name) {
-  return "Helo " + name;
+  return \`Hello, \${name}!\`;
 }
*** End Patch
`;

const ANSWERS: readonly (readonly Item[])[] = [
  [
    message("The greeting has a typo, and glues strings. I will **repair** it and run the tests."),
    call("shell", { command: ["cat", "greet.js"] }, "c1"),
    call(
      "update_plan",
      {
        plan: [
          { step: "Repair the greeting", status: "in_progress" },
          { step: "Run the tests", status: "pending" },
        ],
      },
      "c2",
    ),
    call("shell", { command: ["apply_patch", PATCH] }, "c3"),
  ],
  [
    call(
      "shell",
      {
        command: ["npm", "test"],
        with_escalated_permissions: true,
        justification: "The tests listen on a local port, which the sandbox does not allow.",
      },
      "c4",
    ),
  ],
  [message("Understood.")],
];

const home = mkdtempSync(join(tmpdir(), "codex-pictures-"));
const workspace = join(home, "hello");
const settings = join(home, "settings");
let requests = 0;
const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    const items = ANSWERS[Math.min(requests, ANSWERS.length - 1)] ?? [];
    requests += 1;
    response.writeHead(200, { "content-type": "text/event-stream" });
    const usage = { input_tokens: 8000, output_tokens: 90, total_tokens: 8090 };
    const events: readonly Item[] = [
      { type: "response.created", response: { id: "r" } },
      ...items.map((item) => ({ type: "response.output_item.done", output_index: 0, item })),
      { type: "response.completed", response: { id: "r", output: [], usage } },
    ];
    response.end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
try {
  await takePictures();
} finally {
  server.closeAllConnections();
  server.close();
  rmSync(home, { recursive: true, force: true });
}

async function takePictures(): Promise<void> {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen");
  mkdirSync(join(workspace, ".git"), { recursive: true });
  writeFileSync(
    join(workspace, "greet.js"),
    'export function greet(name) {\n  return "Helo " + name;\n}\n',
  );
  mkdirSync(settings);
  const config = join(settings, "config.toml");
  const provider = `name = "scripted"\nbase_url = "http://127.0.0.1:${address.port}/v1"\nwire_api = "responses"`;
  const trust = `[projects."${workspace}"]\ntrust_level = "trusted"\n`;
  writeFileSync(config, `model_provider = "s"\n[model_providers.s]\n${provider}\n${trust}`);
  const terminal = new headless.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  const pty = spawn(join(root, "dist/codex"), [], {
    name: "xterm-256color",
    cols: COLUMNS,
    rows: ROWS,
    cwd: workspace,
    env: { PATH: process.env["PATH"] ?? "/bin", HOME: home, CODEX_HOME: settings, LANG: "C.UTF-8" },
  });
  pty.onData((data) => terminal.write(data));
  try {
    await shows(terminal, "Ask for something");
    pty.write("\u001b[200~Repair the greeting, then run the tests.\u001b[201~\r");
    await shows(terminal, "Press a key of the list");
    save(terminal, "approval");
    pty.write("\u001b");
    await shows(terminal, "Interrupted");
    pty.write("/");
    await shows(terminal, "/approvals");
    save(terminal, "session");
  } finally {
    pty.kill("SIGHUP");
  }
}

async function shows(terminal: headless.Terminal, text: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!screenText(terminal).includes(text)) {
    if (performance.now() > deadline) throw new Error(`"${text}" did not appear`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function screenText(terminal: headless.Terminal): string {
  const { active } = terminal.buffer;
  return Array.from(
    { length: terminal.rows },
    (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? "",
  ).join("\n");
}

function save(terminal: headless.Terminal, name: string): void {
  mkdirSync(join(root, "docs"), { recursive: true });
  for (const [kind, theme] of Object.entries(THEMES)) {
    const path = join("docs", `${name}-${kind}.svg`);
    const file = join(root, path);
    const drawn = picture(terminal, theme);
    if (!isCheck) writeFileSync(file, drawn);
    else if (!existsSync(file) || readFileSync(file, "utf8") !== drawn) {
      console.error(
        `${path} is not what a session looks like: run node_modules/.bin/node build/screenshots.ts`,
      );
      process.exitCode = 1;
    }
  }
}

function picture(terminal: headless.Terminal, theme: Theme): string {
  const width = Math.round(COLUMNS * CELL.width + 24);
  const height = ROWS * CELL.height + 24;
  const rows = Array.from({ length: ROWS }, (_, row) => rowElements(terminal, row, theme)).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" rx="8" fill="${theme.background}"/>
<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14">
${rows}</g>
</svg>
`;
}

/** The words of each run of cells that look alike. */
function rowElements(terminal: headless.Terminal, row: number, theme: Theme): string {
  const { active } = terminal.buffer;
  const line = active.getLine(active.baseY + row);
  let out = "";
  let run = { text: "", start: 0, style: "" };
  const flush = (): void => {
    // Word by word: renderers disagree about blanks.
    for (const { 0: found, index } of run.text.matchAll(/\S+/gu)) {
      const word = sameInEachRun(found);
      const x = (12 + (run.start + index) * CELL.width).toFixed(1);
      const y = 12 + (row + 0.75) * CELL.height;
      const length = (word.length * CELL.width).toFixed(1);
      out += `<text x="${x}" y="${y}" textLength="${length}" ${run.style}>${escapeText(word)}</text>\n`;
    }
  };
  for (let column = 0; column < COLUMNS; column += 1) {
    const cell = line?.getCell(column);
    const text = cell?.getChars() ?? "";
    const style = cell === undefined ? "" : styleOf(cell, theme);
    if (style !== run.style) {
      flush();
      run = { text: "", start: column, style };
    }
    run.text += text === "" ? " " : text;
  }
  flush();
  return out;
}

/** Places, sessions and times are others each time. */
function sameInEachRun(word: string): string {
  return word
    .replace(home, "/home/you")
    .replace(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/u, "0198c3f2-7a41-4c08-9d6e-2b5f8e1a7c30")
    .replace(/^[\d.]+(?=m?s$)/u, "4");
}

function styleOf(cell: headless.IBufferCell, theme: Theme): string {
  const color = cell.isFgPalette() ? theme.palette[cell.getFgColor() % 8] : theme.foreground;
  const weight = cell.isBold() !== 0 ? ' font-weight="bold"' : "";
  const opacity = cell.isDim() !== 0 ? ' opacity="0.65"' : "";
  return `fill="${color ?? theme.foreground}"${weight}${opacity}`;
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
