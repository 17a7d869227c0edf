import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Access, Firewall } from "../../src/firewall/firewall.ts";

/** Longer than any test takes: milliseconds. */
const length = 60_000;

/** A firewall to be tried, and a way to see what it did. */
export interface FirewallBench<Kind extends Access> {
  readonly firewall: Firewall<Kind>;
  /** How to open and close this door for this source, by this firewall. */
  readonly access: (door: string, source: string) => Kind;
  /** The doors that are open now, such as `ssh 192.0.2.7` or `ssh@10.0.0.5 192.0.2.7`, in any order. */
  readonly opened: () => readonly string[] | Promise<readonly string[]>;
  /** What it cannot open, or where there is nothing to open. */
  readonly impossible: Kind;
  readonly close: () => void | Promise<void>;
}

/** Holds any firewall, also one that does nothing, to its answers: what is open may be opened again. */
export async function expectOutcomes<Kind extends Access>(
  firewall: Firewall<Kind>,
  access: Kind,
): Promise<void> {
  for (const what of ["open", "open", "close", "open"] as const) {
    const ended = what === "open" ? firewall.open(access, length) : firewall.close(access);
    expect(await ended).toEqual({ kind: "done" });
  }
}

interface FirewallAbilities<Kind> {
  readonly closesByItself?: boolean;
  /** How to open and close `ssh@HOST`, for the hosts 10.0.0.5, 10.0.0.6 and 2001:db8:1::5 behind this one. */
  readonly accessBehind?: (host: string, source: string) => Kind;
}

/** What every firewall must do: the contract in src/firewall/firewall.ts. Some leave the closing to the kernel. */
export function describeFirewall<Kind extends Access>(
  name: string,
  open: () => FirewallBench<Kind> | Promise<FirewallBench<Kind>>,
  { closesByItself = false, accessBehind }: FirewallAbilities<Kind> = {},
): void {
  describe(`${name} as a firewall`, () => {
    let bench: FirewallBench<Kind>;
    beforeEach(async () => {
      bench = await open();
    });
    afterEach(() => bench.close());

    test("opens a door for a source, and has opened it when it says so", async () => {
      const { firewall, access, opened } = bench;
      expect(await firewall.open(access("ssh", "192.0.2.7"), length)).toEqual({ kind: "done" });
      expect(await opened()).toEqual(["ssh 192.0.2.7"]);
    });

    test("closes that door for that source alone", async () => {
      const { firewall, access, opened } = bench;
      const all = [
        access("ssh", "192.0.2.7"),
        access("ssh", "2001:db8::7"),
        access("web", "192.0.2.7"),
      ];
      for (const one of all) await firewall.open(one, length);
      expect(await firewall.close(access("ssh", "192.0.2.7"))).toEqual({ kind: "done" });
      expect([...(await opened())].sort()).toEqual(["ssh 2001:db8::7", "web 192.0.2.7"]);
    });

    test("may be told to open what is open, and to open again what was closed", async () => {
      const { firewall, access, opened } = bench;
      await expectOutcomes(firewall, access("ssh", "192.0.2.7"));
      expect(await opened()).toEqual(["ssh 192.0.2.7"]);
    });

    test("does many things side by side", async () => {
      const { firewall, access, opened } = bench;
      const sources = Array.from({ length: 20 }, (_, i) => `10.0.0.${i + 1}`);
      await Promise.all(sources.map((source) => firewall.open(access("ssh", source), length)));
      expect(await opened()).toHaveLength(20);
      const even = sources.filter((_, i) => i % 2 === 0);
      await Promise.all(even.map((source) => firewall.close(access("ssh", source))));
      expect(await opened()).toHaveLength(10);
    });

    test("keeps the promise of its types: an outcome, never a rejection", async () => {
      const outcome = await bench.firewall.open(bench.impossible, length);
      expect(["done", "failed", "killed", "not-started"]).toContain(outcome.kind);
    });

    if (accessBehind !== undefined) describeBehind(() => bench, accessBehind);

    if (!closesByItself) return;

    test("closes by itself, so long after the last opening", async () => {
      const { firewall, access, opened } = bench;
      const one = access("ssh", "192.0.2.7");
      const other = access("ssh", "2001:db8::7");
      await firewall.open(one, 2_000);
      await firewall.open(other, length);
      await sleep(1_000);
      const begin = performance.now();
      await firewall.open(one, 2_000);
      // A shorter time does not take away from a longer one.
      await firewall.open(other, 1_000);
      while ((await opened()).includes("ssh 192.0.2.7")) await sleep(20);
      expect(performance.now() - begin).toBeGreaterThan(1_950);
      // Some count whole seconds.
      expect(performance.now() - begin).toBeLessThan(6_000);
      expect(await opened()).toEqual(["ssh 2001:db8::7"]);
    });
  });
}

function describeBehind<Kind extends Access>(
  bench: () => FirewallBench<Kind>,
  accessBehind: (host: string, source: string) => Kind,
): void {
  test("tells hosts behind this one apart, and its own services", async () => {
    const { firewall, access, opened } = bench();
    const ours = access("ssh", "192.0.2.7");
    const [first, second] = [
      accessBehind("10.0.0.6", "192.0.2.7"),
      accessBehind("10.0.0.6", "192.0.2.8"),
    ];
    const others = [
      accessBehind("10.0.0.5", "192.0.2.7"),
      accessBehind("2001:db8:1::5", "2001:db8::7"),
    ];
    for (const one of [ours, first, second, ...others]) {
      expect(await firewall.open(one, length)).toEqual({ kind: "done" });
    }
    const rest = [
      "ssh@10.0.0.5 192.0.2.7",
      "ssh@10.0.0.6 192.0.2.8",
      "ssh@2001:db8:1::5 2001:db8::7",
    ];
    expect([...(await opened())].sort()).toEqual(
      ["ssh 192.0.2.7", "ssh@10.0.0.6 192.0.2.7", ...rest].sort(),
    );
    for (const one of [first, ours]) expect(await firewall.close(one)).toEqual({ kind: "done" });
    expect([...(await opened())].sort()).toEqual(rest);
    await expectOutcomes(firewall, second);
  });
}
