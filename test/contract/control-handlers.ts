import { beforeEach, describe, expect, test } from "vitest";
import type { Address } from "../../src/base/address.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Entry } from "../../src/base/log.ts";
import { parseConfig } from "../../src/config/parse.ts";
import type { ControlHandlers, MethodHandlers } from "../../src/control/handlers.ts";
import type { Method, Params, Result } from "../../src/control/methods.ts";
import { methods } from "../../src/control/methods.ts";
import { encode, parseResult } from "../../src/control/protocol.ts";
import { address } from "../support/packets.ts";

/** A daemon with the doors ssh (native), vpn (lease), wake-up (command) and attic (disabled). */
export interface ControlBench {
  readonly handlers: ControlHandlers;
  readonly clock: Clock & { advance(milliseconds: number): void };
  readonly log: (entry: Entry) => void;
  /** Changes every directive of [options] that a daemon in a test can change, or makes the file unusable. */
  readonly editConfig: (how: "options" | "unusable") => void;
}

const guest = address("198.51.100.4");
const admin = address("192.0.2.7");
const unknownDoor = {
  code: "USAGE",
  message: 'there is no door "cellar"',
  hints: ["knockctl doors lists them"],
};

/** What all handlers do: the contract in src/control/handlers.ts and docs/control-protocol.md. */
export function describeControlHandlers(
  name: string,
  open: () => ControlBench | Promise<ControlBench>,
): void {
  describe(`${name} as control handlers`, () => {
    let bench: ControlBench;

    /** Asks as a client does: what is answered passes the client's checks, and comes as it comes there. */
    async function ask<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
      const handlers: MethodHandlers = bench.handlers;
      const result = await handlers[method](params);
      return parseResult(method, JSON.parse(encode(result)));
    }

    async function opened(): Promise<string[]> {
      const leases = await ask("leases", {});
      return leases.map(({ door, source }) => `${door} ${source}`).sort();
    }

    beforeEach(async () => {
      bench = await open();
      await ask("close", { all: true });
      expect(await opened()).toEqual([]);
    });

    test("a dry run begins, ends, and lasts ten minutes at most", async () => {
      expect(await ask("rehearse", { address: guest, forMs: 600_000 })).toEqual({
        remainingMs: 600_000,
      });
      expect(await ask("rehearse", { end: true })).toEqual({ remainingMs: 0 });
      await expect(ask("rehearse", { forMs: 600_001 })).rejects.toMatchObject({
        code: "USAGE",
        message: "a dry run lasts 10 minutes at most",
      });
    });

    test("there is one for each method", () => {
      const all = Object.keys(methods) as Method[];
      expect(all.filter((method) => typeof bench.handlers[method] !== "function")).toEqual([]);
    });

    test("doors says what each opens, and nothing of the ports of its sequence", async () => {
      const common = {
        decoys: expect.any(Number),
        opens: [],
        state: "enabled",
        open: 0,
        openings: 0,
      };
      const tcp = { protocols: ["tcp"], stepProtocols: ["tcp", "tcp", "tcp"] };
      expect(await ask("doors", {})).toEqual([
        {
          ...common,
          ...tcp,
          ...{ name: "ssh", steps: 3, timeoutMs: 15_000 },
          ...{ kind: "native", opens: ["tcp/22"], lastsMs: 600_000 },
        },
        {
          ...common,
          ...{ name: "vpn", steps: 4, protocols: ["tcp", "udp"], timeoutMs: 5000 },
          stepProtocols: ["tcp", "udp", "tcp", "tcp"],
          ...{ kind: "command", lastsMs: 30_000 },
        },
        {
          ...common,
          ...{ name: "wake-up", steps: 3, protocols: ["udp"], timeoutMs: 500, kind: "command" },
          stepProtocols: ["udp", "udp", "udp"],
        },
        {
          ...common,
          ...{ name: "attic", steps: 0, protocols: [], stepProtocols: [], timeoutMs: 10_000 },
          ...{ kind: "command", lastsMs: 60_000, state: "disabled" },
        },
      ]);
    });

    test("status counts doors and leases, and how long the daemon runs", async () => {
      const before = await ask("status", {});
      expect(before).toMatchObject({ doorCount: 4, leaseCount: 0 });
      await ask("open", { door: "ssh", address: guest });
      bench.clock.advance(1000);
      const after = await ask("status", {});
      expect(after).toMatchObject({ leaseCount: 1, uptimeMs: before.uptimeMs + 1000 });
    });

    test("history has what was opened, by whom", async () => {
      await ask("open", { door: "vpn", address: guest });
      const [entry] = await ask("history", { door: "vpn", most: 1, sinceMs: 1000 });
      expect(entry).toMatchObject({ event: "opened", door: "vpn" });
    });

    test("traffic has minutes, each with its counts", async () => {
      for (const { time, packets } of await ask("traffic", {})) {
        expect(time.getTime() % 60_000).toBe(0);
        expect(packets).toBeGreaterThan(0);
      }
    });

    test("forgive of an address that is not ignored changes nothing", async () => {
      expect(await ask("forgive", { address: guest })).toEqual({ forgiven: [] });
      expect(await ask("forgive", { all: true })).toEqual({ forgiven: [] });
      expect((await ask("status", {})).ignored).toEqual([]);
    });

    describe("open", () => {
      test("opens as long as it was asked for, and the door counts it", async () => {
        const { lease } = await ask("open", { door: "ssh", address: guest, forMs: 60_000 });
        expect(lease).toMatchObject({ door: "ssh", kind: "native", state: "open" });
        expect([`${lease?.source}`, lease?.remainingMs]).toEqual([`${guest}`, 60_000]);
        expect(lease?.since).toEqual(new Date(bench.clock.wall()));
        bench.clock.advance(1000);
        expect(await ask("leases", {})).toMatchObject([{ door: "ssh", remainingMs: 59_000 }]);
        expect(await ask("doors", {})).toMatchObject([{ open: 1 }, {}, {}, {}]);
      });

      test("opens as long as the door says, without another length", async () => {
        expect(await ask("open", { door: "vpn", address: guest })).toMatchObject({
          lease: { door: "vpn", kind: "command", remainingMs: 30_000 },
        });
      });

      test("keeps what is open open for at least as long", async () => {
        await ask("open", { door: "ssh", address: guest, forMs: 60_000 });
        const shorter = await ask("open", { door: "ssh", address: guest, forMs: 5000 });
        expect(shorter.lease?.remainingMs).toBe(60_000);
        const longer = await ask("open", { door: "ssh", address: guest, forMs: 90_000 });
        expect(longer.lease?.remainingMs).toBe(90_000);
        expect(await opened()).toEqual([`ssh ${guest}`]);
      });

      test("has no lease where nothing closes the door", async () => {
        expect(await ask("open", { door: "wake-up", address: guest })).toEqual({});
        expect(await opened()).toEqual([]);
      });

      test("opens a door whose sequences are used up", async () => {
        await ask("open", { door: "attic", address: guest });
        expect(await opened()).toEqual([`attic ${guest}`]);
      });

      test("knows its doors", async () => {
        const asked = ask("open", { door: "cellar", address: guest });
        await expect(asked).rejects.toMatchObject(unknownDoor);
      });
    });

    test("leases says whether the kernel knows of a native door, and of no other", async () => {
      await ask("open", { door: "ssh", address: guest });
      await ask("open", { door: "vpn", address: guest });
      const leases = await ask("leases", {});
      expect(Object.fromEntries(leases.map(({ door, inKernel }) => [door, inKernel]))).toEqual({
        ssh: true,
        vpn: undefined,
      });
    });

    describe("extend", () => {
      test("makes a lease longer, and never shorter", async () => {
        await ask("open", { door: "ssh", address: guest, forMs: 60_000 });
        const access = { door: "ssh", address: guest };
        expect(await ask("extend", { ...access, forMs: 7_200_000 })).toMatchObject({
          remainingMs: 7_200_000,
        });
        expect(await ask("extend", { ...access, forMs: 1 })).toMatchObject({
          remainingMs: 7_200_000,
        });
      });

      test("opens nothing", async () => {
        const asked = ask("extend", { door: "ssh", address: guest, forMs: 1000 });
        const message = `"ssh" is not open for ${guest}`;
        await expect(asked).rejects.toMatchObject({ code: "USAGE", message });
      });

      test("knows its doors", async () => {
        const asked = ask("extend", { door: "cellar", address: guest, forMs: 1000 });
        await expect(asked).rejects.toMatchObject(unknownDoor);
      });
    });

    describe("close", () => {
      const all: readonly (readonly [door: string, source: Address])[] = [
        ["ssh", guest],
        ["ssh", admin],
        ["vpn", guest],
      ];
      beforeEach(async () => {
        for (const [door, source] of all) await ask("open", { door, address: source });
      });

      test.each<[string, Params<"close">, readonly string[]]>([
        ["a door", { door: "ssh" }, [`ssh ${admin}`, `ssh ${guest}`]],
        ["an address", { address: guest }, [`ssh ${guest}`, `vpn ${guest}`]],
        ["a door for an address", { door: "ssh", address: admin }, [`ssh ${admin}`]],
        ["all", { all: true }, [`ssh ${admin}`, `ssh ${guest}`, `vpn ${guest}`]],
        ["what is not open", { door: "attic" }, []],
      ])("closes %s, and nothing else", async (_, params, expected) => {
        const { closed, connectionsCut: cut } = await ask("close", params);
        expect(closed.map(({ door, source }) => `${door} ${source}`).sort()).toEqual(expected);
        expect(cut).toBe(0);
        const rest = all.map(([door, source]) => `${door} ${source}`);
        const left = rest.filter((one) => !expected.includes(one));
        expect(await opened()).toEqual(left.sort());
      });

      test("knows its doors", async () => {
        await expect(ask("close", { door: "cellar" })).rejects.toMatchObject(unknownDoor);
      });
    });

    describe("reload", () => {
      test("names directives as the file does", async () => {
        bench.editConfig("options");
        const reloaded = await ask("reload", {});
        if (reloaded.kind === "refused") throw new Error(reloaded.problems.join("\n"));
        expect(reloaded.options).not.toEqual([]);
        const unknown = reloaded.options.filter((name) => {
          const { problems } = parseConfig(`[options]\n${name} = x\n`);
          return problems.some(({ message }) => message.includes("unknown directive"));
        });
        expect(unknown).toEqual([]);
        expect(reloaded.options.filter((name) => !/^[A-Z]/.test(name))).toEqual([]);
      });

      test("says what is wrong with a file that it does not use", async () => {
        bench.editConfig("unusable");
        const refused = await ask("reload", {});
        if (refused.kind !== "refused") throw new Error("the file is used");
        expect(refused.problems).not.toEqual([]);
        expect(refused.problems.filter((line) => !/^\/.+:\d+:\d+: /.test(line))).toEqual([]);
        expect(await ask("doors", {})).toHaveLength(4);
      });
    });

    describe("protection", () => {
      const protects = async () => (await ask("status", {})).firewall.protects;

      test("may be taken away and put back, each several times", async () => {
        for (const services of [[], []]) {
          expect(await ask("unprotect", {})).toEqual({ services });
          expect(await protects()).toEqual(services);
        }
        for (const services of [["tcp/22"], ["tcp/22"]]) {
          expect(await ask("protect", {})).toEqual({ services });
          expect(await protects()).toEqual(services);
        }
      });

      test("of given services needs no trial, and stays until it is taken away", async () => {
        await ask("unprotect", {});
        for (const services of [["tcp/22"], ["tcp/22"]]) {
          expect(await ask("protect", { services })).toEqual({ services });
          expect(await protects()).toEqual(services);
        }
        expect((await ask("status", {})).firewall.trial).toBeUndefined();
        expect(await opened()).toEqual([]);
        expect(await ask("unprotect", {})).toEqual({ services: [] });
      });

      test("of given services is refused where no door leads", async () => {
        await ask("unprotect", {});
        await expect(ask("protect", { services: ["tcp/22", "tcp/80"] })).rejects.toMatchObject({
          code: "USAGE",
          message: "no door opens tcp/80: it would be unreachable",
          hints: ["a door needs the line: open = tcp/80"],
        });
        expect(await protects()).toEqual([]);
      });

      test("on trial ends by itself", async () => {
        await ask("unprotect", {});
        const guarded = await ask("guard", { address: admin, forMs: 30_000 });
        expect(guarded).toMatchObject({
          ...{ services: ["tcp/22"], remainingMs: 30_000, doors: ["ssh"], warnings: [] },
        });
        expect(`${guarded.address}`).toBe(`${admin}`);
        expect(await protects()).toEqual([]);
        expect(await opened()).toEqual([]);
        bench.clock.advance(10_000);
        expect((await ask("status", {})).firewall.trial).toEqual({
          services: ["tcp/22"],
          remainingMs: 20_000,
        });
        bench.clock.advance(20_000);
        expect((await ask("status", {})).firewall.trial).toBeUndefined();
        await expect(ask("confirm", { console: true })).rejects.toMatchObject({
          code: "USAGE",
          message: "nothing is on trial, or its time is over",
          hints: ["knockctl guard begins a trial"],
        });
        expect(await protects()).toEqual([]);
      });

      test("on trial stays when it is confirmed, until it is taken away", async () => {
        await ask("unprotect", {});
        await ask("guard", { address: admin, port: 50_000, services: ["tcp/22"] });
        bench.clock.advance(10_000);
        const confirmed = await ask("confirm", { console: true });
        expect(confirmed).toMatchObject({ services: ["tcp/22"], doors: ["ssh"] });
        expect(await ask("trial", {})).toEqual({});
        bench.clock.advance(100_000);
        const { firewall } = await ask("status", {});
        expect(firewall.protects).toEqual(["tcp/22"]);
        expect(firewall.trial).toBeUndefined();
        await ask("unprotect", {});
        expect(await protects()).toEqual([]);
      });

      test("on trial is told with the steps of its doors, and what has come of them", async () => {
        await ask("unprotect", {});
        expect(await ask("trial", {})).toEqual({});
        await ask("guard", { services: ["tcp/22"] });
        const steps = [7000, 8000, 9000].map((number) => {
          return { number, protocol: "tcp", packets: 0 };
        });
        expect(await ask("trial", {})).toEqual({
          trial: {
            ...{ services: ["tcp/22"], remainingMs: 180_000 },
            doors: [{ name: "ssh", opens: ["tcp/22"], onTrial: true, steps, openedFor: [] }],
          },
        });
        await ask("guard", { address: admin });
        expect(`${(await ask("trial", {})).trial?.address}`).toBe(`${admin}`);
      });

      test("is not confirmed by the connection that asked for the trial", async () => {
        await ask("unprotect", {});
        await ask("guard", { address: admin, port: 50_000 });
        await expect(ask("confirm", { address: admin, port: 50_000 })).rejects.toMatchObject({
          code: "USAGE",
          message: `the connection from ${admin} port 50000 was there before the trial`,
          hints: [
            "make a new connection to this server, and confirm there",
            "a shared ssh session (ControlMaster) is the old connection: ssh -S none",
            "at the machine itself: --from-console",
          ],
        });
        expect((await ask("status", {})).firewall.trial).toBeDefined();
      });

      test("on trial gives way to a second trial", async () => {
        await ask("unprotect", {});
        await ask("guard", { address: admin, forMs: 30_000 });
        await ask("guard", { address: guest, forMs: 90_000 });
        bench.clock.advance(40_000);
        expect((await ask("status", {})).firewall.trial?.remainingMs).toBe(50_000);
      });

      test("is not tried where it is already, or where no door leads", async () => {
        await expect(ask("guard", { address: admin })).rejects.toMatchObject({
          code: "USAGE",
          message: "tcp/22 is protected already",
        });
        await expect(ask("guard", { address: admin, services: ["tcp/80"] })).rejects.toMatchObject({
          code: "USAGE",
          message: "no door opens tcp/80: it would be unreachable",
        });
      });
    });

    test("watch tells every listener of what happens, until it has had enough", () => {
      const seen: string[] = [];
      const stop = bench.handlers.watch(({ text }, wall) => seen.push(`1 ${text} ${wall}`));
      const stopOther = bench.handlers.watch(({ text }) => seen.push(`2 ${text}`));
      bench.log({ level: "notice", event: "x", text: "a" });
      stop();
      stop();
      bench.log({ level: "notice", event: "x", text: "b" });
      stopOther();
      bench.log({ level: "notice", event: "x", text: "c" });
      expect(seen).toEqual([`1 a ${bench.clock.wall()}`, "2 a", "2 b"]);
    });
  });
}
