import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuTime } from "../../test/support/cpu-time.ts";
import { tries } from "../../test/support/effort.ts";
import { ACK, address, SYN } from "../../test/support/packets.ts";
import { Address, contains, parseNetwork } from "../base/address.ts";
import type { Protocol } from "../base/port.ts";
import { portKey } from "../base/port.ts";
import { parseSequence } from "../base/sequence.ts";
import type { FlagTest } from "../base/tcp-flags.ts";
import { monotonic, never } from "../base/time.ts";
import type { Packet } from "../decode/packet.ts";
import type { Door } from "./door.ts";
import type { MatcherOptions } from "./matcher.ts";
import { Matcher } from "./matcher.ts";
import type { Verdict } from "./verdict.ts";

const us = address("192.0.2.1");
const elsewhere = address("198.51.100.1");
const alice = address("192.0.2.7");
const bob = address("2001:db8::b0b");

const anyFlags: FlagTest = { mask: 0, value: 0 };
const onlySyn: FlagTest = { mask: SYN | ACK, value: SYN };

function makeDoor(name: string, sequence: string, more: Partial<Door> = {}): Door {
  const steps = parseSequence(sequence);
  if ("problem" in steps) throw new Error(steps.problem);
  const everybody = { target: undefined, allow: undefined, deny: [] };
  return { name, sequence: steps, timeout: 5000, flags: anyFlags, ...everybody, ...more };
}

function makeMatcher(doors: readonly Door[], maxAttempts = 1000): Matcher {
  const matcher = new Matcher({ maxAttempts, isOurs: (other) => other.equals(us) });
  matcher.setDoors(doors);
  return matcher;
}

let packets = 0;

/** A packet that was never there before: `7000` or `7000:udp`. */
function knock(port: string, time: number, more: Partial<Packet> = {}): Packet {
  const [number, protocol = "tcp"] = port.split(":");
  return {
    time: monotonic(time),
    interfaceIndex: 1,
    payloadStart: 0,
    payloadLength: 0,
    length: 60,
    protocol: protocol as Protocol,
    source: alice,
    destination: us,
    sourcePort: 40000,
    port: Number(number),
    flags: protocol === "tcp" ? SYN : 0,
    mayRepeat: true,
    fingerprint: ++packets,
    ...more,
  };
}

function say(verdicts: readonly Verdict[]): string[] {
  return verdicts.map((verdict) => {
    const stage = "stage" in verdict ? ` ${verdict.stage}` : "";
    const why = "why" in verdict ? ` ${verdict.why}` : "";
    const step = "step" in verdict ? ` ${verdict.step}` : "";
    return `${verdict.door.name}: ${verdict.kind}${stage}${step}${why}`;
  });
}

/** Plays packets a second apart and tells what each meant. */
function play(matcher: Matcher, ports: readonly string[], more: Partial<Packet> = {}): string[] {
  return ports.map((port, i) => say(matcher.hit(knock(port, i * 100, more))).join(", "));
}

const ssh = makeDoor("ssh", "7000,8000:udp,9000");
const web = makeDoor("web", "1000,2000");

