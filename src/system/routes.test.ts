import { expect, test } from "vitest";
import { parseRoutes, parseRoutes6 } from "./routes.ts";

test("the interfaces of the default routes", () => {
  const text = [
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    "eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0",
    "eth0\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0",
    "tun0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000080\t0\t0\t0",
    "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0",
    "",
  ].join("\n");
  expect(parseRoutes(text)).toEqual(["eth0", "wlan0"]);
  expect(parseRoutes("")).toEqual([]);
});

test("the same of IPv6, without the route by which the kernel rejects", () => {
  const zero = "0".repeat(32);
  const row = (to: string, bits: string, name: string) =>
    `${to} ${bits} ${zero} 00 ${zero} 00000400 00000001 00000000 00000003     ${name}`;
  const text = [
    row(zero, "00", "eth0"),
    row(`fd77${zero.slice(4)}`, "40", "eth1"),
    row(zero, "00", "lo"),
  ].join("\n");
  expect(parseRoutes6(`${text}\n`)).toEqual(["eth0"]);
});
