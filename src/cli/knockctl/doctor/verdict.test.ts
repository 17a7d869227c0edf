import { describe, expect, test } from "vitest";
import { doctorFacts, doctorQuestion } from "../../../../test/support/doctor.ts";
import { address } from "../../../../test/support/packets.ts";
import { tooWide } from "../../../../test/support/wide.ts";
import { monotonic } from "../../../base/time.ts";
import { fixedSteps } from "../../../config/config.ts";
import { KnockTrace } from "../../../daemon/diagnosis/knock-trace.ts";
import type { DoorEffect } from "../../../daemon/diagnosis/seen-packet.ts";
import { DoctorDisplay } from "./display.ts";
import type { DoctorFacts } from "./facts.ts";
import { findFaults } from "./findings.ts";
import type { KnockEnd } from "./knock-end.ts";
import { formatFacts, formatInvitation, formatVerdict } from "./output.ts";
import type { SessionResult } from "./session.ts";
import { judge } from "./verdict.ts";

const guest = address("192.0.2.7");
const keyKnocks = { refused: [], strange: [] };
const silence: SessionResult = {
  ...{ traces: [], keyKnocks, complete: undefined, hasLostDaemon: false },
};
const [config] = doctorFacts().config?.doors ?? [];
if (config === undefined) throw new Error("the fixture has no door");
const sequence = fixedSteps(config);
const { name, timeout, flags } = config;
const door = { name, sequence, timeout, flags, target: undefined, allow: undefined, deny: [] };

interface JudgeOptions {
  readonly facts?: DoctorFacts;
  readonly isDry?: boolean;
  readonly session?: SessionResult | undefined;
}

function judged({ facts = doctorFacts(), isDry = false, session }: JudgeOptions) {
  const question = doctorQuestion;
  const findings = findFaults(facts, question);
  const { typed } = question;
  const parts = { host: "server.example.org", interfaces: ["eth0"], typed };
  return judge({ facts, findings, question, session, isDry, sequences: [sequence], ...parts });
}

/** A knock of which these packets came: milliseconds, step, and what it was. */
function trace(...hits: readonly (readonly [number, number, DoorEffect["kind"]])[]): KnockTrace {
  const found = new KnockTrace(door, guest, monotonic(0));
  for (const [at, step, kind] of hits) {
    const port = sequence[step - 1] ?? { number: 7004, protocol: "tcp" };
    const effect = { door, step: step === 0 ? undefined : step, kind };
    const sent = { ...port, protocol: kind === "protocol" ? ("tcp" as const) : port.protocol };
    found.add(effect, monotonic(at), sent, "eth1");
  }
  return found;
}

const again = "on the client: knock -d 200 server.example.org 7003 9140:udp 8455";

describe("a knock", () => {
  test.each<[string, KnockTrace, string, string]>([
    [
      "without a step",
      trace([0, 1, "stage"], [400, 3, "order"]),
      "no packet for udp/9140 has come from 192.0.2.7: a cloud's security group or a router in between drops it, or the client does not send it, or to another port",
      "let udp/9140 pass in the provider's firewall, then sudo knockctl doctor ssh",
    ],
    [
      "by the wrong protocol",
      trace([0, 1, "stage"], [200, 2, "protocol"], [400, 3, "order"]),
      "tcp/9140 came from 192.0.2.7, and [ssh] wants udp/9140",
      again,
    ],
    [
      "in the wrong order",
      trace([0, 1, "stage"], [200, 3, "order"], [400, 2, "order"]),
      "the steps came from 192.0.2.7 in the order tcp/7003, tcp/8455, udp/9140, and [ssh] wants tcp/7003, udp/9140, tcp/8455",
      again.replace("200", "500"),
    ],
    [
      "backwards",
      trace([0, 3, "order"], [200, 2, "order"], [400, 1, "stage"]),
      "the steps came from 192.0.2.7 in the order tcp/8455, udp/9140, tcp/7003, and [ssh] wants tcp/7003, udp/9140, tcp/8455",
      again,
    ],
    [
      "that is too slow",
      trace([0, 1, "stage"], [200, 2, "stage"], [7000, 3, "order"]),
      "tcp/8455 came from 192.0.2.7 7s after the first step: too late, [ssh] allows 5s",
      `${again}; or seq_timeout = 14 in [ssh], then sudo knockctl reload`,
    ],
    [
      "with a decoy in between",
      trace([0, 1, "stage"], [200, 2, "stage"], [300, 0, "decoy"], [400, 3, "order"]),
      "a packet for tcp/7004, a decoy, came from 192.0.2.7 in between: a wrong port, or a scan",
      again,
    ],
    [
      "of a source that scans",
      trace([0, 1, "ignored"]),
      "192.0.2.7 is ignored: it touched three decoys within a minute, as a port scan does",
      "sudo knockctl forgive 192.0.2.7",
    ],
    [
      "of a source that may not",
      trace([0, 1, "source"]),
      "[ssh] does not let 192.0.2.7 knock: its allow or deny excludes it",
      "change allow or deny of [ssh], then sudo knockctl reload",
    ],
    [
      "on another interface",
      trace([0, 1, "interface"]),
      "the knock of 192.0.2.7 comes in on eth1, and knockd listens on eth0",
      "Interface = eth0, eth1 in [options], then sudo knockctl reload",
    ],
  ])("%s", (_, found, message, next) => {
    const verdict = judged({ session: { ...silence, traces: [found] } });
    expect(verdict).toMatchObject({ isGood: false, message, next });
  });

  test("of which nothing comes", () => {
    expect(judged({ session: silence })).toEqual({
      isGood: false,
      code: "silence",
      message:
        "no packet of a knock (tcp/7003, udp/9140, tcp/8455) has come: a cloud's security group or a router in between drops them, the client knocks at another address, or it did not knock",
      next: again.replace("knock", "knock -v"),
    });
  });
});