describe("a knock", () => {
  test("opens the door with its last step", () => {
    expect(play(makeMatcher([ssh]), ["7000", "8000:udp", "9000"])).toEqual([
      "ssh: stage 1",
      "ssh: stage 2",
      "ssh: stage 3, ssh: open",
    ]);
  });

  test("begins anew after the opening", () => {
    const matcher = makeMatcher([ssh]);
    play(matcher, ["7000", "8000:udp", "9000"]);
    expect(matcher.liveAttempts).toBe(0);
    expect(play(matcher, ["9000", "8000:udp", "7000"])).toEqual(["", "", "ssh: stage 1"]);
  });

  test("may repeat every step but the last", () => {
    expect(play(makeMatcher([ssh]), ["7000", "7000", "8000:udp", "8000:udp", "9000"])).toEqual([
      "ssh: stage 1",
      "ssh: repeat 1",
      "ssh: stage 2",
      "ssh: repeat 2",
      "ssh: stage 3, ssh: open",
    ]);
  });

  test.each<[string, string[]]>([
    ["a port of its own out of turn", ["7000", "9000", "8000:udp", "9000"]],
    ["another door's port in between", ["7000", "1000", "8000:udp", "9000"]],
  ])("fails by %s", (_, ports) => {
    const said = play(makeMatcher([ssh, web]), ports);
    expect(said[1]).toContain("ssh: failed 1 wrong-port");
    expect(said.join()).not.toContain("open");
  });

  test.each<[string, Packet]>([
    ["a port of no door", knock("22", 100)],
    ["the same port of the other protocol", knock("7000:udp", 100)],
    ["packets for other hosts", knock("9000", 100, { destination: elsewhere })],
    ["packets from others", knock("9000", 100, { source: bob })],
    ["flags that no door wants", knock("9000", 100, { flags: SYN | ACK })],
  ])("is not disturbed by %s", (_, packet) => {
    const matcher = makeMatcher([{ ...ssh, flags: onlySyn }]);
    matcher.hit(knock("7000", 0));
    expect(say(matcher.hit(packet))).toEqual([]);
    matcher.hit(knock("8000:udp", 200));
    expect(say(matcher.hit(knock("9000", 300)))).toContain("ssh: open");
  });

  test("is too late when seq_timeout has gone by since the first step, not before", () => {
    for (const [time, opens] of [
      [4999, true],
      [5000, false],
    ] as const) {
      const matcher = makeMatcher([web]);
      matcher.hit(knock("1000", 0));
      const said = say(matcher.hit(knock("2000", time)));
      expect(said).toEqual(opens ? ["web: stage 2", "web: open"] : ["web: failed 1 late"]);
    }
  });

  test("has its time again when the first step is repeated", () => {
    const matcher = makeMatcher([web]);
    matcher.hit(knock("1000", 0));
    matcher.hit(knock("1000", 4000));
    expect(say(matcher.hit(knock("2000", 8999)))).toContain("web: open");
  });

  test("may begin with the packet that another one ended with", () => {
    const matcher = makeMatcher([web]);
    matcher.hit(knock("1000", 0));
    expect(say(matcher.hit(knock("1000", 6000)))).toEqual(["web: failed 1 late", "web: stage 1"]);
  });

  test("is not helped by a retransmission, nor disturbed", () => {
    const matcher = makeMatcher([makeDoor("twice", "1000,1000,2000")]);
    const first = knock("1000", 0);
    matcher.hit(first);
    expect(say(matcher.hit({ ...first, time: monotonic(1000) }))).toEqual([
      "twice: ignored retransmission",
    ]);
    matcher.hit(knock("1000", 2000));
    expect(say(matcher.hit({ ...first, time: monotonic(3000) }))).toEqual([
      "twice: ignored retransmission",
    ]);
    expect(say(matcher.hit(knock("2000", 4000)))).toContain("twice: open");
  });

  test("may be one packet", () => {
    expect(play(makeMatcher([makeDoor("one", "5:udp")]), ["5:udp", "5:udp"])).toEqual([
      "one: stage 1, one: open",
      "one: stage 1, one: open",
    ]);
  });

  test("may open several doors at once", () => {
    const matcher = makeMatcher([web, makeDoor("too", "1000,2000")]);
    const said = play(matcher, ["1000", "2000"]);
    expect(said[1]).toBe("web: stage 2, web: open, too: stage 2, too: open");
  });
});

describe("a door with a target", () => {
  const network = parseNetwork("198.51.100.0/24");
  const target = network && [network];
  const gate = makeDoor("gate", "1,2", { ...(target && { target }) });

  test("sees what goes there and not what comes to us", () => {
    const matcher = makeMatcher([gate]);
    expect(play(matcher, ["1", "2"])).toEqual(["", ""]);
    expect(play(matcher, ["1", "2"], { destination: elsewhere })[1]).toContain("open");
  });

  test("with no network sees nothing", () => {
    const matcher = makeMatcher([{ ...gate, target: [] }]);
    expect(play(matcher, ["1", "2"], { destination: elsewhere })).toEqual(["", ""]);
  });
});

