import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tries } from "../../test/support/effort.ts";
import { KnockDevice, stunRequest } from "../../test/support/knock-device.ts";
import { readLock } from "../../test/support/knock-keys.ts";
import { fromHex, knockVectors } from "../../test/support/knock-vectors.ts";
import type { Address } from "../base/address.ts";
import { parseAddress } from "../base/address.ts";
import { monotonic, wallTime } from "../base/time.ts";
import { doorId } from "../knock/keys.ts";
import { knockTime, packetLength } from "../knock/packet.ts";
import { Authenticator, lossLife } from "./authenticator.ts";
import type { Judgement } from "./judgement.ts";

const freshness = 120_000;
const wall = Number(knockVectors.accepted.now) / 1000;
const home = parseAddress("192.0.2.7") ?? expect.unreachable();
const elsewhere = parseAddress("2001:db8::66") ?? expect.unreachable();
const alice = new KnockDevice("alice");
const bob = new KnockDevice("bob");

function at(wall: number, now = 0) {
  return { wall: wallTime(wall), now: monotonic(now) };
}

function open(...keys: readonly KnockDevice[]): Authenticator<KnockDevice> {
  const authenticator = new Authenticator<KnockDevice>(freshness);
  authenticator.setKeys(keys);
  return authenticator;
}

/** The name of the check that refused, or "ok". */
function resultOf(judgement: Judgement<object & Pick<KnockDevice, "lock">>): string {
  return judgement.kind === "authentic" ? "ok" : judgement.check;
}

describe("the vectors", () => {
  const { packet, stun, refusedPackets, refusedStun, keys } = knockVectors;
  const with_ = (lockText: string, used: readonly string[] = []) => {
    const lock = readLock(lockText);
    const authenticator = new Authenticator(freshness);
    authenticator.setKeys([{ lock }]);
    const times = used.map((time) => knockTime(Number(time)));
    authenticator.restore([[lock.id, { floor: knockTime(0), times }]]);
    return authenticator;
  };

  test("the frozen packet is authentic, as it is and in a STUN request", () => {
    for (const [carrier, datagram] of [
      ["udp", packet],
      ["stun", stun.datagram],
    ]) {
      const judgement = with_(keys.lock).judge(fromHex(datagram ?? ""), home, at(wall));
      if (judgement.kind !== "authentic") expect.unreachable(resultOf(judgement));
      expect(judgement).toMatchObject({ carrier, offset: -250 });
      expect(judgement.request).toMatchObject({ seconds: 3600, door: doorId("ssh") });
    }
  });

  test.each(refusedPackets)(
    "refused: $name",
    ({ packet, lock = keys.lock, now, used, expected }) => {
      const judged = with_(lock, used).judge(fromHex(packet), home, at(Number(now) / 1000));
      expect(resultOf(judged)).toBe(expected);
    },
  );

  test.each(refusedStun)("refused: $name", ({ datagram }) => {
    expect(resultOf(with_(keys.lock).judge(fromHex(datagram), home, at(wall)))).toBe("form");
  });

  test("each of the 1,152 flipped bits is refused", () => {
    const authenticator = with_(keys.lock);
    for (let bit = 0; bit < 8 * packetLength; bit++) {
      const flipped = fromHex(packet);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const judged = authenticator.judge(flipped, home, at(wall, 10 * bit));
      expect(judged).toMatchObject({ kind: "unauthenticated", check: bit < 64 ? "hint" : "tag" });
    }
  });
});

describe("a packet", () => {
  test("counts once: its copies are recognized, and told from elsewhere once", () => {
    const authenticator = open(alice);
    const packet = alice.packet(wall);
    const judge = (source: Address) => resultOf(authenticator.judge(packet, source, at(wall)));
    expect([judge(home), judge(home), judge(elsewhere), judge(elsewhere)]).toEqual([
      "ok",
      "repeated",
      "repeated-elsewhere",
      "repeated",
    ]);
    // After eight more its tag is forgotten, its time is not.
    for (let i = 1; i <= 8; i++) authenticator.judge(alice.packet(wall + i), home, at(wall));
    expect(judge(home)).toBe("replay");
  });

  test("is refused at all others' servers, and says nothing of its sender", () => {
    expect(open(bob).judge(alice.packet(wall), home, at(wall))).toEqual({
      ...{ kind: "unauthenticated", carrier: "udp", check: "hint" },
    });
  });

  test("may be wrong by Freshness, both ends included", () => {
    for (const [time, expected] of [
      [wall - freshness - 0.001, "clock"],
      [wall - freshness, "ok"],
      [wall + freshness, "ok"],
      [wall + freshness + 0.001, "clock"],
    ] as const) {
      const judged = open(alice).judge(alice.packet(time), home, at(wall));
      expect(resultOf(judged)).toBe(expected);
      if (judged.kind === "unauthenticated") expect.unreachable();
      expect(judged.offset).toBeCloseTo(time - wall, 2);
    }
  });

  test("is refused from before a lost journal, of a known key wherever the clock goes", () => {
    const authenticator = open(alice, bob);
    authenticator.forgetBefore(knockTime(wall * 1000), monotonic(1000), [alice.lock.id]);
    const judge = (device: KnockDevice, time: number, after: number) =>
      resultOf(authenticator.judge(device.packet(time), home, at(wall, 1000 + after)));
    expect(judge(alice, wall - 1, 0)).toBe("start");
    expect(judge(alice, wall, 0)).toBe("ok");
    // Freshness may have become longer meanwhile.
    expect(judge(alice, wall - 2, lossLife - 1)).toBe("start");
    expect(judge(bob, wall - 2, lossLife - 1)).toBe("start");
    expect(judge(bob, wall - 3, lossLife)).toBe("ok");
    expect(judge(alice, wall - 3, lossLife)).toBe("replay");
    const next = open(alice, bob);
    next.restore(authenticator.windows());
    expect(resultOf(next.judge(alice.packet(wall - 4), home, at(wall)))).toBe("replay");
  });

  test("is judged by the clock as it is: one that was wrong shuts no honest device out", () => {
    const authenticator = open(alice, bob);
    const judge = (device: KnockDevice, time: number) =>
      resultOf(authenticator.judge(device.packet(time), home, at(time)));
    const hour = 3_600_000;
    expect([
      judge(alice, wall),
      judge(alice, wall + 9 * hour),
      judge(bob, wall + 9 * hour),
    ]).toEqual(["ok", "ok", "ok"]);
    expect(authenticator.countAhead(wallTime(wall))).toBe(2);
    expect([judge(alice, wall + 1), judge(alice, wall - hour), judge(bob, wall)]).toEqual([
      "ok",
      "ok",
      "ok",
    ]);
  });

  test("of any length and content is refused without an error", () => {
    const authenticator = open(alice);
    const payload = fc.uint8Array({ maxLength: 600 });
    fc.assert(
      fc.property(payload, (bytes) => {
        const judged = authenticator.judge(bytes, home, at(wall));
        expect(resultOf(judged)).toBe(bytes.length === packetLength ? "hint" : "form");
      }),
      { numRuns: tries(300) },
    );
  });

  test("in a STUN request with an unknown hint ends at that", () => {
    const request = stunRequest(alice.packet(wall));
    expect(open(bob).judge(request, home, at(wall))).toEqual({
      ...{ kind: "unauthenticated", carrier: "stun", check: "hint" },
    });
  });
});

