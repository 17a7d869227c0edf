import { readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";

/** An interface of this machine. */
export interface HostInterface {
  readonly name: string;
  /** Packets can come in. */
  readonly isUp: boolean;
  readonly addresses: readonly string[];
}

/** Returns the interfaces of this network namespace, the loopback interface last. */
export function hostInterfaces(): HostInterface[] {
  const addresses = networkInterfaces();
  const found = interfaceNames().map((name) => ({
    name,
    isUp: isUp(name),
    addresses: (addresses[name] ?? []).map(({ address }) => address),
  }));
  return found.sort((a, b) => Number(a.name === "lo") - Number(b.name === "lo"));
}

/** The kernel names what is there; files such as bonding_masters are no interfaces. */
function interfaceNames(): string[] {
  try {
    return readdirSync("/sys/class/net").filter((name) => readState(name, "ifindex") !== "");
  } catch {
    return Object.keys(networkInterfaces());
  }
}

/** Drivers that do not know say `unknown`; then the flag IFF_UP counts. */
function isUp(name: string): boolean {
  const state = readState(name, "operstate");
  if (state !== "" && state !== "unknown") return state === "up";
  return (Number(readState(name, "flags")) & 1) === 1;
}

function readState(name: string, file: string): string {
  try {
    return readFileSync(`/sys/class/net/${name}/${file}`, "latin1").trim();
  } catch {
    return "";
  }
}