describe("a door that asks who knocks", () => {
  const networks = (...texts: string[]) => texts.flatMap((text) => parseNetwork(text) ?? []);
  const opens = (rules: Partial<Door>, source: string) =>
    play(makeMatcher([{ ...web, ...rules }]), ["1000", "2000"], { source: address(source) })
      .join()
      .includes("open");

  test.each<[string, Partial<Door>, [string, boolean][]]>([
    [
      "nothing: everybody",
      {},
      [
        ["192.0.2.7", true],
        ["2001:db8::7", true],
      ],
    ],
    [
      "allow: those and no others",
      { allow: networks("192.0.2.0/29", "2001:db8::/64") },
      [
        ["192.0.2.7", true],
        ["192.0.2.8", false],
        ["2001:db8::7", true],
        ["2001:db9::7", false],
      ],
    ],
    [
      "deny: all but those",
      { deny: networks("192.0.2.7") },
      [
        ["192.0.2.7", false],
        ["192.0.2.8", true],
      ],
    ],
    [
      "both: those who are allowed and not denied",
      { allow: networks("192.0.2.0/24"), deny: networks("192.0.2.7") },
      [
        ["192.0.2.7", false],
        ["192.0.2.8", true],
        ["10.0.0.1", false],
      ],
    ],
    ["allow nobody: nobody", { allow: [] }, [["192.0.2.7", false]]],
  ])("by %s", (_, rules, sources) => {
    for (const [source, welcome] of sources)
      expect([source, opens(rules, source)]).toEqual([source, welcome]);
  });

  test("is not there for others: their packets do not end knocks elsewhere", () => {
    const closed = makeDoor("closed", "8000,1", { deny: networks("192.0.2.7") });
    const matcher = makeMatcher([makeDoor("ssh", "7000,9000"), closed]);
    expect(play(matcher, ["7000", "8000", "9000"]).at(-1)).toContain("ssh: open");
  });
});

describe("new doors", () => {
  const begun = (before: readonly Door[], after: readonly Door[]) => {
    const matcher = makeMatcher(before);
    matcher.hit(knock("1000", 0));
    matcher.setDoors(after);
    return say(matcher.hit(knock("2000", 1000))).includes("web: open");
  };
  const network = parseNetwork("192.0.2.0/24");
  if (network === undefined) throw new Error("not parsed");

  test("keep the attempts at those that did not change, wherever they stand", () => {
    expect(begun([ssh, web], [{ ...web }, ssh])).toBe(true);
    expect(begun([web], [ssh, web])).toBe(true);
    const same = { ...web, target: [{ ...network }] };
    expect(begun([{ ...web, target: [network] }], [same])).toBe(true);
  });

  test.each<[string, Partial<Door>]>([
    ["timeout", { timeout: 6000 }],
    ["flags", { flags: onlySyn }],
    ["target", { target: [network] }],
    ["allow", { allow: [network] }],
    ["deny", { deny: [network] }],
    ["sequence", { sequence: makeDoor("", "1000,1000,2000").sequence }],
  ])("drop the attempts at one whose %s changed", (_, change) => {
    expect(begun([web], [{ ...web, ...change }])).toBe(false);
  });

  test("do not keep the ports of those that are gone", () => {
    const matcher = makeMatcher([web]);
    matcher.setDoors([ssh]);
    expect(play(matcher, ["1000", "2000"])).toEqual(["", ""]);
  });

  test("leave nothing to say of attempts at doors that are gone", () => {
    const matcher = makeMatcher([web]);
    matcher.hit(knock("1000", 0));
    matcher.setDoors([]);
    expect(matcher.expire(monotonic(10_000))).toEqual([]);
    expect(matcher.liveAttempts).toBe(0);
  });

  test("may be alike: each has attempts of its own", () => {
    const matcher = makeMatcher([web, web]);
    expect(play(matcher, ["1000", "2000"])[1]).toBe(
      "web: stage 2, web: open, web: stage 2, web: open",
    );
  });
});

