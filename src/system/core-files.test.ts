import { afterAll, beforeAll, expect, test } from "vitest";
import { prctl } from "../ffi/libc.ts";
import { forbidCoreFiles } from "./core-files.ts";

const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;

// Other tests of this process may have forbidden them.
beforeAll(() => void prctl(PR_SET_DUMPABLE, 1));
afterAll(() => void prctl(PR_SET_DUMPABLE, 1));

test("a process that forbids core files is not dumpable", () => {
  expect(prctl(PR_GET_DUMPABLE, 0)).toBe(1);
  forbidCoreFiles();
  expect(prctl(PR_GET_DUMPABLE, 0)).toBe(0);
});
