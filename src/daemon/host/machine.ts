import { readdirSync, readFileSync, statSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { MachineFacts } from "../../config/traps/machine.ts";
import { masterOf as masterIndexOf } from "../../ffi/link-master.ts";
import { nameInterface } from "./interface-name.ts";

/** Where systemd and the init script let a daemon look for programs. */
const daemonPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Returns what the checks of a configuration need to know of this machine's files and interfaces. */
export function thisMachine(): MachineFacts {
  const addresses = networkInterfaces();
  const names = new Set([...interfaceNames(), ...Object.keys(addresses)]);
  const all = Object.values(addresses).flatMap((some) => some ?? []);
  const folders = `${process.env["PATH"] ?? ""}:${daemonPath}`
    .split(":")
    .filter((one) => one !== "");
  return {
    interfaces: new Map(
      [...names].map((name) => [name, (addresses[name] ?? []).map(({ address }) => address)]),
    ),
    masterOf,
    hasIpv6: all.some(
      ({ family, internal, address }) =>
        family === "IPv6" && !internal && !/^fe[89ab]/i.test(address),
    ),
    forwards,
    fileAt,
    hasProgram: (name) => folders.some((folder) => fileAt(join(folder, name)) === "program"),
  };
}

/** Whether the kernel forwards packets of a family in this network namespace. */
function forwards(family: 4 | 6): boolean | undefined {
  const name = family === 4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding";
  try {
    return readFileSync(`/proc/sys/net/${name}`, "latin1").trim() !== "0";
  } catch {
    return undefined;
  }
}

function interfaceNames(): readonly string[] {
  try {
    return readdirSync("/sys/class/net");
  } catch {
    return [];
  }
}

function masterOf(name: string): string | undefined {
  try {
    const index = masterIndexOf(Number(readFileSync(`/sys/class/net/${name}/ifindex`, "latin1")));
    return index === undefined ? undefined : nameInterface(index);
  } catch {
    return undefined; // The interface is gone, or there is no /sys.
  }
}

function fileAt(path: string): ReturnType<MachineFacts["fileAt"]> {
  try {
    const found = statSync(path);
    if (found.isDirectory()) return "directory";
    return (found.mode & 0o111) === 0 ? "other" : "program";
  } catch {
    return undefined;
  }
}