describe("time that goes by", () => {
  test("does not end a knock whose last packet came in time and is taken late", () => {
    const matcher = makeMatcher([web]);
    matcher.hit(knock("1000", 0));
    expect(matcher.expire(monotonic(5056))).toEqual([]);
    expect(say(matcher.hit(knock("2000", 4990)))).toEqual(["web: stage 2", "web: open"]);
  });

  test("ends attempts: late, once, with the stage they had reached", () => {
    const matcher = makeMatcher([ssh]);
    matcher.hit(knock("7000", 0));
    matcher.hit(knock("8000:udp", 1000));
    expect(matcher.expire(monotonic(4999))).toEqual([]);
    const next = matcher.nextExpiry ?? never;
    expect(next).toBeGreaterThanOrEqual(5000);
    expect(say(matcher.expire(next))).toEqual(["ssh: failed 2 late"]);
    expect(matcher.nextExpiry).toBeUndefined();
    expect(matcher.expire(monotonic(next + 10_000))).toEqual([]);
  });

  test("says one thing of one source at a door with repeated ports: the longest", () => {
    const matcher = makeMatcher([makeDoor("twice", "1,1,2")]);
    matcher.hit(knock("1", 0));
    matcher.hit(knock("1", 1));
    expect(matcher.liveAttempts).toBe(2);
    expect(say(matcher.expire(monotonic(60_000)))).toEqual(["twice: failed 2 late"]);
  });

  test("ends the attempts of several sources and doors each for itself", () => {
    const matcher = makeMatcher([ssh, web]);
    matcher.hit(knock("7000", 0, { source: bob }));
    matcher.hit(knock("1000", 0));
    expect(say(matcher.expire(monotonic(60_000))).sort()).toEqual([
      "ssh: failed 1 late",
      "web: failed 1 late",
    ]);
  });
});

test("the ends of many attempts are told in little time, whatever their sources have in common", () => {
  const time = (sourceOf: (i: number) => Address) => {
    const matcher = makeMatcher([makeDoor("twice", "1,1,2")], 1_000_000);
    for (let i = 0; i < 15_000; i++) matcher.hit(knock("1", 0, { source: sourceOf(i) }));
    return cpuTime(() => expect(matcher.expire(monotonic(60_000))).toHaveLength(15_000));
  };
  // Whoever has one network of 64 bits can do both.
  const scattered = () => time((i) => new Address(0x20010db8, 0, 0, i));
  const alike = () => time((i) => new Address(0x20010db8, 0, i, 7));
  const ratios = [1, 2, 3].map(() => alike() / scattered());
  expect(Math.min(...ratios)).toBeLessThan(4);
});

describe("why a packet makes no difference:", () => {
  const v4 = parseNetwork("0.0.0.0/0");
  const strict = { ...web, flags: onlySyn, ...(v4 && { allow: [v4] }) };
  test.each<[string, Packet, string[]]>([
    ["its flags", knock("1000", 0, { flags: ACK }), ["web: ignored flags"]],
    ["its destination", knock("1000", 0, { destination: elsewhere }), ["web: ignored destination"]],
    ["its source", knock("1000", 0, { source: bob }), ["web: ignored source"]],
    ["a port of no door", knock("1", 0), []],
    ["no knock is under way", knock("2000", 0), ["web: not-started 2"]],
    ["it makes one", knock("1000", 0), []],
  ])("%s", (_, packet, said) => {
    const matcher = makeMatcher([strict]);
    expect(say(matcher.explain(packet, matcher.hit(packet)))).toEqual(said);
  });

  test("at each door that has its port, also where another one saw it", () => {
    const matcher = makeMatcher([strict, { ...web, name: "other" }]);
    const packet = knock("1000", 0, { flags: ACK });
    const verdicts = matcher.hit(packet);
    expect(say(verdicts)).toEqual(["other: stage 1"]);
    expect(say(matcher.explain(packet, verdicts))).toEqual(["web: ignored flags"]);
  });

  test("a retransmission is explained once", () => {
    const matcher = makeMatcher([web, { ...web, name: "other" }]);
    matcher.hit(knock("1000", 0, { fingerprint: 7 }));
    const again = knock("1000", 1, { fingerprint: 7 });
    const verdicts = matcher.hit(again);
    expect(say(verdicts)).toEqual(["web: ignored retransmission"]);
    expect(matcher.explain(again, verdicts)).toEqual([]);
  });
});

test("a flood of first steps from forged addresses does not push out a knock that has got further", () => {
  const matcher = makeMatcher([ssh], 100);
  matcher.hit(knock("7000", 0));
  matcher.hit(knock("8000:udp", 1));
  for (let i = 0; i < 1000; i++) {
    matcher.hit(knock("7000", 2, { source: address(`10.0.${i >> 8}.${i & 255}`) }));
  }
  expect(matcher.liveAttempts).toBe(100);
  expect(say(matcher.hit(knock("9000", 3)))).toContain("ssh: open");
});

