import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import type { Address } from "../base/address.ts";
import { contains, parseAddress, parseNetwork } from "../base/address.ts";
import { withSystemPath } from "../base/environment.ts";
import { KnockError, reason } from "../base/errors.ts";
import type { ProgramResult, RunOptions } from "../system/run-program.ts";
import { complaint, runProgram } from "../system/run-program.ts";

/** Networks for documentation (RFC 5737), which are normally unused. */
const networks = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"] as const;

/**
 * A host that tries this machine's services: a network namespace, connected to this machine alone by a pair of
 * interfaces. The namespace exists as long as a child process, which ends with this process in any case.
 */
export class ProbeHost {
  readonly address: Address;
  /** The address by which it reaches this machine. */
  readonly host: string;
  readonly #child: ChildProcess;
  readonly #link: string;

  /** Throws SYSTEM if this machine cannot create one. */
  static async open(): Promise<ProbeHost> {
    const network = await freeNetwork();
    const child = spawn("unshare", ["--net", "sh", "-c", "echo ready; exec cat"], {
      env: withSystemPath(process.env),
    });
    const probeHost = new ProbeHost(network, child);
    try {
      await isReady(child);
      await probeHost.#join(network);
      return probeHost;
    } catch (error) {
      await probeHost.close();
      throw error;
    }
  }

  private constructor(network: string, child: ChildProcess) {
    const [probeHost] = addressesIn(network);
    this.address = probeHost;
    this.host = addressesIn(network)[1].toString();
    this.#child = child;
    // At most 15 bytes (IFNAMSIZ), and unique.
    this.#link = `knock${process.pid}`;
  }

  /** Runs a program on the probe host. */
  async run(argv: readonly string[], options?: RunOptions): Promise<ProgramResult> {
    const enter = ["nsenter", `--net=/proc/${this.#child.pid}/ns/net`];
    return await runProgram([...enter, ...argv], options);
  }

  /** Removes it. May be called again. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (this.#child.pid === undefined || exitCode !== null || signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    // The kernel removes empty namespaces late: remove the interfaces first.
    await runProgram(["ip", "link", "delete", this.#link]);
    this.#child.stdin?.end();
    await ended;
  }

  async #join(network: string): Promise<void> {
    const [probeHost, host] = addressesIn(network);
    const peer = ["peer", "name", "eth0", "netns", `${this.#child.pid}`];
    await must(runProgram(["ip", "link", "add", this.#link, "type", "veth", ...peer]));
    await must(runProgram(["ip", "address", "add", `${host}/30`, "dev", this.#link]));
    await must(runProgram(["ip", "link", "set", this.#link, "up"]));
    await must(this.run(["ip", "address", "add", `${probeHost}/30`, "dev", "eth0"]));
    await must(this.run(["ip", "link", "set", "eth0", "up"]));
  }
}

/** Returns the probe host's address and this machine's. */
function addressesIn(network: string): readonly [probeHost: Address, host: Address] {
  const prefix = network.replace(/0\/24$/, "");
  const [probeHost, host] = [parseAddress(`${prefix}2`), parseAddress(`${prefix}1`)];
  if (probeHost === undefined || host === undefined) throw new Error(`not a network: ${network}`);
  return [probeHost, host];
}

async function freeNetwork(): Promise<string> {
  const { stdout } = await must(runProgram(["ip", "-4", "-o", "route", "show", "table", "all"]));
  const free = findFree(stdout);
  if (free !== undefined) return free;
  throw new KnockError("SYSTEM", `this machine has routes to ${networks.join(", ")} already`);
}

/** Returns the first network that overlaps no route; `routes`: the output of `ip -4 -o route`. Pure. */
export function findFree(routes: string): string | undefined {
  const taken = (routes.match(/\b\d+\.\d+\.\d+\.\d+(?:\/\d+)?/g) ?? [])
    .flatMap((text) => parseNetwork(text) ?? [])
    // 0.0.0.0/1 and its like replace a default route.
    .filter(({ bits }) => bits >= 96 + 8);
  return networks.find((text) => {
    const network = parseNetwork(text);
    if (network === undefined) return false;
    const meets = taken.some(
      (other) => contains(other, network.base) || contains(network, other.base),
    );
    return !meets;
  });
}

function isReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let stderr = "";
    const fail = (why: string) =>
      reject(new KnockError("SYSTEM", `this machine cannot have a network namespace: ${why}`));
    child.stdout?.once("data", () => resolve());
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.once("error", (error) => fail(reason(error)));
    child.once("close", (code) => fail(stderr.trim() || `unshare ended with ${code}`));
  });
}

async function must(running: Promise<ProgramResult>): Promise<ProgramResult> {
  const ended = await running;
  if (ended.code === 0) return ended;
  throw new KnockError("SYSTEM", `cannot join a network namespace: ${complaint(ended)}`);
}
