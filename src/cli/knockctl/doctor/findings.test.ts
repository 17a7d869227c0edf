import { expect, test } from "vitest";
import { doctorFacts, doctorQuestion } from "../../../../test/support/doctor.ts";
import { address } from "../../../../test/support/packets.ts";
import { parseConfig } from "../../../config/parse.ts";
import type { DaemonFacts, DoctorFacts } from "./facts.ts";
import { findFaults } from "./findings.ts";

const guest = address("192.0.2.7");

function find(changes: Partial<DoctorFacts>, daemon: Partial<DaemonFacts> = {}) {
  const question = { ...doctorQuestion, source: guest };
  return findFaults(doctorFacts(changes, daemon), question).map(
    ({ level, code, hints: [hint = ""] }) => [level, code, hint],
  );
}

const { status, doors } = doctorFacts().daemon ?? {};
const { survey, checked } = doctorFacts();
if (status === undefined || doors === undefined) throw new Error("the fixture has no daemon");

test("a machine on which all is well", () => {
  expect(find({})).toEqual([]);
});

test.each<[string, Partial<DoctorFacts>, Partial<DaemonFacts>, string[]]>([
  [
    "no daemon",
    { daemon: undefined },
    {},
    ["problem", "not-running", "systemctl enable --now knockd"],
  ],
  [
    "no file",
    { unreadable: "no such file" },
    {},
    ["problem", "config-unusable", "sudo knockctl init"],
  ],
  [
    "a changed file",
    {},
    { isConfigStale: true },
    ["problem", "config-changed", "sudo knockctl reload"],
  ],
  [
    "another file",
    { checked: { ...checked, file: "/x" } },
    {},
    ["problem", "other-config", "sudo knockctl doctor"],
  ],
  [
    "a container",
    {},
    { isInThisNetwork: false },
    ["problem", "other-network", "run knockctl doctor where knockd runs"],
  ],
  [
    "a problem of the daemon",
    {},
    { status: { ...status, problems: [{ code: "journal", message: "full", hints: ["x"] }] } },
    ["problem", "journal", "x"],
  ],
  [
    "a problem of another door",
    {},
    { status: { ...status, problems: [{ code: "command-failed", message: "no", door: "web" }] } },
    ["warning", "command-failed", ""],
  ],
  [
    "lost packets",
    {},
    { status: { ...status, capture: { received: 9, dropped: 2 } } },
    ["warning", "packets-dropped", ""],
  ],
  [
    "an ignored source",
    {},
    { status: { ...status, ignored: [{ source: guest, remainingMs: 43_000, reason: "decoys" }] } },
    ["problem", "ignored", "sudo knockctl forgive 192.0.2.7"],
  ],
  [
    "a disabled door",
    {},
    { doors: doors.map((door) => ({ ...door, state: "disabled" })) },
    ["problem", "door-disabled", ""],
  ],
  [
    "an interface that is down",
    { survey: { ...survey, interfaces: [{ name: "eth0", isUp: false, addresses: [] }] } },
    {},
    ["problem", "interface-down", "ip link set eth0 up"],
  ],
  [
    "no nft",
    { survey: { ...survey, nft: { version: undefined, refusal: undefined } } },
    {},
    ["problem", "nft-missing", "apt install nftables"],
  ],
  [
    "a kernel without nftables",
    { survey: { ...survey, nft: { version: "1", refusal: "no" } } },
    {},
    ["problem", "rules-refused", "modprobe nf_tables, or a kernel with nftables"],
  ],
])("%s", (_, changes, daemon, expected) => {
  expect(find(changes, daemon)).toEqual([expected]);
});

test("a clock that nothing keeps right matters to doors that end at a date", () => {
  const wrong = { ...survey, isClockSynchronized: false };
  expect(find({ survey: wrong })).toEqual([]);
  const { config } = parseConfig(
    "[x]\nsequence = 1,2\nopen = tcp/22\nopen_for = 5\nuntil = 2030-01-01T12:00:00Z\n",
  );
  expect(find({ survey: wrong, config })).toMatchObject([{ 0: "warning", 1: "clock" }]);
});

test("what daemon and check find alike is said once, as a problem", () => {
  const message = "there is no interface eth9: knockd waits for it";
  const problems = [{ severity: "warning", line: 2, column: 1, message }] as const;
  const daemon = { status: { ...status, problems: [{ code: "interface-missing", message }] } };
  expect(find({ checked: { ...checked, problems } }, daemon)).toEqual([
    ["problem", "interface-missing", ""],
  ]);
});

test("what is wrong with the users file has its place once", () => {
  const file = "/etc/knockd.users";
  const said = [
    `${file}:3:1: no such key\n${file}:3:1: hint: remove it`,
    `${file}: warning: no device may open [vpn]`,
  ];
  const users = (usable: boolean) => {
    const found = { file, usable, devices: 1, problems: said };
    return findFaults(doctorFacts({ checked: { ...checked, users: found } }), doctorQuestion);
  };
  expect(users(true)).toEqual([
    {
      level: "warning",
      code: "users",
      place: `${file}:3:1`,
      message: "no such key",
      hints: ["remove it"],
    },
    {
      level: "warning",
      code: "users",
      place: file,
      message: "no device may open [vpn]",
      hints: [],
    },
  ]);
  expect(users(false)).toMatchObject([{ code: "users-unusable", place: `${file}:3:1` }, {}]);
});
