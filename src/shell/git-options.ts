/**
 * Options of git's reading subcommands that neither write, nor run a program, nor name a
 * configuration. Left out on purpose: --output, --ext-diff, --textconv, --show-signature (runs
 * gpg.program), --no-index, --stdin, and for `branch` everything that changes one.
 * Source: git-log(1), git-diff(1), git-show(1), git-status(1), git-branch(1) of git 2.39 to 2.51.
 */
import { optionTable } from "./option-table.ts";

const diffNames = {
  flags: "pusbwaWRczmt",
  valued: "SGUl",
  attached: "MCBX",
  long: `
    patch no-patch raw patch-with-raw patch-with-stat minimal patience histogram indent-heuristic
    no-indent-heuristic stat compact-summary numstat shortstat dirstat cumulative dirstat-by-file
    summary name-only name-status color no-color color-moved no-color-moved color-moved-ws
    no-color-moved-ws word-diff color-words no-renames rename-empty no-rename-empty check full-index
    binary abbrev no-abbrev break-rewrites find-renames find-copies find-copies-harder pickaxe-all
    pickaxe-regex relative no-relative text ignore-cr-at-eol ignore-space-at-eol
    ignore-space-change ignore-all-space ignore-blank-lines function-context exit-code quiet
    no-ext-diff no-textconv ignore-submodules no-prefix default-prefix cc combined-all-paths diff-merges no-diff-merges`,
  longValued: `
    unified anchored diff-algorithm word-diff-regex diff-filter inter-hunk-context src-prefix
    dst-prefix line-prefix stat-width stat-name-width stat-count stat-graph-width find-object
    output-indicator-new output-indicator-old output-indicator-context ws-error-highlight
    skip-to rotate-to`,
} as const;

const historyNames = {
  flags: `${diffNames.flags}gEFPiq`,
  valued: `${diffNames.valued}nL`,
  attached: diffNames.attached,
  long: `${diffNames.long}
    oneline graph no-graph decorate no-decorate all branches tags remotes all-match invert-grep
    regexp-ignore-case basic-regexp extended-regexp fixed-strings perl-regexp merges no-merges
    first-parent reverse date-order topo-order author-date-order abbrev-commit no-abbrev-commit
    pretty left-right left-only right-only cherry cherry-pick cherry-mark simplify-by-decoration
    simplify-merges full-history dense sparse ancestry-path parents children boundary walk-reflogs
    source follow log-size notes no-notes mailmap use-mailmap no-mailmap no-use-mailmap
    clear-decorations relative-date expand-tabs no-expand-tabs no-walk do-walk show-pulls not`,
  longValued: `${diffNames.longValued}
    max-count skip since until after before author committer grep grep-reflog date format
    decorate-refs decorate-refs-exclude exclude glob encoding min-parents max-parents`,
  counts: true,
} as const;

export const gitHistoryOptions = optionTable(historyNames);

export const gitDiffOptions = optionTable({
  ...diffNames,
  long: `${diffNames.long} cached staged merge-base base ours theirs`,
});

export const gitStatusOptions = optionTable({
  flags: "sbvz",
  attached: "uM",
  long: `
    short branch no-branch show-stash no-show-stash porcelain long verbose no-verbose
    untracked-files ignored ignore-submodules column no-column ahead-behind no-ahead-behind
    renames no-renames find-renames null`,
});

export const gitBranchOptions = optionTable({
  flags: "arvi",
  long: `
    all remotes list verbose no-verbose show-current ignore-case color no-color column no-column
    abbrev no-abbrev omit-empty`,
  longValued: "contains no-contains merged no-merged points-at sort format",
});
