import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

const words = ["status", "doors", "leases", "open", "close"];

test.each([
  ["stauts", "status"],
  ["statsu", "status"],
  ["door", "doors"],
  ["lease", "leases"],
  ["opne", "open"],
  ["cloes", "close"],
  ["st", "status"],
  ["STATUS", undefined],
  ["frobnicate", undefined],
  ["", undefined],
  ["x", undefined],
])("%s: %s", (written, meant) => expect(nearest(written, words)).toBe(meant));
