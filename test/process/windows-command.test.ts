import assert from "node:assert/strict";
import { test } from "node:test";

import {
  findWindowsCommand,
  windowsVariable,
  type WindowsStart,
} from "../../src/process/windows-command.ts";

const files = new Set([
  "C:\\tools\\git.exe",
  "C:\\tools\\npm.cmd",
  "C:\\work\\git.exe",
  "C:\\work\\build.bat",
]);

function start(argv: readonly string[], changes: Record<string, string> = {}): WindowsStart {
  return findWindowsCommand(argv, {
    cwd: "C:\\work",
    environment: {
      Path: "C:\\tools;.",
      PathExt: ".EXE;.CMD;.BAT",
      SYSTEMROOT: "D:\\Win",
      ...changes,
    },
    isFile: (path) => files.has(path),
  });
}

test("a program is found by PATH and PATHEXT in any letter case, never in the directory", () => {
  assert.deepEqual(start(["git", "a b"]), {
    program: "C:\\tools\\git.exe",
    argv0: "git",
    args: ["a b"],
    isVerbatim: false,
  });
  assert.deepEqual(start([".\\git"]), {
    program: "C:\\work\\git.exe",
    argv0: ".\\git",
    args: [],
    isVerbatim: false,
  });
});

test("a batch file goes to the system's cmd.exe, quoted for it and passed on verbatim", () => {
  assert.deepEqual(start(["npm", "run", 'a"&calc'], { ComSpec: "C:\\evil.exe" }), {
    program: "D:\\Win\\System32\\cmd.exe",
    args: ["/d", "/e:ON", "/v:OFF", "/s", "/c", '"C:\\tools\\npm.cmd run "a""&calc""'],
    isVerbatim: true,
  });
  const odd = start(["npm"], { SYSTEMROOT: '"&\\\\host' });
  assert.equal("program" in odd && odd.program, "C:\\Windows\\System32\\cmd.exe");
});

test("what cannot be found is 127, what cannot be said to cmd.exe 126", () => {
  assert.deepEqual(start(["missing"]), {
    exitCode: 127,
    message: 'Cannot run "missing": not found',
  });
  assert.deepEqual(start([]), { exitCode: 127, message: 'Cannot run "": not found' });
  assert.deepEqual(start(["build.bat"]), {
    exitCode: 127,
    message: 'Cannot run "build.bat": not found',
  });
  const broken = start([".\\build.bat", "a\nb"]);
  assert.deepEqual(broken, {
    exitCode: 126,
    message: 'Cannot quote "a\\nb" for cmd.exe: it contains a line break',
  });
});

test("names of variables have no letter case", () => {
  assert.equal(windowsVariable({ pAtH: "x" }, "PATH"), "x");
  assert.equal(windowsVariable({}, "PATH"), undefined);
});
