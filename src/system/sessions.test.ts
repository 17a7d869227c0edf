import { expect, test } from "vitest";
import { readProcIfThere } from "./proc.ts";
import { formatPeer, parseConnections } from "./sessions.ts";

const head =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const rest =
  "00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0\n";

test.each([
  ["an IPv4 connection", "0100000A:0016 0200000A:C350 01", ["10.0.0.2 port 50000"]],
  [
    "an IPv4 connection to a socket of both families",
    "0000000000000000FFFF00000100000A:0016 0000000000000000FFFF00000200000A:C350 01",
    ["10.0.0.2 port 50000"],
  ],
  [
    "an IPv6 connection",
    "B80D0120000000000000000001000000:0016 B80D0120000000000000000002000000:0400 01",
    ["2001:db8::2 port 1024"],
  ],
  ["a listening socket", "00000000:0016 00000000:0000 0A", []],
  ["a connection that has ended", "0100000A:0016 0200000A:C350 06", []],
])("%s", (_, row, peers) => {
  const found = parseConnections(`${head}   0: ${row} ${rest}`, "LE");
  expect(found.map(({ remote }) => formatPeer(remote))).toEqual(peers);
});

test("the same on a machine with the other byte order", () => {
  const row = "0A000001:0016 0A000002:C350 01";
  const [found] = parseConnections(`${head}  12: ${row} ${rest}`, "BE");
  expect(found && formatPeer(found.remote)).toBe("10.0.0.2 port 50000");
});

test("a table that the kernel does not have is empty; one that cannot be read is an error", () => {
  expect(readProcIfThere("/proc/net/not-there")).toBe("");
  expect(() => readProcIfThere("/proc/net")).toThrow("cannot read /proc/net: ");
});
