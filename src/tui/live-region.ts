/**
 * The rows at the bottom that change, drawn by ink, and everything above them, which is printed once
 * and then belongs to the terminal.
 */
import { type Instance, render, Text, useCursor } from "ink";
import { createElement, type ReactNode } from "react";
import { FrameStream, type FrameTarget } from "./frame-stream.ts";
import { type Row, rowText, toAnsi } from "./styled.ts";
import { textWidth } from "./width.ts";

export interface Frame {
  /** Narrower than the terminal; at most as many as the terminal has, less two. */
  readonly rows: readonly Row[];
  /** Where the terminal's own cursor stands; undefined: nowhere. */
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
}

const EMPTY: Frame = { rows: [], cursor: undefined };
/** Frames are timed by the caller; ink must not hold one back. */
const NO_THROTTLE_FPS = 1000;

export class LiveRegion {
  readonly #stream: FrameStream;
  readonly #hasColors: boolean;
  #ink: Instance | undefined;
  #frame: Frame = EMPTY;

  constructor(target: FrameTarget, hasColors: boolean) {
    this.#stream = new FrameStream(target);
    this.#hasColors = hasColors;
  }

  /** Prints `above` for good, then draws `frame` below it; both reach the terminal in one write. */
  draw(above: readonly Row[], frame: Frame): void {
    if (above.length > 0) {
      this.#ink?.clear();
      this.#stream.add(above.map((cells) => `${toAnsi(cells, this.#hasColors)}\r\n`).join(""));
    }
    this.#frame = frame;
    const node = createElement(FrameView, { frame, hasColors: this.#hasColors });
    if (this.#ink === undefined) this.#ink = this.#mount(node);
    else this.#ink.rerender(node);
    this.#stream.send();
  }

  /** After the terminal has laid its rows out anew: takes away what the last frame has become. */
  resized(): void {
    const { rows, cursor } = this.#frame;
    const { columns } = this.#stream;
    const heights = rows.map((cells) =>
      Math.max(1, Math.ceil(textWidth(rowText(cells)) / columns)),
    );
    const cursorRow = cursor?.row ?? rows.length;
    const above = heights.slice(0, cursorRow).reduce((sum, height) => sum + height, 0);
    const within = cursor === undefined ? 0 : Math.floor(cursor.column / columns);
    const up = above + within;
    this.#stream.muted(() => this.#ink?.clear());
    this.#stream.add(`${up > 0 ? `\u001b[${up}A` : ""}\r\u001b[J`);
    this.#stream.muted(() => this.#stream.emit("resize"));
    this.#stream.muted(() => this.#ink?.clear());
  }

  /** The terminal belongs to another program from here; `draw` takes it back. */
  suspend(): void {
    this.#ink?.clear();
    this.#stream.send();
    this.#frame = EMPTY;
  }

  /** Leaves the cursor at the start of an empty line. */
  end(): void {
    this.#ink?.clear();
    this.#stream.send();
    this.#stream.muted(() => this.#ink?.unmount());
    this.#ink = undefined;
  }

  #mount(node: ReactNode): Instance {
    return render(node, {
      stdout: this.#stream,
      exitOnCtrlC: false,
      patchConsole: false,
      incrementalRendering: true,
      interactive: true,
      maxFps: NO_THROTTLE_FPS,
    });
  }
}

interface FrameViewProps {
  readonly frame: Frame;
  readonly hasColors: boolean;
}

function FrameView({ frame, hasColors }: FrameViewProps): ReactNode {
  const { setCursorPosition } = useCursor();
  const { rows, cursor } = frame;
  setCursorPosition(cursor === undefined ? undefined : { x: cursor.column, y: cursor.row });
  if (rows.length === 0) return null;
  return createElement(Text, null, rows.map((cells) => toAnsi(cells, hasColors) || " ").join("\n"));
}
