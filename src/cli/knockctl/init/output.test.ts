import { expect, test } from "vitest";
import type { Service } from "../../../base/service.ts";
import type { DoorConfig } from "../../../config/config.ts";
import { strengthOf } from "../../../config/edit/random-sequence.ts";
import { parseConfig } from "../../../config/parse.ts";
import type { PlannedDoor } from "../../../setup/plan.ts";
import { clientLines, formatDoor, formatProof, formatStrength, lastResort } from "./output.ts";

const ssh = { protocol: "tcp", port: 22 } as const;

function door(...lines: string[]): DoorConfig {
  const { config } = parseConfig(["[ssh]", "tcpflags = syn", ...lines, ""].join("\n"));
  const [found] = config?.doors ?? [];
  if (found === undefined) throw new Error("no door");
  return found;
}

const planned = (service: Service, ...lines: string[]): PlannedDoor => ({
  service,
  door: door("sequence = 7003,9140,8455,1555", "open = tcp/22", ...lines),
  strength: strengthOf(4, 32_000),
});

test("a new door, and what its bits mean", () => {
  const one = planned(ssh, "open_for = 10m");
  expect(`${formatDoor(one)}${formatStrength([one])}`).toMatchInlineSnapshot(`
    "[ssh] opens tcp/22 for 10m to a source that knocks 7003 9140 8455 1555 (59.7 bits)

    59.7 bits: guessing takes 15,000,000 years on average, at 1000 whole knocks a second.
    Of 470,000 scans of all ports in random order, each within 25s, one opens it (decoys: 32).
    An attacker who can read your packets needs neither: a knock is a password in the clear.
    The service still needs a good password of its own.
    "
  `);
});

test("a door that was there", () => {
  const { strength: _, ...one } = planned(ssh);
  expect(formatDoor(one)).toBe("[ssh] opens tcp/22 already: it stays as it is\n");
  expect(formatStrength([one])).toBe("");
});

const server = { host: "a.example", sshPort: 22 } as const;

test("a client of ssh", () => {
  expect(clientLines(planned(ssh), server)).toEqual({
    door: "ssh",
    linux: "knock -d 200 a.example 7003 9140 8455 1555 && ssh a.example",
    windows: "knock.exe -d 200 a.example 7003 9140 8455 1555 && ssh a.example",
    ssh: "Host a.example\n    ProxyCommand knock --retry 3 --proxy %h %p 7003 9140 8455 1555",
    qr: expect.stringContaining("knock=7003,9140,8455,1555&host=a.example"),
  });
});

test("a client of ssh on a port of its own", () => {
  const one = { ...planned(ssh), service: { protocol: "tcp", port: 2222 } } as const;
  const found = clientLines(one, { ...server, sshPort: 2222 });
  const knock = "-d 200 a.example 7003 9140 8455 1555 && ssh -p 2222 a.example";
  expect(found).toMatchObject({
    linux: `knock ${knock}`,
    windows: `knock.exe ${knock}`,
    ssh: "Host a.example\n    Port 2222\n    ProxyCommand knock --retry 3 --proxy %h %p 7003 9140 8455 1555",
  });
  expect(clientLines(planned(ssh), { ...server, sshPort: 2222 })).toHaveProperty("ssh");
  expect(clientLines(one, server)).not.toHaveProperty("ssh");
});

test("a client of something else, of a door that no browser can knock at", () => {
  const service = { protocol: "udp", port: 51_820 } as const;
  const one = { service, door: door("sequence = 7003,9140:udp", "open = udp/51820") };
  expect(clientLines(one, server)).toEqual({
    door: "ssh",
    linux: "knock -d 200 a.example 7003 9140:udp",
    windows: "knock.exe -d 200 a.example 7003 9140:udp",
  });
});

test("nobody can be told sequences that are good for one time each", () => {
  const one = { service: ssh, door: door("one_time_sequences = /x", "open = tcp/22") };
  expect(clientLines(one, server)).toBeUndefined();
});

test("when all fails", () => {
  expect(lastResort(" --config /x")).toContain("\n    knockctl unprotect --config /x\n");
});

test("what was seen is said", () => {
  const proof = { before: "open", leased: true, inKernel: true, after: "open" } as const;
  const service = { protocol: "tcp", port: 22 } as const;
  const target = { door: "ssh", sequence: [], service, table: "sesame" };
  expect(formatProof(target, proof)).toBe(
    "a knock from a network namespace opened [ssh] (tcp/22 answers)",
  );
  expect(formatProof(target, { ...proof, before: "silent" })).toBe(
    "a knock from a network namespace opened [ssh] (tcp/22 is silent before, tcp/22 answers after)",
  );
});
