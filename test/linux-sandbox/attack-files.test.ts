import { closeSync, openSync } from "node:fs";
import { after } from "node:test";
import { join } from "node:path";

import { always, attackTests, onReadOnly, type AttackRow } from "../support/attack-table.ts";

const EACCES = "EACCES";
const EPERM = "EPERM";

const inherited: number[] = [];
after(() => inherited.forEach((fd) => closeSync(fd)));

function keep(fd: number): number {
  inherited.push(fd);
  return fd;
}

const VICTIM = "{outside}/victim";
const OWN = "{workspace}/victim";
const O_TRUNC = 0o1000;

const contents: readonly AttackRow[] = [
  { attack: ["write", VICTIM], expect: always(EACCES) },
  { attack: ["append", VICTIM], expect: always(EACCES) },
  { attack: ["truncate", VICTIM], expect: always(EACCES) },
  { attack: ["ftruncate", VICTIM], expect: always(EACCES) },
  { attack: ["node-truncate", VICTIM], expect: always(EACCES) },
  { attack: ["open-flags", VICTIM, String(O_TRUNC)], expect: always(EACCES) },
  { attack: ["open-flags", VICTIM, String(O_TRUNC | 3)], expect: always(EACCES) },
  { attack: ["openat2-truncate", VICTIM], expect: always(EACCES) },
  ...(process.arch === "x64"
    ? [
        { attack: ["open-flags-old", VICTIM, String(O_TRUNC)], expect: always(EACCES) },
        { attack: ["creat", VICTIM], expect: always(EACCES) },
      ]
    : []),
];

const names: readonly AttackRow[] = [
  { attack: ["create", "{outside}/new"], expect: always(EACCES) },
  { attack: ["tmpfile", "{outside}"], expect: always(EACCES) },
  { attack: ["mkdir", "{outside}/new"], expect: always(EACCES) },
  { attack: ["rmdir", "{outside}/dir"], expect: always(EACCES) },
  { attack: ["unlink", VICTIM], expect: always(EACCES) },
  { attack: ["symlink", "{outside}/new"], expect: always(EACCES) },
  { attack: ["mkfifo", "{outside}/new"], expect: always(EACCES) },
  { attack: ["mksock", "{outside}/new"], expect: always(EACCES) },
  { attack: ["mkchar", "{outside}/new"], expect: always(EACCES), needs: "root" },
  { attack: ["mkblock", "{outside}/new"], expect: always(EACCES), needs: "root" },
  { attack: ["mkchar", "{workspace}/new"], expect: always(EACCES), needs: "root" },
  { attack: ["mkblock", "{workspace}/new"], expect: always(EACCES), needs: "root" },
  { attack: ["rename", VICTIM, "{outside}/new"], expect: always(EACCES) },
  { attack: ["rename", "{outside}/dir", "{outside}/new"], expect: always(EACCES) },
  { attack: ["rename", OWN, "{outside}/new"], expect: always(EACCES) },
  { attack: ["rename", OWN, VICTIM], expect: always(EACCES) },
  { attack: ["rename", VICTIM, "{workspace}/new"], expect: always(EACCES) },
  { attack: ["rename", "{workspace}", "{workspace}2"], expect: always(EACCES) },
  { attack: ["link", VICTIM, "{workspace}/new"], expect: onReadOnly(EACCES, "EXDEV") },
  { attack: ["link", OWN, "{outside}/new"], expect: always(EACCES) },
  { attack: ["link", VICTIM, "{outside}/new"], expect: always(EACCES) },
];

const METADATA = "Landlock does not see metadata; only read-only refuses it by number";

function metadata(attack: readonly string[]): AttackRow {
  return { attack, expect: onReadOnly(EPERM), limit: METADATA };
}

const attributes: readonly AttackRow[] = [
  metadata(["chmod", VICTIM]),
  metadata(["fchmod", VICTIM]),
  metadata(["chown", VICTIM]),
  metadata(["utimes", VICTIM]),
  metadata(["lutimes", VICTIM]),
  metadata(["setxattr", VICTIM]),
  metadata(["fsetxattr", VICTIM]),
  metadata(["set-flags", VICTIM]),
  metadata(["set-version", VICTIM]),
  metadata(["chmod", OWN]),
  metadata(["utimes", OWN]),
];

const descriptors: readonly AttackRow[] = [
  { attack: ["reopen-path", VICTIM], expect: always(EACCES) },
  {
    attack: ["reopen-fd", "0"],
    stdin: ({ outside }) => keep(openSync(join(outside, "victim"), "r")),
    expect: always(EACCES),
  },
  {
    attack: ["reopen-fd", "0"],
    stdin: ({ outside }) => keep(openSync(join(outside, "victim"), 0o10000000)), // O_PATH
    expect: always(EACCES),
  },
  {
    attack: ["create-at-fd", "0", "new"],
    stdin: ({ outside }) => keep(openSync(outside, "r")),
    expect: always(EACCES),
  },
];

/** What the workspace is for; so that the refusals above are no accident. */
const allowed: readonly AttackRow[] = [
  { attack: ["write", OWN], expect: onReadOnly(EACCES) },
  { attack: ["truncate", OWN], expect: onReadOnly(EACCES) },
  { attack: ["create", "{workspace}/new"], expect: onReadOnly(EACCES) },
  { attack: ["rename", OWN, "{workspace}/dir/new"], expect: onReadOnly(EACCES) },
  { attack: ["link", OWN, "{workspace}/dir/new"], expect: onReadOnly(EACCES) },
  { attack: ["mkfifo", "{workspace}/new"], expect: onReadOnly(EACCES) },
  { attack: ["unlink", OWN], expect: onReadOnly(EACCES) },
  { attack: ["rmdir", "{workspace}/dir"], expect: onReadOnly(EACCES) },
];

attackTests("attacks on files", [...contents, ...names, ...attributes, ...descriptors, ...allowed]);
