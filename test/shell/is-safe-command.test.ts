import assert from "node:assert/strict";
import { test } from "node:test";
import { loadBashGrammar } from "../../src/shell/bash-grammar.ts";
import { isSafeCommand } from "../../src/shell/is-safe-command.ts";

const grammar = await loadBashGrammar();
const place = { workdir: "/home/me/repo", sessionCwd: "/home/me/repo" };

function safe(argv: readonly string[]): boolean {
  return isSafeCommand(argv, place, grammar);
}

/** One argument vector per line, words separated by single blanks. */
const safeVectors = `
cat a.txt
cat
cat -n a.txt b.txt
cat /proc/cpuinfo
cat /dev/null
cd
cd ..
cd -
cd src
echo hi
echo -e a\\nb
echo --output=x
false
grep -R foo .
grep -rn --include=*.ts foo src
grep -f patterns.txt a.txt
head -n 5 a.txt
head -5 a.txt
ls
ls -la
ls /dev
ls --color=always
nl -ba a.txt
pwd
tail -n +3 a.txt
tail -f log
true
wc -l a.txt
wc --lines -- --files0-from=x
which node
find .
find . -name *.ts
find src -type f -not -path ./node_modules/*
find . -maxdepth 2 -mtime -7 -size +10k -print0
find . -size -10k -perm -u+x
find . ( -name a -o -name b ) -prune
find . -newermt 2024-01-01
rg foo
rg -n foo sub
rg --files
rg --files -g !node_modules
rg -tpy -A3 -C 2 foo
rg -e foo -e bar src
rg -ez foo
rg --glob=*.ts foo
rg --type rust foo
rg -- --pre src
rg -uuu foo
git status
git status -sb
git status --porcelain=v2 --branch
git log
git log --oneline -20
git log -n 5 --format=%H%n%s
git log -p -S needle -- src
git log --since=2.weeks --author=me
git log -- --output
git show HEAD~1
git show --stat HEAD
git show HEAD:src/a.ts
git diff
git diff --cached --name-only
git diff -M90% -U5 HEAD^ -- a.txt
git diff --output-indicator-new=>
git diff --no-ext-diff
git branch
git branch -a
git branch -vv
git branch --show-current
git branch --list feature/*
git branch --contains HEAD
git branch --sort=-committerdate --format=%(refname)
cargo check
cargo check --workspace --all-targets
cargo check -p core --features a,b --message-format=json
sed -n 1,20p a.txt
sed -n 7p a.txt
`;

test("argument vectors that only read are safe", () => {
  for (const line of lines(safeVectors)) assert.equal(safe(line.split(" ")), true, line);
});

