import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Datagram, datagramLength } from "../../bench/datagram.ts";
import { LineCounter } from "../../bench/line-counter.ts";
import { benchPage, readRecord, updated } from "../../bench/record.ts";
import type { MeasuredPart } from "../../bench/report.ts";
import { markdown, targetTables } from "../../bench/report.ts";
import { figure, median, quantile, summarize, times } from "../../bench/statistics.ts";
import { addressNumber, addressText, Syn, synLength } from "../../bench/syn.ts";
import { targets } from "../../bench/targets.ts";
import { datagramsOf, packetsOf } from "../../bench/traffic.ts";
import { decode } from "../../src/decode/decode.ts";
import { frameOf } from "../support/packets.ts";

const ends = { from: new Uint8Array(6).fill(2), to: new Uint8Array(6).fill(4) };
const server = addressNumber("10.77.0.1");

/** RFC 1071: of bytes that hold their own checksum it is 0. */
function sum(bytes: Uint8Array): number {
  let total = 0;
  bytes.forEach((byte, i) => {
    total += i % 2 === 0 ? byte << 8 : byte;
  });
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

describe("the SYNs of the bench", () => {
  test("are what decode reads, with checksums that are right", () => {
    const syn = new Syn(ends, server);
    for (let n = 0; n < 1_000; n++) {
      const source = Math.imul(n + 1, 0x9e3779b1) >>> 0;
      const sequence = Math.imul(n + 1, 0x85ebca6b) >>> 0;
      syn.set(source, 40_000 + n, 7_003 + n, sequence);
      const packet = syn.frame.subarray(14, synLength);
      expect(sum(packet.subarray(0, 20))).toBe(0);
      const pseudo = [...packet.subarray(12, 20), 0, 6, 0, 24, ...packet.subarray(20)];
      expect(sum(Uint8Array.from(pseudo))).toBe(0);
      const decoded = decode(frameOf(packet));
      const nobody = source >>> 24 === 0 || source >>> 28 === 14;
      if (nobody) continue;
      expect(decoded).toMatchObject({ port: 7_003 + n, flags: 2, mayRepeat: true });
      expect(String(decoded?.source)).toBe(addressText(source));
      expect(decoded?.fingerprint).toBe(sequence);
    }
  });

  /** Source and port of the first `count` packets. */
  const sent = (traffic: Parameters<typeof packetsOf>[0], count: number) => {
    const syn = new Syn(ends, server);
    const set = packetsOf(traffic);
    return Array.from({ length: count }, (_, n) => {
      set(syn, n);
      const fields = new DataView(syn.frame.buffer);
      return `${addressText(fields.getUint32(26))} ${fields.getUint16(36)}`;
    });
  };

  test("of a flood all have another source", () => {
    const packets = sent({ kind: "flood", ports: [7003], source: "11.0.0.0" }, 100_000);
    expect(new Set(packets).size).toBe(100_000);
    expect(packets.every((text) => /^11\.\S+ 7003$/.test(text))).toBe(true);
  });

  test("of many clients make whole knocks, a thousand at once", () => {
    const packets = sent({ kind: "clients", ports: [1, 2, 3], source: "11.0.0.0" }, 6_000);
    const at = (text: string) => packets.indexOf(text);
    expect(new Set(packets).size).toBe(6_000);
    expect([at("11.0.0.7 1"), at("11.0.0.7 2"), at("11.0.0.7 3")]).toEqual([7, 1_007, 2_007]);
    expect(at("11.0.3.232 1")).toBe(3_000);
  });

  test("of a scan come from one source, in the order of the ports", () => {
    const packets = sent({ kind: "scan", ports: [3, 2, 1], source: "10.78.0.9" }, 3);
    expect(packets).toEqual(["10.78.0.9 3", "10.78.0.9 2", "10.78.0.9 1"]);
  });
});

test("the datagrams of the bench are what decode reads, in the order of payloads and sources", () => {
  const payloads = Buffer.from("first.second");
  const set = datagramsOf(
    {
      ...{ kind: "datagrams", port: 23_547, payloads: "", payloadLength: 6 },
      ...{ source: "10.78.0.255", sources: 3 },
    },
    payloads,
  );
  const datagram = new Datagram(ends, server, new Uint8Array(datagramLength(6)));
  const seen = [0, 1, 2, 3].map((n) => {
    set(datagram, n);
    const data = datagram.frame.subarray(14);
    expect(sum(data.subarray(0, 20))).toBe(0);
    const frame = frameOf(data);
    const decoded = decode(frame);
    expect(decoded).toMatchObject({ protocol: "udp", port: 23_547, payloadLength: 6 });
    const start = decoded?.payloadStart ?? 0;
    return `${decoded?.source} ${Buffer.from(frame.data.buffer, start, 6)}`;
  });
  expect(seen).toEqual([
    "10.78.0.255 first.",
    "10.78.1.0 second",
    "10.78.1.1 first.",
    "10.78.0.255 second",
  ]);
});

test("the lines of a log are counted once each, also those that come in pieces", () => {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const log = join(folder, "log");
  const counter = new LineCounter(log, "OPEN");
  expect(counter.read()).toBe(0);
  appendFileSync(log, "OPEN 1\nother\nOP");
  expect(counter.read()).toBe(1);
  appendFileSync(log, "EN 2\nOPEN 3");
  expect(counter.read()).toBe(2);
  appendFileSync(log, "\n");
  expect(counter.read()).toBe(3);
  rmSync(folder, { recursive: true });
});

describe("the figures of the bench", () => {
  test("are summed up as in any book", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([1, 2, 3, 4, 5], 0.25)).toBe(2);
    expect(median([])).toBeNaN();
    expect(summarize([])).toBeUndefined();
    expect(summarize([5, 1])).toMatchObject({ count: 2, median: 3, least: 1, most: 5 });
  });

  test.each([
    [0.16349, "0.163"],
    [1.6349, "1.63"],
    [16.349, "16.3"],
    [163.49, "163"],
    [20_000, "20,000"],
    [Number.NaN, "–"],
  ])("%f is written as %s", (value, text) => expect(figure(value)).toBe(text));

  test("a ratio that cannot be had is none", () => {
    expect(times(30, 2)).toBe("15x");
    expect(times(30, 0)).toBe("–");
    expect(times(undefined, 2)).toBe("–");
  });
});

