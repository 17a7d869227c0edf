import { expect, test } from "vitest";
import { formatFlagTest, tcpFlags } from "./tcp-flags.ts";

test("a test is formatted flag by flag, from the lowest bit", () => {
  const { FIN, SYN, ACK } = tcpFlags;
  expect(formatFlagTest({ mask: ACK | SYN | FIN, value: SYN })).toEqual(["!FIN", "SYN", "!ACK"]);
  expect(formatFlagTest({ mask: 0, value: 0 })).toEqual([]);
});
