import { expect, test } from "vitest";
import type { ProcessFacts } from "./ssh-connection.ts";
import { parseSshConnection, sshConnection } from "./ssh-connection.ts";

test.each([
  ["192.0.2.7 50000 198.51.100.1 22", "192.0.2.7 50000 198.51.100.1 22"],
  ["2001:db8::7 50000 2001:db8::1 2222", "2001:db8::7 50000 2001:db8::1 2222"],
  ["fe80::7%eth0 50000 fe80::1%eth0 22", "fe80::7 50000 fe80::1 22"],
  ["::ffff:192.0.2.7 50000 ::ffff:198.51.100.1 22", "192.0.2.7 50000 198.51.100.1 22"],
  ["192.0.2.7 50000", "192.0.2.7 50000 undefined undefined"],
  ["UNKNOWN 65535 UNKNOWN 65535", undefined],
  ["192.0.2.7", undefined],
  ["", undefined],
])("%j is %s", (text, expected) => {
  const found = parseSshConnection(text);
  const client = found && `${found.client.address} ${found.client.port}`;
  expect(found && `${client} ${found.server} ${found.serverPort}`).toBe(expected);
});

/** Process 40 was started by 30, that by 20, and so on. */
const family =
  (connections: Readonly<Record<number, string>>) =>
  (pid: number): ProcessFacts => ({
    environment: { SSH_CONNECTION: connections[pid] },
    parent: pid - 10,
  });

const at = (port: number) => `192.0.2.7 ${port} 198.51.100.1 22`;

test("what this process was told comes first", () => {
  expect(sshConnection(40, family({ 40: at(4), 30: at(3) }))?.client.port).toBe(4);
});

test("sudo takes it away: the one before that counts", () => {
  expect(sshConnection(40, family({ 20: at(2), 10: at(1) }))?.client.port).toBe(2);
});

test("at a console there is none", () => {
  expect(sshConnection(40, family({}))).toBeUndefined();
});
