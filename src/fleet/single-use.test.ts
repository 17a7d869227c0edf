import { expect, test } from "vitest";
import { wallTime } from "../base/time.ts";
import { readRecord } from "./record.ts";
import type { UseRecord } from "./single-use.ts";
import { formatUse, keyOfUse } from "./single-use.ts";
import type { FleetStamp } from "./stamp.ts";
import { fleetTime } from "./stamp.ts";

const stamp = 2000 as FleetStamp;
const rest = { until: fleetTime(9000), origin: "gw-1", date: wallTime(1000.5), left: 8000 };
const packet: UseRecord = { use: { kind: "packet", key: "00112233aabbccdd", time: 5 }, ...rest };
const line: UseRecord = {
  use: { kind: "line", door: "ssh", nth: 2, offset: 0, sequence: "7000,8000/udp" },
  ...rest,
};

test.each([packet, line])("what is used is read as it was written: $use.kind", (record) => {
  expect(readRecord(formatUse(record), stamp)).toEqual({ kind: "use", record });
});

test.each([
  { ...packet, use: { ...packet.use, time: -1 } },
  { ...packet, use: { ...packet.use, key: "a\0b" } },
  { ...packet, origin: "" },
  { ...line, use: { ...line.use, nth: 0 } },
  { ...line, use: { ...line.use, sequence: "" } },
  { ...line, use: { ...line.use, kind: "door" } },
] as const)("malformed: %j", (record) => {
  expect(readRecord(JSON.stringify({ op: "used", ...record }), stamp)).toEqual({
    kind: "malformed",
  });
});

test("a packet is a thing of its own, and a line is its list's", () => {
  const { use } = line;
  if (use.kind !== "line") throw new Error("no line");
  expect(keyOfUse({ ...use, offset: 7 })).toBe(keyOfUse(use));
  expect(new Set([keyOfUse(packet.use), keyOfUse(use), keyOfUse({ ...use, nth: 1 })]).size).toBe(3);
});
