import { expect, test } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import type { PacketOptions } from "../../../test/support/savefiles.ts";
import { ipPacket } from "../../../test/support/savefiles.ts";
import { monotonic } from "../../base/time.ts";
import { MemorySource } from "../../capture/memory.ts";
import { parseConfig } from "../../config/parse.ts";
import { unknownHost } from "../../match/decoys/decoy.ts";
import { Targets } from "../host/targets.ts";
import { KnockObserver } from "./knock-observer.ts";
import { KnockTraces } from "./knock-traces.ts";

const text = `
[options]
interface = eth0
[ssh]
sequence = 7003,9140:udp,8455
seq_timeout = 5s
tcpflags = syn
open = tcp/22
decoys = 8

[other]
sequence = 8455,6001,7003
tcpflags = syn
open = tcp/23
allow = 192.0.2.0/24

[twice]
sequence = 5001,5002,5001
open = tcp/24
`;

const syn = 2;
const ack = 16;

/** A packet: milliseconds and port, by TCP unless it says otherwise. */
type Sent = readonly [at: number, port: number, more?: Partial<PacketOptions> & { on?: number }];

/** What the door ssh takes the packets for, and what is wrong with the knock that came farthest. */
function observeAll(packets: readonly Sent[]) {
  const { config } = parseConfig(text);
  if (config === undefined) throw new Error("the configuration is wrong");
  const traces = new KnockTraces();
  const sources: MemorySource[] = [];
  const kinds: (string | undefined)[] = [];
  const observer = new KnockObserver(config, new Targets(new MemoryLog()), {
    openSource: (sink) => {
      const source = new MemorySource(sink);
      sources.push(source);
      return source;
    },
    clock: new ManualClock(),
    host: { has: (address) => address.toString() === "192.0.2.1", isLocalSource: () => false },
    hostPorts: unknownHost,
    nameInterface: (index) => `eth${index}`,
    onPacket: (packet) => {
      traces.record(packet);
      kinds.push(packet.effects.find(({ door }) => door.name === "ssh")?.kind);
    },
  });
  packets.forEach(([at, port, { on = 0, ...more } = {}]) => {
    const fields = { from: "192.0.2.7", to: "192.0.2.1", port, flags: syn, ...more };
    sources[0]?.deliver(ipPacket(fields), monotonic(1000 + at), on);
  });
  observer.close();
  const [best] = traces.all;
  return { kinds, best: best && { door: best.door.name, ...best.diagnose() } };
}

function observe(packets: readonly Sent[]) {
  return observeAll(packets).best;
}

const udp = { protocol: "udp" } as const;
const right: readonly Sent[] = [
  [0, 7003],
  [200, 9140, udp],
  [400, 8455],
];

