import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import {
  ALL_SECCOMP_NEEDS,
  seccompFilterName,
} from "../../src/linux-sandbox/packed-seccomp-filter.ts";
import { seccompFilter } from "../../src/linux-sandbox/seccomp-filter.ts";

const intermediate = new URL("../../dist/intermediate/", import.meta.url);
const architecture = process.arch === "arm64" ? "arm64" : "x64";
const skip = process.platform === "linux" ? false : "filters are packed for Linux only";

/** Further than any kernel of today. */
const ABIS = Array.from({ length: 16 }, (_, index) => index + 1);

test(
  "the packed filter of every need, on every kernel, is what the rules come to",
  { skip },
  () => {
    const names = new Set<string>();
    for (const landlockAbi of ABIS) {
      for (const { networkAccess, readOnly } of ALL_SECCOMP_NEEDS) {
        const needs = { networkAccess, readOnly, landlockAbi };
        const name = seccompFilterName(needs, architecture);
        names.add(name);
        const packed = readFileSync(new URL(name, intermediate));
        assert.deepEqual(packed, Buffer.from(seccompFilter(needs, architecture)), name);
      }
    }
    const packed = readdirSync(intermediate).filter((name) => name.startsWith("seccomp-"));
    assert.deepEqual([...names].toSorted(), packed.toSorted());
  },
);
