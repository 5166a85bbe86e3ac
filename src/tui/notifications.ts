/** Calls the user back who has turned to something else. */
import type { Environment } from "../config/codex-home.ts";
import type { Config } from "../config/config.ts";
import { knowsOsc9 } from "./front-end.ts";

export type NotificationKind = "question" | "turn-end";

const AWAY_AFTER_MS = 10_000;
const BELL = "\u0007";

/** Where the user is, as far as the terminal tells. */
export interface Attention {
  readonly lastKeyAt: number;
  /** True where the terminal does not say. */
  readonly hasFocus: boolean;
}

export interface NotifierParts {
  readonly env: Environment;
  readonly config: Config;
  readonly write: (text: string) => void;
}

/** Our own words only: nothing that a model or a command says gets there. */
export function notificationText(kind: NotificationKind): {
  readonly kind: NotificationKind;
  readonly text: string;
} {
  return {
    kind,
    text: kind === "question" ? "Codex asks for your approval" : "Codex has finished",
  };
}

/** What the configuration calls these kinds. */
const CONFIG_NAMES = { question: "approval-requested", "turn-end": "agent-turn-complete" } as const;

export class Notifier {
  readonly #parts: NotifierParts;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
  }

  notify(
    { kind, text }: ReturnType<typeof notificationText>,
    { lastKeyAt, hasFocus }: Attention,
    now = performance.now(),
  ): void {
    const { notifications } = this.#parts.config.tui;
    const isWanted =
      typeof notifications === "boolean"
        ? notifications
        : notifications.includes(CONFIG_NAMES[kind]);
    const isAway = !hasFocus || now - lastKeyAt >= AWAY_AFTER_MS;
    if (!isWanted || !isAway) return;
    this.#parts.write(knowsOsc9(this.#parts.env) ? `\u001b]9;${text}${BELL}` : BELL);
  }
}