describe("a complete knock", () => {
  const complete = (end: KnockEnd) => ({
    ...silence,
    complete: { door: "ssh", source: guest, end },
  });
  const [lease] = [{ remainingMs: 600_000 }] as unknown as NonNullable<
    Extract<KnockEnd, { kind: "opened" }>["lease"]
  >[];
  const opened = complete({ kind: "opened", lease });

  test("opens its door", () => {
    expect(judged({ session: opened })).toEqual({
      isGood: true,
      code: "opened",
      message: "the knock of 192.0.2.7 opened [ssh]: tcp/22 for 10m",
      next: "sudo knockctl history ssh",
    });
  });

  test("opens in vain what another firewall drops", () => {
    const message = "ufw blocks tcp/22, also for sources that have knocked";
    const blocked = [
      {
        service: "tcp/22",
        message,
        hints: ["sudo ufw allow 22/tcp"],
        hasExceptions: false,
        remedies: [],
      },
    ];
    expect(judged({ session: opened, facts: doctorFacts({}, { blocked }) })).toMatchObject({
      isGood: false,
      code: "service-blocked",
      message: `the knock of 192.0.2.7 opened [ssh]: tcp/22 for 10m, but ${message}`,
      next: "sudo ufw allow 22/tcp",
    });
  });

  test.each<[KnockEnd, Partial<JudgeOptions>, boolean, string, string]>([
    [
      { kind: "matched" },
      { isDry: true },
      true,
      "is right; it would open the door",
      "sudo knockctl doctor ssh",
    ],
    [
      { kind: "matched" },
      { facts: doctorFacts({ daemon: undefined }) },
      false,
      "is right, but knockd does not run",
      "systemctl enable --now knockd",
    ],
    [
      { kind: "ignored" },
      {},
      false,
      "but knockd ignores 192.0.2.7",
      "sudo knockctl forgive 192.0.2.7",
    ],
    [
      { kind: "unheard" },
      { facts: doctorFacts({}, { isConfigStale: true }) },
      false,
      "knockd did not take it: /etc/knockd.conf was changed after knockd read it",
      "sudo knockctl reload",
    ],
    [{ kind: "unheard" }, {}, false, "but knockd did not take it", "sudo knockctl reload"],
    [
      { kind: "failed", reason: "exit 3" },
      {},
      false,
      "but its command failed: exit 3",
      "sudo knockctl open ssh 192.0.2.7",
    ],
    [{ kind: "running" }, {}, false, "its command still runs after 5s", "sudo knockctl status"],
    [
      { kind: "not-in-kernel" },
      {},
      false,
      "the kernel does not know of it",
      "sudo knockctl reload",
    ],
  ])("%j, %#", (end, options, isGood, message, next) => {
    const verdict = judged({ session: complete(end), ...options });
    expect(verdict).toMatchObject({ isGood, next, message: expect.stringContaining(message) });
  });
});

test("without listening, the first problem decides", () => {
  expect(judged({})).toMatchObject({
    isGood: true,
    code: "in-order",
    next: "sudo knockctl doctor ssh",
  });
  const facts = doctorFacts({ daemon: undefined });
  expect(judged({ facts })).toMatchObject({ isGood: false, code: "not-running" });
  const { config, ...rest } = doctorFacts({ unreadable: "no such file" });
  const both = judged({ facts: { ...rest, config, daemon: undefined } });
  expect(both.message).toBe("no such file (and 1 problem more)");
});