const unsafeVectors = `
/bin/ls
./ls
bin/ls
LS
ls\u00a0
\u00a0ls
l\u0455
--
-ls
stat a.txt
sort -o a.txt
uniq a b
cut -f1 a
env ls
printf %s x
date -s 2000-01-01
awk BEGIN{system("id")}
xargs ls
tee a.txt
sudo ls
command ls
exec ls
eval ls
builtin cd
time ls
sh
bash -c
bash a.sh
bash -c ls extra
bash -x -c ls
bash --rcfile evil -c ls
bash -cl ls
/bin/bash -lc ls
dash -c ls
ksh -lc ls
fish -c ls
wc --files0-from=list
wc --files0-from list
wc --files=list
wc --f=list
cat /dev/watchdog
cat /dev/tty
head -c 10 /dev/random
head /dev//../dev/zero
tail /proc/1/environ
cat /proc/self/fd/0
cat /proc/kmsg
cat ../../../../dev/tty
cat ../../../../../../../dev/tty
cat /./dev/tty
grep -f /dev/tty a
grep -f/dev/tty a
grep --file=/dev/tty a
cd /dev
cd /dev/..//dev/pts
cd /proc/1
cd a b
find . -exec rm {} ;
find . -execdir rm {} +
find . -ok rm {} ;
find . -okdir rm {} ;
find . -delete
find . -name x -delete
find . -name -delete
find . -fls out
find . -fprint out
find . -fprint0 out
find . -fprintf out %p
find -files0-from list
find --exec rm
find . -unknown-primary
rg --pre=evil foo
rg --pre evil foo
rg --pre-glob=* foo
rg foo --hostname-bin=evil
rg --hostname-bin evil foo
rg -z foo
rg --search-zip foo
rg -nz foo
rg -inzl foo
rg -e -- --pre=evil foo
rg --regexp -- --pre=evil foo
rg --pr=evil foo
rg --config=x foo
git
git push
git commit -m x
git checkout .
git fetch
git -C /tmp status
git -c core.fsmonitor=evil status
git -cdiff.external=evil diff
git --git-dir=/tmp/x status
git --work-tree=/ status
git --exec-path=/tmp log
git -p log
git --paginate log
git status --output=x
git branch new
git branch -D x
git branch -d x
git branch -Dr origin/x
git branch --delete x
git branch --del x
git branch -m a b
git branch -M a b
git branch -c a b
git branch -C a b
git branch -f main HEAD~1
git branch -v new
git branch -l new
git branch -u origin/main
git branch --set-upstream-to=origin/main
git branch --unset-upstream
git branch --edit-description
git branch --track x origin/x
git branch --sort --list new
git branch --format --list new
git branch -- --list
git branch -- new --list
git branch --list -D x
git branch --no-list new
git log --output=x
git log --output x
git log --outpu=x
git log --out x
git log --ext-diff -p
git log --ext -p
git show --textconv HEAD
git show --textc HEAD
git show --show-signature
git log --format=%G?
git log --pretty=format:%GS
git log --format=%+GS
git log --format=%-GG
git branch --format=%(signature:key)
git branch --list --format=%(*signature)
git diff --no-index --ext-diff a b
git diff --ext-diff
git diff --ext-d
git diff --output=/tmp/x
git diff --output=/tmp/x --
git diff -O/dev/tty
git diff -- /dev/tty
git log --grep -- --output=x
git log --author -- --output=x
git diff --stat --no-index a b
git log --stdin
git log --end-of-options --output=x
git diff --open-files-in-pager=evil
git --help
cargo
cargo build
cargo test
cargo +nightly check
cargo check --config build.rustc-wrapper="evil"
cargo check --config=build.rustc-wrapper="evil"
cargo check --manifest-path evil/Cargo.toml
cargo check --target-dir=/tmp/x
cargo check --target evil.json
cargo check -Zunstable
cargo check -Z unstable
cargo check --conf x
cargo -C evil check
sed -n 1,20p
sed 1,20p a.txt
sed -n 1p a b
sed -i s/a/b/ a.txt
sed -n 1p -i
sed -n 1p -e1wout
sed -n 1p --in-place
sed -i 1p a.txt
sed -n 1wout a.txt
sed -n 1e a.txt
sed -n 1,2w a.txt
sed -n 1,$p a.txt
sed -n 1p;1e a.txt
sed -ni 1p a.txt
sed -n 1,p a.txt
sed -n \u0661p a.txt
sed -n 1p /dev/tty
sed --quiet 1p a.txt
`;

test("argument vectors that write, run, configure or are unknown are not", () => {
  for (const line of lines(unsafeVectors)) assert.equal(safe(line.split(" ")), false, line);
});

test("argument vectors that no line can hold", () => {
  assert.equal(safe([]), false);
  assert.equal(safe([""]), false);
  assert.equal(safe(["ls", "a\0b"]), false);
  assert.equal(safe(["ls\0"]), false);
  assert.equal(safe(["git", "status\n"]), false);
  assert.equal(safe(["git", " status"]), false);
  assert.equal(safe(["ls\n"]), false);
  assert.equal(safe(["ls", "\ud800"]), false);
  assert.equal(safe(["sed", "-n", "1p\nw out", "a.txt"]), false);
  assert.equal(safe(["sed", "-n", "1p\n", "a.txt"]), false);
  assert.equal(safe(["sed", "-n", "1p", ""]), false);
  assert.equal(safe(["rg", "--pre\n=x", "foo"]), false);
  assert.equal(safe(["constructor"]), false);
  assert.equal(safe(["__proto__"]), false);
  assert.equal(safe(["echo", "a\nb"]), true);
  assert.equal(safe(["cat", "a b"]), true);
  assert.equal(safe(["grep", "*", "a"]), true);
});

const safeScripts: readonly string[] = [
  "ls",
  "  ls -la  ",
  "ls;",
  "ls; pwd",
  "ls\npwd\n",
  "\n\nls\n\n\npwd",
  "ls && cat a.txt || rg foo | wc -l; pwd",
  "ls |\nwc -l",
  "ls &&\n  pwd",
  "echo 'a $(id) `id` $HOME > x'",
  'echo "plain words" done',
  'echo "a; rm -rf x"',
  'grep "a\\"b" x',
  "grep -n 'foo|bar' src/a.ts",
  "cat a\\ b.txt",
  "cat \\$HOME",
  "ls *",
  "ls *.ts src/*.ts",
  "cat src/?.ts",
  "ls [ab]*",
  "cat ~/notes.txt",
  "ls ~",
  "rg foo src/*.ts",
  "rg foo -- *.ts",
  "rg -n foo -- *",
  "wc -l src/*.ts",
  "find . -name *.rs",
  "find . ! -name x -o \\( -name y \\)",
  "git diff -- *.ts",
  "git log --stat -- *",
  "git show HEAD^ HEAD~1",
  "sed -n 1,20p src/a.ts",
  "sed -n '1,20p' src/a.ts",
  "cd src && ls",
  "cd src && rg foo",
  "cd src && cat a.txt",
  "cd /home/me/repo && git status",
  "cd . && git log",
  "git status; cd src",
  "echo !! !x a!b",
  "echo a#b",
  "echo ''",
  "rg -g '*.ts' foo | head -n 3",
  "true && false || echo x",
  "cat 'übung.txt'",
];

