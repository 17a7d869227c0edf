import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAddress } from "./address.ts";
import type { Entry } from "./log.ts";
import { formatJsonLine, formatTextLine, oneLine } from "./log.ts";
import { wallTime } from "./time.ts";

const entry: Entry = { level: "notice", event: "stage", text: "192.0.2.7: ssh: Stage 1" };

test("a line of text has the local time to the minute, as knockd writes it", () => {
  const wall = wallTime(new Date(2026, 0, 2, 3, 4, 5, 678).getTime());
  expect(formatTextLine(entry, wall)).toBe("[2026-01-02 03:04] 192.0.2.7: ssh: Stage 1");
});

test("a line of JSON has the time in UTC to the millisecond, and what programs want to know", () => {
  const source = parseAddress("192.0.2.7");
  if (source === undefined) throw new Error("not parsed");
  const detail = { stage: 1, reason: "next-step" };
  const line = formatJsonLine(
    { ...entry, door: "ssh", source, detail },
    wallTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678)),
  );
  expect(JSON.parse(line)).toEqual({
    time: "2026-01-02T03:04:05.678Z",
    level: "notice",
    event: "stage",
    door: "ssh",
    source: "192.0.2.7",
    stage: 1,
    reason: "next-step",
    message: "192.0.2.7: ssh: Stage 1",
  });
});

test("a line of JSON leaves out what is not known", () => {
  expect(Object.keys(JSON.parse(formatJsonLine(entry, wallTime(0))))).toEqual([
    "time",
    "level",
    "event",
    "message",
  ]);
});

const code = (number: number) => String.fromCharCode(number);

describe("what could forge a line or drive a terminal becomes a question mark:", () => {
  const forbidden = [
    ...Array.from({ length: 32 }, (_, i) => i).filter((i) => i !== 9),
    ...Array.from({ length: 33 }, (_, i) => 0x7f + i),
    0x2028,
    0x2029,
  ];
  test.each(forbidden)("character %i", (number) => {
    expect(oneLine(`a${code(number)}b`)).toBe("a?b");
    expect(formatTextLine({ ...entry, text: code(number) }, wallTime(0))).toMatch(/\] \?$/);
  });

  test.each(["a\tb", "Zürich", "日本", "🚪", "a b"])("but not %j", (text) => {
    expect(oneLine(text)).toBe(text);
  });
});

test("whatever the text, a JSON line is one line, without control characters, and says it all", () => {
  const hostile = fc.string({ unit: fc.integer({ min: 0, max: 0x2100 }).map(code) });
  fc.assert(
    fc.property(hostile, (text) => {
      const line = formatJsonLine(
        { ...entry, text, door: text, detail: { file: text } },
        wallTime(0),
      );
      expect(oneLine(line)).toBe(line);
      expect(JSON.parse(line)).toMatchObject({ message: text, door: text, file: text });
    }),
  );
});