test("a file that cannot be used is checked before anything else", () => {
  const problems = [
    { severity: "error", line: 7, column: 3, message: "no such directive", hint: "x" },
  ] as const;
  const checked = { file: "/etc/knockd.conf", usable: false, doors: 0, problems };
  const facts = doctorFacts({ checked, config: undefined }, { isConfigStale: true });
  expect(judged({ facts })).toMatchObject({
    code: "config-unusable",
    message: "/etc/knockd.conf:7:3: no such directive (and 1 problem more)",
    next: "sudo knockctl check",
  });
  expect(findFaults(facts, doctorQuestion).flatMap(({ hints }) => hints)).toEqual(["x"]);
  const elsewhere = doctorFacts({
    checked: { ...checked, file: "/srv/a.conf" },
    config: undefined,
  });
  expect(judged({ facts: elsewhere }).next).toBe("sudo knockctl check /srv/a.conf");
});

test("what a command mends stands before an interface that is missing", () => {
  const { status } = doctorFacts().daemon ?? {};
  if (status === undefined) throw new Error("the fixture has no daemon");
  const problems = [{ code: "interface-missing", message: "there is no interface eth9" }];
  const hints = ["sudo ufw allow 22/tcp"];
  const blocked = [
    { service: "tcp/22", message: "ufw blocks tcp/22", hints, hasExceptions: false, remedies: [] },
  ];
  const facts = doctorFacts({}, { status: { ...status, problems }, blocked });
  expect(judged({ facts })).toMatchObject({ code: "service-blocked", next: hints[0] });
});

test("each knock is a block of its own", () => {
  let text = "";
  const io = { stdout: (more: string) => (text += more), stderr: () => {} };
  const parts = {
    host: "server",
    interfaces: ["eth0"],
    knockPorts: [],
    typed: doctorQuestion.typed,
  };
  const display = new DoctorDisplay(io, { columns: Infinity, hasColors: false }, parts);
  const send = (at: number, step: number, kind: DoorEffect["kind"]) => {
    const port = sequence[step - 1];
    if (port === undefined) throw new Error("the door has no such step");
    const effects = [{ door, step, kind }];
    display.packet({ time: monotonic(at), source: guest, port, interfaceName: "eth0", effects });
  };
  for (const [at, step] of [
    [0, 1],
    [200, 3],
    [1300, 1],
    [1500, 2],
  ] as const) {
    send(at, step, step === 3 ? "order" : "stage");
  }
  expect(text.match(/^.*192\.0\.2\.7$/gm)).toHaveLength(2);
  expect(text).toContain("0.200s  tcp/8455   [ssh] step 3 of 3, but not the next one\n");
  expect(text.match(/ 0\.200s /g)).toHaveLength(2);
});

test("an interface shows an address of each family", () => {
  const { survey } = doctorFacts();
  const addresses = ["192.0.2.1", "192.0.2.2", "fe80::1", "2001:db8::1"];
  const facts = doctorFacts({
    survey: { ...survey, interfaces: [{ name: "eth0", isUp: true, addresses }] },
  });
  const text = formatFacts(facts, [], { columns: Infinity, hasColors: false });
  expect(text).toMatch(/^listening on +eth0 192\.0\.2\.1 2001:db8::1$/m);
});

test.each([80, 120])("all of it fits %i columns", (columns) => {
  const screen = { columns, hasColors: false };
  const source = address("2001:db8:1234:5678:9abc:def0:1234:5678");
  const facts = doctorFacts({ daemon: undefined });
  const findings = [
    ...findFaults(facts, doctorQuestion),
    {
      level: "warning",
      code: "x",
      message: "word ".repeat(40),
      place: "/etc/x:3",
      hints: ["word ".repeat(30)],
    } as const,
  ];
  let text = formatFacts(facts, findings, screen);
  const parts = {
    ...{ host: "server.example.org", interfaces: ["eth0"] },
    ...{ knockPorts: [], typed: doctorQuestion.typed },
  };
  const io = { stdout: (more: string) => (text += more), stderr: () => {}, terminal: { columns } };
  const display = new DoctorDisplay(io, screen, parts);
  const [first] = sequence;
  if (first === undefined) throw new Error("the door has no steps");
  for (const kind of ["stage", "order", "source", "interface"] as const) {
    const effects = [{ door: { ...door, name: "a-door-with-a-long-name" }, step: 1, kind }];
    display.packet({ time: monotonic(0), source, port: first, interfaceName: "eth1", effects });
  }
  display.attempt(trace([0, 1, "stage"]));
  display.end();
  const dry =
    "Dry run: until this command ends, knocks of 2001:db8:1234:5678:9abc:def0:1234:5678 open nothing.";
  text += formatInvitation([again], { seconds: "1m", dry }, screen);
  text += formatVerdict(judged({ session: silence }), screen);
  expect(text.split("\n").length).toBeGreaterThan(25);
  expect(tooWide(text, columns)).toEqual([]);
});
