import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FwknopDevice } from "../../test/support/fwknop-device.ts";
import { address } from "../../test/support/packets.ts";
import type { Address } from "../base/address.ts";
import { parseNetwork } from "../base/address.ts";
import { monotonic, wallTime } from "../base/time.ts";
import type { FwknopKey } from "./fwknop.ts";
import { FwknopAuthenticator } from "./fwknop.ts";

const start = 1_800_000_000_000;
const freshness = 120_000;
const home = address("192.0.2.7");
const bob = new FwknopDevice("bob/phone");
const carol = new FwknopDevice("carol/phone", "sha512");

function keyOf({ lock }: FwknopDevice, more: Partial<FwknopKey> = {}): FwknopKey {
  return { lock, expires: undefined, allow: undefined, user: undefined, ...more };
}

function authenticator(...keys: readonly FwknopKey[]) {
  const made = new FwknopAuthenticator<FwknopKey>(freshness);
  made.setKeys(keys);
  return made;
}

/** At a moment: milliseconds after the start, on both clocks unless told otherwise. */
function judge(
  by: FwknopAuthenticator<FwknopKey>,
  payload: Uint8Array,
  at = 0,
  source: Address = home,
  wall = start + at,
): string {
  const judgement = by.judge(payload, source, { now: monotonic(at), wall: wallTime(wall) });
  return judgement.kind === "authentic" ? "authentic" : judgement.check;
}

test("a packet is accepted once, however often it comes", () => {
  const both = authenticator(keyOf(carol), keyOf(bob));
  const packet = bob.packet({ time: start });
  expect(judge(both, packet)).toBe("authentic");
  expect(judge(both, packet, 1000)).toBe("replay");
  expect(judge(both, packet, 1000, address("198.51.100.1"))).toBe("replay");
  expect(judge(both, bob.packet({ time: start }), 1000)).toBe("authentic");
  expect(judge(both, carol.packet({ time: start }), 1000)).toBe("authentic");
  expect(judge(both, new FwknopDevice("eve/x").packet({ time: start }))).toBe("hmac");
  expect(judge(both, Buffer.from("hello"))).toBe("form");
});

test("the clock of a packet may be wrong by Freshness", () => {
  const one = authenticator(keyOf(bob));
  for (const [offset, check] of [
    [-121_000, "clock"],
    [-120_000, "authentic"],
    [120_000, "authentic"],
    [121_000, "clock"],
  ] as const) {
    expect(judge(one, bob.packet({ time: start + offset }))).toBe(check);
  }
});

test("user, source and end are those of the device", () => {
  const network = parseNetwork("192.0.2.0/24");
  if (network === undefined) expect.unreachable();
  const one = authenticator(
    keyOf(bob, { user: "bob", allow: [network], expires: wallTime(start + 10_000) }),
  );
  const send = (user: string, at: number, source = home) =>
    judge(one, bob.packet({ time: start + at, user }), at, source);
  expect(send("alice", 0)).toBe("user");
  expect(send("bob", 0)).toBe("authentic");
  expect(send("bob", 0, address("198.51.100.7"))).toBe("hmac");
  expect(send("bob", 10_000)).toBe("hmac");
});

test("beyond 1,024 packets in a time a key is full, until they are old", () => {
  const one = authenticator(keyOf(bob));
  for (let i = 0; i < 1024; i++) {
    expect(judge(one, bob.packet({ time: start }), i * 10)).toBe("authentic");
  }
  expect(judge(one, bob.packet({ time: start + 11_000 }), 11_000)).toBe("full");
  const later = 2 * freshness + 1000;
  expect(judge(one, bob.packet({ time: start + later }), later)).toBe("authentic");
});

test("after a lost journal nothing from before is accepted", () => {
  const one = authenticator(keyOf(bob));
  one.forgetBefore(start + 500, monotonic(0), [bob.lock.id]);
  expect(judge(one, bob.packet({ time: start }), 1000)).toBe("start");
  expect(judge(one, bob.packet({ time: start + 2000 }), 1000)).toBe("authentic");
});

