import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";

import {
  defaultShellEnvironmentPolicy,
  filterEnvironment,
  nameOfEntry,
  setEntries,
  type DropReason,
  type ShellEnvironmentPolicy,
} from "../../src/process/exec-env.ts";
import { globMatcher } from "../../src/process/glob-matcher.ts";
import { withSandboxMarkers } from "../../src/process/sandbox-environment.ts";
import type { SandboxPolicy } from "../../src/protocol/sandbox-policy.ts";
import { brand } from "../../src/runtime/byte-string.ts";

async function filter(
  entries: readonly string[],
  changes: Partial<ShellEnvironmentPolicy> = {},
): Promise<readonly string[]> {
  const policy = { ...defaultShellEnvironmentPolicy, ...changes };
  return (await filterEnvironment(entries.map(brand), policy)).entries;
}

async function reasons(
  entries: readonly string[],
  changes: Partial<ShellEnvironmentPolicy> = {},
): Promise<readonly (readonly [string, DropReason])[]> {
  const policy = { ...defaultShellEnvironmentPolicy, ...changes };
  const { dropped } = await filterEnvironment(entries.map(brand), policy);
  return dropped.map(({ name, reason }) => [name, reason]);
}

const core = [
  "HOME=/h",
  "LOGNAME=u",
  "PATH=/bin",
  "SHELL=/bin/sh",
  "USER=u",
  "USERNAME=u",
  "TMPDIR=/t",
  "TEMP=/t",
  "TMP=/t",
  "TERM=xterm",
  "COLORTERM=truecolor",
  "TZ=UTC",
  "LANG=C",
  "LANGUAGE=en",
  "LC_ALL=C",
  "LC_CTYPE=C.UTF-8",
  "LC_=x",
];

suite("step 1: inherit", () => {
  test("core, the default, keeps its list and LC_ names, in order", async () => {
    assert.deepEqual(await filter(core), core);
  });

  test("core names are case-sensitive and whole", async () => {
    const others = ["home=/h", "Path=/bin", "PATHS=/x", "MYPATH=/x", "LC=x", "lc_all=C", "XLC_A=1"];
    const more = ["DISPLAY=:0", "SSH_AUTH_SOCK=/s", "EDITOR=vi", "NODE_OPTIONS=x", "LD_PRELOAD=x"];
    assert.deepEqual(await filter([...others, ...more]), []);
    assert.deepEqual(await reasons(["DISPLAY=:0"]), [["DISPLAY", "not core"]]);
  });

  test("all keeps everything that does not look secret", async () => {
    const entries = ["A=1", "DISPLAY=:0", "home=/h", "EMPTY=", "=weird", "NOEQUALS"];
    assert.deepEqual(await filter(entries, { inherit: "all" }), entries);
  });

  test("none starts from nothing", async () => {
    assert.deepEqual(await filter(core, { inherit: "none" }), []);
    assert.deepEqual(await reasons(["HOME=/h"], { inherit: "none" }), [
      ["HOME", "inherit is none"],
    ]);
  });
});

suite("step 2: names that look secret", () => {
  const secrets = ["OPENAI_API_KEY=x", "key=x", "MONKEY=x", "My_Secret=x", "token=x", "ATOKENS=x"];

  test("go, in any letter case, anywhere in the name", async () => {
    assert.deepEqual(await filter([...secrets, "A=1"], { inherit: "all" }), ["A=1"]);
    assert.deepEqual(await reasons(["MONKEY=x"], { inherit: "all" }), [["MONKEY", "looks secret"]]);
  });

  test("go also when a core rule lets them in", async () => {
    assert.deepEqual(await filter(["LC_TOKEN=x", "LC_ALL=C"]), ["LC_ALL=C"]);
  });

  test("only names count, not values", async () => {
    assert.deepEqual(await filter(["A=SECRET_KEY"], { inherit: "all" }), ["A=SECRET_KEY"]);
  });

  test("stay with ignore_default_excludes", async () => {
    const policy = { inherit: "all", ignoreDefaultExcludes: true } as const;
    assert.deepEqual(await filter(secrets, policy), secrets);
  });
});

