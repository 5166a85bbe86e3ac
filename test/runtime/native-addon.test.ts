import assert from "node:assert/strict";
import { suite, test } from "node:test";

import {
  anonymousFileDirectories,
  loadNativeAddon,
  NativeAddonError,
} from "../../src/runtime/native-addon.ts";

suite("anonymousFileDirectories", () => {
  test("takes the system's own first, then what the environment names", () => {
    const environment = { XDG_RUNTIME_DIR: "/run/user/1", TMPDIR: "/scratch", HOME: "/home/u" };
    assert.deepEqual(anonymousFileDirectories(environment), [
      "/dev/shm",
      "/tmp",
      "/var/tmp",
      "/run/user/1",
      "/scratch",
      "/home/u",
    ]);
  });

  test("passes over what is missing, empty, relative or already there", () => {
    const environment = { XDG_RUNTIME_DIR: "", TMPDIR: "/tmp", HOME: ".." };
    assert.deepEqual(anonymousFileDirectories(environment), ["/dev/shm", "/tmp", "/var/tmp"]);
    assert.deepEqual(anonymousFileDirectories({}), ["/dev/shm", "/tmp", "/var/tmp"]);
  });
});

test("loadNativeAddon gives one addon per process, which calls libc", () => {
  const addon = loadNativeAddon([]);
  assert.equal(loadNativeAddon([]), addon);
  const getpid = addon.load(null).func("int getpid()");
  assert.equal(getpid(), process.pid);
  assert.equal(addon.address(Buffer.from("x")) > 0n, true);
});

test("NativeAddonError lists every attempt and what would help", () => {
  const error = new NativeAddonError(["/dev/shm: EACCES", "/tmp: ENOSPC"]);
  assert.deepEqual(error.attempts, ["/dev/shm: EACCES", "/tmp: ENOSPC"]);
  assert.match(error.message, /\(\/dev\/shm: EACCES; \/tmp: ENOSPC\); set TMPDIR to /);
});

test("NativeAddonError names what is no matter of the directories", () => {
  const missing = "/proc/self/fd/21: cannot open shared object file: No such file or directory";
  const many = "/proc/self/fd/21: cannot open shared object file: Too many open files";
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [[`/dev/shm: ${missing}`, `/tmp: ${missing}`], /: \/proc is not mounted here$/],
    [[`/dev/shm: ${many}`, "/tmp: EMFILE: too many open files, open '/tmp'"], /ulimit -n$/],
    [[`/dev/shm: ${many}`, "/tmp: EROFS: read-only file system"], /set TMPDIR to /],
  ];
  for (const [attempts, message] of rows) {
    assert.match(new NativeAddonError(attempts).message, message);
  }
});