describe("a packet that several doors see", () => {
  const first = makeDoor("first", "1000,2000");
  const second = makeDoor("second", "500,1000,3000");
  const stranger = (i: number) => address(`10.0.${i >> 8}.${i & 255}`);

  test("takes nobody else's attempt for one of its source when the table grows", () => {
    const matcher = makeMatcher([first, second], 10_000);
    matcher.hit(knock("500", 0));
    for (let i = 1; i < 4096; i++) matcher.hit(knock("1000", 1, { source: stranger(i) }));
    // Now it is the youngest, in the place of the oldest.
    matcher.hit(knock("500", 2));
    expect(say(matcher.hit(knock("1000", 3)))).toEqual(["first: stage 1", "second: stage 2"]);
    expect(matcher.liveAttempts).toBe(4097);
    for (const i of [1, 2, 4095]) {
      expect(say(matcher.hit(knock("2000", 4, { source: stranger(i) })))).toContain("first: open");
    }
    expect(say(matcher.hit(knock("3000", 5)))).toContain("second: open");
  });

  test("advances all that its source has when the table is full", () => {
    const matcher = makeMatcher([first, second], 100);
    matcher.hit(knock("500", 0));
    for (let i = 1; i < 100; i++) matcher.hit(knock("1000", 1, { source: stranger(i) }));
    expect(say(matcher.hit(knock("1000", 2)))).toEqual(["first: stage 1", "second: stage 2"]);
    expect([matcher.liveAttempts, matcher.attemptsByStage]).toEqual([100, [99, 1]]);
    expect(say(matcher.hit(knock("2000", 3)))).toContain("first: open");
  });
});

// ---- The slow twin: the definition, word for word, over everything that a door ever saw. ----

interface SeenHit {
  readonly key: number;
  readonly time: number;
}

/**
 * Do the hits end in s1+ s2+ … sn, the last less than the timeout after the last s1 of the first
 * group? `end`: the last hit of the group of step `step`. All ways to part the hits into groups are tried.
 */
function fits(
  hits: readonly SeenHit[],
  steps: readonly number[],
  end: number,
  step: number,
): number {
  let best = Number.NEGATIVE_INFINITY;
  for (let from = end; from >= 0 && hits[from]?.key === steps[step]; from--) {
    const start = step === 0 ? (hits[end]?.time ?? 0) : fits(hits, steps, from - 1, step - 1);
    best = Math.max(best, start);
    if (step === steps.length - 1) break; // The last step comes once.
  }
  return best;
}

class Twin {
  readonly #doors: readonly Door[];
  readonly #seen = new Map<string, SeenHit[]>();
  readonly #hits: Packet[] = [];

  constructor(doors: readonly Door[]) {
    this.#doors = doors;
  }

