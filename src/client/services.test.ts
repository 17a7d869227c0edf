import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Protocol } from "../base/port.ts";
import { findService } from "./services.ts";

const folder = mkdtempSync(join(tmpdir(), "sesame-services-"));
const file = join(folder, "services");

beforeAll(() =>
  writeFileSync(
    file,
    `# a comment
ssh\t\t22/tcp\t\t# SSH Remote Login Protocol
domain    53/tcp
domain    53/udp\r
http 80/tcp www web#not an alias
exec 512/tcp
biff 512/udp comsat
two 1/udp
two 2/tcp
sctponly 9/sctp
broken
wild 99999/tcp
`,
  ),
);

afterAll(() => rmSync(folder, { recursive: true }));

test.each<[string, Protocol, number | undefined]>([
  ["ssh", "tcp", 22],
  ["ssh", "udp", 22],
  ["domain", "udp", 53],
  ["two", "tcp", 2],
  ["two", "udp", 1],
  ["www", "tcp", 80],
  ["web", "tcp", 80],
  ["comsat", "udp", 512],
  ["SSH", "tcp", undefined],
  ["sctponly", "tcp", undefined],
  ["broken", "tcp", undefined],
  ["wild", "tcp", undefined],
  ["not", "tcp", undefined],
  ["", "tcp", undefined],
])("%s by %s is port %s", (name, protocol, number) => {
  expect(findService(name, protocol, file)).toBe(number);
});

test("a services file that is absent is an error that names the service and the way out", () => {
  expect(() => findService("ssh", "tcp", join(folder, "absent"))).toThrow(
    expect.objectContaining({
      code: "RESOLVE",
      message: expect.stringMatching(/^cannot look up the service 'ssh' in .*absent: No such file/),
      hints: ["write the port as a number"],
    }),
  );
});
