import { beforeEach, describe, expect, test } from "vitest";
import type { AdministrationBench } from "../../../test/support/administration.ts";
import { startAdministration } from "../../../test/support/administration.ts";
import { address } from "../../../test/support/packets.ts";
import type { Address } from "../../base/address.ts";
import { later, monotonic } from "../../base/time.ts";
import { parseUsers } from "../../config/users.ts";
import type { Packet } from "../../decode/packet.ts";
import { makeKey } from "../../knock/keys.ts";

const admin = address("192.0.2.7");
const guest = address("198.51.100.4");
/** What the host of the bench has itself. */
const own = address("192.0.2.1");

const packet: Packet = {
  ...{ time: monotonic(0), interfaceIndex: 1, length: 40, protocol: "tcp", flags: 2 },
  ...{ source: admin, destination: own, sourcePort: 40_000, port: 1, mayRepeat: false },
  ...{ fingerprint: 1, payloadStart: 0, payloadLength: 0 },
};

const web = `
[web]
    Sequence = 7100,8100
    TCPFlags = syn
    Open = tcp/80
`;

describe("a trial", () => {
  let bench: AdministrationBench;

  /** A TCP connection to port 22 that exists from now on. */
  function connect(from: Address, port: number): { address: Address; port: number } {
    const remote = { address: from, port };
    bench.connections.push({ local: { address: own, port: 22 }, remote });
    return remote;
  }

  function knock(name: string, source: Address, time = bench.clock.now()): void {
    bench.trialKnocks.recordOpening({ kind: "door", name, nth: 1 }, source, time);
  }

  const confirm = (peer: { address: Address; port: number }, all?: true) =>
    bench.handlers.confirm({ ...peer, ...(all && { all }) });

  beforeEach(async () => {
    bench = await startAdministration();
    bench.configure(web);
    await bench.handlers.reload({});
    await bench.handlers.unprotect();
    bench.clock.advance(10_000);
  });

  test("counts a knock by key, also at a door without a sequence", async () => {
    bench.configure("KnockPort = 23547\n[web]\nusers = alice\nopen = tcp/80\n");
    await bench.handlers.reload({});
    const { devices } = parseUsers(
      ["laptop", "old", "lost"]
        .map((name, i) => {
          const { lock } = makeKey(new Uint8Array(64).fill(i + 1));
          return `[alice/${name}]\nkey = ${lock}\n${["", "expires = 2001-01-01", "disabled = yes"][i]}\n`;
        })
        .join(""),
    );
    bench.devices.push(...devices);
    const { doors } = await bench.handlers.guard({ address: admin, services: ["tcp/80"] });
    expect(doors).toEqual(["web"]);
    expect(bench.handlers.trial().trial?.doors).toMatchObject([
      { name: "web", steps: [], devices: ["alice/laptop"], onTrial: true },
    ]);
    knock("web", admin);
    const { services } = await confirm(connect(admin, 50_001));
    expect(services).toEqual(["tcp/80"]);
  });

  test("is confirmed by a new connection from where a knock came since it began", async () => {
    await bench.handlers.guard({ address: admin, services: ["tcp/22"] });
    const peer = connect(admin, 50_001);
    await expect(confirm(peer)).rejects.toMatchObject({
      code: "USAGE",
      message: "no knock from 192.0.2.7 has opened a door since the trial began: ssh",
    });
    knock("ssh", guest);
    knock("web", admin);
    knock("ssh", admin, later(bench.clock.now(), -1));
    await expect(confirm(peer)).rejects.toThrow("no knock from 192.0.2.7 has opened");
    knock("ssh", admin);
    expect(await confirm(peer)).toEqual({ services: ["tcp/22"], doors: ["ssh"], unproven: [] });
    expect(bench.handlers.status().firewall).toMatchObject({ protects: ["tcp/22"] });
    expect(bench.handlers.trial()).toEqual({});
  });

  test("does not begin where the connections cannot be read: old ones would pass for new", async () => {
    for (const left of [0, 1]) {
      bench.descriptors.left = left;
      const trial = bench.handlers.guard({ address: admin, services: ["tcp/22"] });
      await expect(trial).rejects.toMatchObject({ code: "SYSTEM" });
      expect(bench.handlers.trial()).toEqual({});
      expect(bench.handlers.status().firewall).toEqual({ kind: "nftables", protects: [] });
    }
  });

  test("keeps no proof of a door that a reload has changed", async () => {
    await bench.handlers.guard({ address: admin });
    for (const door of ["ssh", "web"]) knock(door, admin);
    bench.configure(web.replace("7100", "7101"));
    await bench.handlers.reload({});
    const peer = connect(admin, 50_001);
    expect(await confirm(peer)).toMatchObject({ services: ["tcp/22"], unproven: ["web"] });
  });

  test("is not confirmed by a connection that was there, is not there, or is the host's own", async () => {
    const old = connect(admin, 50_000);
    await bench.handlers.guard({ address: admin, services: ["tcp/22"] });
    for (const source of [admin, own, guest]) knock("ssh", source);
    await expect(confirm(old)).rejects.toMatchObject({
      message: "the connection from 192.0.2.7 port 50000 was there before the trial",
      hints: expect.arrayContaining([expect.stringContaining("ControlMaster")]),
    });
    const gone = { address: admin, port: 50_001 };
    await expect(confirm(gone)).rejects.toThrow("there is no connection from 192.0.2.7 port 50001");
    const itself = "comes from this machine itself";
    await expect(confirm(connect(own, 50_002))).rejects.toThrow(itself);
    await expect(confirm(connect(address("::ffff:192.0.2.1"), 50_003))).rejects.toThrow(itself);
    await expect(confirm(connect(address("127.0.0.9"), 50_004))).rejects.toThrow(itself);
    await expect(confirm(connect(address("::1"), 50_005))).rejects.toThrow(itself);
    // A local route makes an address local that no interface has.
    const routed = connect(guest, 50_006);
    bench.connections.push({ local: routed, remote: { address: own, port: 22 } });
    await expect(confirm(routed)).rejects.toThrow(itself);
    expect(bench.handlers.status().firewall.trial?.services).toEqual(["tcp/22"]);
  });

  test("of two doors keeps what is proven, and goes on with the rest", async () => {
    await bench.handlers.guard({ services: ["tcp/22", "tcp/80"], forMs: 60_000 });
    knock("ssh", admin);
    bench.clock.advance(10_000);
    const peer = connect(admin, 50_001);
    expect(await confirm(peer)).toEqual({
      services: ["tcp/22"],
      doors: ["web", "ssh"],
      unproven: ["web"],
      trial: { services: ["tcp/80"], remainingMs: 50_000 },
    });
    expect(bench.handlers.status().firewall).toMatchObject({
      protects: ["tcp/22"],
      trial: { services: ["tcp/80"], remainingMs: 50_000 },
    });
    await expect(confirm(peer)).rejects.toThrow("no knock from 192.0.2.7 has opened a door");
    knock("web", admin);
    expect(await confirm(peer)).toEqual({ services: ["tcp/80"], doors: ["web"], unproven: [] });
    expect(bench.handlers.status().firewall.protects).toEqual(["tcp/22", "tcp/80"]);
  });

  test("of two doors ends for what is not confirmed", async () => {
    await bench.handlers.guard({ services: ["tcp/22", "tcp/80"], forMs: 60_000 });
    knock("ssh", admin);
    await confirm(connect(admin, 50_001));
    bench.clock.advance(60_000);
    await expect
      .poll(() => bench.handlers.status().firewall)
      .toEqual({
        kind: "nftables",
        protects: ["tcp/22"],
      });
  });

  test("of two doors is confirmed as a whole by one proof if that is wanted, and by none never", async () => {
    await bench.handlers.guard({ services: ["tcp/22", "tcp/80"] });
    const peer = connect(admin, 50_001);
    await expect(confirm(peer, true)).rejects.toThrow("no knock from 192.0.2.7 has opened a door");
    knock("ssh", admin);
    const { services, unproven } = await confirm(peer, true);
    expect([services, unproven]).toEqual([["tcp/22", "tcp/80"], ["web"]]);
  });

  test("counts the packets of the address that it expects, by port", async () => {
    const send = (source: Address, port: number) => {
      bench.trialKnocks.countPacket({ ...packet, time: bench.clock.now(), source, port });
    };
    send(admin, 7000);
    await bench.handlers.guard({ address: admin, services: ["tcp/22"], forMs: 60_000 });
    send(admin, 8000);
    send(admin, 8000);
    send(guest, 9000);
    const { trial } = bench.handlers.trial();
    expect(trial?.doors.map(({ name, onTrial }) => [name, onTrial])).toEqual([["ssh", true]]);
    expect(trial?.doors[0]?.steps.map(({ number, packets }) => [number, packets])).toEqual([
      [7000, 0],
      [8000, 2],
      [9000, 0],
    ]);
    bench.clock.advance(60_000);
    expect(bench.handlers.trial()).toEqual({});
  });

  test("begins with what is not protected yet, and tells the doors of both", async () => {
    await bench.handlers.protect({ services: ["tcp/22"] });
    const guarded = await bench.handlers.guard({ services: ["tcp/22", "tcp/80"] });
    expect(guarded).toMatchObject({ services: ["tcp/80"], doors: ["web"] });
    const { trial } = bench.handlers.trial();
    expect(trial?.doors.map(({ name, onTrial }) => [name, onTrial])).toEqual([
      ["web", true],
      ["ssh", false],
    ]);
  });

  test("names the expected source of an opening first", async () => {
    await bench.handlers.guard({ address: admin, services: ["tcp/22"] });
    knock("ssh", admin);
    for (let i = 1; i < 9; i++) knock("ssh", address(`198.51.100.${i}`));
    const sources = bench.handlers.trial().trial?.doors[0]?.openedFor.map(String);
    expect(sources?.slice(0, 2)).toEqual(["192.0.2.7", "198.51.100.8"]);
    expect(sources).toHaveLength(5);
  });
});
