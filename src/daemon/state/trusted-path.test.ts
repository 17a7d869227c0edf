import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findUntrusted } from "./trusted-path.ts";

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-trusted-"));
  mkdirSync(at("upper", "lower", "state"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const nobody = 65534;
const isRoot = process.getuid?.() === 0;

test("a path that only its owner and root can change is trusted, whether it is there or not", async () => {
  expect(await findUntrusted(at("upper", "lower", "state"))).toBeUndefined();
  expect(await findUntrusted(at("upper", "new", "state"))).toBeUndefined();
  expect(await findUntrusted("/dev/null/state")).toBeUndefined();
});

describe("a directory above that others may write is found:", () => {
  test.each([
    ["by everybody", 0o777],
    ["by another group", 0o775],
  ])("%s", async (_, mode) => {
    chmodSync(at("upper"), mode);
    if (isRoot) chownSync(at("upper"), 0, nobody);
    expect(await findUntrusted(at("upper", "lower", "state"))).toBe(at("upper"));
    expect(await findUntrusted(at("upper", "new", "state"))).toBe(at("upper"));
  });

  test("but not one that a group of this process may write", async () => {
    chmodSync(at("upper"), 0o775);
    expect(await findUntrusted(at("upper", "lower", "state"))).toBeUndefined();
  });

  test("unless the sticky bit keeps what is in it", async () => {
    chmodSync(at("upper"), 0o1777);
    expect(await findUntrusted(at("upper", "lower", "state"))).toBeUndefined();
    expect(await findUntrusted(at("upper", "new", "state"))).toBeUndefined();
  });

  test.skipIf(!isRoot)("and a sticky one whose entry is of another user", async () => {
    chmodSync(at("upper"), 0o1777);
    chownSync(at("upper", "lower"), nobody, nobody);
    expect(await findUntrusted(at("upper", "lower"))).toBe(at("upper"));
  });

  test.skipIf(!isRoot)("and one that is of another user", async () => {
    chownSync(at("upper"), nobody, nobody);
    expect(await findUntrusted(at("upper", "lower", "state"))).toBe(at("upper"));
  });
});

describe("of a symbolic link", () => {
  test.each(["absolute", "relative"])(
    "the directory it is in counts, and those of its target: %s",
    async (kind) => {
      mkdirSync(at("links"));
      const target = kind === "absolute" ? at("upper", "lower") : "../links/./../upper/lower";
      symlinkSync(target, at("links", "link"));
      const path = at("links", "link", "state");
      expect(await findUntrusted(path)).toBeUndefined();
      chmodSync(at("upper"), 0o777);
      expect(await findUntrusted(path)).toBe(at("upper"));
      chmodSync(at("upper"), 0o755);
      chmodSync(at("links"), 0o777);
      expect(await findUntrusted(path)).toBe(at("links"));
    },
  );

  test("a loop ends", async () => {
    symlinkSync(at("loop"), at("loop"));
    expect(await findUntrusted(at("loop", "state"))).toBeUndefined();
  });
});
