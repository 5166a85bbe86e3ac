/** What guards have recorded, written down for whoever outlives their program. */
import assert from "node:assert/strict";
import { fstatSync, ftruncateSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";

import { diskOfBytes } from "../../src/linux-sandbox/seal-places.ts";
import { GuardJournal, readJournal } from "../../src/process/guard-journal.ts";
import { PlaceGuard, type GuardRecord } from "../../src/process/place-guard.ts";
import { byteStringFromText } from "../../src/runtime/byte-string.ts";
import { hostLibc, needsLinux } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";

function openJournal(): GuardJournal {
  const libc = hostLibc();
  const journal = libc === undefined ? undefined : GuardJournal.open(libc);
  assert.ok(journal !== undefined);
  return journal;
}

/** Over a repository with files, links, a directory of its own settings and one below. */
function guardOf(t: TestContext, name: string): PlaceGuard {
  const directory = join(tempDir(t), name);
  for (const top of [directory, join(directory, "clone")]) {
    mkdirSync(join(top, ".git/hooks"), { recursive: true });
    for (const inner of ["objects", "refs"]) mkdirSync(join(top, ".git", inner));
    writeFileSync(join(top, ".git/HEAD"), "ref: refs/heads/main\n");
    writeFileSync(join(top, ".git/config"), "[include]\n\tpath = ../more\n");
    writeFileSync(join(top, ".git/hooks/pre-commit"), Buffer.from([0, 0xff, 10]), { mode: 0o755 });
    symlinkSync("ü", join(top, ".git/hooks/post-commit"));
  }
  mkdirSync(join(directory, ".codex"));
  const directories = [byteStringFromText(directory)];
  const codexHome = byteStringFromText(join(directory, "home"));
  return new PlaceGuard({ directories, searched: directories, codexHome, disk: diskOfBytes });
}

suite("the journal of guards", { skip: needsLinux }, () => {
  test("says what they have recorded, to the last byte", (t) => {
    const journal = openJournal();
    const guard = guardOf(t, "ü");
    assert.ok(guard.recorded.nestedPlaces.size > 0 && guard.recorded.included.length > 0);
    journal.note(guard);
    const { active, ...rest } = readJournal(journal.fd);
    assert.deepEqual(active, [guard.recorded]);
    assert.deepEqual(rest, { standing: [], writing: [] });
  });

  test("has them in the order of their commands, and with what was approved since", (t) => {
    const journal = openJournal();
    const [first, second, third] = ["first", "second", "third"].map((name) => guardOf(t, name));
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    for (const guard of [first, second, third]) journal.note(guard);
    journal.noteStanding(second);
    journal.noteStanding(first);
    const [directory = ""] = first.recorded.directories;
    const file = { path: join(directory, ".git/hooks/pre-push"), content: "x", mode: undefined };
    const before = first.recorded;
    first.accept([file]);
    journal.note(first);
    assert.notDeepEqual(first.recorded, before);
    const { standing, active } = readJournal(journal.fd);
    assert.deepEqual(standing, [second.recorded, first.recorded]);
    assert.deepEqual(active, [third.recorded]);
    journal.remove(second);
    assert.deepEqual(readJournal(journal.fd).standing, [first.recorded]);
  });

  test("knows an approved patch while it is being written", (t) => {
    const journal = openJournal();
    const guard = guardOf(t, "workspace");
    journal.note(guard);
    const files = [
      { path: "/ü", content: "ü\0", mode: 0o755 },
      { path: "/gone", content: undefined, mode: undefined },
    ];
    journal.noteWriting(files);
    assert.deepEqual(readJournal(journal.fd).writing, files);
    journal.noteWritten();
    assert.deepEqual(readJournal(journal.fd).writing, []);
  });

  test("counts no entry that is not complete", (t) => {
    const journal = openJournal();
    journal.note(guardOf(t, "whole"));
    const whole = fstatSync(journal.fd).size;
    journal.note(guardOf(t, "partial"));
    const { size } = fstatSync(journal.fd);
    const actives: (readonly GuardRecord[])[] = [];
    for (const end of [size - 1, size - 10, whole + 100, whole + 4, whole + 1]) {
      ftruncateSync(journal.fd, end);
      actives.push(readJournal(journal.fd).active);
    }
    assert.deepEqual(
      actives.map(({ length }) => length),
      [1, 1, 1, 1, 1],
    );
  });

  test("does not grow with commands that are over", (t) => {
    const journal = openJournal();
    const sizes = new Set<number>();
    const guards = ["one", "two"].map((name) => guardOf(t, name));
    for (let round = 0; round < 20; round += 1) {
      for (const guard of guards) journal.note(guard);
      for (const guard of guards) journal.remove(guard);
      sizes.add(fstatSync(journal.fd).size);
      assert.deepEqual(readJournal(journal.fd).active, []);
    }
    assert.equal(sizes.size, 1);
    assert.ok(Math.max(...sizes) < 10_000);
  });
});