  /** The names of the doors that this packet opens for its source. */
  hit(packet: Packet): string[] {
    const key = portKey(packet.port, packet.protocol);
    const sees = ({ target, flags }: Door) =>
      (target?.some((network) => contains(network, packet.destination)) ??
        packet.destination.equals(us)) &&
      (packet.protocol === "udp" || (packet.flags & flags.mask) === flags.value);
    const stepsOf = ({ sequence }: Door) =>
      sequence.map(({ number, protocol }) => portKey(number, protocol));
    if (!this.#doors.some((door) => sees(door) && stepsOf(door).includes(key))) return [];
    const isSame = (hit: Packet) =>
      (["sourcePort", "port", "protocol", "fingerprint"] as const).every(
        (field) => hit[field] === packet[field],
      ) && hit.source.equals(packet.source);
    const again = this.#hits.some((hit) => isSame(hit) && packet.time - hit.time < 130_000);
    if (packet.protocol === "tcp" && again) return [];
    this.#hits.push(packet);
    return this.#doors.filter(sees).flatMap((door) => {
      const whose = `${door.name} ${packet.source}`;
      const seen = [...(this.#seen.get(whose) ?? []), { key, time: packet.time }];
      const steps = stepsOf(door);
      const start = fits(seen, steps, seen.length - 1, steps.length - 1);
      const opens = packet.time - start < door.timeout;
      this.#seen.set(whose, opens ? [] : seen);
      return opens ? [door.name] : [];
    });
  }
}

const ports = ["1", "2", "3", "1:udp"];
const network = parseNetwork("198.51.100.0/24");
const doorShape = fc.record({
  sequence: fc.array(fc.constantFrom(...ports), { minLength: 1, maxLength: 5 }),
  timeout: fc.constantFrom(1000, 3000, 200_000),
  flags: fc.constantFrom(anyFlags, anyFlags, onlySyn),
  target: fc.constantFrom(undefined, undefined, undefined, network && [network]),
});
const event = fc.record({
  port: fc.constantFrom(...ports, "4"),
  source: fc.constantFrom(alice, alice, bob),
  destination: fc.constantFrom(us, us, us, us, elsewhere),
  flags: fc.constantFrom(SYN, SYN, SYN, SYN | ACK),
  later: fc.constantFrom(0, 1, 100, 100, 999, 1000, 2999, 3000, 130_000),
  /** Sends the packet of so many events ago again. */
  again: fc.option(fc.nat(6), { freq: 6, nil: undefined }),
  tidy: fc.boolean(),
});

/** Streams that knock properly now and then, too: random ports alone hardly ever do. */
const stream = (doors: readonly { sequence: readonly string[] }[]) =>
  fc
    .array(
      fc.oneof(
        event.map((one) => [one]),
        fc
          .tuple(fc.constantFrom(...doors), fc.array(event, { minLength: 5, maxLength: 5 }))
          .map(([{ sequence }, events]) =>
            events
              .slice(0, sequence.length)
              .map((one, i) => ({ ...one, port: sequence[i] ?? "1", source: alice })),
          ),
      ),
      { maxLength: 14 },
    )
    .map((parts) => parts.flat());

test("a source's attempts go on in a full table, whatever the same packet begins at other doors", () => {
  const doors = [
    makeDoor("other", "8000,1"),
    makeDoor("ssh", "7000,8000,9000"),
    makeDoor("web", "7000,8000,9001"),
  ];
  const matcher = makeMatcher(doors, 2);
  expect(say(matcher.hit(knock("7000", 0)))).toEqual(["ssh: stage 1", "web: stage 1"]);
  expect(say(matcher.hit(knock("8000", 1)))).toEqual([
    "other: stage 1",
    "ssh: stage 2",
    "web: stage 2",
  ]);
  expect(matcher.attemptsByStage).toEqual([0, 2]);
  // The time counts from the first step, not from what began at the other door meanwhile.
  expect(say(matcher.hit(knock("9000", 5000.5)))).toContain("ssh: failed 2 late");
});

test("the matcher opens exactly when its slow twin does", () => {
  let opened = 0;
  const scene = fc
    .array(doorShape, { minLength: 1, maxLength: 4 })
    .chain((doors) => fc.tuple(fc.constant(doors), stream(doors)));
  fc.assert(
    fc.property(scene, ([shapes, events]) => {
      const doors = shapes.map(({ sequence, ...rest }, i) =>
        makeDoor(`door${i}`, sequence.join(","), rest),
      );
      const matcher = makeMatcher(doors);
      const twin = new Twin(doors);
      const sent: Packet[] = [];
      let time = 0;
      for (const { port, later, again, tidy, ...fields } of events) {
        time += later;
        const before = again === undefined ? undefined : sent.at(-1 - again);
        const packet =
          before?.protocol === "tcp"
            ? { ...before, time: monotonic(time) }
            : knock(port, time, fields);
        sent.push(packet);
        // What was due is thrown away, or not yet: it must make no difference.
        if (tidy) matcher.expire(monotonic(time));
        if (tidy) matcher.setDoors(doors.map((door) => ({ ...door })));
        const opens = matcher.hit(packet).filter(({ kind }) => kind === "open");
        expect(opens.map(({ door }) => door.name)).toEqual(twin.hit(packet));
        opened += opens.length;
      }
    }),
    { numRuns: tries(1000) },
  );
  expect(opened).toBeGreaterThan(300);
});

test("neither other sources nor other doors' attempts change what a source opens", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const doors = [makeDoor("a", "1,2"), makeDoor("b", "2,3,1:udp")];
      const all = makeMatcher(doors);
      const alone = makeMatcher(doors);
      const own = doors.map((door) => makeMatcher([door]));
      let time = 0;
      for (const { port, later, source } of events) {
        time += later;
        const packet = knock(port, time, { source });
        const opens = all.hit(packet).filter(({ kind }) => kind === "open");
        if (source === alice) {
          const same = alone.hit(packet).filter(({ kind }) => kind === "open");
          expect(opens.map(({ door }) => door.name)).toEqual(same.map(({ door }) => door.name));
        }
        // Alone a door opens at least as often: other doors' ports are no hits then.
        for (const { door } of opens) expect(doors).toContain(door);
        for (const [i, matcher] of own.entries()) {
          const would = matcher.hit(packet).some(({ kind }) => kind === "open");
          const name = doors[i]?.name;
          if (opens.some(({ door }) => door.name === name)) expect(would).toBe(true);
        }
      }
    }),
    { numRuns: tries(150) },
  );
});

