import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { patchInCommand } from "../../src/apply-patch/patch-in-command.ts";
import { run } from "../support/run.ts";
import { tempDir } from "../support/temp-dir.ts";

const BODY = "*** Begin Patch\n*** Add File: a.txt\n+$HOME `x`\n*** End Patch\n";
const HEREDOC = `apply_patch <<'EOF'\n${BODY}EOF\n`;

describe("commands that are a patch", () => {
  test("the program with its body, also where the body is none", () => {
    for (const program of ["apply_patch", "applypatch"]) {
      assert.deepEqual(patchInCommand([program, BODY]), { patchText: BODY, directory: undefined });
    }
    const heredoc = `<<EOF\n${BODY}EOF`;
    assert.deepEqual(patchInCommand(["apply_patch", heredoc]), {
      patchText: heredoc,
      directory: undefined,
    });
    assert.deepEqual(patchInCommand(["apply_patch", ""]), { patchText: "", directory: undefined });
  });

  test("a heredoc in a shell, by base name, with -c or -lc", () => {
    for (const shell of ["bash", "sh", "zsh", "/bin/bash", "/usr/local/bin/zsh"]) {
      for (const flag of ["-c", "-lc"]) {
        assert.deepEqual(patchInCommand([shell, flag, HEREDOC]), {
          patchText: BODY,
          directory: undefined,
        });
      }
    }
  });

  const scripts: readonly (readonly [string, string | undefined])[] = [
    [`  \n${HEREDOC}\n \n`, undefined],
    [`applypatch <<EOF\n${BODY}EOF`, undefined],
    [`apply_patch<<"END OF IT"\n${BODY}END OF IT`, undefined],
    [`apply_patch << \\EOF\n${BODY}EOF`, undefined],
    [`apply_patch <<-EOF\n\t${BODY.replaceAll("\n", "\n\t").trimEnd()}\n\tEOF`, undefined],
    [`cd sub && ${HEREDOC}`, "sub"],
    [`cd /a/b-c_d.e/../f &&\n${HEREDOC}`, "/a/b-c_d.e/../f"],
    [`cd 'a b; $c' && ${HEREDOC}`, "a b; $c"],
    [`cd "a b" && ${HEREDOC}`, "a b"],
  ];
  for (const [script, directory] of scripts) {
    test(JSON.stringify(script.slice(0, 40)), () => {
      assert.deepEqual(patchInCommand(["bash", "-lc", script]), { patchText: BODY, directory });
    });
  }
});

describe("commands that are more or less than a patch", () => {
  const scripts = [
    `${HEREDOC}echo hi\n`,
    `${HEREDOC}# comment\n`,
    `apply_patch <<'EOF' && echo hi\n${BODY}EOF\n`,
    `apply_patch <<'EOF'; rm -rf x\n${BODY}EOF\n`,
    `apply_patch <<'EOF' | tee log\n${BODY}EOF\n`,
    `apply_patch <<'EOF' > out\n${BODY}EOF\n`,
    `apply_patch <<'EOF' <<'B'\n${BODY}EOF\nB\n`,
    `apply_patch --help <<'EOF'\n${BODY}EOF\n`,
    `echo hi && ${HEREDOC}`,
    `cd a && cd b && ${HEREDOC}`,
    `cd a; ${HEREDOC}`,
    `cd a\n${HEREDOC}`,
    `cd a || ${HEREDOC}`,
    `cd && ${HEREDOC}`,
    `cd - && ${HEREDOC}`,
    `cd -P a && ${HEREDOC}`,
    `cd '-P' && ${HEREDOC}`,
    `cd ~ && ${HEREDOC}`,
    `cd ~/a && ${HEREDOC}`,
    `cd $HOME && ${HEREDOC}`,
    `cd "$HOME" && ${HEREDOC}`,
    `cd "\`pwd\`" && ${HEREDOC}`,
    `cd a* && ${HEREDOC}`,
    `cd {a,b} && ${HEREDOC}`,
    `cd a b && ${HEREDOC}`,
    `cd a'b' && ${HEREDOC}`,
    `cd "a\\b" && ${HEREDOC}`,
    `X=1 ${HEREDOC}`,
    `env ${HEREDOC}`,
    `( ${HEREDOC} )`,
    `/usr/bin/apply_patch <<'EOF'\n${BODY}EOF\n`,
    `apply_patch <<'EOF'\n${BODY}`,
    `apply_patch <<'EOF'\n${BODY} EOF\n`,
    `apply_patch <<'EOF'\n${BODY}EOF \n`,
    `apply_patch <<E'O'F\n${BODY}EOF\n`,
    `apply_patch <<$EOF\n${BODY}$EOF\n`,
    `apply_patch <<< '${BODY}'`,
    `apply_patch '${BODY}'`,
    `apply_patch_2 <<'EOF'\n${BODY}EOF\n`,
    "apply_patch",
    "",
  ];
  for (const script of scripts) {
    test(JSON.stringify(script.slice(0, 60)), () => {
      assert.equal(patchInCommand(["bash", "-lc", script]), undefined);
    });
  }

  const commands = [
    [],
    ["apply_patch"],
    ["apply_patch", BODY, "more"],
    ["/usr/bin/apply_patch", BODY],
    ["bash", "-lc"],
    ["bash", "-lc", HEREDOC, "name"],
    ["bash", "-x", HEREDOC],
    ["bash", "-l", "-c", HEREDOC],
    ["fish", "-c", HEREDOC],
    ["bashful", "-c", HEREDOC],
    ["env", "bash", "-c", HEREDOC],
  ];
  for (const argv of commands) {
    test(JSON.stringify(argv.map((word) => word.slice(0, 20))), () => {
      assert.equal(patchInCommand(argv), undefined);
    });
  }
});

test("bash hands apply_patch the same body, in the same directory", async (t) => {
  const cwd = tempDir(t);
  const bin = join(cwd, "bin");
  mkdirSync(bin);
  mkdirSync(join(cwd, "a b"));
  writeFileSync(join(bin, "apply_patch"), "#!/bin/sh\npwd -P\ncat\n");
  chmodSync(join(bin, "apply_patch"), 0o755);
  const scripts = [
    HEREDOC,
    `apply_patch<<"END OF IT"\n${BODY}END OF IT`,
    `apply_patch << \\EOF\n${BODY}EOF`,
    `apply_patch <<-'EOF'\n\t${BODY.replaceAll("\n", "\n\t").trimEnd()}\n\tEOF`,
    `cd 'a b' && ${HEREDOC}`,
    `cd "a b" &&\n${HEREDOC}`,
    `cd ${cwd}/bin/.. && ${HEREDOC}`,
  ];
  for (const script of scripts) {
    const found = patchInCommand(["bash", "-c", script]);
    const result = await run(["bash", "-c", script], {
      cwd,
      env: { PATH: `${bin}:/usr/bin:/bin` },
    });
    const directory = found?.directory?.startsWith(cwd) === true ? undefined : found?.directory;
    const place = directory === undefined ? cwd : join(cwd, directory);
    assert.equal(result.stdout, `${place}\n${found?.patchText ?? ""}`);
  }
});