test("plain scripts of safe commands are safe in each shell and with each flag", () => {
  for (const script of safeScripts) {
    for (const [shell, flag] of [
      ["bash", "-lc"],
      ["bash", "-c"],
      ["sh", "-c"],
    ] as const) {
      assert.equal(
        safe([shell, flag, script]),
        true,
        `${shell} ${flag}: ${JSON.stringify(script)}`,
      );
    }
  }
  assert.equal(safe(["zsh", "-lc", "ls && git status"]), true);
  assert.equal(safe(["sh", "-lc", "ls | wc -l"]), true);
});

const unsafeScripts: readonly string[] = [
  "",
  " ",
  "\n",
  ";",
  "ls &&",
  "&& ls",
  "ls ||",
  "ls | | wc",
  "ls;;pwd",
  "ls\n;pwd",
  "rm -rf x",
  "ls; rm x",
  "ls && rm x",
  "ls || rm x",
  "ls | sh",
  "ls\nrm x",
  "ls &",
  "rm x & ls",
  "ls |& wc",
  // expansions and substitutions
  "cat $HOME/x",
  "cat ${HOME}",
  "ls $(rm x)",
  "ls `rm x`",
  'echo "$(rm x)"',
  'echo "`rm x`"',
  'echo "$HOME"',
  "rg$IFS--pre=evil foo",
  "rg --pre${IFS}evil foo",
  "echo $((1+1))",
  "echo $[1+1]",
  "echo $'\\x2d'",
  "rg $'--pre=evil' foo",
  'rg $"--pre=evil" foo',
  "cat <(rm x)",
  "ls >(rm x)",
  // redirections
  "ls > out",
  "ls>out",
  "ls >> out",
  "ls 2>&1",
  "ls 2>/dev/null",
  "ls &> out",
  "ls >| out",
  "cat < in",
  "cat <<EOF\nhi\nEOF",
  "cat <<< x",
  "echo hi >&2",
  // assignments and groups
  "A=1 ls",
  "A=1",
  "PAGER=evil git log",
  "GIT_EXTERNAL_DIFF=evil git diff",
  "RIPGREP_CONFIG_PATH=evil rg foo",
  "PATH=. ls",
  "export PATH=.; ls",
  "a+=1",
  "a[0]=1 ls",
  "(ls)",
  "{ ls; }",
  "if ls; then pwd; fi",
  "for x in a; do ls; done",
  "while true; do ls; done",
  "! ls",
  "time ls",
  "[[ -f x ]]",
  "[ -f x ]",
  "test -f x",
  "case x in x) ls;; esac",
  "coproc ls",
  // functions and aliases
  "ls() { rm x; }; ls",
  "function ls { rm x; }; ls",
  "alias ls=rm; ls x",
  "shopt -s expand_aliases",
  "unset ls",
  "source x",
  ". x",
  "eval ls",
  "exec ls",
  "command ls",
  "trap ls EXIT",
  "hash -p /tmp/evil ls; ls",
  "enable -f evil.so ls",
  "set -x",
  // words that are not what they seem
  "'ls' -l",
  '"ls" -l',
  "l\\s",
  "l''s",
  'ls -"l"',
  'a"b"',
  "echo a'b'",
  "'a''b'",
  "{ls,-l}",
  "ls {a,b}",
  "ls {1..3}",
  "rg {--pre=evil,foo}",
  "ls # comment",
  "# comment\nls",
  "l* x",
  "~/ls",
  "*",
  "ls ~root",
  "ls ~+",
  "ls ~-",
  "ls a=~/b",
  "ls @(a|b)",
  "ls !(a)",
  // words the shell may turn into options
  "rg * foo",
  "rg foo *",
  "rg foo *.ts",
  "rg ?-pre=evil foo",
  "rg [-]-pre=evil foo",
  "rg --p* foo",
  "rg -g*.ts foo",
  "rg -e -- *",
  "git diff *",
  "git log --grep -- *",
  "git diff --out* HEAD",
  "git diff [-]-output=x",
  "git st*",
  "git \\-c core.fsmonitor=x status",
  "git branch *",
  "git branch --list * -D x",
  "find *",
  "find . *",
  "find . -del*",
  "find . -e*c rm",
  "find . ?delete",
  "find . [-]delete",
  "find . -name *",
  "wc *",
  "wc -l *.ts",
  "sed -n 1p *",
  "sed -n *p a.txt",
  "sed -* 1p a.txt",
  "cargo check *",
  "rg --pre'='evil foo",
  "rg '--pre=evil' foo",
  'rg "--pre=evil" foo',
  "rg \\--pre=evil foo",
  "rg -\\-pre=evil foo",
  "rg --pr\\e=evil foo",
  "find . '-delete'",
  "find . -dele\\te",
  "sed -n 1p '-e1wout'",
  // odd characters
  "ls\\\n-l",
  "ls a\\\nb",
  "ls\r",
  "ls\r\npwd",
  "git status\r--output=x",
  "ls\u00a0-l",
  "ls \u2028rm",
  "ls\u3000-l",
  "ls \u000brm",
  "ls \u0001",
  "ls 'a\u0000b'",
  "ls '\u001b[2J'",
  "ls \ud800",
  "cat übung.txt",
  "echo \\\u00e9",
  'echo "é\\"b"',
  // directories
  "cd /tmp && git status",
  "cd src && git status",
  "cd evil; git log",
  "cd evil || git log",
  "cd evil | git log",
  "cd && git log",
  "cd - && git log",
  "cd ~/x && git log",
  "cd src/* && git log",
  "cd evil && cargo check",
  "cd src && cd .. && git log",
  "cd / && cat dev/tty",
  "cd / && cd dev && cat tty",
  "cd /dev && cat tty",
  "cd ../../.. && cat dev/tty",
  "cd && cat ../../dev/tty",
  "cat ~/../../dev/tty",
  "cat /d*/tty",
  "cat /*/tty",
  "cat /dev/*",
  "cat /proc/*/environ",
  "cat ../../../*/tty",
  "cat x*/../../../../dev/tty",
  "cat .*/../../../dev/tty",
  "cd /d*",
  "bash -lc ls",
  "sh -c 'ls'",
];