suite("step 3: exclude", () => {
  test("drops whole names by * and ?, in any letter case", async () => {
    const entries = ["AWS_ID=1", "aws_x=1", "MAWS_X=1", "A1=1", "A12=1", "B=1"];
    const policy = { inherit: "all", exclude: ["AWS_*", "a?"] } as const;
    assert.deepEqual(await filter(entries, policy), ["MAWS_X=1", "A12=1", "B=1"]);
    assert.deepEqual(await reasons(["A1=1"], policy), [["A1", "excluded"]]);
  });

  test("drops core names, too", async () => {
    assert.deepEqual(await filter(core, { exclude: ["L*", "T*"] }), [
      "HOME=/h",
      "PATH=/bin",
      "SHELL=/bin/sh",
      "USER=u",
      "USERNAME=u",
      "COLORTERM=truecolor",
    ]);
  });

  test("drops everything by a single star", async () => {
    const entries = ["A=1", "a/b=1", ".x=1", "x\ny=1", "NOEQUALS", "=weird"];
    assert.deepEqual(await filter(entries, { inherit: "all", exclude: ["*"] }), []);
  });
});

suite("step 4: set", () => {
  test("adds and overwrites, immune to the steps before", async () => {
    const policy = {
      set: { OPENAI_API_KEY: "x", HOME: "/new", EXTRA: "1" },
      exclude: ["EXTRA", "HOME"],
    };
    assert.deepEqual(await filter(["HOME=/h", "USER=u"], policy), [
      "USER=u",
      "OPENAI_API_KEY=x",
      "HOME=/new",
      "EXTRA=1",
    ]);
  });

  test("replaces every entry of that name, in the very letter case", async () => {
    const entries = ["A=1", "a=2", "A=3"];
    assert.deepEqual(await filter(entries, { inherit: "all", set: { A: "new" } }), [
      "a=2",
      "A=new",
    ]);
  });

  test("gives text as UTF-8", async () => {
    assert.deepEqual(await filter([], { set: { A: "é" } }), ["A=\xc3\xa9"]);
  });
});

suite("step 5: include_only", () => {
  test("keeps only what matches, also of set", async () => {
    const policy = { includeOnly: ["PATH", "x_*"], set: { X_1: "1", Y: "1" } } as const;
    assert.deepEqual(await filter(core, policy), ["PATH=/bin", "X_1=1"]);
    assert.deepEqual(await reasons(["HOME=/h"], policy), [
      ["HOME", "not included"],
      ["Y", "not included"],
    ]);
  });

  test("does not bring back what an earlier step dropped", async () => {
    const policy = { inherit: "all", includeOnly: ["*KEY*", "A"], exclude: ["A"] } as const;
    assert.deepEqual(await filter(["A_KEY=x", "A=1", "B=1"], policy), []);
  });

  test("empty, it keeps everything", async () => {
    assert.deepEqual(await filter(["HOME=/h"], { includeOnly: [] }), ["HOME=/h"]);
  });
});

suite("step 6: the sandbox's own markers", () => {
  const offline: SandboxPolicy = { mode: "read-only" };
  const online: SandboxPolicy = {
    mode: "workspace-write",
    writable_roots: [],
    network_access: true,
    exclude_tmpdir_env_var: false,
    exclude_slash_tmp: false,
  };
  const entries = [brand("A=1")];

  test("say that the network is off", () => {
    assert.deepEqual(withSandboxMarkers(entries, offline, "landlock"), [
      "A=1",
      "CODEX_SANDBOX_NETWORK_DISABLED=1",
    ]);
    assert.deepEqual(withSandboxMarkers(entries, online, "landlock"), ["A=1"]);
    const all: SandboxPolicy = { mode: "danger-full-access" };
    assert.deepEqual(withSandboxMarkers(entries, all, "landlock"), ["A=1"]);
  });

  test("name Seatbelt on macOS only", () => {
    assert.deepEqual(withSandboxMarkers(entries, online, "seatbelt"), [
      "A=1",
      "CODEX_SANDBOX=seatbelt",
    ]);
  });

  test("replace what was inherited under their names", () => {
    const inherited = [brand("CODEX_SANDBOX_NETWORK_DISABLED=0"), brand("A=1")];
    assert.deepEqual(withSandboxMarkers(inherited, offline, "landlock"), [
      "A=1",
      "CODEX_SANDBOX_NETWORK_DISABLED=1",
    ]);
  });
});

