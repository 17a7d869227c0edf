import { parseNetwork } from "../../../src/base/address.ts";
import type { Sequence } from "../../../src/base/sequence.ts";
import { parseSequence } from "../../../src/base/sequence.ts";
import { monotonic } from "../../../src/base/time.ts";
import { decode } from "../../../src/decode/decode.ts";
import type { Packet } from "../../../src/decode/packet.ts";
import type { Door } from "../../../src/match/door.ts";
import { Matcher } from "../../../src/match/matcher.ts";
import type { Verdict } from "../../../src/match/verdict.ts";
import { frameOf } from "../../support/packets.ts";
import { packet } from "../packets.ts";
import type { FuzzTarget } from "../target.ts";
import { promise } from "../target.ts";

const mostAttempts = 16;
/** Packets of a case: the time limit is one of a packet. */
const mostPackets = 12;

function door(name: string, sequence: string, more: Partial<Door> = {}): Door {
  const steps = parseSequence(sequence);
  if ("problem" in steps) throw new Error(steps.problem);
  const usual = { timeout: 100, flags: { mask: 0, value: 0 }, target: undefined, allow: undefined };
  return { name, sequence: steps satisfies Sequence, ...usual, deny: [], ...more };
}

const documentation = ["192.0.2.0/24", "2001:db8::/32"].flatMap((text) => parseNetwork(text) ?? []);

const doors: readonly Door[] = [
  door("three", "7000,8000,9000", { flags: { mask: 0x12, value: 0x02 } }),
  door("mixed", "8000:udp,7000,9000:udp"),
  door("again", "7000,7000,8000"),
  door("one", "1", { allow: documentation }),
  door("none", "1:udp", { deny: documentation }),
  door("elsewhere", "9000,8000", { target: documentation.slice(0, 1), timeout: 0 }),
  door("long", Array.from({ length: 32 }, (_, i) => (i % 2 === 0 ? 7000 : 8000)).join()),
];

/** One for all cases, since it takes memory; each begins so long after the last that nothing is left of that. */
let shared: Matcher | undefined;
const longAfter = 10_000_000;
let start = 0;

/**
 * Packets one after the other, each behind a byte of its length and one of the time since the one
 * before: what opens is a door's last step, and nothing is remembered beyond the bound.
 */
export const matcherTarget: FuzzTarget = {
  name: "matcher",
  covers: ["src/match/matcher.ts", "src/match/sequence.ts", "src/match/door.ts"],
  longest: 1024,
  words: [Uint8Array.of(40, 0), Uint8Array.of(40, 255), Uint8Array.of(28, 1)],
  make(random) {
    let bytes = new Uint8Array();
    const packets = random.several(1, mostPackets, () => {
      // Now and then the same once more, as systems send it that get no answer.
      if (bytes.length === 0 || random.percent(80)) bytes = packet(random).slice(0, 255);
      const pause = random.percent(80) ? random.from(0, 20) : random.from(0, 255);
      return [Uint8Array.of(bytes.length, pause), bytes];
    });
    return Uint8Array.from(Buffer.concat(packets.flat()));
  },
  limit: () => 1,
  run(input) {
    shared ??= new Matcher({ maxAttempts: mostAttempts, isOurs: ({ w3 }) => w3 % 2 === 1 });
    const matcher = shared;
    // Doors that are the same as before stay.
    if (input.length % 8 === 0) matcher.setDoors(doors.slice(1));
    matcher.setDoors(doors);
    const outcomes = new Set<string>();
    start += longAfter;
    let time = start;
    let count = 0;
    for (let at = 0; at + 2 <= input.length && count < mostPackets; count++) {
      const [length = 0, pause = 0] = input.subarray(at, at + 2);
      const frame = input.subarray(at + 2, at + 2 + length);
      at += 2 + length;
      time += pause;
      if (matcher.nextExpiry !== undefined && matcher.nextExpiry <= time) {
        for (const { kind } of matcher.expire(monotonic(time))) outcomes.add(`${kind}, late`);
      }
      const read = decode(frameOf(frame, { time: monotonic(time) }));
      if (read === undefined) continue;
      const verdicts = matcher.hit(read);
      for (const verdict of [...verdicts, ...matcher.explain(read, verdicts)]) {
        check(verdict, read);
        outcomes.add(nameOf(verdict));
      }
      promise(matcher.liveAttempts <= mostAttempts, `${matcher.liveAttempts} attempts`);
      const byStage = matcher.attemptsByStage.reduce((sum, one) => sum + one, 0);
      promise(byStage === matcher.liveAttempts, "stages do not add up to the attempts");
    }
    matcher.expire(monotonic(time + longAfter / 2));
    promise(matcher.liveAttempts === 0, "an attempt never ends");
    return [...outcomes].sort().slice(0, 2).join(" and ");
  },
};

function check(verdict: Verdict, read: Packet): void {
  promise(doors.includes(verdict.door), "a verdict about no door");
  promise(verdict.source.equals(read.source), "a verdict about another source");
  if (verdict.kind !== "open") return;
  const last = verdict.door.sequence.at(-1);
  const isLast = last?.number === read.port && last.protocol === read.protocol;
  promise(isLast, `${verdict.door.name} opened at ${read.port}`);
}

function nameOf(verdict: Verdict): string {
  return "why" in verdict ? `${verdict.kind}, ${verdict.why}` : verdict.kind;
}
