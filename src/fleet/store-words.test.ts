import { expect, test } from "vitest";
import { storeWords } from "./store-words.ts";

test("what a store says of a password is not quoted, nor more than can be read", () => {
  const said = "ERR unknown command 'AUTH', with args beginning with: 'sesame' '$&secret' ";
  const words = "ERR unknown command 'AUTH', with args beginning with: 'sesame' '…' ";
  expect(storeWords(said, "$&secret")).toBe(words);
  expect(storeWords(said, undefined)).toBe(said);
  expect(storeWords("x".repeat(1_000_000), undefined)).toBe(`${"x".repeat(300)}…`);
});
