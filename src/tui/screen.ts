/**
 * The screen: decides what the live region shows and who gets a key. What is finished leaves it for
 * the scrollback in the same write.
 */
import type { Config } from "../config/config.ts";
import type { Answer, Question } from "./approval-question.ts";
import { ApprovalDialog } from "./approval-dialog.ts";
import { Backlog } from "./backlog.ts";
import type { CellContext } from "./cells.ts";
import type { Chat } from "./chat.ts";
import type { Composer, ComposerRequest } from "./composer.ts";
import type { ConversationView } from "./conversation-view.ts";
import { DrawSchedule } from "./draw-schedule.ts";
import { isControl, isPlain, type Key } from "./key-decoder.ts";
import { type Frame, LiveRegion } from "./live-region.ts";
import { liveWorkRow } from "./live-cells.ts";
import type { Marks } from "./marks.ts";
import { Menu, type MenuRequest } from "./menu.ts";
import type { Attention } from "./notifications.ts";
import { Pager } from "./pager.ts";
import {
  isRoomForQuestionOnly,
  liveRoom,
  type LiveRoom,
  questionFrame,
  queuedRows,
  stackLive,
} from "./screen-layout.ts";
import { SecretInput } from "./secret-input.ts";
import type { SideWork } from "./side-work.ts";
import { statusRow } from "./status-line.ts";
import { DIM, type Row, row, rowText } from "./styled.ts";
import type { Terminal } from "./terminal.ts";
import type { TranscriptLine } from "./transcript.ts";
import { TurnClock } from "./turn-clock.ts";
import type { Ui } from "./ui.ts";
import { shorten } from "./width.ts";

export interface ScreenParts {
  readonly terminal: Terminal;
  readonly view: ConversationView;
  readonly composer: Composer;
  readonly marks: Marks;
  readonly hasColors: boolean;
  readonly config: Config;
  readonly hasAnimations: boolean;
  readonly actions: ScreenActions;
}

/** What keys lead to that is not the screen's own. */
export interface ScreenActions {
  readonly request: (request: ComposerRequest) => void;
  readonly answer: (question: Question, answer: Answer) => void;
  readonly quit: () => void;
  readonly suspend: () => void;
  readonly editDraft: () => void;
  readonly editLastMessage: () => void;
  /** False: there is no pager but the built-in one. */
  readonly showInPager: (lines: readonly string[]) => boolean;
}

type Overlay =
  | { readonly kind: "menu"; readonly menu: Menu; readonly done: (id: string | undefined) => void }
  | {
      readonly kind: "secret";
      readonly input: SecretInput;
      readonly done: (text: string | undefined) => void;
    };

const QUIT_ARMED_MS = 2000;
const WORKING_HINT = "The agent works: Esc interrupts it, and then Ctrl-D quits";
const QUIT_HINT = "Press Ctrl-C again to quit";
const ESCAPE_TWICE_MS = 1000;

export class Screen implements Ui {
  readonly frontEnd = "screen";
  readonly #parts: ScreenParts;
  readonly #live: LiveRegion;
  readonly #backlog: Backlog;
  readonly #schedule: DrawSchedule;
  readonly #clock: TurnClock;
  readonly #workClock: TurnClock;
  #sideWork: SideWork | undefined;
  #chat: Chat | undefined;
  #overlay: Overlay | undefined;
  #dialogs: ApprovalDialog[] = [];
  #askedCount = 0;
  /** The last one in a frame, and the last one that the terminal has taken in full. */
  #drawnDialog: ApprovalDialog | undefined;
  #shownDialog: ApprovalDialog | undefined;
  #pager: Pager | undefined;
  #isSuspended = false;
  /** A frame waits for the terminal; when it is ready, the newest state is drawn. */
  #isHeld = false;
  /** Since the last frame the terminal was not ready for another one. */
  #isSlow = false;
  /** What was asked when it was not: text that goes on above it would hide it again and again. */
  #textWaitsFor: ApprovalDialog | Overlay | undefined;
  #lastKeyAt = Number.NEGATIVE_INFINITY;
  #hasFocus = true;
  #quitArmedUntil = 0;
  #quitTimer: NodeJS.Timeout | undefined;
  #escapedAt = Number.NEGATIVE_INFINITY;
  /** One line of help or complaint until the next key. */
  #hint = "";