suite("byte for byte", () => {
  // Any bytes but NUL; so duplicates, invalid UTF-8, empty names and values, no "=" at all.
  const entry = fc
    .array(fc.oneof(fc.integer({ min: 1, max: 255 }), fc.constant(0x3d)))
    .map((values) => brand(String.fromCharCode(...values)));

  test("what is kept is what came, in its order, and everything is accounted for", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry), async (entries) => {
        const policy = { ...defaultShellEnvironmentPolicy, inherit: "all" } as const;
        const { entries: kept, dropped } = await filterEnvironment(entries, policy);
        const names = dropped.map(({ name }) => name);
        let next = 0;
        for (const each of entries) {
          if (kept[next] === each && !/KEY|SECRET|TOKEN/i.test(nameOfEntry(each))) next += 1;
          else assert.ok(names.includes(nameOfEntry(each)));
        }
        assert.equal(next, kept.length);
        assert.equal(kept.length + dropped.length, entries.length);
      }),
    );
  });

  test("duplicates and invalid UTF-8 of core names go through", async () => {
    const entries = ["PATH=/a", "HOME=\xff\xfe", "PATH=/b", "USER="];
    assert.deepEqual(await filter(entries), entries);
  });

  test("setEntries without values gives the very list", () => {
    const entries = [brand("A=\xff"), brand("A=\xff")];
    assert.equal(setEntries(entries, {}), entries);
  });
});

test("nameOfEntry is what stands before the first =", () => {
  const entries = ["A=b=c", "A", "=x", "", "A="].map(brand);
  assert.deepEqual(entries.map(nameOfEntry), ["A", "A", "", "", "A"]);
});

suite("globMatcher", () => {
  test("every other sign is literal", () => {
    for (const sign of "[]{}()!+@|\\^$.,-/~#%&=:;'\"`<> ") {
      assert.equal(globMatcher(`A${sign}B`)(`A${sign}B`), true, sign);
      assert.equal(globMatcher(`A${sign}B`)("AB"), false, sign);
      assert.equal(globMatcher(`A${sign}`)("A"), false, sign);
      assert.equal(globMatcher(`${sign}A`)(`${sign}A`), true, sign);
    }
    assert.equal(globMatcher("[AB]")("A"), false);
    assert.equal(globMatcher("{A,B}")("A"), false);
    assert.equal(globMatcher("!A")("B"), false);
  });

  test("* is any text and ? any one character, over the whole name, in any letter case", () => {
    const name = fc.string({
      unit: fc.constantFrom(...Array.from("AbK_1.-/[]é日\n ")),
      maxLength: 8,
    });
    const pattern = fc.string({
      unit: fc.constantFrom(...Array.from("AbK_1*?.-/[]é日")),
      maxLength: 6,
    });
    fc.assert(
      fc.property(pattern, name, (glob, text) => {
        fc.pre(glob !== "");
        assert.equal(
          globMatcher(glob)(text),
          matchesSlowly(Array.from(glob), Array.from(text)),
          `${glob} ${text}`,
        );
      }),
      { numRuns: 2000 },
    );
  });
});

/** The meaning, character by character. */
function matchesSlowly(glob: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return text.length === 0;
  if (first === "*") {
    return (
      text.some((_, index) => matchesSlowly(rest, text.slice(index))) || matchesSlowly(rest, [])
    );
  }
  const [head, ...tail] = text;
  if (head === undefined) return false;
  return (first === "?" || same(first, head)) && matchesSlowly(rest, tail);
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

test("Windows: core is by names in any letter case, with what its programs cannot do without", async () => {
  const entries = ["Path=C:\\x", "SystemRoot=C:\\W", "PathExt=.EXE", "Editor=vi", "ApiKey=k"].map(
    brand,
  );
  const { entries: kept } = await filterEnvironment(
    entries,
    defaultShellEnvironmentPolicy,
    "win32",
  );
  assert.deepEqual(kept, entries.slice(0, 3));
  const elsewhere = await filterEnvironment(entries, defaultShellEnvironmentPolicy, "linux");
  assert.deepEqual(elsewhere.entries, []);
});
