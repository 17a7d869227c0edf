import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { KnockError, reason } from "./errors.ts";

function thrownBy(task: () => unknown): unknown {
  try {
    task();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

test.each([
  ["what the system said", thrownBy(() => readFileSync("/none")), "No such file or directory"],
  ["a directory", thrownBy(() => readFileSync("/")), "Is a directory"],
  [
    "a port that is taken",
    new Error("listen EADDRINUSE: address already in use 127.0.0.1:80"),
    "Address already in use",
  ],
  ["an error of ours", new KnockError("USAGE", "no door"), "no door"],
  ["an error of others", new TypeError("x is not a function"), "x is not a function"],
  ["no error at all", 7, "7"],
])("the reason of %s", (_, thrown, text) => expect(reason(thrown)).toBe(text));
