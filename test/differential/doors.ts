import type { Port } from "../../src/base/port.ts";
import { formatPort } from "../../src/base/port.ts";
import type { SeededRandom } from "./random.ts";

/** The TCP flags that the random packets and doors use: their bits (RFC 9293 §3.1). */
export const flagBits = { fin: 1, syn: 2, rst: 4, ack: 16 } as const;

type RandomFlag = keyof typeof flagBits;

/** A door of a random configuration. */
export interface RandomDoor {
  readonly name: string;
  readonly steps: readonly Port[];
  /** Seconds. */
  readonly timeout: number;
  /** As they stand in the file: `syn`, `!ack`. */
  readonly flags: readonly (RandomFlag | `!${RandomFlag}`)[];
  /** Where its packets go instead of to the server. */
  readonly target: string | undefined;
}

/** A host behind the server, for doors with a target. */
export const behind = "10.88.0.5";

/** Opened by the last packet of a batch: then all others were seen. */
export const lastDoor: RandomDoor = {
  name: "end",
  steps: [{ number: 65000, protocol: "udp" }],
  timeout: 25,
  flags: [],
  target: undefined,
};

/** Some doors that get in each other's way: few ports, common prefixes, doors that are the same. The last one is `lastDoor`. */
export function randomDoors(random: SeededRandom): RandomDoor[] {
  const pool = random.several(5, 9, () => randomPort(random, 7000, 7011));
  const doors: RandomDoor[] = [];
  for (let i = random.from(2, 6); i > 0; i--) {
    doors.push({
      name: `door${doors.length + 1}`,
      steps: randomSteps(random, pool, doors),
      timeout: random.pick([1, 2, 3, 25]),
      flags: random.pick([[], ["syn"], ["syn"], ["syn", "!ack"], ["!rst"]] as const),
      target: random.percent(8) ? behind : undefined,
    });
  }
  return [...doors, lastDoor];
}

function randomSteps(
  random: SeededRandom,
  pool: readonly Port[],
  doors: readonly RandomDoor[],
): Port[] {
  const some = (least: number, most: number) =>
    random.several(least, most, () => random.pick(pool));
  const other = doors.length === 0 ? undefined : random.pick(doors);
  const kind = random.from(1, 100);
  if (kind <= 12) return some(1, 1);
  if (kind <= 30 && other !== undefined) {
    return [...other.steps.slice(0, random.from(1, other.steps.length)), ...some(1, 2)];
  }
  if (kind <= 38 && other !== undefined) return [...other.steps];
  if (kind <= 55) {
    const [a, b] = [random.pick(pool), random.pick(pool)];
    return random.several(2, 6, () => random.pick([a, b]));
  }
  if (kind <= 75) {
    // Ports of its own: here a knock can succeed whatever the others do.
    const first = 7100 + doors.length * 10;
    return random.several(2, 5, (i) => ({ ...randomPort(random, 0, 0), number: first + i }));
  }
  return some(2, 5);
}

function randomPort(random: SeededRandom, least: number, most: number): Port {
  return { number: random.from(least, most), protocol: random.percent(70) ? "tcp" : "udp" };
}

/** The configuration file; `options` and `more`: lines, of each door the latter, that knockd does not know. */
export function formatConfig(
  doors: readonly RandomDoor[],
  options: readonly string[] = [],
  more: readonly string[] = [],
): string {
  const lines = doors.flatMap((door) => [
    `[${door.name}]`,
    `sequence = ${door.steps.map(formatPort).join(",")}`,
    `seq_timeout = ${door.timeout}`,
    ...(door.flags.length > 0 ? [`tcpflags = ${door.flags.join(",")}`] : []),
    ...(door.target === undefined ? [] : [`target = ${door.target}`]),
    ...more,
    "command = true",
  ]);
  return ["[options]", ...options, ...lines, ""].join("\n");
}
