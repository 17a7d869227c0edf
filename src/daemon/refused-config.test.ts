import { expect, test } from "vitest";
import { RefusedConfig } from "./refused-config.ts";

test("the problem names the first error of a refused configuration, not a warning before it", () => {
  const refused = new RefusedConfig("k.conf");
  refused.refuse([
    "k.conf:1:1: warning: 'a' opens nothing",
    "k.conf:1:1: hint: open = tcp/22",
    "k.conf:2:1: error: unknown directive",
  ]);
  expect(refused.problems[0]?.message).toBe(
    "the last reload was refused, the configuration of before is in force: k.conf:2:1: error: unknown directive",
  );
  refused.accept();
  expect(refused.problems).toEqual([]);
});

test("the hint of the error comes before those of every refusal", () => {
  const refused = new RefusedConfig("k.conf");
  refused.refuse(["k.conf: Permission denied", "k.conf: hint: let knockd read it"]);
  expect(refused.problems[0]?.hints).toEqual([
    "let knockd read it",
    "knockctl check k.conf",
    "then: knockctl reload",
  ]);
});
