import { describe, expect, test } from "vitest";
import { parseAddress } from "../../base/address.ts";
import { monotonic, wallTime } from "../../base/time.ts";
import type { Door } from "../../match/door.ts";
import type { Verdict } from "../../match/verdict.ts";
import { levelOf, priorityOf, reportPacket, reportVerdict } from "./report.ts";

const address = (text: string) => {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
};

const door: Door = {
  name: "ssh",
  sequence: [
    { number: 7000, protocol: "tcp" },
    { number: 8000, protocol: "tcp" },
  ],
  timeout: 5000,
  flags: { mask: 18, value: 2 },
  target: undefined,
  allow: undefined,
  deny: [],
};
const who = { door, source: address("192.0.2.1") };

describe("a verdict is told as knockd tells it", () => {
  test.each<[Verdict, string]>([
    [{ ...who, kind: "stage", stage: 1 }, "192.0.2.1: ssh: Stage 1"],
    [{ ...who, kind: "open" }, "192.0.2.1: ssh: OPEN SESAME"],
    [
      { ...who, kind: "failed", why: "late", stage: 1 },
      "192.0.2.1: ssh: sequence timeout (stage 1)",
    ],
    [
      { ...who, source: address("2001:db8::1"), kind: "stage", stage: 2 },
      "2001:db8::1: ssh: Stage 2",
    ],
    [
      { ...who, kind: "decoy", scanner: true },
      "192.0.2.1: touched three decoys within a minute, ignored for a minute",
    ],
  ])("%#: %j", (verdict, text) => {
    expect(reportVerdict(verdict)).toMatchObject({ level: "notice", text });
  });
});

describe("what knockd keeps to itself is told apart", () => {
  test.each<[Verdict, string, string]>([
    [{ ...who, kind: "repeat", stage: 1 }, "info", "192.0.2.1: ssh: Stage 1 again"],
    [
      { ...who, kind: "failed", why: "wrong-port", stage: 1 },
      "info",
      "192.0.2.1: ssh: knock failed at stage 1: another port came in between",
    ],
    [
      { ...who, kind: "failed", why: "decoy", stage: 1 },
      "info",
      "192.0.2.1: ssh: knock failed at stage 1: a decoy came in between",
    ],
    [{ ...who, kind: "decoy", scanner: false }, "debug", "192.0.2.1: ssh: touched a decoy"],
    [
      { ...who, kind: "ignored", why: "scanner" },
      "debug",
      "packet is from a source that scans, ignoring...",
    ],
    [
      { ...who, kind: "ignored", why: "scanner", left: 42_990 },
      "notice",
      "192.0.2.1: knocks, but is ignored for 43s more",
    ],
    [
      { ...who, kind: "ignored", why: "retransmission" },
      "info",
      "packet was seen before, ignoring...",
    ],
    [{ ...who, kind: "ignored", why: "flags" }, "debug", "packet is not SYN,!ACK, ignoring..."],
    [
      { ...who, kind: "ignored", why: "destination" },
      "debug",
      "packet is not for this host or the door's target, ignoring...",
    ],
    [
      { ...who, kind: "ignored", why: "source" },
      "debug",
      "packet is not from an allowed source, ignoring...",
    ],
  ])("%#: %j", (verdict, level, text) => {
    expect(reportVerdict(verdict)).toMatchObject({ level, text });
  });
});

test("programs get the door, the source and the reason of every verdict", () => {
  const verdicts: Verdict[] = [
    { ...who, kind: "stage", stage: 1 },
    { ...who, kind: "open" },
    { ...who, kind: "repeat", stage: 1 },
    { ...who, kind: "failed", why: "late", stage: 1 },
    { ...who, kind: "failed", why: "wrong-port", stage: 1 },
    { ...who, kind: "ignored", why: "flags" },
    { ...who, kind: "decoy", scanner: true },
  ];
  for (const verdict of verdicts) {
    expect(reportVerdict(verdict)).toMatchObject({
      event: verdict.kind,
      door: "ssh",
      source: who.source,
      detail: { reason: expect.any(String) },
    });
  }
});

test.each<[Verdict, "low" | "high" | undefined]>([
  [{ ...who, kind: "stage", stage: 1 }, "low"],
  [{ ...who, kind: "repeat", stage: 1 }, "low"],
  [{ ...who, kind: "failed", why: "late", stage: 1 }, "low"],
  [{ ...who, kind: "not-started", step: 2 }, "low"],
  [{ ...who, kind: "ignored", why: "retransmission" }, "low"],
  [
    {
      ...who,
      kind: "stage",
      stage: 2,
      door: { ...door, sequence: [...door.sequence, ...door.sequence] },
    },
    "high",
  ],
  [{ ...who, kind: "repeat", stage: 2 }, "high"],
  [{ ...who, kind: "failed", why: "wrong-port", stage: 2 }, "high"],
  [{ ...who, kind: "stage", stage: 2 }, undefined],
  [{ ...who, kind: "open" }, undefined],
])("%j is the doing of: %s", (verdict, priority) => {
  expect(priorityOf(verdict)).toBe(priority);
  expect(reportVerdict(verdict).level).toBe(levelOf(verdict));
});

test("a packet is told with its date, its ends and its length", () => {
  const packet = {
    time: monotonic(0),
    interfaceIndex: 1,
    payloadStart: 0,
    payloadLength: 0,
    length: 60,
    protocol: "tcp" as const,
    source: who.source,
    destination: address("192.0.2.2"),
    sourcePort: 40000,
    port: 7000,
    flags: 2,
    mayRepeat: true,
    fingerprint: 1,
  };
  const wall = wallTime(new Date(2026, 10, 2, 3, 4, 5).getTime());
  expect(reportPacket(packet, wall)).toMatchObject({
    level: "debug",
    text: "2026-11-02 03:04:05: tcp: 192.0.2.1:40000 -> 192.0.2.2:7000 60 bytes",
  });
});
