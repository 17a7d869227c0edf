import { expect, test } from "vitest";
import type { Service } from "../../../base/service.ts";
import type { DoorConfig } from "../../../config/config.ts";
import { strengthOf } from "../../../config/edit/random-sequence.ts";
import { parseConfig } from "../../../config/parse.ts";
import type { PlannedDoor } from "../../../setup/plan.ts";
import { formatDoor, formatProof, formatStrength, lastResort } from "./output.ts";

const ssh = { protocol: "tcp", port: 22 } as const;

function door(...lines: string[]): DoorConfig {
  const text = ["[options]", "KnockPort = 23547", "[ssh]", ...lines, ""].join("\n");
  const { config } = parseConfig(text);
  const [found] = config?.doors ?? [];
  if (found === undefined) throw new Error("no door");
  return found;
}

const planned = (service: Service, ...lines: string[]): PlannedDoor => ({
  service,
  door: door("tcpflags = syn", "sequence = 7003,9140,8455,1555", "open = tcp/22", ...lines),
  isNew: true,
  strength: strengthOf(4, 32_000),
});

test("a new door, and what its sequence withstands", () => {
  const one = planned(ssh, "open_for = 10m");
  expect(
    `${formatDoor(one)}${formatStrength({ doors: [one], device: undefined })}`,
  ).toMatchInlineSnapshot(`
    "[ssh] opens tcp/22 for 10m to a source that knocks 7003 9140 8455 1555

    4 random ports: too many to guess; 1 of 470,000 random-order scans opens it.
    Who can read your packets can copy a knock: a knock is a password in the clear.
    The service still needs a good password of its own.
    "
  `);
});

test("a door by key, and one by both, and what they withstand", () => {
  const device = { name: "alice/laptop", groups: [], enrolment: undefined };
  const key = { service: ssh, door: door("users = alice", "open = tcp/22"), isNew: true };
  expect(
    `${formatDoor(key, device.name)}${formatStrength({ doors: [key], device })}`,
  ).toMatchInlineSnapshot(`
    "[ssh] opens tcp/22 for 30s to alice/laptop by key

    A knock by key cannot be guessed, and no copy of it opens anything again. It
    needs a device with the key, and clocks that agree: without a sequence, keep
    another way in, such as a console.
    The service still needs a good password of its own.
    "
  `);
  const both = planned(ssh);
  expect(
    `${formatDoor(both, device.name)}${formatStrength({ doors: [both], device })}`,
  ).toMatchInlineSnapshot(`
    "[ssh] opens tcp/22 for 30s to a source that knocks 7003 9140 8455 1555, and to
    alice/laptop by key

    4 random ports: too many to guess; 1 of 470,000 random-order scans opens it.
    Who can read your packets can copy a knock: a knock is a password in the clear.
    A knock by key cannot be guessed, and no copy of it opens anything again. It
    needs a device with the key, and clocks that agree: without a sequence, keep
    another way in, such as a console.
    With both, a door is as weak as its sequence.
    The service still needs a good password of its own.
    "
  `);
});

test("a door that was there", () => {
  const { strength: _, ...rest } = planned(ssh);
  const one = { ...rest, isNew: false };
  expect(formatDoor(one)).toBe("[ssh] opens tcp/22 already: it stays as it is\n");
  expect(formatDoor(one, "a/b")).toBe("[ssh] opens tcp/22 already: also to a/b by key\n");
  expect(formatStrength({ doors: [one], device: undefined })).toBe("");
});

test("when all fails", () => {
  expect(lastResort(" --config /x")).toContain("\n    knockctl unprotect --config /x\n");
});

test("what was seen is said", () => {
  const proof = { before: "open", leased: true, inKernel: true, after: "open" } as const;
  const service = { protocol: "tcp", port: 22 } as const;
  const target = { door: "ssh", knock: {}, service };
  expect(formatProof(target, proof)).toBe(
    "a knock from a network namespace opened [ssh] (tcp/22 answers)",
  );
  expect(formatProof(target, { ...proof, before: "silent" })).toBe(
    "a knock from a network namespace opened [ssh] (tcp/22 is silent before, tcp/22 answers after)",
  );
});
