import { readFileSync } from "node:fs";
import type { Address } from "../../base/address.ts";
import { parseAddress } from "../../base/address.ts";
import { parsePortNumber } from "../../base/port.ts";

/** The connection that an ssh session has. */
export interface SshConnection {
  /** Its far end. */
  readonly client: { readonly address: Address; readonly port: number };
  /** Where sshd listens; undefined if that is not said. */
  readonly serverPort: number | undefined;
}

/** What a process was started with, and who started it. */
export interface ProcessFacts {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** 0: nobody. */
  readonly parent: number;
}

/** More generations than any terminal has. */
const oldest = 64;

/**
 * The ssh session that this program runs in; undefined if there is none. `sudo` and `su` take
 * SSH_CONNECTION away; then that of whoever started them counts.
 */
export function sshConnection(
  pid: number = process.pid,
  look: (pid: number) => ProcessFacts = lookInProc,
): SshConnection | undefined {
  for (let generation = 0; generation < oldest && pid > 0; generation++) {
    const { environment, parent } = look(pid);
    const found = environment["SSH_CONNECTION"];
    if (found !== undefined && found !== "") return parseSshConnection(found);
    pid = parent;
  }
  return undefined;
}

/** ssh(1): the client's address and port, then the server's. Undefined for anything else. */
export function parseSshConnection(text: string): SshConnection | undefined {
  const [host = "", number = "", , serverPort = ""] = text.split(" ");
  // fe80::1%eth0: the interface is no part of the address.
  const address = parseAddress(host.replace(/%.*$/, ""));
  const port = parsePortNumber(number);
  if (address === undefined || port === undefined) return undefined;
  return { client: { address, port }, serverPort: parsePortNumber(serverPort) };
}

function lookInProc(pid: number): ProcessFacts {
  const own = pid === process.pid;
  return {
    environment: own ? process.env : parseEnvironment(read(`/proc/${pid}/environ`)),
    parent: own
      ? process.ppid
      : Number(/^PPid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0),
  };
}

function parseEnvironment(text: string): Record<string, string> {
  const found = text.split("\0").find((entry) => entry.startsWith("SSH_CONNECTION="));
  return found === undefined ? {} : { SSH_CONNECTION: found.slice(found.indexOf("=") + 1) };
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // It has ended, or is somebody else's: nothing is known of it.
    return "";
  }
}
