import { describe, expect, test } from "vitest";
import { FwknopDevice } from "../../../test/support/fwknop-device.ts";
import { KnockDevice, stunRequest } from "../../../test/support/knock-device.ts";
import { address, ipv4, UDP, udp } from "../../../test/support/packets.ts";
import type { Recorded } from "../../../test/support/savefiles.ts";
import { pcap, withFile } from "../../../test/support/savefiles.ts";
import { parseConfig } from "../../config/parse.ts";
import { parseUsers } from "../../config/users.ts";
import { Replay } from "./replay.ts";
import type { ReplayOptions } from "./replay-event.ts";

const wall = 1_800_000_000_000;
const port = 23_547;
const alice = new KnockDevice("alice/laptop");
const bob = new KnockDevice("bob/phone");
const carol = new KnockDevice("carol/pc");

const { config = expect.unreachable() } = parseConfig(
  [
    "[options]",
    `KnockPort = ${port}`,
    "[ssh]",
    "users = alice",
    "open = tcp/22",
    "open_for = 1m",
    "longest = 5m",
  ].join("\n"),
);
const { devices } = parseUsers(
  [
    `[${alice.name}]\nkey = ${alice.lockText}\n`,
    `[${bob.name}]\nkey = ${bob.lockText}\n`,
    `[${carol.name}]\nkey = ${carol.lockText}\ndisabled = yes\n`,
  ].join(""),
);

function datagram(after: number, data: Uint8Array, from = "192.0.2.7", to = "192.0.2.1"): Recorded {
  const ends = { source: address(from), destination: address(to), protocol: UDP };
  return { wall: wall + after, data: ipv4(ends, udp({ port, data })) };
}

/** What is told, a line an entry, and the records that were not looked at. */
async function replay(packets: readonly Recorded[], options: Partial<ReplayOptions> = {}) {
  return await withFile(pcap(packets), async (path) => {
    const run = new Replay(path, { config, devices, ...options });
    const lines: string[] = [];
    const details: unknown[] = [];
    for await (const { time, cause, entries } of run) {
      for (const { text, detail } of entries) {
        lines.push(`${cause?.number ?? "-"} ${time} ${text}`);
        details.push(detail);
      }
    }
    return { lines, details, unseen: run.summary.unseen };
  });
}

test("a replay tells of a packet of fwknop what it opens, or the check that refuses it", async () => {
  const dave = new FwknopDevice("dave/pc");
  const { config: own = expect.unreachable() } = parseConfig(
    `[options]\nFwknopPort = ${port}\n[ssh]\nusers = dave\nopen = tcp/22\nopen_for = 30s\n`,
  );
  const keys = `fwknop_key = ${dave.keyText}\nfwknop_hmac_key = ${dave.hmacKeyText}\n`;
  const { devices: known } = parseUsers(`[${dave.name}]\n${keys}`);
  const packet = dave.packet({ time: wall });
  const packets = [
    datagram(0, packet),
    datagram(10, packet),
    datagram(20, dave.packet({ time: wall, message: "0.0.0.0,tcp/80" })),
    datagram(30, new FwknopDevice("eve/pc").packet({ time: wall })),
    datagram(40, Buffer.from("hello")),
  ];
  const { lines } = await replay(packets, { config: own, devices: known });
  expect(lines).toEqual([
    "1 0 192.0.2.7: ssh: OPEN SESAME: dave/pc, for 30s",
    "1 0 192.0.2.7: ssh: would open tcp/22 for 192.0.2.7 for 30 s",
    "2 10 192.0.2.7: knock of dave/pc refused (replay): it was accepted before",
    "3 20 192.0.2.7: knock of dave/pc refused (service): no door of dave/pc opens tcp/80",
    "4 30 192.0.2.7: knock refused (hmac): no device that may send from this source has its HMAC key and digest",
    "5 40 192.0.2.7: knock refused (form): a packet of fwknop has 100 to 880 characters of base64: this has 5 bytes",
    "- 30000 192.0.2.7: ssh: would be closed again",
  ]);
});

describe("a replay tells of a knock by key", () => {
  test("what it opens, and that it is used up", async () => {
    const packet = alice.packet(wall, { seconds: 120 });
    const { lines, details } = await replay([
      datagram(0, packet),
      datagram(10, packet),
      datagram(20, stunRequest(packet), "192.0.2.66"),
      datagram(1000, stunRequest(alice.packet(wall + 900, { slot: 1 }))),
    ]);
    expect(lines).toEqual([
      "1 0 192.0.2.7: ssh: OPEN SESAME: alice/laptop, for 2m",
      "1 0 192.0.2.7: ssh: would open tcp/22 for 192.0.2.7 for 120 s",
      "2 10 192.0.2.7: knock of alice/laptop refused (repeated): it is a copy of an accepted packet",
      "3 20 192.0.2.66: knock of alice/laptop refused (repeated-elsewhere): a copy of an accepted packet came from another source: it may have been intercepted",
      "4 1000 192.0.2.7: ssh: OPEN SESAME: alice/laptop, for 1m, its clock 0.1 s behind",
      "4 1000 192.0.2.7: ssh: open already, stays open longer",
      "- 120000 192.0.2.7: ssh: would be closed again",
    ]);
    expect(details[0]).toMatchObject({ who: alice.name, key: alice.lock.id, result: "accepted" });
  });

  test("the check that refuses it, by the time of its capture", async () => {
    const early = alice.packet(wall + 121_000);
    const damaged = Buffer.from(alice.packet(wall, { slot: 1 })).fill(0, 100, 104);
    const { lines } = await replay([
      datagram(0, bob.packet(wall)),
      datagram(1, alice.packet(wall, { door: "web" })),
      datagram(2, early),
      datagram(3, alice.packet(wall - 700_000)),
      datagram(4, damaged),
      datagram(5, carol.packet(wall)),
      datagram(6, new KnockDevice("dave/x").packet(wall)),
      datagram(7, Buffer.alloc(100)),
    ]);
    expect(lines).toEqual(
      [
        "1 0 192.0.2.7: ssh: knock of bob/phone refused (door): bob/phone is not among the users of this door",
        "2 1 192.0.2.7: knock of alice/laptop refused (door): keys open no such door",
        "3 2 192.0.2.7: knock of alice/laptop refused (clock): its clock is 2m 1s ahead of this one",
        ...["4 3", "6 5", "7 6"].map(
          (at) =>
            `${at} 192.0.2.7: knock refused (hint): no key of the users file has this hint within Freshness of the capture: another key, or a clock that is off`,
        ),
        "5 4 192.0.2.7: knock of alice/laptop refused (tag): it bears a hint of this device, and is damaged or not sealed with its key",
        "8 7 192.0.2.7: knock refused (form): a knock has 144 bytes, or is the STUN request of a browser: this has 100",
      ].sort(),
    );
  });

  test("that it is for another host", async () => {
    const { lines } = await replay([datagram(0, alice.packet(wall), "192.0.2.7", "192.0.2.9")], {
      addresses: [address("192.0.2.1")],
    });
    expect(lines).toEqual(["1 0 192.0.2.7: packet is not for this host, ignoring..."]);
  });

  test("nothing without a users file, but how many there were", async () => {
    const packets = [datagram(0, alice.packet(wall))];
    const { lines, unseen } = await withFile(pcap(packets), async (path) => {
      const run = new Replay(path, { config });
      const lines: string[] = [];
      for await (const { entries } of run) lines.push(...entries.map(({ text }) => text));
      return { lines, unseen: run.summary.unseen };
    });
    expect(lines).toEqual([]);
    expect(unseen).toEqual(new Map([["no-users", 1]]));
  });
});