describe("limits", () => {
  test("a sniffed hint has 20 tries and one each 10 ms; the next packet bears another hint", () => {
    const authenticator = open(alice);
    const forged = Buffer.concat([
      alice.packet(wall, { slot: 1 }).subarray(0, 8),
      Buffer.alloc(136),
    ]);
    const flood = (now: number) => {
      const counts = { tag: 0, budget: 0 };
      for (let i = 0; i < 100; i++) {
        const check = resultOf(authenticator.judge(forged, elsewhere, at(wall, now)));
        counts[check as keyof typeof counts]++;
      }
      return counts;
    };
    expect(flood(0)).toEqual({ tag: 20, budget: 80 });
    expect(flood(1000)).toEqual({ tag: 20, budget: 80 });
    const own = (slot: number) =>
      resultOf(authenticator.judge(alice.packet(wall + slot, { slot }), home, at(wall, 1000)));
    expect([own(1), own(2)]).toEqual(["budget", "ok"]);
  });

  test("a key has 100 signatures and 50 a second; others are not concerned", () => {
    const authenticator = open(alice, bob);
    let time = wall;
    const sign = (device: KnockDevice, now: number) => {
      time += 1;
      const packet = device.packet(time, { slot: time & 3 });
      return resultOf(authenticator.judge(packet, home, at(time, now)));
    };
    // 80 tries of four hints in a minute: the first 80 are within, and time brings others.
    const results = Array.from({ length: 200 }, (_, i) => sign(alice, i * 2.5));
    const accepted = results.filter((result) => result === "ok").length;
    expect(accepted).toBeGreaterThanOrEqual(100);
    expect(accepted).toBeLessThanOrEqual(126);
    expect(results.at(-1)).toMatch(/^(?:rate|ok)$/);
    expect(results).toContain("rate");
    expect(sign(bob, 500)).toBe("ok");
  });

  test("keys that use up all signatures leave half to those that had none", () => {
    const greedy = Array.from({ length: 20 }, (_, i) => new KnockDevice(`greedy ${i}`));
    const authenticator = open(...greedy, bob);
    const results = new Map<string, number>();
    for (let round = 0; round < 20; round++) {
      for (const device of greedy) {
        const packet = device.packet(wall + round, { slot: round & 3 });
        const result = resultOf(authenticator.judge(packet, home, at(wall, round / 1000)));
        results.set(result, (results.get(result) ?? 0) + 1);
      }
    }
    // Each had its first from what is reserved for that.
    expect([...results.keys()].sort()).toEqual(["ok", "rate"]);
    expect(results.get("ok")).toBe(250);
    expect(resultOf(authenticator.judge(bob.packet(wall), home, at(wall)))).toBe("ok");
  });
});

describe("what is accepted", () => {
  const device = fc.constantFrom(alice, bob);
  const step = fc.oneof(
    fc.record({ kind: fc.constant("knock"), device, time: fc.nat(5), slot: fc.nat(3) }),
    fc.record({ kind: fc.constant("clock"), by: fc.integer({ min: -90_000, max: 90_000 }) }),
    fc.record({ kind: fc.constantFrom("reload", "restart", "remove") }),
  );

  test("is never accepted again, by any order, clock, reload and restart", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const taken = new Set<string>();
        let authenticator = open(alice, bob);
        let now = wall;
        let passed = 0;
        for (const one of steps) {
          passed += 1000;
          if ("by" in one) now += one.by;
          else if ("device" in one) {
            const packet = one.device.packet(wall + one.time, { slot: one.slot });
            const judged = authenticator.judge(packet, home, at(now, passed));
            const name = `${one.device.name} ${one.time}`;
            if (judged.kind !== "authentic") continue;
            expect(taken.has(name)).toBe(false);
            taken.add(name);
          } else if (one.kind === "restart") {
            const windows = [...authenticator.windows()];
            authenticator = open(alice, bob);
            authenticator.restore(windows);
          } else {
            if (one.kind === "remove") authenticator.setKeys([]);
            authenticator.setKeys([alice, bob]);
          }
        }
      }),
      { numRuns: tries(60) },
    );
  });
});