describe("decoys", () => {
  const decoy = (number: number, protocol: Protocol = "tcp") => ({
    number,
    protocol,
    local: false,
  });
  const three = [decoy(6998), decoy(6999), decoy(7001), decoy(8001, "udp")];
  const matcherOf = (more: Partial<MatcherOptions> = {}, doors = [ssh], decoys = [three]) => {
    const isOurs = (other: Address) => other.equals(us);
    const matcher = new Matcher({ maxAttempts: 1000, isOurs, ...more });
    matcher.setDoors(doors, decoys);
    return matcher;
  };

  test("end the knock during which they are touched, at every door", () => {
    const matcher = matcherOf({}, [ssh, makeDoor("other", "7000,7777")], [three, []]);
    expect(play(matcher, ["7000", "7001", "8000:udp", "9000"])).toEqual([
      "ssh: stage 1, other: stage 1",
      "ssh: failed 1 decoy, other: failed 1 decoy",
      "",
      "",
    ]);
  });

  test("do nothing to anybody else's knock", () => {
    const matcher = matcherOf();
    matcher.hit(knock("7000", 0));
    for (const port of ["6998", "6999", "7001"]) matcher.hit(knock(port, 1, { source: bob }));
    expect(say(matcher.hit(knock("8000:udp", 2)))).toEqual(["ssh: stage 2"]);
  });

  test("after two of them a client who mistyped still gets in", () => {
    const ports = ["7001", "7000", "6999", "7000", "8000:udp", "9000"];
    expect(play(matcherOf(), ports).at(-1)).toBe("ssh: stage 3, ssh: open");
  });

  test("after three of them their source is ignored for a minute, which is said once", () => {
    const matcher = matcherOf();
    expect(play(matcher, ["7001", "6999", "8001:udp", "6998", "7000", "8000:udp", "9000"])).toEqual(
      [...["", "", "ssh: decoy", "", "ssh: ignored scanner", "", ""]],
    );
    const late = ["7000", "8000:udp", "9000"].map((port, i) => knock(port, 60_199 + i));
    expect(late.map((packet) => say(matcher.hit(packet)).join())).toEqual([
      ...["ssh: ignored scanner", "", ""],
    ]);
    const later = ["7000", "8000:udp", "9000"].map((port, i) => knock(port, 60_300 + i));
    expect(later.flatMap((packet) => say(matcher.hit(packet))).at(-1)).toBe("ssh: open");
    expect(matcher.scans).toEqual({ touches: 4, penalties: 1 });
  });

  test("what is sent again after that minute is still no knock", () => {
    const matcher = matcherOf();
    play(matcher, ["7001", "6999", "6998"]);
    const packets = ["7000", "8000:udp", "9000"].map((port, i) => knock(port, 50_000 + i));
    for (const packet of packets) matcher.hit(packet);
    const later = packets.flatMap((packet) =>
      matcher.hit({ ...packet, time: monotonic(packet.time + 20_000) }),
    );
    expect(say(later)).toEqual(Array(3).fill("ssh: ignored retransmission"));
  });

  test("a SYN that is sent again and again by a client that waits counts once", () => {
    const matcher = matcherOf();
    const mistyped = knock("7001", 0);
    matcher.hit(mistyped);
    for (const time of [1000, 3000]) {
      matcher.hit(knock("7000", time - 1));
      expect(say(matcher.hit({ ...mistyped, time: monotonic(time) }))).toEqual([
        "ssh: ignored retransmission",
      ]);
      expect(matcher.liveAttempts).toBe(1);
    }
    expect(matcher.scans.touches).toBe(1);
  });

  test("a connection that is tried again ends a knock, but is one decoy", () => {
    const matcher = matcherOf();
    const ports = ["7001", "7001", "7001", "7000", "7001", "7000", "8000:udp", "9000"];
    expect(play(matcher, ports).at(-1)).toBe("ssh: stage 3, ssh: open");
  });

  test.each([
    ["a SYN", onlySyn, { flags: SYN }, true],
    ["a SYN with other flags", onlySyn, { flags: SYN | 64 }, true],
    ["a FIN, whatever the door wants", onlySyn, { flags: 1 }, true],
    ["a packet without flags", onlySyn, { flags: 0 }, true],
    ["an ACK that the door would take for a knock", anyFlags, { flags: ACK }, true],
    ["an ACK that it would not", onlySyn, { flags: ACK }, false],
    ["the answer to a connection of ours", onlySyn, { flags: SYN | ACK }, false],
    ["an end that the door would not take", onlySyn, { flags: 4 }, false],
    ["a packet for another host", anyFlags, { destination: elsewhere }, false],
  ])("%s: a touch or not", (_, flags, more, touches) => {
    const matcher = matcherOf({}, [makeDoor("ssh", "7000,8000:udp,9000", { flags })]);
    matcher.hit(knock("7000", 0));
    matcher.hit(knock("7001", 1, more));
    expect(matcher.scans.touches).toBe(touches ? 1 : 0);
    expect(matcher.liveAttempts).toBe(touches ? 0 : 1);
  });

  test("among the ports of the system's own connections are not touched by answers", () => {
    const local = [{ ...decoy(40001), local: true }];
    const matcher = matcherOf({}, [makeDoor("x", "40000,50000")], [local]);
    for (const flags of [SYN | ACK, ACK, 4]) matcher.hit(knock("40001", 0, { flags }));
    expect(matcher.scans.touches).toBe(0);
    matcher.hit(knock("40001", 1));
    expect(matcher.scans.touches).toBe(1);
  });

  test("of a door with a target are touched there", () => {
    const target = [parseNetwork("198.51.100.1")].flatMap((network) => network ?? []);
    const gate = makeDoor("gate", "7000,8000", { target });
    const matcher = matcherOf({ isInUse: () => true }, [gate], [three]);
    const there = { destination: elsewhere };
    expect(play(matcher, ["7000", "7001"], there)).toEqual([
      "gate: stage 1",
      "gate: failed 1 decoy",
    ]);
    expect(play(matcher, ["7000", "7001"]).join("")).toBe("");
  });

  test("are none any more where something listens", () => {
    const used: number[] = [];
    const matcher = matcherOf({
      isInUse(port) {
        used.push(port);
        return port === 7001;
      },
    });
    matcher.hit(knock("7000", 0));
    expect(matcher.hit(knock("7001", 1))).toEqual([]);
    expect(say(matcher.hit(knock("8000:udp", 2)))).toEqual(["ssh: stage 2"]);
    expect(say(matcher.hit(knock("6999", 3)))).toEqual(["ssh: failed 2 decoy"]);
    expect(used).toEqual([7001, 6999]);
    expect(matcher.explain(knock("7001", 4), [])).toEqual([]);
  });

  test("can be other ones while a knock is under way", () => {
    const matcher = matcherOf();
    matcher.hit(knock("7000", 0));
    matcher.setDoors([ssh], [[decoy(5000)]]);
    expect(matcher.hit(knock("7001", 1))).toEqual([]);
    expect(matcher.liveAttempts).toBe(1);
    expect(say(matcher.hit(knock("5000", 2)))).toEqual(["ssh: failed 1 decoy"]);
  });

  test("are explained to those who ask", () => {
    const matcher = matcherOf();
    const explain = (port: string, time: number) => {
      const packet = knock(port, time);
      return say(matcher.explain(packet, matcher.hit(packet))).join();
    };
    // The first knock of an ignored source is told to all.
    const told = ["7001", "6999", "6998", "7000", "7000", "6998"].map(explain);
    const ignored = ["", "ssh: ignored scanner"];
    expect(told).toEqual(["ssh: decoy", "ssh: decoy", "", ...ignored, "ssh: decoy"]);
  });
});