test.each<[string, readonly Sent[], object | undefined]>([
  ["the right knock", right, { kind: "opened" }],
  [
    "a knock after a wrong one",
    [[0, 8455], [100, 7003], ...right.map(([at, ...rest]): Sent => [at + 500, ...rest])],
    { kind: "opened" },
  ],
  [
    "a knock whose sender tries each step twice",
    [
      [0, 7003],
      [50, 7003],
      [200, 9140, udp],
      [400, 8455],
    ],
    { kind: "opened" },
  ],
  ["nothing", [], undefined],
  ["a packet to no door", [[0, 22]], undefined],
  [
    "a step that does not come",
    [
      [0, 7003],
      [400, 8455],
    ],
    { kind: "missing", steps: [2], came: [1, 3] },
  ],
  [
    "one step alone, twice",
    [
      [0, 7003],
      [4000, 7003],
    ],
    { kind: "missing", steps: [2, 3], came: [1] },
  ],
  [
    "a first step that does not come",
    [
      [200, 9140, udp],
      [400, 8455],
    ],
    { kind: "missing", steps: [1], came: [2, 3] },
  ],
  [
    "the wrong order",
    [
      [0, 7003],
      [200, 8455],
      [400, 9140, udp],
    ],
    { kind: "order", came: [1, 3, 2] },
  ],
  [
    "the wrong order twice",
    [
      [0, 9140, udp],
      [200, 7003],
      [400, 8455],
      [600, 9140, udp],
      [800, 7003],
      [900, 8455],
    ],
    { kind: "order", came: [2, 1, 3] },
  ],
  [
    "tcp in place of udp",
    [
      [0, 7003],
      [200, 9140],
      [400, 8455],
    ],
    { kind: "protocol", steps: [2] },
  ],
  [
    "udp in place of tcp",
    [
      [0, 7003, udp],
      [200, 9140, udp],
      [400, 8455, udp],
    ],
    { kind: "protocol", steps: [1, 3] },
  ],
  [
    "the wrong flags",
    [
      [0, 7003, { flags: ack }],
      [200, 9140, udp],
      [400, 8455],
    ],
    { kind: "flags", steps: [1] },
  ],
  [
    "a late last step",
    [
      [0, 7003],
      [200, 9140, udp],
      [5200, 8455],
    ],
    { kind: "late", step: 3, afterMs: 5200 },
  ],
  [
    "late steps",
    [
      [0, 7003],
      [7000, 9140, udp],
      [14000, 8455],
    ],
    { kind: "late", step: 2, afterMs: 7000 },
  ],
  [
    "a decoy in between",
    [
      [0, 7003],
      [200, 9140, udp],
      [300, 7004],
      [400, 8455],
    ],
    { kind: "decoy", port: { number: 7004, protocol: "tcp" } },
  ],
  [
    "the port of another door in between",
    [
      [0, 7003],
      [200, 9140, udp],
      [300, 6001],
      [400, 8455],
    ],
    { kind: "other-door", port: { number: 6001, protocol: "tcp" } },
  ],
  ["a scanner's knock", [[0, 7004], [10, 7005], [20, 7006], ...right], { kind: "ignored" }],
  [
    "another destination",
    right.map(([at, port, more]): Sent => [at, port, { ...more, to: "192.0.2.9" }]),
    { kind: "destination" },
  ],
  [
    "an interface on which knockd does not listen",
    right.map(([at, port, more]): Sent => [at, port, { ...more, on: 1 }]),
    { kind: "interface", name: "eth1" },
  ],
])("%s", (_, packets, expected) => {
  expect(observe(packets)).toEqual(expected && { door: "ssh", ...expected });
});

test("a source that may not knock at a door", () => {
  const from = "198.51.100.4";
  const packets: readonly Sent[] = [
    [0, 8455, { from }],
    [100, 6001, { from }],
    [200, 7003, { from }],
  ];
  expect(observe(packets)).toEqual({ door: "other", kind: "source" });
});

test("a port that is two steps", () => {
  expect(
    observe([
      [0, 5001],
      [100, 5001, { sourcePort: 40001 }],
    ]),
  ).toMatchObject({ kind: "missing", steps: [2, 3] });
  expect(
    observe([
      [0, 5001],
      [100, 5002],
      [200, 5001],
    ]),
  ).toEqual({ door: "twice", kind: "opened" });
});

test("a step that is late is told from one that is not the next one", () => {
  const late: readonly Sent[] = [
    [0, 7003],
    [200, 9140, udp],
    [7000, 8455],
  ];
  expect(observeAll(late).kinds).toEqual(["stage", "stage", "late"]);
  const allLate: readonly Sent[] = [
    [0, 7003],
    [6000, 9140, udp],
    [7000, 8455],
  ];
  expect(observeAll(allLate).kinds).toEqual(["stage", "late", "late"]);
  const order: readonly Sent[] = [
    [0, 7003],
    [200, 8455],
    [7000, 8455],
  ];
  expect(observeAll(order).kinds).toEqual(["stage", "order", "order"]);
});
