import { wallTime } from "../../../src/base/time.ts";
import { isSameHistory, stampOf } from "../../../src/fleet/lease-history.ts";
import { formatRecord, readRecord } from "../../../src/fleet/record.ts";
import { FleetSeal } from "../../../src/fleet/seal.ts";
import { mostOpenings } from "../../../src/fleet/shared-leases.ts";
import { formatUse, keyOfUse } from "../../../src/fleet/single-use.ts";
import type { FleetStamp } from "../../../src/fleet/stamp.ts";
import { fleetTime } from "../../../src/fleet/stamp.ts";
import { keyOfSubject } from "../../../src/fleet/subject.ts";
import { address } from "../../support/packets.ts";
import type { FuzzTarget } from "../target.ts";
import { promise, words } from "../target.ts";

const stamp = 2000 as FleetStamp;
const place = { field: "AAAABBBBCCCCDDDDEEEE", stamp };
const seal = new FleetSeal("fuzz", [Buffer.alloc(32, 1)]);

const subjects = [
  { kind: "holder", door: "ssh", nth: 1, source: address("192.0.2.7"), who: "" },
  { kind: "who", who: "alice/laptop" },
] as const;
const states = subjects.map((subject) =>
  formatRecord({
    subject,
    history: {
      closed: 1999 as FleetStamp,
      openings: subject.kind === "holder" ? [{ stamp, end: fleetTime(9000) }] : [],
    },
    until: fleetTime(9000),
    origin: "gw-1",
    date: wallTime(1_767_225_612_000),
    left: 8000,
  }),
);
const uses = [
  { kind: "packet", key: "00112233aabbccdd", time: 1_767_225_612_000_000 },
  { kind: "line", door: "ssh", nth: 1, offset: 30, sequence: "7000,8000/udp" },
] as const;
const told = { origin: "gw-1", date: wallTime(1_767_225_612_000), left: 8000 };
const contents = [
  ...states,
  ...uses.map((use) => formatUse({ use, until: fleetTime(9000), ...told })),
];
const [content = ""] = contents;
const sealed = seal.seal(place, content);

/** A sealed record, or, where it begins with a brace, the content of one. */
export const fleetTarget: FuzzTarget = {
  name: "fleet",
  covers: ["src/fleet/seal.ts", "src/fleet/record.ts", "src/fleet/single-use.ts"],
  longest: 4200,
  words: [
    sealed,
    sealed.subarray(0, 23),
    sealed.subarray(-16),
    ...words(...contents, '"openings":[[2000,9000]]', '"kind":"all"', '"op":"vote"', "2000", "-1"),
  ],
  make(random) {
    const bytes = Buffer.from(random.pick([sealed, ...contents.map((one) => Buffer.from(one))]));
    const flips = random.from(0, 3);
    for (let i = 0; i < flips; i++) {
      bytes[random.from(0, bytes.length - 1)] = random.from(0, 255);
    }
    return random.percent(80) ? bytes : bytes.subarray(0, random.from(0, bytes.length));
  },
  limit: () => 20,
  run(input) {
    const bytes = Buffer.from(input);
    if (bytes[0] === 0x7b) return readContent(bytes.toString());
    const opened = seal.open(place, bytes);
    if (opened.kind !== "opened") return opened.kind;
    promise(opened.content.toString() === content, "a forged record opens");
    return `sealed: ${readContent(opened.content.toString())}`;
  },
};

function readContent(text: string): string {
  // The stamp is that of the place: all others are refused.
  const results = [stamp, 1999 as FleetStamp].map((at) => readRecord(text, at));
  const read = results.find(({ kind }) => kind === "record") ?? results[0];
  if (read?.kind === "use") {
    const again = readRecord(formatUse(read.record), stamp);
    promise(again.kind === "use", "it is not read again");
    promise(keyOfUse(again.record.use) === keyOfUse(read.record.use), "it is not the same again");
  }
  if (read?.kind !== "record") return read?.kind ?? "";
  const { record } = read;
  promise(record.history.openings.length <= mostOpenings, "it has too many openings");
  const again = readRecord(formatRecord(record), stampOf(record.history));
  promise(again.kind === "record", "it is not read again");
  const isSame =
    isSameHistory(again.record.history, record.history) &&
    keyOfSubject(again.record.subject) === keyOfSubject(record.subject);
  promise(isSame, "it is not the same again");
  return record.subject.kind;
}
