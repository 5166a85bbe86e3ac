import assert from "node:assert/strict";
import { test } from "node:test";

import { findWindowsProgram, type WindowsSearch } from "../../src/process/windows-program.ts";

const files = new Set(
  [
    "C:\\Windows\\system32\\cmd.exe",
    "C:\\Windows\\system32\\tool.com",
    "C:\\Windows\\system32\\tool.exe",
    "C:\\Program Files\\nodejs\\npm.cmd",
    "C:\\Program Files\\nodejs\\npm",
    "C:\\Program Files\\nodejs\\node.exe",
    "C:\\odd\\archive.tar.exe",
    "C:\\odd\\script.ps1",
    "C:\\work\\git.exe",
    "C:\\work\\bin\\run.bat",
    "\\\\server\\share\\net.exe",
  ].map((path) => path.toLowerCase()),
);

const search: WindowsSearch = {
  cwd: "C:\\work",
  path: '.;bin;C:\\Windows\\system32;"C:\\Program Files\\nodejs";C:\\odd;\\\\server\\share;',
  pathExt: ".COM;.EXE;.BAT;.CMD",
  isFile: (path) => files.has(path.toLowerCase()),
};

function found(name: string, changes: Partial<WindowsSearch> = {}): readonly string[] {
  const program = findWindowsProgram(name, { ...search, ...changes });
  return program === undefined ? [] : [program.path, program.kind];
}

test("a bare name is looked for with the extensions of PATHEXT, in their order", () => {
  assert.deepEqual(found("cmd"), ["C:\\Windows\\system32\\cmd.exe", "executable"]);
  assert.deepEqual(found("tool"), ["C:\\Windows\\system32\\tool.com", "executable"]);
  assert.deepEqual(found("CMD.EXE"), ["C:\\Windows\\system32\\CMD.EXE", "executable"]);
  assert.deepEqual(found("archive.tar"), ["C:\\odd\\archive.tar.exe", "executable"]);
  assert.deepEqual(found("net"), ["\\\\server\\share\\net.exe", "executable"]);
});

test("a file without an extension is no program, a batch file is one of another kind", () => {
  assert.deepEqual(found("npm"), ["C:\\Program Files\\nodejs\\npm.cmd", "batch"]);
  assert.deepEqual(found("bin\\run"), ["C:\\work\\bin\\run.bat", "batch"]);
  assert.deepEqual(found("script"), []);
  assert.deepEqual(found("script.ps1"), []);
  assert.deepEqual(found("script", { pathExt: ".PS1" }), ["C:\\odd\\script.ps1", "executable"]);
});

test("the current directory counts only for names that say so", () => {
  assert.deepEqual(found("git"), []);
  assert.deepEqual(found("run"), []); // "bin" and "." of PATH are relative
  assert.deepEqual(found(".\\git"), ["C:\\work\\git.exe", "executable"]);
  assert.deepEqual(found("./git.exe"), ["C:\\work\\git.exe", "executable"]);
  assert.deepEqual(found("C:\\work\\git"), ["C:\\work\\git.exe", "executable"]);
  assert.deepEqual(found("bin/../git"), ["C:\\work\\git.exe", "executable"]);
});

test("nothing, and a PATHEXT that says nothing", () => {
  assert.deepEqual(found(""), []);
  assert.deepEqual(found("cmd\0"), []);
  assert.deepEqual(found("cmd", { path: undefined }), []);
  for (const pathExt of [undefined, "", ";;", "EXE", ".a/b"]) {
    assert.deepEqual(found("cmd", { pathExt }), ["C:\\Windows\\system32\\cmd.exe", "executable"]);
  }
});
