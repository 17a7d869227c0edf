import fc from "fast-check";
import { expect, test } from "vitest";
import { parseAddress } from "../base/address.ts";
import { findProfile, findSettings, namesIn, readHostBlocks } from "./host-blocks.ts";
import { formatSettings } from "./keywords.ts";
import type { Settings } from "./profile.ts";
import { SecretText } from "./secret-text.ts";

const findService = (name: string) => (name === "ssh" ? 22 : undefined);
const read = (text: string) => readHostBlocks(text, "/c/knock.conf", { folder: "/c", findService });
const profile = (name: string, text: string) => findProfile(name, read(text));

test("a profile is what its Host says", () => {
  const text = `
    # my server
    Host home
        HostName      gate.example.org
        Sequence      7003 8140/udp, 9455 +1s ssh
        Delay         200
        Wait          ssh,10s
        Retry         3
        Then          ssh -p 22 "me@gate"   # as me
        AddressFamily both
        BindAddress   192.0.2.7
        Full          yes
        Payload       @key.bin
  `;
  expect(profile("home", text)).toEqual({
    name: "home",
    host: "gate.example.org",
    steps: [
      { number: 7003, protocol: "tcp", text: "7003" },
      { number: 8140, protocol: "udp", text: "8140" },
      { number: 9455, protocol: "tcp", text: "9455" },
      { number: 22, protocol: "tcp", text: "ssh", pause: 1_000 },
    ],
    delay: 200,
    wait: { port: 22, timeout: 10_000 },
    retry: 3,
    command: ["ssh", "-p", "22", "me@gate"],
    family: "both",
    source: "192.0.2.7",
    full: true,
    payload: "@/c/key.bin",
  });
});

test.each(["Delay 5", "delay = 5", "DELAY=5", "\tDelay\t=\t5\r", 'Delay "5"'])(
  "%j is understood",
  (line) => {
    expect(profile("home", `Host home\nSequence 1\n${line}`)?.delay).toBe(5);
  },
);

test("the first that sets a keyword counts, as in ssh_config", () => {
  const text = `
    Retry 7
    Host work-*
      Sequence 1 2
      HostName %h.example.org
    Host work-1
      Sequence 3
      Delay 100
    Host * !home
      Delay 300
      Retry 9
  `;
  expect(profile("work-1", text)).toMatchObject({
    host: "work-1.example.org",
    delay: 100,
    retry: 7,
  });
  expect(profile("work-1", text)?.steps).toHaveLength(2);
  expect(profile("work-2", text)).toMatchObject({ host: "work-2.example.org", delay: 300 });
});

test("of an address and an interface to send from the first counts", () => {
  const text = `
    Host by-*
      Sequence 1
    Host by-address
      BindAddress 192.0.2.7
      BindInterface eth7
    Host *
      Interface eth0
      Source 192.0.2.9
  `;
  expect(profile("by-address", text)).toMatchObject({ source: "192.0.2.7" });
  expect(profile("by-address", text)).not.toHaveProperty("interface");
  expect(profile("by-name", text)).toMatchObject({ interface: "eth0" });
  expect(profile("by-name", text)).not.toHaveProperty("source");
});

const key = `key1:${"A".repeat(91)}`;

test("a profile knocks by its key, and can have a sequence, too", () => {
  const text = `
    Host home
      HostName gate.example.org
      Key ${key}
      KnockPort 23547
      Door ssh, "open SSH",web
      For 8 hours
      Address 2001:db8::9
    Host both
      Sequence 7003
    Host * !work
      Key ${key}
      KnockPort 23547
      Door ssh
  `;
  const { key: read, openedAddress, ...rest } = profile("home", text) ?? {};
  expect(rest).toEqual({
    name: "home",
    host: "gate.example.org",
    knockPort: 23547,
    doors: ["ssh", "open SSH", "web"],
    openFor: 28_800,
  });
  expect([read?.reveal(), String(openedAddress)]).toEqual([key, "2001:db8::9"]);
  expect(profile("both", text)).toMatchObject({ steps: [{ number: 7003 }], doors: ["ssh"] });
  expect(profile("work", text)).toBeUndefined();
});

test("a key without a port or a door is no profile, even with a sequence; a request knocks by that", () => {
  const sequence = "Sequence 5\n";
  expect(profile("home", `${sequence}Key ${key}\nDoor ssh`)).toBeUndefined();
  expect(profile("home", `${sequence}Key ${key}\nKnockPort 7`)).toBeUndefined();
  expect(profile("home", `Key ${key}`)).toBeUndefined();
  expect(profile("home", `${sequence}Key ${key}`)).toMatchObject({ steps: [{ number: 5 }] });
  expect(profile("home", `${sequence}KnockPort 7\nDoor a`)).toMatchObject({ steps: [{}] });
});