test("an earlier process' packets stay used, and its networks known", () => {
  const first = authenticator(keyOf(bob));
  const packet = bob.packet({ time: start });
  judge(first, packet);
  const second = authenticator(keyOf(bob));
  second.restore(first.windows());
  expect(judge(second, packet)).toBe("replay");
  expect([...second.windows()]).toEqual([
    [
      bob.lock.id,
      { floor: 0, accepted: [[expect.any(String), start / 1000]], networks: ["192.0.2.0/24"] },
    ],
  ]);
});

test("no packet is accepted twice, wherever the clock goes", () => {
  const step = fc.record({ move: fc.integer({ min: -600, max: 600 }), which: fc.nat(5) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const one = authenticator(keyOf(bob));
      const made = Array.from({ length: 6 }, (_, i) =>
        bob.packet({ time: start + (i - 3) * 100_000 }),
      );
      const accepted = new Set<number>();
      let wall = start;
      steps.forEach(({ move, which }, i) => {
        wall += move * 1000;
        const packet = made[which];
        if (packet === undefined) return;
        const result = judge(one, packet, i * 1000, home, wall);
        if (result === "authentic") expect(accepted.has(which)).toBe(false);
        if (result === "authentic") accepted.add(which);
      });
    }),
  );
});

test("a clock that was ahead keeps no honest device out", () => {
  const one = authenticator(keyOf(bob));
  expect(judge(one, bob.packet({ time: start }))).toBe("authentic");
  const ahead = start + 9 * 3_600_000;
  expect(judge(one, bob.packet({ time: start }), 1000, home, ahead)).toBe("clock");
  expect(judge(one, bob.packet({ time: ahead }), 2000, home, ahead)).toBe("authentic");
  expect(judge(one, bob.packet({ time: start + 3000 }), 3000)).toBe("authentic");
});

test("devices that share an HMAC key are told apart by the other one", () => {
  const others = ["p/1", "p/2", "p/3"].map((name) => new FwknopDevice(name, "sha256", bob.name));
  const all = authenticator(keyOf(bob), ...others.map((one) => keyOf(one)));
  for (const [i, one] of [...others, bob].entries()) {
    const packet = one.packet({ time: start });
    const judgement = all.judge(packet, home, { now: monotonic(i), wall: wallTime(start) });
    expect(judgement).toMatchObject({ kind: "authentic", key: { lock: { id: one.lock.id } } });
  }
  const none = new FwknopDevice("p/4", "sha256", bob.name).packet({ time: start });
  expect(["cipher", "fields"]).toContain(judge(all, none, 10));
});

