import { describe, expect, test } from "vitest";
import { FwknopDevice } from "../../../test/support/fwknop-device.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { address } from "../../../test/support/packets.ts";
import { Address } from "../../base/address.ts";
import { parsePortService } from "../../base/port-service.ts";
import { wallTime } from "../../base/time.ts";
import { parseConfig } from "../../config/parse.ts";
import { parseUsers } from "../../config/users.ts";
import { doorId, makeKey } from "../../knock/keys.ts";
import { Doors } from "../doors.ts";
import { permitKnock } from "./permit.ts";

const source = address("192.0.2.7");
const now = wallTime(1_000_000);

const { config } = parseConfig(`
[options]
KnockPort = 23547
[ssh]
users = alice
open = tcp/22
open_for = 10m
longest = 1h
[run]
users = alice
start_command = let %WHO% in at %IP% by %PROTO%/%PORT%
stop_command = out
[console]
sequence = 7003,9140,8455
open = tcp/8443
`);
const { lock } = makeKey(new Uint8Array(64).fill(1));
const { devices } = parseUsers(`[alice/laptop]\nkey = ${lock}\n`);
const [device] = devices;
const other = parseUsers(`[alice/laptop]\nkey = ${makeKey(new Uint8Array(64).fill(2)).lock}\n`);
const doors = new Doors(config?.doors ?? [], () => [], new MemoryLog());

/** `found`: the device of that name now. */
function permit(door: string, seconds = 0, found = [device], inForce = doors) {
  const [key] = device?.locks ?? [];
  if (key === undefined) throw new Error("no key");
  const request = { door: doorId(door), seconds, address: new Address(0, 0, 0, 0) };
  const knock = { key: { who: "alice/laptop", lock: key }, request, source, port: 23547 };
  return permitKnock(knock, { users: { find: () => found[0] }, doors: inForce }, now);
}

test("a door is opened for its user, as long as was asked", () => {
  expect(permit("ssh", 1800)).toMatchObject({
    ...{ kind: "granted", door: "ssh" },
    request: {
      length: 1_800_000,
      access: {
        ...{ owner: { name: "ssh", nth: 1 }, source, who: "alice/laptop" },
        knock: { port: 23547, protocol: "udp" },
      },
    },
  });
  expect(permit("ssh")).toMatchObject({ request: { length: 600_000 } });
  expect(permit("ssh", 7200)).toMatchObject({ request: { length: 3_600_000 } });
});

test("a command learns whose key it was, and takes no rest", () => {
  const permission = permit("run");
  expect(permission).toMatchObject({
    request: { access: { method: { start: "let alice/laptop in at 192.0.2.7 by udp/23547" } } },
  });
  expect(permission).not.toHaveProperty("request.rest");
});

test("doors that keys do not open, doors that are not there, and removed keys", () => {
  const why = "keys open no such door";
  expect(permit("console")).toEqual({ kind: "refused", check: "door", why });
  expect(permit("nowhere")).toEqual({ kind: "refused", check: "door", why });
  const removed = "this key of alice/laptop has been removed";
  for (const found of [[], other.devices]) {
    expect(permit("ssh", 0, [...found])).toEqual({
      kind: "refused",
      check: "disabled",
      why: removed,
    });
  }
});

describe("a packet of fwknop", () => {
  const { config: both } = parseConfig(`
[options]
FwknopPort = 62201
[other]
users = carol
open = tcp/22, udp/51820
[ssh]
users = bob
open = tcp/22
open_for = 30s
longest = 5m
[all]
users = bob
open = tcp/22, udp/51820
`);
  const live = new Doors(both?.doors ?? [], () => [], new MemoryLog());
  const fwknop = new FwknopDevice("bob/phone");
  const section = `[bob/phone]\nfwknop_key = ${fwknop.keyText}\nfwknop_hmac_key = ${fwknop.hmacKeyText}\n`;

  function ask(services: string, seconds = 0, more = "", time = now) {
    const parsed = parseUsers(section + more);
    const request = {
      ...{ seconds, address: new Address(0, 0, 0, 0) },
      services: services.split(",").map((one) => parsePortService(one) ?? expect.unreachable()),
    };
    const key = { who: "bob/phone", lock: fwknop.lock };
    const knock = { key, request, source, port: 62201 };
    const found = parsed.devices[0];
    return permitKnock(knock, { users: { find: () => found }, doors: live }, time);
  }

  test("opens the first door of its device that opens all of its services", () => {
    expect(ask("tcp/22")).toMatchObject({ door: "ssh", request: { length: 30_000 } });
    expect(ask("udp/51820,tcp/22")).toMatchObject({ door: "all" });
    expect(ask("tcp/22", 60)).toMatchObject({ door: "ssh", request: { length: 60_000 } });
    expect(ask("tcp/22", 900)).toMatchObject({ request: { length: 300_000 } });
  });

  test("is refused if no door does", () => {
    const why = "no door of bob/phone opens tcp/22, tcp/80";
    expect(ask("tcp/22,tcp/80")).toEqual({ kind: "refused", check: "service", why });
  });

  test("has the rights of its device", () => {
    const past = wallTime(Date.UTC(2030, 0, 1));
    expect(ask("tcp/80", 0, "expires = 2027-03-31\n", past)).toMatchObject({ check: "expired" });
    expect(ask("tcp/22", 0, "require_address = yes\n")).toMatchObject({ check: "address" });
    expect(ask("tcp/22", 0, "disabled = yes\n")).toMatchObject({ check: "disabled" });
  });
});

test("a door that has ended is refused", () => {
  const over = new Doors(
    (config?.doors ?? []).map((door) => ({ ...door, until: now })),
    () => [],
    new MemoryLog(),
  );
  over.end(now);
  expect(permit("ssh", 0, [device], over)).toMatchObject({ check: "door", door: "ssh" });
});
