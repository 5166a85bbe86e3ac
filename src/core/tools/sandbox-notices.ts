/** What the sandbox of a command has to say, told to the user by events and to the model in words. */
import {
  kernelNotices,
  placeChangeNotice,
  skippedRootNotices,
} from "../../process/confinement-notices.ts";
import type { EndedCommand } from "./command-runner.ts";
import type { ToolInvocation } from "./tool.ts";

export interface SandboxNotices {
  /** For the model, before the output. */
  readonly notes: readonly string[];
  /** What was done to protected places, undone or not. */
  readonly placeChanges: readonly string[];
}

/** For one session: what is true of all its commands is said once. */
export class SandboxNoticeBoard {
  readonly #told = new Set<string>();

  report(
    { confinement, placeChanges }: EndedCommand,
    { emit }: Pick<ToolInvocation, "emit">,
  ): SandboxNotices {
    const roots = confinement === undefined ? [] : this.#news(skippedRootNotices(confinement));
    const kernel = confinement === undefined ? [] : this.#news(kernelNotices(confinement));
    const changes = placeChanges.map(placeChangeNotice);
    for (const message of [...roots, ...kernel, ...changes]) {
      emit({ type: "background_event", message });
    }
    // What this kernel lacks is nothing that the model could act on.
    return { notes: [...roots, ...changes], placeChanges: changes };
  }

  #news(notices: readonly string[]): readonly string[] {
    const news = notices.filter((notice) => !this.#told.has(notice));
    for (const notice of news) this.#told.add(notice);
    return news;
  }
}
