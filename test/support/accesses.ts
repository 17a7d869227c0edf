// Accesses as a configuration would make them: alice at 192.0.2.7 has knocked at the door "ssh".
import { parseNetwork } from "../../src/base/address.ts";
import type {
  AccessParts,
  CommandAccess,
  CommandMethod,
  NativeAccess,
  NativeMethod,
} from "../../src/firewall/firewall.ts";
import { address } from "./packets.ts";

/** For whom something is opened, and at which door; the default is alice, at the first door "ssh". */
export type Who = Partial<Pick<AccessParts, "source" | "knock" | "who">> & {
  readonly door?: string;
  readonly nth?: number;
};

function accessFor(who: Who): AccessParts {
  const { door: name = "ssh", nth = 1, source = address("192.0.2.7") } = who;
  const knock = "knock" in who ? who.knock : ({ port: 7000, protocol: "tcp" } as const);
  const holder = who.who === undefined ? {} : { who: who.who };
  return { owner: { kind: "door", name, nth }, source, knock, ...holder };
}

/** Opened by the command `start`, closed by `stop`. */
export function byCommands(who: Who = {}, method: Partial<CommandMethod> = {}): CommandAccess {
  const usual = { start: "start", stop: "stop", user: undefined, timeout: undefined, serial: "no" };
  return { ...accessFor(who), method: { kind: "command", ...usual, ...method } };
}

/** Opened by the kernel: tcp/22. */
export function byKernel(who: Who = {}, method: Partial<NativeMethod> = {}): NativeAccess {
  const services = [{ protocol: "tcp", port: 22 }] as const;
  return { ...accessFor(who), method: { kind: "native", services, ...method } };
}

/** Opened by the kernel: tcp/22 of a host behind this one, by the door `ssh@HOST`. */
export function sshBehind(host: string, source: string): NativeAccess {
  const hosts = [parseNetwork(host)].filter((one) => one !== undefined);
  const services = [{ protocol: "tcp", port: 22, hosts }] as const;
  return byKernel({ door: `ssh@${host}`, source: address(source) }, { services });
}
