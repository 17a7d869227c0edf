// Accesses as a configuration would make them: alice at 192.0.2.7 has knocked at the door "ssh".
import type { Access, CommandMethod, NativeMethod } from "../../src/firewall/firewall.ts";
import { address } from "./packets.ts";

export type Who = Partial<Omit<Access, "method">>;

const alice: Omit<Access, "method"> = {
  door: "ssh",
  nth: 1,
  source: address("192.0.2.7"),
  knock: { port: 7000, protocol: "tcp" },
};

/** Opened by the command `start`, closed by `stop`. */
export function byCommands(who: Who = {}, method: Partial<CommandMethod> = {}): Access {
  const usual = { start: "start", stop: "stop", user: undefined, timeout: undefined };
  return { ...alice, ...who, method: { kind: "command", ...usual, ...method } };
}

/** Opened by the kernel: tcp/22. */
export function byKernel(who: Who = {}, method: Partial<NativeMethod> = {}): Access {
  const services = [{ protocol: "tcp", port: 22 }] as const;
  return { ...alice, ...who, method: { kind: "native", services, ...method } };
}