  constructor(parts: ScreenParts) {
    this.#parts = parts;
    this.#live = new LiveRegion(parts.terminal.write, parts.hasColors, parts.terminal.synchronized);
    this.#backlog = new Backlog(parts.hasColors, (isFull) => this.#chat?.holdAnswer(isFull));
    this.#schedule = new DrawSchedule(() => this.#draw());
    this.#clock = new TurnClock(parts.hasAnimations, () => this.#schedule.soon());
    this.#workClock = new TurnClock(parts.hasAnimations, () => this.#schedule.soon());
  }

  get cellContext(): CellContext {
    return this.#parts.view.context;
  }

  get attention(): Attention {
    return { lastKeyAt: this.#lastKeyAt, hasFocus: this.#hasFocus };
  }

  get sideWork(): SideWork | undefined {
    return this.#sideWork;
  }

  set sideWork(work: SideWork | undefined) {
    this.#sideWork = work;
    this.#workClock.follow(work?.startedAt);
    this.#schedule.soon();
  }

  attach(chat: Chat): void {
    this.#chat = chat;
    this.#schedule.now();
  }

  changed(): void {
    this.#schedule.soon();
    this.#clock.follow(this.#chat?.turn?.startedAt);
  }

  /** What a key asked for has come: as urgent as its echo. */
  keyAnswered(): void {
    this.#schedule.forKey();
  }

  readonly print = (rows: readonly Row[]): void => {
    this.#parts.view.print(rows);
    this.changed();
  };

  /** Finished rows for the scrollback, as the view gives them out. */
  readonly printed = (rows: readonly Row[]): void => this.#backlog.add(rows);

  hint(text: string): void {
    this.#hint = text;
    this.#schedule.now();
  }

  readonly choose = (request: MenuRequest): Promise<string | undefined> =>
    new Promise((resolve) => {
      this.#overlay = { kind: "menu", menu: new Menu(request), done: resolve };
      this.#schedule.now();
    });

  readonly readSecret = (title: string): Promise<string | undefined> =>
    new Promise((resolve) => {
      this.#overlay = { kind: "secret", input: new SecretInput(title), done: resolve };
      this.#schedule.now();
    });

  ask(question: Question): void {
    const dialog = new ApprovalDialog({
      question,
      cwd: this.#parts.config.cwd,
      now: performance.now(),
      lastKeyAt: this.#lastKeyAt,
      width: this.#width,
    });
    if (this.#dialogs.length === 0) this.#askedCount = 0;
    this.#dialogs.push(dialog);
    this.#askedCount += 1;
    this.#schedule.now();
  }

  /** The first of those that wait for an answer. */
  get openQuestion(): Question | undefined {
    return this.#dialogs[0]?.question;
  }

  /** The turn is over: nobody waits for answers. */
  turnEnded(): void {
    this.#dialogs = [];
    if (this.#hint === WORKING_HINT) this.#hint = "";
  }

  resized(): void {
    if (this.#isSuspended) return;
    if (this.#pager !== undefined) this.#drawPager(this.#pager);
    else {
      this.#live.resized();
      this.#schedule.now();
    }
  }

  /** The terminal has taken everything. */
  ready(): void {
    const drawn = this.#drawnDialog;
    if (drawn !== undefined && drawn !== this.#shownDialog) {
      this.#shownDialog = drawn;
      drawn.appeared(performance.now());
      this.#schedule.soon();
    }
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (this.#pager !== undefined) this.#drawPager(this.#pager);
    else this.#schedule.now();
  }

  openPager(title: string, lines: readonly TranscriptLine[]): void {
    this.#live.suspend();
    this.#pager = new Pager(title, lines, this.#parts.marks);
    this.#parts.terminal.switchScreen(true);
    this.#drawPager(this.#pager);
  }

  /** The shell has the terminal until `resume`. */
  suspend(): void {
    this.#isSuspended = true;
    this.#live.suspend();
    this.#parts.terminal.suspend();
  }

  /** Another program has it. */
  lend(): void {
    this.#isSuspended = true;
    this.#live.suspend();
    this.#parts.terminal.lend();
  }

  resume(): void {
    this.#parts.terminal.resume();
    this.#isSuspended = false;
    this.#schedule.now();
  }

  end(): void {
    this.#schedule.end();
    this.#clock.end();
    this.#workClock.end();
    this.#sideWork?.cancel();
    if (this.#pager !== undefined) this.#closePager();
    this.#parts.view.settle();
    while (!this.#backlog.isEmpty) {
      this.#live.draw(this.#backlog.take(false), { rows: [], cursor: undefined });
    }
    this.#live.end();
  }

  key(key: Key): void {
    const now = performance.now();
    if (key.kind === "focus") {
      this.#hasFocus = key.isFocused;
      return;
    }
    const pager = this.#pager;
    if (pager !== undefined) {
      this.#lastKeyAt = now;
      if (pager.key(key, this.#parts.terminal.rows)) this.#closePager();
      else this.#drawPager(pager);
      return;
    }
    this.#hint = "";
    // "Again" is said of the very next key.
    if (!isControl(key, "c")) this.#quitArmedUntil = 0;
    if (!isPlain(key, "escape")) this.#escapedAt = Number.NEGATIVE_INFINITY;
    this.#route(key, now);
    this.#lastKeyAt = now;
    this.#schedule.forKey();
  }

  #route(key: Key, now: number): void {
    const overlay = this.#overlay;
    if (overlay !== undefined) {
      if (!this.#dialogGlobalKey(key)) this.#overlayKey(key, overlay);
      // A question that came meanwhile is seen only now.
      this.#dialogs[0]?.extendGuard(now);
      return;
    }
    // Between two questions of a first start: what is typed then may be a key, not for the draft.
    if (this.#chat === undefined) return;
    const [dialog] = this.#dialogs;
    const isRefusal = isPlain(key, "escape") || isControl(key, "c");
    if (dialog !== undefined && (isRefusal || !this.#isGuarded(dialog, now))) {
      if (!this.#dialogGlobalKey(key)) this.#dialogKey(key, dialog);
      return;
    }
    dialog?.extendGuard(now);
    if (dialog !== undefined && this.#dialogGlobalKey(key)) return;
    if (this.#globalKey(key, now)) return;
    const request = this.#parts.composer.key(key);
    if (request !== undefined) this.#parts.actions.request(request);
  }

  /** True when the key was one of those that mean something else while anything is asked. */
  #dialogGlobalKey(key: Key): boolean {
    if (isControl(key, "z")) this.#hint = "Answer first, then Ctrl-Z";
    else if (isControl(key, "l")) this.#live.suspend();
    else if (isControl(key, "t") && this.#chat !== undefined) this.openTranscript();
    else return false;
    return true;
  }

  /** Keys may be meant for something else: what is asked was not there, or was not to be seen. */
  #isGuarded(dialog: ApprovalDialog, now: number): boolean {
    return dialog !== this.#shownDialog || dialog.isGuarded(now);
  }

  #overlayKey(key: Key, overlay: Overlay): void {
    if (overlay.kind === "menu") {
      const result = overlay.menu.key(key);
      if (result === undefined) return;
      this.#overlay = undefined;
      overlay.done(result.kind === "chosen" ? result.id : undefined);
      return;
    }
    const result = overlay.input.key(key);
    if (result === undefined) return;
    this.#overlay = undefined;
    overlay.done(result === "cancelled" ? undefined : overlay.input.take());
  }

  #dialogKey(key: Key, dialog: ApprovalDialog): void {
    const result = dialog.key(key);
    if (result === undefined) return;
    if (result.kind === "show-all") {
      dialog.wasSeen();
      const lines = dialog.fullRows(this.#width).map(rowText);
      this.openPager(
        dialog.question.title,
        lines.map((text) => ({ text, kind: "verbatim" })),
      );
      return;
    }
    this.#dialogs.shift();
    this.#parts.actions.answer(dialog.question, result.answer);
  }

  /** True when the key was one of those that mean the same everywhere. */
  #globalKey(key: Key, now: number): boolean {
    const { composer, actions } = this.#parts;
    if (isPlain(key, "escape")) return this.#escape(now);
    if (key.kind !== "chord" || !key.ctrl || key.alt) return false;
    switch (key.letter) {
      case "c":
        this.#controlC(now);
        return true;
      case "d":
        if (!composer.isEmpty) return false;
        if (this.#chat?.turn === undefined) actions.quit();
        else this.#hint = WORKING_HINT;
        return true;
      case "t":
        this.openTranscript();
        return true;
      case "o":
        if (!composer.editor.expandPaste()) this.#parts.view.toggleExpanded();
        return true;
      case "g":
        if (composer.hasMenu) return false;
        actions.editDraft();
        return true;
      case "l":
        this.#live.suspend();
        return true;
      case "z":
        actions.suspend();
        return true;
      default:
        return false;
    }
  }

  #escape(now: number): boolean {
    const { composer } = this.#parts;
    if (composer.hasMenu) {
      composer.closeMenu();
      return true;
    }
    if (this.#chat?.turn !== undefined) {
      this.#interrupt();
      return true;
    }
    if (this.#sideWork !== undefined) {
      this.#sideWork.cancel();
      return true;
    }
    if (!composer.isEmpty) return true;
    if (this.#chat?.canRewind !== true) return true;
    if (now - this.#escapedAt < ESCAPE_TWICE_MS) {
      this.#parts.actions.editLastMessage();
      this.#escapedAt = Number.NEGATIVE_INFINITY;
    } else {
      this.#escapedAt = now;
      this.#hint = "Esc again to take the last message back and edit it";
    }
    return true;
  }

  #controlC(now: number): void {
    const { composer, actions } = this.#parts;
    if (this.#chat?.turn !== undefined) {
      this.#interrupt();
    } else if (this.#sideWork !== undefined) {
      this.#sideWork.cancel();
    } else if (composer.hasMenu) {
      composer.closeMenu();
    } else if (!composer.isEmpty) {
      composer.clearIntoHistory();
    } else if (now < this.#quitArmedUntil) {
      actions.quit();
    } else {
      this.#quitArmedUntil = now + QUIT_ARMED_MS;
      this.#hint = QUIT_HINT;
      clearTimeout(this.#quitTimer);
      this.#quitTimer = setTimeout(() => {
        if (this.#hint !== QUIT_HINT) return;
        this.#hint = "";
        this.#schedule.soon();
      }, QUIT_ARMED_MS);
      this.#quitTimer.unref();
    }
  }

  #interrupt(): void {
    this.#parts.composer.prepend(this.#chat?.interrupt() ?? []);
  }

  openTranscript(): void {
    const lines = this.#parts.view.transcriptLines();
    const shown: readonly TranscriptLine[] =
      lines.length === 0 ? [{ text: "Nothing yet.", kind: "prose" }] : lines;
    if (this.#parts.actions.showInPager(shown.map(({ text }) => text))) return;
    this.openPager("Transcript", shown);
  }

  #closePager(): void {
    this.#pager = undefined;
    this.#parts.terminal.switchScreen(false);
    this.#schedule.now();
  }

  #drawPager(pager: Pager): void {
    const { columns, rows, write, isBusy } = this.#parts.terminal;
    if (isBusy) this.#isHeld = true;
    else write(pager.draw(columns, rows, this.#parts.hasColors));
  }

  get #width(): number {
    return Math.max(1, this.#parts.terminal.columns - 1);
  }

  #draw(): void {
    if (this.#isSuspended || this.#pager !== undefined || this.#parts.terminal.isResizing) return;
    const asked = this.#overlay ?? this.#dialogs[0];
    if (this.#parts.terminal.isBusy) {
      this.#isHeld = true;
      this.#isSlow = true;
      this.#textWaitsFor = this.#backlog.isLong ? asked : undefined;
      return;
    }
    this.#parts.view.settle();
    const above = this.#textWaits ? "" : this.#backlog.take(this.#isSlow);
    this.#isSlow = false;
    this.#live.draw(above, this.#frame());
    this.#drawnDialog = this.#overlay === undefined ? this.#dialogs[0] : undefined;
    if (!this.#backlog.isEmpty && !this.#textWaits) this.#schedule.forKey();
  }

  get #textWaits(): boolean {
    const asked = this.#overlay ?? this.#dialogs[0];
    return asked !== undefined && asked === this.#textWaitsFor;
  }

  #frame(): Frame {
    const { terminal, view, marks } = this.#parts;
    const room = liveRoom(terminal.columns, terminal.rows);
    const { width } = room;
    // With much to print, what is asked and typed is seen in between; what follows it is not yet.
    const isNext = this.#overlay === undefined && this.#backlog.isEmpty;
    const last = this.#lastRow(room);
    return stackLive(room, {
      input: this.#inputFrame(last === undefined ? { ...room, inputRows: room.rows } : room),
      queued: queuedRows(this.#chat?.queue ?? [], width, marks),
      last,
      running: (rows) => {
        const work = this.#workRows();
        const above = isNext ? view.liveRows(Math.max(0, rows - work.length)) : [];
        return isNext ? [...above, ...work] : this.#waitingRows(width);
      },
    });
  }

  #workRows(): readonly Row[] {
    const work = this.#sideWork;
    if (work === undefined) return [];
    if (performance.now() < work.shownFrom) {
      this.#schedule.at(work.shownFrom);
      return [];
    }
    const { title, startedAt, signal } = work;
    const elapsedMs = this.#workClock.elapsed(startedAt);
    // While a turn runs, the key is for the turn.
    const stop = this.#chat?.turn === undefined ? "esc to cancel" : "";
    const hint = signal.aborted ? "cancelled, stopping" : stop;
    return [liveWorkRow({ title, elapsedMs, hint }, this.cellContext)];
  }

  #lastRow(room: LiveRoom): Row | undefined {
    const { width } = room;
    if (this.#hint !== "") return row(shorten(this.#hint, width, this.#parts.marks.ellipsis), DIM);
    const isAsked = this.#overlay === undefined && this.#dialogs.length > 0;
    return isAsked && !room.isTiny && isRoomForQuestionOnly(room)
      ? undefined
      : this.#statusRow(width);
  }

  #waitingRows(width: number): readonly Row[] {
    if (this.#backlog.isEmpty) return [];
    const { ellipsis } = this.#parts.marks;
    if (this.#textWaits) {
      const text = `${ellipsis} more text before this; it follows when you have answered`;
      return [row(shorten(text, width, ellipsis), DIM)];
    }
    // The status line says that nothing runs, but the terminal is still behind.
    if (this.#chat?.turn !== undefined) return [];
    return [row(shorten(`${ellipsis} the rest of the text is on its way`, width, ellipsis), DIM)];
  }

  /** The dialog, the menu, or the composer. */
  #inputFrame(room: LiveRoom): Frame {
    const { marks, composer } = this.#parts;
    const { width, inputRows, draftRows } = room;
    const overlay = this.#overlay;
    if (overlay?.kind === "menu")
      return { rows: overlay.menu.rows(width, inputRows, marks), cursor: undefined };
    if (overlay !== undefined) return overlay.input.view(width, marks);
    const [dialog] = this.#dialogs;
    if (dialog === undefined)
      return composer.view(width, draftRows, inputRows, this.#placeholder());
    const count = this.#askedCount;
    const position =
      this.#dialogs.length > 1 ? `${count - this.#dialogs.length + 1} of ${count}` : "";
    const now = performance.now();
    if (dialog.isGuarded(now)) this.#schedule.at(dialog.guardedUntil);
    const isGuarded = this.#isGuarded(dialog, now);
    return questionFrame({ dialog, position, isGuarded }, composer, room, marks);
  }

  #placeholder(): string {
    if (this.#chat?.turn !== undefined) return "Type to queue a message for the agent";
    return "Ask for something";
  }

  #statusRow(width: number): Row {
    const { view, marks } = this.#parts;
    const chat = this.#chat;
    if (chat === undefined) return [];
    const { turn } = chat;
    return statusRow(
      {
        ...chat.rules,
        allowedCount: chat.allowedCount,
        contextLeft: view.meter.percentLeft,
        turn:
          turn === undefined
            ? undefined
            : {
                elapsedMs: this.#clock.elapsed(turn.startedAt),
                isStopping: turn.isStopping,
                queuedCount: chat.queue.length,
              },
      },
      width,
      marks,
    );
  }
}
