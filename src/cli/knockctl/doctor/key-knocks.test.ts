import { describe, expect, test } from "vitest";
import { address } from "../../../../test/support/packets.ts";
import { monotonic } from "../../../base/time.ts";
import { explainKeyKnocks } from "./explain-keys.ts";
import { KeyKnockLog } from "./key-knocks.ts";

const guest = address("192.0.2.7");

function open(wanted?: string) {
  const told: string[] = [];
  const log = new KeyKnockLog({
    ...{ knockPorts: [23547], interfaces: ["eth0"] },
    isInUse: (port) => port === 53,
    wantsSource: (source) => wanted === undefined || source === wanted,
    wantsDoor: (door) => door === "ssh",
    onRefused: ({ check }) => told.push(check),
    onStrange: ({ kind }) => told.push(kind),
  });
  const see = (at: number, port = 23547, interfaceName = "eth0", source = guest) =>
    log.see({ time: monotonic(at), source, port, interfaceName });
  const say = (result: string, door?: string, source = "192.0.2.7") =>
    log.take({
      ...{ time: "2026-11-22T13:26:05.000Z", level: "notice", event: "knock" },
      ...{ message: `refused (${result})`, source, who: "alice/laptop", result },
      ...(door !== undefined && { door }),
    });
  const explain = () => {
    const typed = (command: string) => `sudo knockctl ${command}`;
    return explainKeyKnocks(log.seen, { knockPorts: [23547], interfaces: ["eth0"], typed });
  };
  return { log, told, see, say, explain };
}

describe("a knock by key", () => {
  test("that is accepted opens its door, if that was asked for", () => {
    const { say, told, explain } = open();
    expect(say("accepted", "web")).toBeUndefined();
    expect(say("accepted", "ssh")).toEqual({ door: "ssh", source: guest });
    expect([told, explain()]).toEqual([[], undefined]);
  });

  test.each([
    ["clock", "set the clock of alice/laptop by NTP, and check the one here: timedatectl"],
    ["replay", "knock again on alice/laptop: each knock is a new packet"],
    [
      "signature",
      "sudo knockctl user add alice/laptop --host NAME, then knock --import on the device",
    ],
    ["expired", 'change "expires" of alice/laptop in the users file, then sudo knockctl reload'],
  ])("that is refused (%s) is explained", (check, next) => {
    const { say, told, explain } = open();
    say(check);
    expect(told).toEqual([check]);
    expect(explain()).toEqual({ code: check, message: `refused (${check})`, next });
  });

  test("of another source is of no interest", () => {
    const { say, see, told } = open("192.0.2.9");
    say("clock");
    see(0, 7);
    expect(told).toEqual([]);
  });

  test("of which knockd says nothing has an unknown key, whichever is seen first", () => {
    const { log, say, see, told, explain } = open();
    see(0);
    say("clock");
    say("clock");
    see(100);
    see(200);
    log.expire(monotonic(3_100));
    expect(told).toEqual(["clock", "clock"]);
    log.expire(monotonic(3_200));
    expect(told).toEqual(["clock", "clock", "unknown"]);
    // What is certain comes first.
    expect(explain()?.code).toBe("clock");
  });

  test.each([
    ["to a wrong port", 7, "eth0", "knock-port", "came to udp/7, and KnockPort is 23547"],
    [
      "on a wrong interface",
      23547,
      "eth1",
      "interface",
      "comes in on eth1, and knockd listens on eth0",
    ],
  ])("%s is told at once", (_, port, name, code, message) => {
    const { see, explain } = open();
    see(0, port, name);
    expect(explain()).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test("is judged by when it came, not by when it is told", () => {
    const { log, see, told, explain } = open();
    see(0);
    see(100, 7);
    log.expire(monotonic(3_000));
    expect(told).toEqual(["port", "unknown"]);
    expect(explain()?.code).toBe("knock-port");
  });

  test("is none where another program takes the datagrams", () => {
    const { see, told } = open();
    see(0, 53);
    expect(told).toEqual([]);
  });
});