test("a problem never shows a key", () => {
  const lines = [
    ...[`Key ${key}A`, `Key ${key} x`, `Key "${key.slice(0, 50)} ${key.slice(50)}"`, `${key} x`],
    ...[`KnockPort ${key}`, `Door`, `For ${key}`, `Address ${key}`, `Wait ${key}`, `Host`],
    ...[`KnockPort 0`, `KnockPort tcp/5`, `For 500ms`, `For 195d`, `Address ::`, `Address 0.0.0.0`],
    ...[key.slice(40), `Delay ${key.slice(60)}`, `${key.slice(6, 30)} = 7`],
    ...[`BindAddress ${key}`, `Sequence ${key}`, `Delay ${key}`, `Retry ${key}`],
  ];
  let message = "";
  try {
    read(lines.join("\n"));
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message.split("\n")).toHaveLength(lines.length);
  expect(message).not.toMatch(/A{9}/);
});

test("a name without a sequence is no profile", () => {
  expect(profile("home", "Host *\nDelay 5")).toBeUndefined();
  expect(profile("home", "Host work\nSequence 5")).toBeUndefined();
});

test("names are listed without patterns", () => {
  expect(namesIn(read("Host a b-*\nHost ? c\nHost a !d"))).toEqual(["a", "c"]);
});

test("every problem is told, with its line", () => {
  const text = [
    "Host",
    "Host home",
    "  Sequenze 1",
    "  Sequence 1,70000",
    "  Delay soon",
    "  Wait udp/53",
    "  AddressFamily ipv4",
    "  BindAddress here",
    "  Full maybe",
    "  Retry -1",
    "  HostName a b",
    "  HostName",
    "  Then 'x",
  ].join("\r\n");
  const hint = "UDP services need not answer; wait for a TCP service";
  expect(() => read(text)).toThrow(
    expect.objectContaining({
      code: "CONFIG",
      message: [
        "1: a name is missing",
        "3: unknown keyword 'Sequenze' (did you mean Sequence?)",
        "4: port '70000' is neither a number from 1 to 65535 nor a known service (ports are written as 7000, 7000:udp or ssh)",
        "5: delay 'soon': expected milliseconds, a number of at most nine digits",
        `6: cannot wait for 'udp/53': whether a UDP port is open cannot be seen (${hint})`,
        "7: expected any, inet, inet6, both",
        "8: 'here' is not an address",
        "9: expected yes or no",
        "10: '-1' is not a number from 0 to 100",
        "11: one value is expected, 'b' is too many",
        "12: a value is missing",
        "13: a quote is not closed",
      ]
        .map((line) => `/c/knock.conf:${line}`)
        .join("\n"),
    }),
  );
});

test("settings can be written and read back", () => {
  const port = fc.integer({ min: 1, max: 65535 });
  const step = fc.record(
    {
      number: port,
      protocol: fc.constantFrom("tcp", "udp"),
      pause: fc.nat(100_000),
    },
    { requiredKeys: ["number", "protocol"] },
  );
  const word = fc.string({ minLength: 1 }).filter((text) => !/[\r\n]/.test(text));
  const door = word.filter((text) => !text.includes(","));
  const steps = fc
    .array(step, { minLength: 1, maxLength: 8 })
    .map(([first, ...rest]) => [
      { number: first?.number ?? 1, protocol: first?.protocol ?? "tcp" },
      ...rest,
    ]);
  // Of the two the first counts.
  const origin = fc.oneof(
    fc.record({ source: fc.constantFrom("192.0.2.1", "2001:db8::1") }),
    fc.record({ interface: word }),
    fc.constant({}),
  );
  const settings = fc.record(
    {
      steps: steps.map((all) => all.map((one) => ({ ...one, text: String(one.number) }))),
      delay: fc.nat(999_999_999),
      wait: fc.record({ port, timeout: fc.integer({ min: 1, max: 999_999 }) }),
      retry: fc.nat(100),
      command: fc.array(word, { minLength: 1 }),
      key: fc.constant(new SecretText(key)),
      knockPort: port,
      doors: fc.array(door, { minLength: 1 }),
      openFor: fc.integer({ min: 1, max: 2 ** 24 - 1 }),
      openedAddress: fc.constantFrom("auto", "any", parseAddress("2001:db8::1")),
      family: fc.constantFrom(0, 4, 6, "both"),
      full: fc.boolean(),
      payload: word.filter((text) => !text.startsWith("@")),
    },
    { requiredKeys: ["steps"] },
  );
  fc.assert(
    fc.property(settings, origin, (generated, from) => {
      const written = { ...generated, ...from, host: "gate" } as Settings;
      const text = ["Host x", ...formatSettings(written)].join("\n");
      const found = findSettings("x", read(text));
      expect(found).toEqual({ ...written, name: "x" });
      expect(found.key?.reveal()).toBe(written.key?.reveal());
    }),
  );
});