describe("tries", () => {
  const keys = Array.from({ length: 100 }, (_, i) => new FwknopDevice(`p${i}/x`));
  const strange = new FwknopDevice("eve/x").packet({ time: start });
  const flood = (by: FwknopAuthenticator<FwknopKey>, from: number, source: Address) => {
    // 20,000 a second, for a second.
    const counts = { hmac: 0, budget: 0 };
    for (let i = 0; i < 20_000; i++) {
      counts[judge(by, strange, from + i / 20, source) as "hmac" | "budget"]++;
    }
    return counts;
  };

  test("are 20,000 a second of all keys, and those of known networks are not spent by others", () => {
    const all = authenticator(...keys.map((key) => keyOf(key)));
    const last = keys[99] ?? expect.unreachable();
    expect(judge(all, last.packet({ time: start }))).toBe("authentic");
    const { hmac } = flood(all, 1000, address("203.0.113.9"));
    // Each has 100 a second for networks that it does not know, and 10 saved.
    expect(hmac).toBeGreaterThanOrEqual(100);
    expect(hmac).toBeLessThanOrEqual(111);
    expect(judge(all, last.packet({ time: start + 2000 }), 2000)).toBe("authentic");
    const near = address("192.0.2.200");
    expect(judge(all, last.packet({ time: start + 2000 }), 2000, near)).toBe("authentic");
  });

  /** Counts the keys that are tried. */
  const counted = (all: readonly FwknopDevice[], more: Partial<FwknopKey> = {}) => {
    const tried = { count: 0 };
    const counting = all.map((one): FwknopKey => {
      const { expires: _, ...key } = keyOf(one, more);
      return Object.defineProperty(key, "expires", {
        get() {
          tried.count++;
        },
      }) as FwknopKey;
    });
    return { tried, counting };
  };

  test.each([
    ["an unknown network", "203.0.113.9"],
    ["the network of all devices", "192.0.2.200"],
  ])(
    "of a flood from %s are bounded, and what is beyond them costs no look at a key",
    (_, from) => {
      const many = Array.from({ length: 400 }, (_, i) => new FwknopDevice(`m${i}/x`));
      const { tried, counting } = counted(many);
      const all = authenticator(...counting);
      for (const [i, one] of many.entries()) {
        expect(judge(all, one.packet({ time: start }), i * 100)).toBe("authentic");
      }
      tried.count = 0;
      const { hmac } = flood(all, 60_000, address(from));
      // 25 packets a second, and 10 saved: each with all keys.
      expect(hmac).toBeLessThanOrEqual(36);
      expect(tried.count).toBeGreaterThan(0);
      expect(tried.count).toBeLessThanOrEqual(36 * 400 * 2);
    },
  );

  test("of the network of a device come first: no other key is tried with its packets", () => {
    const { tried, counting } = counted(keys);
    const all = authenticator(...counting);
    const last = keys[99] ?? expect.unreachable();
    expect(judge(all, last.packet({ time: start }))).toBe("authentic");
    expect(tried.count).toBe(100);
    expect(judge(all, last.packet({ time: start }), 100)).toBe("authentic");
    expect(tried.count).toBe(101);
  });

  test("of other networks are not spent by one that all keys know", () => {
    const one = authenticator(keyOf(bob));
    expect(judge(one, bob.packet({ time: start }))).toBe("authentic");
    const forged = new FwknopDevice("eve/x").packet({ time: start });
    for (let i = 0; i < 5000; i++) judge(one, forged);
    expect(judge(one, forged)).toBe("budget");
    const elsewhere = address("198.51.100.1");
    expect(judge(one, bob.packet({ time: start }), 0, elsewhere)).toBe("authentic");
  });

  test("of a network that lacked some are not looked at for 10 ms", () => {
    const all = authenticator(...keys.map((key) => keyOf(key)));
    const last = keys[99] ?? expect.unreachable();
    expect(judge(all, last.packet({ time: start }))).toBe("authentic");
    while (judge(all, strange, 1, address("203.0.113.9")) === "hmac");
    for (let i = 0; i < 11; i++) judge(all, strange, 1);
    // One more comes each 10 ms.
    expect(judge(all, last.packet({ time: start }), 10)).toBe("budget");
    expect(judge(all, last.packet({ time: start }), 12)).toBe("authentic");
  });

  test("a source that a device does not allow spends none of it", () => {
    const network = parseNetwork("192.0.2.0/24");
    if (network === undefined) expect.unreachable();
    const one = authenticator(keyOf(bob, { allow: [network] }), keyOf(carol));
    flood(one, 0, address("203.0.113.9"));
    expect(judge(one, bob.packet({ time: start + 1000 }), 1000)).toBe("authentic");
  });

  test("eight networks are known, those of the last packets", () => {
    const one = authenticator(keyOf(bob));
    for (let i = 0; i < 9; i++) {
      const source = address(`10.0.${i}.1`);
      expect(judge(one, bob.packet({ time: start }), i * 1000, source)).toBe("authentic");
    }
    const [[, state] = []] = [...one.windows()];
    expect(state?.networks).toEqual(Array.from({ length: 8 }, (_, i) => `10.0.${i + 1}.0/24`));
    const from6 = address("2001:db8:1:2::3");
    expect(judge(one, bob.packet({ time: start }), 10_000, from6)).toBe("authentic");
    const [[, state6] = []] = [...one.windows()];
    expect(state6?.networks.at(-1)).toBe("2001:db8:1::/48");
  });
});