test("scripts that are clever, or hold one unsafe command, are not", () => {
  for (const script of unsafeScripts) {
    for (const [shell, flag] of [
      ["bash", "-lc"],
      ["bash", "-c"],
      ["sh", "-c"],
      ["zsh", "-lc"],
    ] as const) {
      assert.equal(
        safe([shell, flag, script]),
        false,
        `${shell} ${flag}: ${JSON.stringify(script)}`,
      );
    }
  }
});

test("words with a meaning of their own in zsh are not plain there", () => {
  for (const script of ["cat =ls", "git show HEAD^", "ls a#b", "git diff HEAD~1", "ls ^a"]) {
    assert.equal(safe(["bash", "-c", script]), true, script);
    assert.equal(safe(["zsh", "-c", script]), false, script);
  }
});

test("a command that obeys its directory is safe only where the session is", () => {
  const below = { workdir: "/home/me/repo/vendor/evil", sessionCwd: "/home/me/repo" };
  assert.equal(isSafeCommand(["git", "status"], below, grammar), false);
  assert.equal(isSafeCommand(["cargo", "check"], below, grammar), false);
  assert.equal(isSafeCommand(["ls"], below, grammar), true);
  assert.equal(isSafeCommand(["cat", "tty"], { ...below, workdir: "/dev" }, grammar), false);
  assert.equal(isSafeCommand(["cat", "dev/tty"], { ...below, workdir: "/" }, grammar), false);
  assert.equal(isSafeCommand(["cat", "environ"], { ...below, workdir: "/proc/1" }, grammar), false);
});

test("hostile scripts are judged in bounded time", () => {
  const started = performance.now();
  for (const script of [
    "ls && ".repeat(2_700) + "ls",
    "ls ".repeat(5_400),
    "(".repeat(16_000),
    "$(".repeat(8_000),
    "'".repeat(16_001),
    "cd a;".repeat(3_000),
    " ".repeat(16_000) + "ls",
    "\\ ".repeat(8_000),
    "x".repeat(10_000_000),
  ]) {
    safe(["bash", "-lc", script]);
  }
  assert.ok(performance.now() - started < 5_000);
  assert.equal(safe(["bash", "-lc", `${"ls && ".repeat(2_700)}ls`]), true);
  assert.equal(safe(["bash", "-lc", `${"ls && ".repeat(2_800)}ls`]), false); // over the length limit
});

test("the table has at least 200 cases, half of them attempts to smuggle", () => {
  const good = lines(safeVectors).length + safeScripts.length;
  const bad = lines(unsafeVectors).length + unsafeScripts.length;
  assert.ok(good + bad >= 200 && bad >= (good + bad) / 2, `${good} safe, ${bad} unsafe`);
});

/** `trim` would take the unusual blanks that some lines end in. */
function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
