/** The signs in front of cells, for terminals that show them and for those that do not. */
export interface Marks {
  readonly user: string;
  readonly running: string;
  readonly done: string;
  readonly failed: string;
  readonly notice: string;
  readonly retry: string;
  readonly current: string;
  readonly ellipsis: string;
  readonly separator: string;
  /** In front of a heading. */
  readonly rule: string;
}

export const UNICODE_MARKS: Marks = {
  user: "›",
  running: "…",
  done: "✓",
  failed: "✗",
  notice: "!",
  retry: "↻",
  current: "▸",
  ellipsis: "…",
  separator: " · ",
  rule: "──",
};

export const ASCII_MARKS: Marks = {
  user: ">",
  running: "...",
  done: "[ok]",
  failed: "[failed]",
  notice: "!",
  retry: "[retry]",
  current: ">",
  ellipsis: "...",
  separator: " | ",
  rule: "--",
};

/** Whether the locale of the environment speaks UTF-8. Source: setlocale(3), order of variables. */
export function hasUtf8Locale(env: Readonly<Record<string, string | undefined>>): boolean {
  const names = ["LC_ALL", "LC_CTYPE", "LANG"] as const;
  const locale = names
    .map((name) => env[name])
    .find((value) => value !== undefined && value !== "");
  // Without any locale the C locale is in force, yet nearly all such systems show UTF-8.
  return locale === undefined || /utf-?8/iu.test(locale);
}
