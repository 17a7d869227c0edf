import { expect, test } from "vitest";
import { complaint } from "./programs.ts";

test.each([
  ["nft: no such table\n", "", "nft: no such table"],
  ["one\ntwo\n", "three\n", "two"],
  ["", "on standard output\n", "on standard output"],
  [
    "knock: error: no way\nknock: hint: another one\nknock: hint: or none\n",
    "",
    "knock: error: no way",
  ],
  ["", "", "exit status 3"],
])("of %j and %j what counts is %j", (stderr, stdout, expected) => {
  expect(complaint({ code: 3, stdout, stderr })).toBe(expected);
});
