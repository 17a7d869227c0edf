import { readFileSync } from "node:fs";
import type { Address } from "../../base/address.ts";
import { parseAddress } from "../../base/address.ts";
import { parsePortNumber } from "../../base/port.ts";

/** The connection of an ssh session. */
export interface SshConnection {
  /** Its remote end. */
  readonly client: { readonly address: Address; readonly port: number };
  /** The address that the client reached; `undefined` if unknown. */
  readonly server: Address | undefined;
  /** The port of sshd; `undefined` if unknown. */
  readonly serverPort: number | undefined;
}

/** The environment and the parent of a process. */
export interface ProcessFacts {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** 0 if it has no parent. */
  readonly parent: number;
}

/** The most generations of processes to search. */
const oldest = 64;

/**
 * Returns the ssh session in which this program runs, or `undefined`. `sudo` and `su` remove SSH_CONNECTION; then
 * the environment of their parent counts.
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

/** Reads SSH_CONNECTION (ssh(1)): the client's address and port, then the server's. Returns `undefined` for other texts. */
export function parseSshConnection(text: string): SshConnection | undefined {
  const [host = "", number = "", server = "", serverPort = ""] = text.split(" ");
  // fe80::1%eth0: the interface does not belong to the address.
  const [address, reached] = [host, server].map((one) => parseAddress(one.replace(/%.*$/, "")));
  const port = parsePortNumber(number);
  if (address === undefined || port === undefined) return undefined;
  return { client: { address, port }, server: reached, serverPort: parsePortNumber(serverPort) };
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
    // The process has ended, or belongs to another user.
    return "";
  }
}
