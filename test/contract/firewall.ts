import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Firewall, Passage } from "../../src/firewall/firewall.ts";
import { address } from "../packets.ts";

/** A firewall to be tried, and a way to see what it did. */
export interface FirewallBench {
  readonly firewall: Firewall;
  /** How to open and close this door for this source, by this firewall. */
  readonly passage: (door: string, source: string) => Passage;
  /** The doors that are open now, such as `ssh 192.0.2.7`, in any order. */
  readonly opened: () => readonly string[];
  readonly close: () => void;
}

/** What every firewall must do: the contract in src/firewall/firewall.ts. */
export function describeFirewall(name: string, open: () => FirewallBench): void {
  describe(`${name} as a firewall`, () => {
    let bench: FirewallBench;
    beforeEach(() => {
      bench = open();
    });
    afterEach(() => bench.close());

    test("opens a door for a source, and has opened it when it says so", async () => {
      const { firewall, passage, opened } = bench;
      expect(await firewall.open(passage("ssh", "192.0.2.7"))).toEqual({ kind: "done" });
      expect(opened()).toEqual(["ssh 192.0.2.7"]);
    });

    test("closes that door for that source alone", async () => {
      const { firewall, passage, opened } = bench;
      const all = [
        passage("ssh", "192.0.2.7"),
        passage("ssh", "2001:db8::7"),
        passage("web", "192.0.2.7"),
      ];
      for (const one of all) await firewall.open(one);
      expect(await firewall.close(passage("ssh", "192.0.2.7"))).toEqual({ kind: "done" });
      expect([...opened()].sort()).toEqual(["ssh 2001:db8::7", "web 192.0.2.7"]);
    });

    test("may be told to open what is open, and to open again what was closed", async () => {
      const { firewall, passage, opened } = bench;
      const one = passage("ssh", "192.0.2.7");
      for (const what of ["open", "open", "close", "open"] as const) {
        expect(await firewall[what](one)).toEqual({ kind: "done" });
      }
      expect(opened()).toEqual(["ssh 192.0.2.7"]);
    });

    test("does many things side by side", async () => {
      const { firewall, passage, opened } = bench;
      const sources = Array.from({ length: 20 }, (_, i) => `10.0.0.${i + 1}`);
      await Promise.all(sources.map((source) => firewall.open(passage("ssh", source))));
      expect(opened()).toHaveLength(20);
      const even = sources.filter((_, i) => i % 2 === 0);
      await Promise.all(even.map((source) => firewall.close(passage("ssh", source))));
      expect(opened()).toHaveLength(10);
    });

    test("keeps the promise of its types: an outcome, never a rejection", async () => {
      const { firewall, passage } = bench;
      const odd: Passage = { ...passage("ssh", "::1"), source: address("::1"), start: "\0" };
      const outcome = await firewall.open(odd);
      expect(["done", "failed", "killed", "not-started"]).toContain(outcome.kind);
    });
  });
}