describe("the report of the bench", () => {
  const machine = [["kernel", "6.1"]] as const;
  const part = (found: Partial<MeasuredPart>): MeasuredPart => ({
    ...{ name: "rest", machine, findings: {}, tables: [], failures: [] },
    ...found,
  });

  test("has every target, also those that were not measured or met", () => {
    const findings = {
      "rest-start": { ours: "148 ms", theirs: "20 ms", met: true },
      "rest-cpu": { ours: "3 ms", met: false, note: "why" },
    };
    const rows = targetTables({ parts: [part({ findings })] }).flatMap((table) => table.rows);
    expect(rows).toHaveLength(Object.keys(targets).length);
    const verdicts = rows.map((row) => row.at(-1));
    expect(verdicts.filter((verdict) => verdict === "not measured")).toHaveLength(rows.length - 2);
    expect(verdicts).toContain("met");
    expect(verdicts).toContain("NOT MET (why)");
  });

  test("has a sentence for each target that is not met", () => {
    const findings = { "rest-cpu": { ours: "3 ms", met: false } };
    expect(markdown({ parts: [part({ findings })] })).toContain("\n- CPU in 10 s at rest: ");
    expect(markdown({ parts: [] })).not.toContain("not met");
  });

  test("says before all else that it failed", () => {
    const text = markdown({ parts: [part({ failures: ["a knock did not open"] })] });
    expect(text.indexOf("- a knock did not open")).toBeLessThan(text.indexOf("## What must hold"));
    expect(text).toContain("**This run failed");
    expect(markdown({ parts: [] })).not.toContain("failed");
  });

  test("shows the results before the targets", () => {
    const tables = [{ title: "Time to open", head: ["door"], rows: [["ssh"]] }];
    const text = markdown({ parts: [part({ tables })] });
    expect(text.indexOf("## Time to open")).toBeGreaterThan(0);
    expect(text.indexOf("## Time to open")).toBeLessThan(text.indexOf("## What must hold"));
  });

  test("names the machine once, and for each part what differs", () => {
    const on = (day: string) => [...machine, ["date", day] as const];
    const parts = [
      part({ name: "open", machine: on("2026-01-01") }),
      part({ name: "rest", machine: on("2026-01-02") }),
    ];
    const text = markdown({ parts });
    expect(text).toContain("\n- kernel: 6.1\n\n## When");
    expect(text).toContain("| part | date |\n| --- | --- |\n| open | 2026-01-01 |\n| rest | 2026-");
    expect(markdown({ parts: parts.slice(1) })).toContain("\n- date: 2026-01-02\n");
  });

  test("keeps the parts that were not measured again, in the order of all", () => {
    const [rest, open, fresh] = [part({}), part({ name: "open" }), part({ tables: [] })];
    const order = ["open", "flood", "rest"];
    const { parts } = updated({ parts: [rest, open] }, { parts: [fresh] }, order);
    expect(parts).toEqual([open, fresh]);
    expect(parts[1]).toBe(fresh);
  });

  test("in docs is what its record says", () => {
    expect(readFileSync(benchPage, "utf8")).toBe(markdown(readRecord()));
  });
});
